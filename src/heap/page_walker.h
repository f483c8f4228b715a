// Walks the object area of one page, object by object. It needs no symbols and no flags: every object starts with a
// word that points to its Map, and the Map (with the size rules of the layout) says where the next one starts. Where a
// page loses step, the walk resynchronises at the next chain of valid objects and counts the bytes in between as lost.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "heap/linear_areas.h"
#include "heap/map_cache.h"
#include "heap/object_size.h"
#include "heap/spaces.h"

namespace corewalk {

// What a walk found on a page; all in bytes unless said otherwise.
struct PageTally {
  uint64_t objects = 0;  // number of objects, free space and fillers left out
  uint64_t object_bytes = 0;
  uint64_t free_bytes = 0;    // FreeSpace objects: on the free list, or freed since the last sweep
  uint64_t filler_bytes = 0;  // one- and two-word fillers: too small for the free list
  uint64_t largest_object = 0;
  uint64_t linear_area_bytes = 0;
  uint64_t stale_bytes = 0;  // beyond the allocation top of new space
  uint64_t lost_bytes = 0;   // read, but not understood
  uint64_t lost_places = 0;  // how often the walk lost step
  uint64_t unreadable_bytes = 0;
  uint64_t forwarded = 0;  // number of objects that a collection in progress has moved away
  uint64_t forwarded_bytes = 0;

  void Add(const PageTally& other) {
    objects += other.objects, object_bytes += other.object_bytes, free_bytes += other.free_bytes;
    filler_bytes += other.filler_bytes, largest_object = std::max(largest_object, other.largest_object);
    linear_area_bytes += other.linear_area_bytes, stale_bytes += other.stale_bytes, lost_bytes += other.lost_bytes;
    lost_places += other.lost_places, unreadable_bytes += other.unreadable_bytes, forwarded += other.forwarded;
    forwarded_bytes += other.forwarded_bytes;
  }
};

class PageWalker {
 public:
  // `hidden` may be null (calibration). The references must outlive the walker. One walker per thread. `cancel` (may be
  // null) is polled inside large pages; the caller polls between pages.
  PageWalker(const Memory& memory, const Layout& layout, MapCache* maps, HiddenLinearAreas* hidden,
             const Cancel* cancel = nullptr);

  // Calls visitor(MapCache::Slot& slot, Address address, uint64_t size, const std::byte* bytes) for every object of
  // [page.area_start, end), forwarded objects and free space left out; `bytes` holds `size` bytes. `areas` are the
  // linear allocation areas, sorted by top. visitor returns void.
  template <typename Visitor>
  void Walk(const Page& page, Address end, std::span<const LinearArea> areas, Visitor&& visitor, PageTally* tally);

  MapCache& maps() { return maps_; }

 private:
  static constexpr uint64_t kPollBytes = 16 << 20;  // a few milliseconds of walking

  // A readable stretch of an object area.
  struct Extent {
    Address start;
    std::span<const std::byte> bytes;
  };
  // The bytes from `from` on, up to `end` or the next hole; empty when nothing more can be read (unreadable bytes are
  // tallied). Skips holes.
  Extent NextExtent(Address from, Address end, PageTally* tally);
  bool Cancelled() const { return cancel_ != nullptr && cancel_->Cancelled(); }
  // Size of the object at the start of `bytes`; 0 when no rule fits and there is no next map to go by.
  uint64_t SizeOf(const MapCache::Slot& slot, std::span<const std::byte> bytes);
  // Distance to the next word of `bytes`, from `offset` on, that is a valid map word and starts a chain of `depth`
  // valid objects; bytes.size() when there is none.
  uint64_t DistanceToNextObject(std::span<const std::byte> bytes, uint64_t offset, int depth);
  // What to do at a word that is no map: the number of bytes to step over, tallied as what they are.
  uint64_t StepOver(const Page& page, Address address, std::span<const std::byte> bytes, uint64_t word,
                    PageTally* tally);

  const Memory& memory_;
  const Layout& layout_;
  MapCache& maps_;
  HiddenLinearAreas* hidden_;
  const Cancel* cancel_;
  // By size kind: the rule's result needs no look at what follows the object.
  std::array<bool, static_cast<size_t>(SizeKind::kCount)> rule_is_enough_{};
  std::vector<std::byte> buffer_;
};

template <typename Visitor>
void PageWalker::Walk(const Page& page, Address end, std::span<const LinearArea> areas, Visitor&& visitor,
                      PageTally* tally) {
  Address at = page.descriptor.area_start;
  const bool one_object = IsLargeObjectSpace(page.space);
  auto area = std::ranges::lower_bound(areas, at, {}, &LinearArea::top);
  while (at < end && !Cancelled()) {
    // Stop at the next allocation area of this page; step over it; go on behind it.
    Address stop = end;
    if (area != areas.end() && area->top < end) {
      if (area->top <= at) {
        const Address limit = std::min<Address>(end, (area->limit + 7) & ~Address{7});
        if (limit > at) tally->linear_area_bytes += limit - at, at = limit;
        ++area;
        continue;
      }
      stop = area->top;
    }
    const Extent extent = NextExtent(at, stop, tally);
    if (extent.bytes.empty()) {
      at = stop;
      continue;
    }
    const std::byte* const base = extent.bytes.data();
    const uint64_t extent_size = extent.bytes.size();
    uint64_t offset = 0;
    uint64_t poll_at = kPollBytes;
    while (offset + 8 <= extent_size) {
      if (offset >= poll_at) [[unlikely]] {
        if (Cancelled()) return;
        poll_at = offset + kPollBytes;
      }
      uint64_t word;
      std::memcpy(&word, base + offset, 8);
      MapCache::Slot* slot = maps_.Find(word);
      if (slot == nullptr) [[unlikely]] {
        offset += StepOver(page, extent.start + offset, extent.bytes.subspan(offset), word, tally);
        continue;
      }
      uint64_t size = slot->fixed_size;
      if (size == 0) size = SizeOf(*slot, extent.bytes.subspan(offset));
      if (size == 0 || size > extent_size - offset) [[unlikely]] {
        // A valid map, but the object does not fit: stale or damaged.
        const uint64_t lost = DistanceToNextObject(extent.bytes.subspan(offset), 8, 3);
        ++tally->lost_places;
        tally->lost_bytes += lost;
        offset += lost;
        continue;
      }
      if (slot->is_free) {
        (slot->fixed_size == 0 ? tally->free_bytes : tally->filler_bytes) += size;
      } else {
        ++tally->objects;
        tally->object_bytes += size;
        if (size > tally->largest_object) tally->largest_object = size;
        visitor(*slot, extent.start + offset, size, base + offset);
      }
      offset += size;
      if (one_object) {
        // A large page holds one object; what is behind one that was trimmed is not formatted.
        tally->free_bytes += end - (extent.start + offset);
        return;
      }
    }
    at = extent.start + extent_size;
  }
}

}  // namespace corewalk
