// Who each node was reached from, as it is written down while nodes are reached: of each node, in the order in which they
// were reached, how many it added. Two bits per node, where the parents themselves take four bytes: as long as dominators
// are computed, which is when most memory is in use, nobody asks for a parent.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/big_array.h"
#include "base/cancel.h"
#include "graph/object_index.h"

namespace corewalk {

class ReachTree {
 public:
  ReachTree() = default;
  // For at most `nodes` nodes.
  explicit ReachTree(uint64_t nodes) : bits_(nodes / 32 + 2) {}

  // The next node has added `children` nodes.
  void AddNode(uint64_t children) {
    AddChildren(children);
    ++length_;  // a zero
  }
  // These belong to nobody: roots, and nodes for which AddException() names a parent.
  void AddChildren(uint64_t children) {
    for (; children != 0; --children, ++length_) bits_[length_ / 64] |= uint64_t{1} << length_ % 64;
  }
  // The node at `position` of the order was reached from `parent`, not from the node whose references were followed.
  void AddException(uint64_t position, ObjectId parent) { exceptions_.emplace_back(position, parent); }

  bool empty() const { return bits_.empty(); }
  uint64_t MemoryBytes() const { return bits_.size() * 8 + exceptions_.size() * sizeof(exceptions_[0]); }

  // The parent of each of `node_count` nodes; kNoObject for roots and for what was not reached. `order`: the nodes as they
  // were reached. Empty when cancelled.
  BigArray<ObjectId> Parents(std::span<const ObjectId> order, uint64_t node_count, const Cancel& cancel = Cancel()) const {
    constexpr uint64_t kPollBits = 1 << 20;
    BigArray<ObjectId> parents(node_count, kNoObject);
    uint64_t child = 0, parent = 0;
    auto exception = exceptions_.begin();
    for (uint64_t i = 0; i < length_ && child < order.size(); ++i) {
      if (i % kPollBits == 0 && cancel.Cancelled()) return {};
      if ((bits_[i / 64] >> i % 64 & 1) == 0) {
        ++parent;
      } else if (exception != exceptions_.end() && exception->first == child) {
        parents[order[child++]] = exception++->second;
      } else {
        parents[order[child++]] = order[parent];
      }
    }
    return parents;
  }

 private:
  BigArray<uint64_t> bits_;  // of each node a one per child, and a zero
  uint64_t length_ = 0;
  std::vector<std::pair<uint64_t, ObjectId>> exceptions_;  // by position
};

}  // namespace corewalk
