// Who refers to whom: all strong references of an isolate's objects as one packed array, built in one pass over the
// heap. References to read-only objects are left out, and so are weak ones (see edge_rules.h). Memory outside of the heap
// (backing stores of ArrayBuffers, texts of external strings) is numbered behind the objects, one node for each block.
// Functions of newer V8s refer to their Code through a table (see dispatch_table.h).
//
// Memory: 4 bytes per node and 4 per reference (some 14 per object).
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "base/big_array.h"
#include "graph/node_kinds.h"
#include "graph/node_set.h"
#include "graph/object_index.h"

namespace corewalk {

// An entry of a WeakMap or WeakSet: `value` lives while both `table` and `key` do.
struct Ephemeron {
  ObjectId table = kNoObject;
  ObjectId key = kNoObject;  // kNoObject: a read-only object, which lives for ever
  ObjectId value = kNoObject;
};

// A weak reference that V8's snapshots show as a strong one.
struct ShownReference {
  ObjectId from = kNoObject, to = kNoObject;
};

struct ExternalBlock {
  Address address = 0;
  uint64_t bytes = 0;
};

class References {
 public:
  static Result<std::unique_ptr<References>> Build(const ObjectIndex& index, int threads, const Cancel& cancel,
                                                   const ProgressFunction& progress);
  // For tests and for graphs that come from elsewhere: edges[i] are the targets of node i.
  static std::unique_ptr<References> FromLists(const std::vector<std::vector<ObjectId>>& edges,
                                               std::vector<Ephemeron> ephemerons = {});

  uint64_t object_count() const { return object_count_; }
  uint64_t node_count() const { return object_count_ + external_.size(); }
  uint64_t edge_count() const { return edge_count_; }  // ephemerons left out

  // Calls to_each(ObjectId to) for every reference of `from`. A node may occur twice.
  template <typename ToEach>
  void ForEach(ObjectId from, ToEach&& to_each) const {
    if (from >= first_.size()) return;
    uint32_t at = first_[from];
    if (at == kNoEdges) return;
    while (true) {
      const uint32_t edge = edges_[at++];
      to_each(edge & ~kLast);
      if ((edge & kLast) != 0) return;
    }
  }
  // Starts loading what ForEach() will read; in two steps, the first some nodes earlier than the second.
  void PrefetchFirst(ObjectId from) const { __builtin_prefetch(first_.data() + std::min<size_t>(from, first_.size() - 1)); }
  void PrefetchEdges(ObjectId from) const {
    if (from < first_.size() && first_[from] != kNoEdges) __builtin_prefetch(&edges_[first_[from]]);
  }

  std::span<const Ephemeron> ephemerons() const { return ephemerons_; }  // by table, then in the table's order
  // Weak references that count for retained sizes although they keep nothing alive: older V8s write them into their
  // snapshots as strong ones (see ObjectFacts::snapshots_hold_weak).
  std::span<const ShownReference> shown() const { return shown_; }
  std::span<const ExternalBlock> external() const { return external_; }  // node object_count() + i
  // Functions have handles of their Code, but the table that these lead to was not found: Code that is live counts as
  // garbage.
  bool code_unknown() const { return code_unknown_; }
  const NodeKinds& kinds() const { return kinds_; }
  NodeKinds TakeKinds() { return std::move(kinds_); }
  uint64_t MemoryBytes() const;

 private:
  static constexpr uint32_t kNoEdges = 0xffffffff;
  static constexpr uint32_t kLast = 0x80000000;  // marks the last reference of a node

  friend class GraphStore;
  struct Hole;  // a reference to an external block that is not yet numbered
  class Builder;

  void AddCodeOfFunctions(const ObjectIndex& index, std::span<const std::unique_ptr<Builder>> builders,
                          const Cancel& cancel);

  uint64_t used_edges() const { return std::min<uint64_t>(taken_, edges_.size()); }

  uint64_t object_count_ = 0;
  uint64_t edge_count_ = 0;
  BigArray<uint32_t> first_;  // of each object, into edges_
  BigArray<uint32_t> edges_;  // in the order in which threads met the pages
  std::atomic<uint64_t> taken_{0};  // of edges_, by threads
  std::vector<Ephemeron> ephemerons_;
  std::vector<ShownReference> shown_;
  std::vector<ExternalBlock> external_;
  NodeKinds kinds_;
  bool code_unknown_ = false;
};

}  // namespace corewalk
