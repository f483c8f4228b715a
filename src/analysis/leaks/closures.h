// Closures by the function of the source that they were made of: how many, which contexts they keep, what they and
// those retain. The graph must have its references and retained sizes (Session::GraphNeed::kAll). Interrupted it has
// less; damaged closures are in no group.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "analysis/leaks/pinned.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

struct ClosureGroup {
  uint64_t shared = 0;  // tagged SharedFunctionInfo
  uint64_t count = 0;
  uint64_t bytes = 0;  // shallow, of the closures
  // Bytes that would be freed with all of them: the closures, the contexts that no one else refers to, what these hold.
  uint64_t retained = 0;
  ObjectId sample = kNoObject;  // the one that retains most
  uint32_t first = 0;           // of its members, see ClosureCensus::Members()
};

class ClosureCensus {
 public:
  ClosureCensus(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel);

  uint64_t closures() const { return members_.size(); }
  uint64_t functions() const { return groups_.size(); }
  bool interrupted() const { return interrupted_; }
  // In no particular order; `retained` is an upper bound until Measure().
  std::vector<ClosureGroup>& groups() { return groups_; }
  std::span<const ObjectId> Members(const ClosureGroup& group) const {
    return std::span(members_).subspan(group.first, group.count);
  }
  // The group of a function; null when no live closure is made of it.
  ClosureGroup* GroupOf(uint64_t shared);

  // Makes `retained` of these exact; one pass over the graph's references for all of them.
  void Measure(std::span<ClosureGroup* const> groups, const Cancel& cancel);
  ClosurePins PinsOf(const ClosureGroup& group, const Cancel& cancel);

 private:
  HeapReader& reader_;
  const HeapGraph& graph_;
  std::vector<ClosureGroup> groups_;
  std::vector<ObjectId> members_;  // by group
  bool interrupted_ = false;
};

// Tells each(from, to) of all references of live nodes to those in `wanted`.
void ForEachReferenceTo(const HeapGraph& graph, const NodeSet& wanted, const Cancel& cancel,
                        const std::function<void(ObjectId from, ObjectId to)>& each);

}  // namespace corewalk
