// Texts of a collection that nothing dominates because V8's string table has them, too. That table keeps no text alive,
// but a heap snapshot counts it as one that does, and so do the dominators of this graph (see graph/edge_rules.cc): a
// Set of a million ids retains its table alone. Keys of objects are in the string table; from V8 13 on, so are texts
// that were looked up in a Map or Set.
#pragma once

#include <cstdint>
#include <span>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// Bytes of those that the container, or a part of it (its table, its elements), refers to, each counted once, those in
// `counted` (sorted) left out. Others may refer to them as well. The graph needs its references; 0 without.
uint64_t SharedTextBytes(HeapReader* reader, const HeapGraph& graph, ObjectId container,
                         std::span<const ObjectId> counted, const Cancel& cancel);

}  // namespace corewalk
