// Pieces of value_text.cc: the words that a value's text begins with, and its members as text.
#pragma once

#include <string>
#include <string_view>

#include "analysis/inspect.h"
#include "base/text_sanitize.h"

namespace corewalk {

inline std::string Safe(const UntrustedText& text) {
  return Sanitize(text);
}

// A member of the wanted type, or null.
template <typename T>
const T* Member(const Inspected& value, std::string_view name) {
  const InspectedMember* member = value.Find(name);
  return member == nullptr ? nullptr : std::get_if<T>(&member->value);
}
uint64_t Unsigned(const Inspected& value, std::string_view name);  // 0 when there is none
std::string TextOf(const Inspected& value, std::string_view name);  // safe to print; "" when there is none

// llnode writes doubles with %f; where that is not the number itself, its shortest exact form.
std::string DoubleText(double number);
// What stands behind the "<" of kinds that have a word of their own: "JSMap: size=3", "JSDate: ..."; "" for plain
// objects.
std::string ValueHead(const Inspected& value, bool llnode_strict);

}  // namespace corewalk
