#include "analysis/path_tree.h"

#include <algorithm>

namespace corewalk {
namespace {

constexpr size_t kPollNodes = 1 << 16;
constexpr size_t kBucket = 64;  // ids

}  // namespace

PathTree::PathTree(const HeapGraph& graph, std::span<const ObjectId> targets, const Cancel& cancel) {
  // The nodes of all ways: each way is followed up to where another one has been.
  NodeSet on_way(graph.node_count());
  std::vector<ObjectId> found;
  uint64_t steps = 0;
  bool stopped = false;
  for (const ObjectId target : targets) {
    if (stopped) break;
    if (!graph.IsLive(target)) continue;
    found.push_back(target);
    for (ObjectId at = target; at != kNoObject && on_way.Add(at); at = graph.ParentOf(at)) {
      if (++steps % kPollNodes == 0 && cancel.Cancelled()) stopped = true;
    }
  }
  nodes_.reserve(steps);
  on_way.ForEach([this](ObjectId id) { nodes_.push_back({.id = id}); });
  const uint32_t n = static_cast<uint32_t>(nodes_.size());
  std::vector<uint32_t> first_of(on_way.capacity() / kBucket + 1);  // of each run of ids, the first index
  for (uint32_t i = 0; i < n; ++i) ++first_of[nodes_[i].id / kBucket + 1];
  for (size_t i = 1; i < first_of.size(); ++i) first_of[i] += first_of[i - 1];
  const auto index_of = [&](ObjectId id) {
    const auto begin = nodes_.begin() + first_of[id / kBucket], end = nodes_.begin() + first_of[id / kBucket + 1];
    return static_cast<uint32_t>(
        std::lower_bound(begin, end, id, [](const Node& node, ObjectId wanted) { return node.id < wanted; }) -
        nodes_.begin());
  };
  for (const ObjectId target : found) {
    Node& node = nodes_[index_of(target)];
    targets_ += !node.is_target;
    node.is_target = true;
    node.targets = 1;
  }
  begin_.resize(size_t{n} + 2);
  for (uint32_t i = 0; i < n; ++i) {
    if (const ObjectId parent = graph.ParentOf(nodes_[i].id); parent != kNoObject) nodes_[i].parent = index_of(parent);
    ++begin_[nodes_[i].parent == kNone ? n : nodes_[i].parent];
  }
  std::vector<uint32_t> waiting(begin_.begin(), begin_.end() - 1);  // nodes below, whose counts are not yet known
  uint32_t sum = 0;
  for (uint32_t& begin : begin_) begin = sum += begin;
  children_.resize(n);
  for (uint32_t i = n; i-- > 0;) children_[--begin_[nodes_[i].parent == kNone ? n : nodes_[i].parent]] = i;
  // Ends of ways first.
  for (uint32_t i = 0; i < n; ++i) {
    for (uint32_t at = i; waiting[at] == 0;) {
      waiting[at] = kNone;
      const uint32_t parent = nodes_[at].parent;
      if (parent == kNone) break;
      nodes_[parent].targets += nodes_[at].targets;
      --waiting[parent];
      at = parent;
    }
  }
}

}  // namespace corewalk
