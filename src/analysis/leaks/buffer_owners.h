// Which stores belong together: those that one collection, one variable or one property of a class leads to. A group is
// made from the shortest ways of its members, without naming them, so that a million buffers cost one climb each; who a
// group belongs to is asked once, of its sample.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "analysis/leaks/buffers.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"

namespace corewalk {

struct StoreGroup {
  ExternalStoreKind kind = ExternalStoreKind::kBuffer;  // of the largest member
  uint64_t count = 0;
  uint64_t bytes = 0;
  uint64_t used_bytes = 0;
  uint64_t pinned_bytes = 0;
  uint64_t pinned_count = 0;  // stores that are held only through views which do not cover them
  uint64_t views = 0;
  uint32_t sample = 0;              // index of its largest store
  ObjectId collection = kNoObject;  // the array or table that leads to all of them, when there is one
};

// The live stores of `census` (of one isolate) that `wanted` accepts; the largest group first. Cut short when
// cancelled.
std::vector<StoreGroup> GroupStores(const HeapGraph& graph, const BufferCensus& census,
                                    const std::function<bool(const ExternalStore&)>& wanted, const Cancel& cancel);

// The object that stands for a store in the heap: its view, its ArrayBuffer or string; kNoObject when its isolate is
// another one.
ObjectId HeldObject(const HeapGraph& graph, const ExternalStore& store);

}  // namespace corewalk
