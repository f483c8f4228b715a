// What goes when some objects go: the difference of two sets of live nodes, measured and told by shape. Memory outside of
// the heap goes with the last object that holds it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "graph/heap_graph.h"
#include "heap/heap_walk.h"

namespace corewalk {

struct FreedObjects {
  uint64_t count = 0;  // blocks outside of the heap included
  uint64_t bytes = 0;
  std::vector<ShapeTally> shapes;  // of the objects, by their samples
  uint64_t external_count = 0;
  uint64_t external_bytes = 0;
};

// One pass over the heap. `before` and `after` hold at least the objects' bits; `after` is a part of `before`.
Result<FreedObjects> MeasureFreed(const ObjectIndex& index, const NodeSet& before, const NodeSet& after, int threads,
                                  const Cancel& cancel, const ProgressFunction& progress);

// All that `node` dominates, itself included; of a graph with retained sizes. When cancelled, a part of it.
FreedObjects DominatedBy(const HeapGraph& graph, ObjectId node, const Cancel& cancel);

}  // namespace corewalk
