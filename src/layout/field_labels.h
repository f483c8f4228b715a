// What the fields of V8's own objects are called when a reference to another object stands in them: "(context)" of a
// function, "(table)" of a Map. For people; nothing is decoded through these. Where a field has no name here its offset
// is told.
#pragma once

#include <cstdint>
#include <string_view>

#include "layout/v8_version.h"

namespace corewalk {

struct FieldLabel {
  std::string_view label;  // "(context)"; empty = unknown
  bool weak = false;       // the collector does not count it as a reference, although its tag is strong
};

// `type` is V8's name of the instance type ("JS_MAP_TYPE"), `offset` bytes from the untagged start of the object.
// Functions of every type are asked for as "JS_FUNCTION_TYPE".
FieldLabel FieldLabelOf(std::string_view type, uint64_t offset, const V8Version& version);
// Bit i: the field at offset 8 * i is weak.
uint64_t WeakWordsOf(std::string_view type, const V8Version& version);

}  // namespace corewalk
