// Who dominates whom: a node's immediate dominator is the last one that every way from the roots to it goes through; what
// a node dominates is freed with it.
//
// Nine of ten objects of a heap have a single referrer, and it is their dominator. So the work is done on what is left:
// trees of single referrers are numbered in pre-order, in which a subtree is a range; for each node with several referrers
// the referrers inside one tree are replaced by their nearest common ancestor there (what dominates it is not changed by
// that); on the nodes that remain, semi-dominators are computed (Lengauer and Tarjan), and from them dominators by the
// nearest common ancestor of a node's parent and its semi-dominator (Georgiadis: semi-NCA), which is linear on real
// heaps; where it degenerates, Lengauer and Tarjan's own last step takes its place.
//
// Memory at the peak: some 24 bytes per node. No recursion.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/big_array.h"
#include "base/cancel.h"
#include "base/error.h"
#include "graph/reachability.h"
#include "graph/references.h"

namespace corewalk {

struct DominatorInput {
  // Taken over; freed as soon as it is no longer needed when `keep_references` is false.
  std::unique_ptr<References>* references = nullptr;
  const NodeSet* live = nullptr;        // what is reached from the roots
  std::span<const ObjectId> order;      // the same in the order in which it was reached, see Reachability::order()
  std::span<const ObjectId> roots;      // may repeat
  bool keep_references = true;
  const NodeSet* rooted = nullptr;  // live ones of these are roots too; null = none
  int threads = 1;
};

// The immediate dominator of each node; `node_count` (the root of all) for what only the roots hold or several hold;
// kNoObject for what is not live. Fails only when cancelled.
Result<BigArray<ObjectId>> FindDominators(const DominatorInput& input, const Cancel& cancel,
                                          const ProgressFunction& progress);

// Makes the dominators those of V8's heap snapshots: what a store or a shape dominates (see NodeKinds), but what it has for
// itself, is dominated by what dominates the store or the shape. False when cancelled: then they are neither.
bool HoistFromParts(const NodeKinds& kinds, std::span<ObjectId> dominators, const Cancel& cancel = Cancel());

// Before that: makes those initial Maps shapes whose functions do not depend on them.
void PassOverInitialMaps(std::span<const ObjectId> dominators, NodeKinds* kinds);

}  // namespace corewalk
