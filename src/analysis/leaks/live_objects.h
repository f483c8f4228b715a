// The live objects of chosen shapes, in the order of their addresses: what every search for a leak pattern starts from.
// It looks at the shape of each object (three bytes), not at the object, so that a heap of ten million objects takes some
// hundredths of a second; objects of shapes with few of them are listed once for all searches.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// The graph's shapes must be known (EnsureShapes). `wanted` is asked once per shape that has live objects. Cut short when
// cancelled.
std::vector<ObjectId> LiveObjects(const HeapGraph& graph, const std::function<bool(const LiveShape&)>& wanted,
                                  const Cancel& cancel);

// The same of those that are garbage. Their memory is as the last collections left it: what they refer to may be gone.
std::vector<ObjectId> GarbageObjects(const HeapGraph& graph, const std::function<bool(const LiveShape&)>& wanted,
                                     const Cancel& cancel);

// The word at `offset` of each of the nodes, which are objects; 0 where it cannot be read. Of millions that takes longer than to
// find them, so it is done on the graph's threads. Cut short when cancelled.
std::vector<uint64_t> WordOfEach(const HeapReader& reader, const HeapGraph& graph, std::span<const ObjectId> nodes,
                                 int offset, const Cancel& cancel);

}  // namespace corewalk
