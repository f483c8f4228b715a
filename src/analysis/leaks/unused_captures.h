// Variables that contexts keep alive although no function that can still run mentions them: what one closure of a scope
// captures, all closures of the scope keep. Told only when certain. For a scope (all its live contexts) the functions
// that can see its variables are the live closures and suspended generators whose chain of contexts leads to it, and
// what can be made of them later stands in their source. A variable is unused when its name is in none of these
// sources, but as a property's. No verdict is given on a scope
//   - some function of which calls eval or has a `with`, or whose source is not in the core;
//   - a context of which stands on a stack, so that its own function may still be running;
//   - a context of which something else refers to (an arguments object, a register file, a debugger).
// The graph must have its references and retained sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

struct UnusedCapture {
  std::string name;           // of the variable; raw target text
  uint64_t scope_info = 0;    // tagged
  std::string function_name;  // of the function that the scope belongs to; raw target text
  std::string file;           // of the declaration; raw target text; "" = unknown
  int line = 0, column = 0;
  std::string text;               // "const big = load()"; raw target text
  uint64_t contexts = 0;          // in which it holds an object
  uint64_t retained = 0;          // bytes that would be freed if it were not captured
  ObjectId largest = kNoObject;   // the value that retains most
  std::vector<uint64_t> kept_by;  // SharedFunctionInfos of the functions that keep the scope alive, tagged; at most ten
};

struct UnusedCaptureOptions {
  uint64_t least_bytes = 16 * 1024;  // variables that retain less are not told
  size_t most_scopes = 200;          // those that retain most are looked into
};

// Those that retain most first.
std::vector<UnusedCapture> FindUnusedCaptures(HeapReader* reader, const HeapGraph& graph,
                                              const UnusedCaptureOptions& options, const Cancel& cancel);

// Which of `names` a function's source mentions other than as the name of a property; nothing when that cannot be told:
// it calls eval, has a `with`, or writes names with escapes.
std::optional<std::vector<bool>> MentionsIn(std::string_view source, std::span<const std::string> names,
                                            const Cancel& cancel);

}  // namespace corewalk
