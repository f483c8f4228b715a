// What would be freed with each node: the sums of the sizes over the subtrees of the dominator tree.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/big_array.h"
#include "base/cancel.h"
#include "graph/object_index.h"

namespace corewalk {

// Sizes are kept in units of 8 bytes, in which V8 allocates; 34 GB is the largest, and what is larger shows as that.
inline constexpr uint64_t kSizeUnit = 8;
inline uint32_t AddSizes(uint32_t a, uint32_t b) {
  const uint32_t sum = a + b;
  return sum < a ? 0xffffffff : sum;
}

// `dominators` as FindDominators gives them, `order` as Reachability does. Turns the shallow sizes in `sizes` into retained
// ones; those of nodes without a dominator stay as they are. False when cancelled: then `sizes` are of no use any more.
bool SumRetained(std::span<const ObjectId> dominators, std::span<const ObjectId> order, std::span<uint32_t> sizes,
                 const Cancel& cancel = Cancel());

// The children of each node of the dominator tree, by rising id. 4 bytes per node and 4 per child.
class DominatorChildren {
 public:
  explicit DominatorChildren(std::span<const ObjectId> dominators);
  // `node` may be dominators.size(), the root of all.
  std::span<const ObjectId> Of(ObjectId node) const {
    return {children_.data() + begin_[node], begin_[node + 1] - begin_[node]};
  }

 private:
  BigArray<uint32_t> begin_;
  BigArray<ObjectId> children_;
};

// The retained size of groups, in units: of each group, the sum over its members that no other member of the group
// dominates (as DevTools counts a constructor's). `group_of(ObjectId)` is asked about live nodes only and answers
// < group_count. Empty when cancelled. Memory: 8 bytes per node.
template <typename GroupOf>
std::vector<uint64_t> SumRetainedOfGroups(std::span<const ObjectId> dominators, std::span<const uint32_t> retained,
                                          size_t group_count, GroupOf&& group_of, const Cancel& cancel) {
  constexpr size_t kPollNodes = 1 << 18;
  const uint32_t n = static_cast<uint32_t>(dominators.size());
  std::vector<uint64_t> sums(group_count);
  std::vector<uint32_t> open(group_count);  // members of each group on the way from the root
  // Depth first without a stack: the way back is the dominator. first_child and next_sibling are lists by rising id.
  BigArray<uint32_t> first_child(size_t{n} + 1, kNoObject), next_sibling(n);
  for (uint32_t i = n; i-- > 0;) {
    if (i % kPollNodes == 0 && cancel.Cancelled()) return {};
    const ObjectId dominator = dominators[i];
    if (dominator > n) continue;
    next_sibling[i] = first_child[dominator];
    first_child[dominator] = i;
  }
  uint32_t at = n;
  size_t steps = 0;
  while (true) {
    if (++steps % kPollNodes == 0 && cancel.Cancelled()) return {};
    const uint32_t child = first_child[at];
    if (child != kNoObject) {
      first_child[at] = next_sibling[child];
      const uint32_t group = group_of(child);
      if (first_child[child] == kNoObject) {  // most nodes dominate nothing
        if (open[group] == 0) sums[group] += retained[child];
        continue;
      }
      if (open[group]++ == 0) sums[group] += retained[child];
      at = child;
      continue;
    }
    if (at == n) return sums;
    --open[group_of(at)];
    at = dominators[at];
  }
}

}  // namespace corewalk
