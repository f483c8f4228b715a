#include "graph/retained.h"

namespace corewalk {
namespace {

constexpr size_t kPollNodes = 1 << 18;
constexpr uint32_t kDone = 0xffffffff;

}  // namespace

bool SumRetained(std::span<const ObjectId> dominators, std::span<uint32_t> sizes, const Cancel& cancel) {
  const uint32_t n = static_cast<uint32_t>(dominators.size());
  std::vector<uint32_t> waiting(n);  // children whose sums are not yet known
  for (const ObjectId dominator : dominators) {
    if (dominator < n) ++waiting[dominator];
  }
  // Leaves first; a node follows as soon as its last child is done.
  for (uint32_t i = 0; i < n; ++i) {
    if (i % kPollNodes == 0 && cancel.Cancelled()) return false;
    for (uint32_t at = i; waiting[at] == 0;) {
      waiting[at] = kDone;
      const ObjectId dominator = dominators[at];
      if (dominator >= n) break;
      sizes[dominator] = AddSizes(sizes[dominator], sizes[at]);
      --waiting[dominator];
      at = dominator;
    }
  }
  return true;
}

DominatorChildren::DominatorChildren(std::span<const ObjectId> dominators) : begin_(dominators.size() + 2) {
  const uint32_t n = static_cast<uint32_t>(dominators.size());
  for (const ObjectId dominator : dominators) {
    if (dominator <= n) ++begin_[dominator];
  }
  uint32_t sum = 0;
  for (uint32_t& begin : begin_) begin = sum += begin;
  children_.resize(sum);
  for (uint32_t i = n; i-- > 0;) {
    if (dominators[i] <= n) children_[--begin_[dominators[i]]] = i;
  }
}

std::vector<uint64_t> SumRetainedOfGroups(std::span<const ObjectId> dominators, std::span<const uint32_t> retained,
                                          size_t group_count, const std::function<uint32_t(ObjectId)>& group_of,
                                          const Cancel& cancel) {
  const uint32_t n = static_cast<uint32_t>(dominators.size());
  std::vector<uint64_t> sums(group_count);
  std::vector<uint32_t> open(group_count);  // members of each group on the way from the root
  // Depth first without a stack: the way back is the dominator. first_child and next_sibling are lists by rising id.
  std::vector<uint32_t> first_child(n + 1, kNoObject), next_sibling(n, kNoObject);
  for (uint32_t i = n; i-- > 0;) {
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
