// The shortest ways from the roots to many objects, merged where they begin alike. Linear in the objects on the ways,
// however long these are: 20 bytes for each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"

namespace corewalk {

class PathTree {
 public:
  static constexpr uint32_t kNone = 0xffffffff;
  struct Node {
    ObjectId id = kNoObject;
    uint32_t parent = kNone;  // index of the node before on the way
    uint32_t targets = 0;     // objects looked for at or below this node
    bool is_target = false;
  };

  // Garbage among `targets`, and what occurs twice, counts nothing. When cancelled, the ways of those seen by then.
  PathTree(const HeapGraph& graph, std::span<const ObjectId> targets, const Cancel& cancel);

  uint64_t targets() const { return targets_; }
  const Node& operator[](uint32_t index) const { return nodes_[index]; }
  size_t size() const { return nodes_.size(); }
  // Indexes of the nodes behind this one, by rising id.
  std::span<const uint32_t> ChildrenOf(uint32_t index) const {
    return std::span(children_).subspan(begin_[index], begin_[index + 1] - begin_[index]);
  }
  // Where the ways begin.
  std::span<const uint32_t> roots() const { return ChildrenOf(static_cast<uint32_t>(nodes_.size())); }

 private:
  std::vector<Node> nodes_;  // by rising id
  std::vector<uint32_t> begin_, children_;
  uint64_t targets_ = 0;
};

}  // namespace corewalk
