// What several nodes retain together, where one of them may dominate another.
#pragma once

#include <span>

#include "graph/heap_graph.h"

namespace corewalk {

// Bytes: the sum over those that no other of them dominates (as DevTools counts a class). What several of them hold but
// none alone is not in it. Garbage counts nothing; a node may occur twice. Needs the graph's retained sizes. Each
// dominator is visited once.
uint64_t RetainedTogether(const HeapGraph& graph, std::span<const ObjectId> nodes);

}  // namespace corewalk
