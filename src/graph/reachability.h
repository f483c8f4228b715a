// Which nodes can be reached from the roots: breadth first, so that the way back from a node to a root is a shortest
// one. A value of a WeakMap is reached when both its table and its key are.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "graph/references.h"

namespace corewalk {

struct ReachOptions {
  bool parents = false;               // remember who each node was reached from
  const NodeSet* without = nullptr;   // as if these nodes were gone
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
  // kNoObject for a root and for what was not reached. Only with ReachOptions::parents.
  ObjectId ParentOf(ObjectId id) const { return parents_[id]; }
  std::vector<ObjectId> TakeParents() { return std::move(parents_); }

 private:
  void Visit(ObjectId from, ObjectId to) {
    if (options_.without != nullptr && options_.without->Has(to)) return;
    if (!reached_.Add(to)) return;
    ++count_;
    if (options_.parents) parents_[to] = from;
    next_.push_back(to);
  }
  void VisitEphemerons(ObjectId id);

  const References& references_;
  const ReachOptions options_;
  NodeSet reached_;
  uint64_t count_ = 0;
  bool complete_ = true;
  std::vector<ObjectId> parents_;
  std::vector<ObjectId> level_, next_;
  NodeSet is_table_, is_key_;        // of ephemerons; empty when there are none
  std::vector<uint32_t> by_key_;     // ephemerons in the order of their keys
};

}  // namespace corewalk
