// What would be freed with each node: the sums of the sizes over the subtrees of the dominator tree.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "graph/object_index.h"

namespace corewalk {

// Sizes are kept in units of 8 bytes, in which V8 allocates; 34 GB is the largest, and what is larger shows as that.
inline constexpr uint64_t kSizeUnit = 8;
inline uint32_t AddSizes(uint32_t a, uint32_t b) {
  const uint32_t sum = a + b;
  return sum < a ? 0xffffffff : sum;
}

// `dominators` as FindDominators gives them. Turns the shallow sizes in `sizes` into retained ones; those of nodes without
// a dominator stay as they are. False when cancelled.
bool SumRetained(std::span<const ObjectId> dominators, std::span<uint32_t> sizes, const Cancel& cancel);

// The children of each node of the dominator tree, by rising id. 4 bytes per node and 4 per child.
class DominatorChildren {
 public:
  explicit DominatorChildren(std::span<const ObjectId> dominators);
  // `node` may be dominators.size(), the root of all.
  std::span<const ObjectId> Of(ObjectId node) const {
    return std::span(children_).subspan(begin_[node], begin_[node + 1] - begin_[node]);
  }

 private:
  std::vector<uint32_t> begin_;
  std::vector<ObjectId> children_;
};

// The retained size of groups, in units: of each group, the sum over its members that no other member of the group
// dominates (as DevTools counts a constructor's). `group_of` is asked about live nodes only and answers < group_count.
// Empty when cancelled.
std::vector<uint64_t> SumRetainedOfGroups(std::span<const ObjectId> dominators, std::span<const uint32_t> retained,
                                          size_t group_count, const std::function<uint32_t(ObjectId)>& group_of,
                                          const Cancel& cancel);

}  // namespace corewalk
