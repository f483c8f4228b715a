// Linear allocation areas: the stretch [top, limit) of a page that V8 hands out by bumping `top`. It holds no objects
// yet (often stale ones), so a walk must step over it. V8 keeps the pairs in space objects, from 10.1 in the Isolate,
// and for background threads in malloc'ed structs (src/heap/linear-allocation-area.h).
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "heap/spaces.h"
#include "memory/memory.h"

namespace corewalk {

struct LinearArea {
  Address top = 0;
  Address limit = 0;  // may be unaligned up to 8.4
};

// Pages by address, for "which page is this pointer on". Plain sorted array.
class PageIndex {
 public:
  void Add(const Page* page) { pages_.push_back(page); }
  void Finish();
  // The page whose chunk contains `address` (headers included), or null.
  const Page* At(Address address) const;
  // True when both lie in the object area of one page, in order; `limit` may be the area's end.
  bool SameArea(Address low, Address high) const;
  std::span<const Page* const> pages() const { return pages_; }

 private:
  std::vector<const Page*> pages_;
};

// The areas of one isolate that stand in its Isolate struct or in its space objects.
std::vector<LinearArea> FindLinearAreas(const Memory& memory, const PageIndex& index, Address roots_table,
                                        const std::vector<Space>& spaces);

// Areas that stand in other structs: every pair of adjacent words outside V8's heap that could be {top, limit}. Searched
// for once, on the first question.
class HiddenLinearAreas {
 public:
  // `heaps`: the addresses of the Heap structs.
  HiddenLinearAreas(const Memory& memory, const PageIndex& index, std::vector<Address> heaps)
      : memory_(memory), index_(index), heaps_(std::move(heaps)) {}
  // The areas whose struct is beyond doubt, by top: those of collector and background threads. The stale bytes behind
  // such a top often read as well-formed objects, so a walk must know them beforehand. The words in front of the area
  // tell: V8 7.4 to 11.8 have LocalAllocationBuffer {Heap* heap_; [start,] top, limit} (src/heap/spaces.h; start since
  // 8.6), 12.4 and later MainAllocator {LinearAllocationArea* allocation_info_; start, top, limit}, where the pointer
  // leads to the very next word when the allocator owns its area (src/heap/main-allocator.h).
  std::span<const LinearArea> Known(const Cancel* cancel);
  // The other pairs are only believed when a walk is stuck exactly at their top.
  // The end of the area that starts at `top`, if there is one. Thread-safe. The first call searches the process's
  // memory outside the heap; when `cancel` (may be null) stops it, nothing is known and a later call starts afresh.
  std::optional<Address> LimitOf(Address top, const Cancel* cancel);
  // Areas whose recorded top lies within kTopSlack bytes of `address`, nearest first: a thread that is killed while it
  // allocates has its true top in a register. At most 8; the caller checks that an object follows the limit.
  static constexpr uint64_t kTopSlack = 512;
  std::vector<LinearArea> Near(Address address, const Cancel* cancel);

 private:
  bool EnsureBuilt(const Cancel* cancel);
  void Build(const Cancel* cancel);

  const Memory& memory_;
  const PageIndex& index_;
  const std::vector<Address> heaps_;
  std::mutex building_;
  std::atomic<bool> built_{false};
  std::vector<LinearArea> pairs_;  // by top; constant once built_, as known_ is
  std::vector<LinearArea> known_;
};

}  // namespace corewalk
