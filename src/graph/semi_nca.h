// Dominators of a flow graph that is given by the predecessors of each node, over flat arrays. See dominators.h.
#pragma once

#include <cstdint>

#include "base/big_array.h"
#include "base/cancel.h"

namespace corewalk {

// Node 0 is the entry. preds of node i: pred[pred_begin[i] .. pred_begin[i + 1]).
struct PredecessorGraph {
  BigArray<uint32_t> pred_begin;  // node count + 1
  BigArray<uint32_t> pred;
  size_t size() const { return pred_begin.empty() ? 0 : pred_begin.size() - 1; }
};

inline constexpr uint32_t kNoNode = 0xffffffff;

// The immediate dominators; of the entry and of what cannot be reached: kNoNode. Empty when cancelled. Both ways give the
// same; `semi_nca` is faster, and gives up on itself where it would be quadratic.
BigArray<uint32_t> FindDominatorsOf(const PredecessorGraph& graph, const Cancel& cancel, bool semi_nca = true);

}  // namespace corewalk
