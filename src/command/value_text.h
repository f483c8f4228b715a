// Values as llnode writes them, for eyes and scripts that know its output, and better where llnode is wrong: the true
// length of arrays, the text of two-byte and external strings, doubles to their last digit. All target text is safe to
// print.
#pragma once

#include <string>

#include "analysis/inspect.h"

namespace corewalk {

struct ValueTextOptions {
  bool print_map = false;
  bool llnode_strict = false;  // llnode's habits even where they are plainly wrong: external strings as "(external)"
};

// The value with its address in front, its content as far as it was looked at; several lines.
std::string ValueText(const Inspected& value, const ValueTextOptions& options = {});
// On one line, without content: what stands for it inside another value.
std::string ShortValueText(const Inspected& value, const ValueTextOptions& options = {});
// 42, 1.5, -0, NaN: shortest digits that give the same number back.
std::string NumberText(double number);
// 2026-11-20T12:00:00.000Z, "invalid" for NaN; JavaScript's format, years beyond 9999 with a sign and six digits.
std::string DateText(double milliseconds);

}  // namespace corewalk
