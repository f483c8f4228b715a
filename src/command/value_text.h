// Values as llnode writes them, for eyes and scripts that know its output, and better where llnode is wrong: the true
// length of arrays, the text of two-byte and external strings, doubles to their last digit. All target text is safe to
// print.
#pragma once

#include <string>

#include "analysis/inspect.h"
#include "report/reporter.h"

namespace corewalk {

struct ValueTextOptions {
  bool print_map = false;
  bool color = false;
  bool print_address = true;
  bool llnode_strict = false;  // llnode's habits even where they are plainly wrong: external strings as "(external)"
};

// The value with its address in front, its content as far as it was looked at; several lines.
std::string ValueText(const Inspected& value, const ValueTextOptions& options = {});
// On one line, without content: what stands for it inside another value.
std::string ShortValueText(const Inspected& value, const ValueTextOptions& options = {});

// Gives the reporter a text of several lines.
void AddValueLines(std::string_view text, Reporter* out);

}  // namespace corewalk
