#include "heap/page_walker.h"

#include <array>

#include "heap/tagged.h"

namespace corewalk {

namespace {

// Where the bytes that are present from `from` on end, region by region; `from` when it is in no region.
Address PresentEnd(const Memory& memory, Address from, Address end) {
  const std::span<const Region> regions = memory.Regions();
  auto at = std::ranges::upper_bound(regions, from, {}, &Region::start);
  if (at == regions.begin() || !std::prev(at)->contains(from)) return from;
  --at;
  Address present = std::max(from, at->present_end);
  while (present < end && present == at->end && ++at != regions.end() && at->start == present)
    present = at->present_end;
  return std::min(present, end);
}

// The start of the first region behind `from`, which is in none.
Address NextRegion(const Memory& memory, Address from, Address end) {
  const std::span<const Region> regions = memory.Regions();
  const auto at = std::ranges::upper_bound(regions, from, {}, &Region::start);
  return at == regions.end() ? end : std::min(at->start, end);
}

}  // namespace

PageWalker::PageWalker(const Memory& memory, const Layout& layout, MapCache* maps, HiddenLinearAreas* hidden,
                       const Cancel* cancel)
    : memory_(memory), layout_(layout), maps_(*maps), hidden_(hidden), cancel_(cancel) {
  for (size_t i = 0; i < rule_is_enough_.size(); ++i) {
    const SizeKind kind = static_cast<SizeKind>(i);
    // A rule is checked against what follows where that costs nothing in practice: such types are few.
    rule_is_enough_[i] =
        !HoldsNoMaps(kind) || (kind != SizeKind::kScopeInfo && layout.Rule(kind).rule.op != SizeOp::kUnknown);
  }
}

PageWalker::Extent PageWalker::NextExtent(Address from, Address end, PageTally* tally) {
  while (from < end) {
    const size_t wanted = end - from;
    if (const std::span<const std::byte> view = memory_.View(from, wanted); !view.empty()) return {from, view};
    // The end of a page may be missing (a truncated core): what stands before the hole needs no copy either.
    std::byte next_byte;
    if (const Region* region = memory_.RegionAt(from);
        region != nullptr && region->present_end > from && region->present_end < end &&
        memory_.Read(region->present_end, std::span(&next_byte, 1)) == 0) {
      const size_t present = (region->present_end - from) & ~uint64_t{7};
      if (const std::span<const std::byte> view = memory_.View(from, present); !view.empty()) return {from, view};
    }
    // Large objects are read in one piece so that their length is bounded by what is there; 1 GB is V8's own limit for
    // one object several times over. Only as much as is mapped: a damaged header may put the end a terabyte away.
    constexpr size_t kMaxRead = size_t{1} << 31;
    constexpr size_t kUnknownRead = 4096;
    const Address present = PresentEnd(memory_, from, end);
    buffer_.resize(std::min(wanted, present > from ? std::min<size_t>(present - from, kMaxRead) : kUnknownRead));
    const size_t read = memory_.Read(from, buffer_) & ~size_t{7};
    if (read > 0) return {from, std::span<const std::byte>(buffer_.data(), read)};
    // A hole: up to the end of the missing part of the region, or of the unmapped gap.
    const Region* region = memory_.RegionAt(from);
    Address next = (from & ~Address{4095}) + 4096;
    if (region == nullptr) next = std::max(next, NextRegion(memory_, from, end));
    if (region != nullptr && from >= region->present_end) next = std::max(next, region->end);
    next = std::min(next, end);
    // Memory that nobody may read (guards inside read-only pages of 14.x) is no loss.
    if (region == nullptr || region->readable) tally->unreadable_bytes += next - from;
    from = next;
  }
  return {end, {}};
}

uint64_t PageWalker::SizeOf(const MapCache::Slot& slot, std::span<const std::byte> bytes) {
  const MapInfo& map = maps_.info(slot);
  const uint64_t size = SizeByRule(layout_.Rule(map.size_kind).rule, map, bytes, memory_);
  if (size != 0 && rule_is_enough_[static_cast<size_t>(map.size_kind)]) [[likely]]
    return size;
  if (!HoldsNoMaps(map.size_kind)) return size;
  if (size != 0 && size + 8 <= bytes.size()) {
    uint64_t next;
    std::memcpy(&next, bytes.data() + size, 8);
    if (maps_.IsValidMapWord(next)) return size;
  } else if (size == bytes.size()) {
    return size;
  }
  const uint64_t distance = DistanceToNextObject(bytes, 8, 1);
  return size != 0 && distance == bytes.size() ? size : distance;
}

uint64_t PageWalker::DistanceToNextObject(std::span<const std::byte> bytes, uint64_t offset, int depth) {
  for (; offset + 8 <= bytes.size(); offset += 8) {
    if (offset % (uint64_t{1} << 20) == 0 && Cancelled()) break;
    uint64_t at = offset;
    int valid = 0;
    while (valid < depth) {
      uint64_t word;
      if (at + 8 > bytes.size()) {
        valid = at == bytes.size() && valid > 0 ? depth : valid;
        break;
      }
      std::memcpy(&word, bytes.data() + at, 8);
      const MapCache::Slot* slot = maps_.Find(word);
      if (slot == nullptr) break;
      if (++valid == depth) break;
      const MapInfo& map = maps_.info(*slot);
      const uint64_t size = slot->fixed_size
                                ? slot->fixed_size
                                : SizeByRule(layout_.Rule(map.size_kind).rule, map, bytes.subspan(at), memory_);
      if (size == 0 || size > bytes.size() - at) break;
      at += size;
    }
    if (valid >= depth) return offset;
  }
  return bytes.size();
}

uint64_t PageWalker::StepOver(const Page& page, Address address, std::span<const std::byte> bytes, uint64_t word,
                              PageTally* tally) {
  // An allocation area that is recorded elsewhere (background threads, trusted and code space).
  if (hidden_ != nullptr) {
    if (const std::optional<Address> limit = hidden_->LimitOf(address, cancel_)) {
      const uint64_t size = std::min<uint64_t>(*limit - address, bytes.size()) & ~uint64_t{7};
      if (size > 0) {
        tally->linear_area_bytes += size;
        return size;
      }
    }
  }
  // Moved by a collection in progress: the map word is the new address, and the copy has the same size.
  if ((word & 7) == 0 && word > 0x10000 && word < kUserAddressEnd) {
    if (const std::optional<uint64_t> target_map = memory_.ReadWord(word)) {
      if (MapCache::Slot* slot = maps_.Find(*target_map)) {
        uint64_t size = slot->fixed_size;
        // The object's first words decide its size; take them from the copy. No more than needed: a page may hold
        // thousands of moved objects.
        if (size == 0) {
          std::array<std::byte, 4096> head;
          const std::span<const std::byte> copy = std::span(head).first(memory_.Read(word, head));
          const MapInfo& map = maps_.info(*slot);
          size = SizeByHead(layout_.Rule(map.size_kind).rule, map, copy, bytes.size(), memory_);
          if (size == 0 && HoldsNoMaps(map.size_kind)) size = SizeOf(*slot, copy);
        }
        if (size != 0 && size <= bytes.size()) {
          ++tally->forwarded;
          tally->forwarded_bytes += size;
          return size;
        }
      }
    }
  }
  // The same, with the top of a thread that was killed while it allocated: an object must follow the area.
  if (hidden_ != nullptr) {
    for (const LinearArea& area : hidden_->Near(address, cancel_)) {
      const uint64_t size = (area.limit - address + 7) & ~uint64_t{7};
      uint64_t next = 0;
      if (size > bytes.size()) continue;
      if (size + 8 <= bytes.size()) std::memcpy(&next, bytes.data() + size, 8);
      if (size != bytes.size() && !maps_.IsValidMapWord(next)) continue;
      const uint64_t unwritten = area.top > address ? area.top - address : 0;
      if (unwritten > 0) ++tally->lost_places;
      tally->lost_bytes += unwritten;
      tally->linear_area_bytes += size - unwritten;
      return size;
    }
  }
  const uint64_t lost = DistanceToNextObject(bytes, 8, 3);
  // Memory that was never written holds no objects.
  const std::span<const std::byte> skipped = bytes.first(lost);
  if (std::ranges::all_of(skipped, [](std::byte b) { return b == std::byte{0}; })) {
    tally->linear_area_bytes += lost;
    return lost;
  }
  // A collection in progress fills to-space from the front; behind the last object copied lies what the space held
  // before.
  if (page.to_page && lost == bytes.size() && address + lost == page.descriptor.area_end) {
    tally->stale_bytes += lost;
    return lost;
  }
  ++tally->lost_places;
  tally->lost_bytes += lost;
  return lost;
}

}  // namespace corewalk
