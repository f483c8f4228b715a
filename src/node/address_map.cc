#include "node/address_map.h"

#include <algorithm>

namespace corewalk {
namespace {

// The first region that ends behind `address`.
std::span<const Region> RegionsFrom(const Memory& memory, Address address) {
  const std::span<const Region> regions = memory.Regions();
  const auto first = std::ranges::upper_bound(regions, address, {}, &Region::end);
  return regions.subspan(static_cast<size_t>(first - regions.begin()));
}

}  // namespace

std::vector<AddressMap::Stretch> AddressMap::UnclaimedIn(Address start, Address end) const {
  std::vector<Stretch> free;
  for (const Region& region : RegionsFrom(memory_, start)) {
    if (region.start >= end) break;
    Address at = std::max(start, region.start);
    const Address stop = std::min(end, region.end);
    auto piece = pieces_.upper_bound(at);
    if (piece != pieces_.begin() && std::prev(piece)->second.end > at) --piece;
    for (; at < stop; ++piece) {
      const Address next = piece == pieces_.end() ? stop : std::min(stop, piece->first);
      if (next > at) free.push_back({at, next, &region});
      if (piece == pieces_.end()) break;
      at = std::max(at, piece->second.end);
    }
  }
  return free;
}

std::vector<AddressMap::Stretch> AddressMap::Unclaimed() const {
  return UnclaimedIn(0, ~Address{0});
}

uint64_t AddressMap::Claim(Address start, Address end, Owner owner) {
  uint64_t claimed = 0;
  for (const Stretch& stretch : UnclaimedIn(start, end)) {
    pieces_[stretch.start] = {stretch.end, owner};
    claimed += stretch.end - stretch.start;
  }
  return claimed;
}

MemorySum AddressMap::SumOf(Address start, Address end) const {
  MemorySum sum;
  if (end <= start) return sum;
  for (const Region& region : RegionsFrom(memory_, start)) {
    if (region.start >= end) break;
    const Address from = std::max(start, region.start), to = std::min(end, region.end);
    sum.reserved += to - from;
    sum.present += std::max(from, std::min(to, region.present_end)) - from;
    sum.resident += residency_.Bytes(from, to);
  }
  return sum;
}

std::map<AddressMap::Owner, MemorySum> AddressMap::Sums() const {
  std::map<Owner, MemorySum> sums;
  for (const auto& [start, piece] : pieces_) sums[piece.owner] += SumOf(start, piece.end);
  return sums;
}

MemorySum AddressMap::Total() const {
  MemorySum total;
  for (const Region& region : memory_.Regions()) total += SumOf(region.start, region.end);
  return total;
}

}  // namespace corewalk
