// Ways from the roots to objects, as shortest ones, with the name of each step. What is a part of an object to a
// programmer (the array of an Array, the table of a Map) is no step of its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/slots.h"

namespace corewalk {

struct PathStep {
  ObjectId node = kNoObject;
  std::vector<SlotName> through;  // from the step before; empty for the first, which a root holds
};

// The nodes of the shortest way, from a root to `target`; empty for garbage.
std::vector<ObjectId> ShortestPath(const HeapGraph& graph, ObjectId target);

// Up to `most` ways that differ in the last object before `target`, the shortest first. One pass over all references.
std::vector<std::vector<ObjectId>> ShortestPaths(const HeapGraph& graph, ObjectId target, size_t most,
                                                 const Cancel& cancel);

// Names the steps of a way; when cancelled, the first of them.
std::vector<PathStep> DescribePath(HeapReader* reader, const HeapGraph& graph, std::span<const ObjectId> nodes,
                                   const Cancel& cancel = Cancel());

}  // namespace corewalk
