#include "graph/retained.h"

namespace corewalk {

bool SumRetained(std::span<const ObjectId> dominators, std::span<const ObjectId> order, std::span<uint32_t> sizes,
                 const Cancel& cancel) {
  constexpr size_t kAhead = 16, kPollNodes = 1 << 18;
  const uint32_t n = static_cast<uint32_t>(dominators.size());
  // What a node dominates was reached later than the node.
  for (size_t i = order.size(); i-- > 0;) {
    if (i % kPollNodes == 0 && cancel.Cancelled()) return false;
    if (i >= kAhead) __builtin_prefetch(&dominators[order[i - kAhead]]);
    if (i >= kAhead / 2) {
      if (const ObjectId ahead = dominators[order[i - kAhead / 2]]; ahead < n) __builtin_prefetch(&sizes[ahead], 1);
    }
    const ObjectId node = order[i], dominator = dominators[node];
    if (dominator < n) sizes[dominator] = AddSizes(sizes[dominator], sizes[node]);
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
  children_.Reset(sum);
  for (uint32_t i = n; i-- > 0;) {
    if (dominators[i] <= n) children_[--begin_[dominators[i]]] = i;
  }
}

}  // namespace corewalk
