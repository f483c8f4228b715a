// Which nodes can be reached from the roots: breadth first, so that the way back from a node to a root is a shortest
// one. A value of a WeakMap is reached when both its table and its key are.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/big_array.h"
#include "base/cancel.h"
#include "graph/reach_tree.h"
#include "graph/references.h"

namespace corewalk {

struct ReachOptions {
  bool tree = false;                  // remember who each node was reached from
  const NodeSet* without = nullptr;   // as if these nodes were gone
  int threads = 1;
};

class Reachability {
 public:
  // `roots` may hold a node more than once. Stops early when cancelled (complete() is false then).
  Reachability(const References& references, const ReachOptions& options);
  // Goes on from more roots; what was reached before stays as it was.
  void ReachFrom(std::span<const ObjectId> roots, const Cancel& cancel);

  const NodeSet& reached() const { return reached_; }
  NodeSet TakeReached() { return std::move(reached_); }
  uint64_t count() const { return count_; }
  bool complete() const { return complete_; }
  // All that was reached, in that order: who a node was reached from, and whatever dominates it, comes before it.
  std::span<const ObjectId> order() const { return std::span(order_.data(), count_); }
  BigArray<ObjectId> TakeOrder() { return std::move(order_); }
  // Only with ReachOptions::tree.
  const ReachTree& tree() const { return tree_; }
  ReachTree TakeTree() { return std::move(tree_); }

 private:
  void Visit(ObjectId from, ObjectId to) {
    if (options_.without != nullptr && options_.without->Has(to)) return;
    if (!reached_.Add(to)) return;
    if (options_.tree && (from == kNoObject || from != order_[done_])) tree_.AddException(count_, from);
    order_[count_++] = to;
  }
  void VisitEphemerons(ObjectId id);

  const References& references_;
  const ReachOptions options_;
  NodeSet reached_;
  uint64_t count_ = 0;
  bool complete_ = true;
  ReachTree tree_;
  BigArray<ObjectId> order_;
  uint64_t done_ = 0;  // nodes of order_ whose references were followed
  NodeSet is_table_, is_key_;        // of ephemerons; empty when there are none
  std::vector<uint32_t> by_key_;     // ephemerons in the order of their keys
};

}  // namespace corewalk
