// The variables at the top of Node.js's own scripts ("internal/process/task_queues"), as far as a live function closes
// over them. A program can replace what Node.js exports, but not these. Several realms have several sets of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

struct InternalVariable {
  std::string script;  // one of those asked for
  std::string name;    // raw target text
  uint64_t value = 0;  // tagged
};

// Of the scripts with these names (without "node:" and ".js"), each variable of each context once. Needs the graph's
// shapes. Contexts around a script's own (its wrapper's) are not left out. At most kMostInternalVariables.
inline constexpr size_t kMostInternalVariables = 1 << 16;
std::vector<InternalVariable> FindInternalVariables(HeapReader* reader, const HeapGraph& graph,
                                                    const std::vector<std::string>& scripts, const Cancel& cancel);

}  // namespace corewalk
