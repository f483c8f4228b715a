// path --class: the shortest ways of all live objects of a class as one tree.
#pragma once

#include <string>

#include "command/command.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// Tells the document "path". `limit` lines, 0 = all. kNotFound when there is no live object of the class.
Result<void> TellPathsOfClass(CommandContext& context, HeapReader* reader, HeapGraph* graph, const std::string& wanted,
                              uint64_t limit);

}  // namespace corewalk
