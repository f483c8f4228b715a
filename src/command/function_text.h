// How commands write functions and places of the source, and how they find the function that a person means.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "command/command.h"
#include "heap/views/functions.h"
#include "heap/views/scripts.h"

namespace corewalk {

// The function's name; for people "(anonymous)" when it has none. Raw target text.
std::string NameOrAnonymous(const FunctionView& view, bool for_people);
// "file:line:column", "file", or Absent for what stands in no script.
Cell PlaceCell(const FunctionView& view);
// The same as a raw text; "" when there is no script.
std::string PlaceOf(const FunctionView& view);
// A line or column; 0 is unknown.
Cell PositionCell(int position);

// The functions that `word` names: the one at an address (a closure or a SharedFunctionInfo, tagged or not), else all of
// the chosen isolate that have this name, each once. kNotFound when there is none.
Result<std::vector<FunctionView>> FindFunctions(CommandContext& context, HeapReader& reader, const std::string& word);

// Tells the units [begin, end) of a script's source: in text line by line with their numbers, in JSON as the table
// "lines". `whole_lines` widens the range to whole lines where they are short. At most `max_lines` lines (0 = all).
// False when nothing of it could be read.
struct SourceRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool whole_lines = false;
  uint64_t max_lines = 0;
};
bool TellSource(CommandContext& context, HeapReader& reader, const ScriptView& script, const SourceRange& range);

}  // namespace corewalk
