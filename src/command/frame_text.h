// Stack frames as text lines in llnode's format, and as JSON.
#pragma once

#include <string>

#include "analysis/inspect.h"
#include "analysis/js_stack.h"

namespace corewalk {

// What stands behind the address: "NAME(this=V, V) at FILE:L:C fn=0x...", "<entry>", "<builtin: Name>", "symbol + 12". Safe
// to print, one line. `arguments`: receiver and arguments too.
std::string FrameText(const JsFrame& frame, Inspector& inspector, bool arguments);
// One JSON object, ASCII only. Members: see `bt --help`.
std::string FrameJson(const JsFrame& frame, size_t index, Inspector& inspector);
// A C++ name as people write it; what is no such name stays. Safe to print.
std::string Demangled(const std::string& symbol);

}  // namespace corewalk
