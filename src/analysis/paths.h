// Ways from the roots to objects, as shortest ones, with the name of each step. What is a part of an object to a
// programmer (the array of an Array, the table of a Map) is no step of its own.
#pragma once

#include <cstdint>
#include <map>
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

// Names the steps of a way.
std::vector<PathStep> DescribePath(HeapReader* reader, const HeapGraph& graph, const std::vector<ObjectId>& nodes);

// The shortest ways of many objects as one tree.
struct PathTree {
  struct Node {
    uint64_t targets = 0;             // objects looked for at or below this node
    bool is_target = false;
    std::vector<ObjectId> children;   // those with most targets first
  };
  std::map<ObjectId, Node> nodes;
  std::vector<ObjectId> roots;  // those with most targets first
  uint64_t targets = 0;         // live ones that are in the tree
  uint64_t not_shown = 0;       // live ones that were too many, or too far from the roots
};
PathTree MergePaths(const HeapGraph& graph, const std::vector<ObjectId>& targets, const Cancel& cancel);

}  // namespace corewalk
