// Functions and where they come from: JSFunction -> SharedFunctionInfo -> Script -> line and column.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "heap/views/heap_reader.h"

namespace corewalk {

struct FunctionView {
  uint64_t function = 0;  // tagged; 0 when only the SharedFunctionInfo was asked for
  uint64_t shared = 0;
  uint64_t context = 0;
  uint64_t script = 0;        // tagged Script, 0 = none (a builtin, an API function)
  std::string name;           // raw target text, "" = anonymous
  std::string script_name;    // raw target text: a path, "node:fs", "" = unnamed
  int32_t start = -1;         // of the parameter list's "(", in UTF-16 units of the source; -1 = unknown
  int32_t end = -1;
  int32_t token_start = -1;   // where its text begins: the token `function`, a method's name, an arrow function's
                              // parameters; -1 = unknown
  int line = 0;               // of `start`, from 1; 0 = unknown
  int column = 0;             // from 1
  bool class_constructor = false;
  bool compiled = false;      // has bytecode: it ran, and its bytecode was not thrown away since
};

// Nothing when `function` is no JSFunction. Unreadable parts keep their defaults.
std::optional<FunctionView> ReadFunction(HeapReader& reader, uint64_t function);
std::optional<FunctionView> ReadShared(HeapReader& reader, uint64_t shared);
// The Script of a SharedFunctionInfo, tagged; 0 = none. Much cheaper than the whole view.
uint64_t ScriptOf(HeapReader& reader, uint64_t shared);

}  // namespace corewalk
