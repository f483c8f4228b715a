// The dominator tree as a person reads it: the biggest first, many alike in one line, chains of equal classes in one
// step.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"

namespace corewalk {

struct DominatorLine {
  ObjectId node = kNoObject;  // the only one, or the one of those that retains most; node_count() = the root of all
  uint64_t depth = 0;
  uint64_t count = 1;          // nodes of one class that stand in this line
  uint64_t chain = 0;          // so many nodes of the same class were passed on the way down from this one
  uint64_t shallow = 0;        // bytes, of all of them
  uint64_t retained = 0;       // bytes, of all of them
  std::string class_name;      // raw target text
};

struct DominatorTreeOptions {
  uint64_t depth = 4;          // levels below the start
  uint64_t per_level = 8;      // lines below one
  double least_share = 0.005;  // of the start's retained size; less is left out
};

struct DominatorTreeText {
  std::vector<DominatorLine> lines;  // depth first
  uint64_t left_out = 0;             // nodes below shown ones that are in no line
};

// Below `start`, which is the first line. `class_of` names a node's class, `shallow_of` gives its size in bytes.
DominatorTreeText ReadDominatorTree(const HeapGraph& graph, ObjectId start, const DominatorTreeOptions& options,
                                    const std::function<std::string(ObjectId)>& class_of,
                                    const std::function<uint64_t(ObjectId)>& shallow_of, const Cancel& cancel);

// The objects with the largest retained sizes, the largest first. Memory outside of the heap counts with its owners.
std::vector<ObjectId> LargestRetained(const HeapGraph& graph, size_t most, const Cancel& cancel);

// All that `node` dominates, itself included: calls visit(node, those that it dominates at once) for each, in no
// particular order.
void VisitDominated(const HeapGraph& graph, ObjectId node, const Cancel& cancel,
                    const std::function<void(ObjectId, std::span<const ObjectId>)>& visit);

}  // namespace corewalk
