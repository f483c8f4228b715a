#include "analysis/leaks/duplicate_table.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace corewalk {

RepeatedHashes::RepeatedHashes(uint64_t expected) {
  constexpr uint64_t kBitsPerHash = 8, kMostBits = uint64_t{1} << 32;
  const uint64_t bits = std::bit_ceil(std::clamp<uint64_t>(kBitsPerHash * expected, 4096, kMostBits));
  mask_ = bits - 1;
  once_.resize(bits / 64);
  twice_.resize(bits / 64);
}

void RepeatedHashes::Add(uint64_t hash) {
  const uint64_t at = hash & mask_, bit = uint64_t{1} << at % 64;
  const uint64_t before = std::atomic_ref(once_[at / 64]).fetch_or(bit, std::memory_order_relaxed);
  if ((before & bit) != 0) std::atomic_ref(twice_[at / 64]).fetch_or(bit, std::memory_order_relaxed);
}

bool RepeatedHashes::MayRepeat(uint64_t hash) const {
  const uint64_t at = hash & mask_;
  return (twice_[at / 64] >> at % 64 & 1) != 0;
}

void DuplicateTable::Grow(Shard* shard) {
  std::vector<Entry> old = std::move(shard->entries);
  shard->entries.assign(std::max<size_t>(64, 2 * old.size()), Entry());
  const uint64_t mask = shard->entries.size() - 1;
  for (const Entry& entry : old) {
    if (entry.address == 0) continue;
    uint64_t at = entry.hash & mask;
    while (shard->entries[at].address != 0) at = (at + 1) & mask;
    shard->entries[at] = entry;
  }
}

bool DuplicateTable::Add(uint64_t hash, uint64_t address, uint64_t bytes, const Equal& equal) {
  constexpr uint32_t kMost = std::numeric_limits<uint32_t>::max();
  Shard& shard = shards_[hash >> (64 - kShardBits)];
  const std::lock_guard lock(shard.mutex);
  if (10 * (shard.used + 1) > 8 * shard.entries.size()) Grow(&shard);
  const uint64_t mask = shard.entries.size() - 1;
  uint64_t at = hash & mask;
  for (;; at = (at + 1) & mask) {
    Entry& entry = shard.entries[at];
    if (entry.address == 0) break;
    if (entry.hash != hash || (entry.address != address && !equal(entry.address, address))) continue;
    entry.count += entry.count < kMost;
    entry.units = static_cast<uint32_t>(std::min<uint64_t>(kMost, uint64_t{entry.units} + bytes / 8));
    entry.address = std::min(entry.address, address);
    return true;
  }
  if (shard.used >= (kMostEntries >> kShardBits)) return false;
  shard.entries[at] = {hash, address, 1, static_cast<uint32_t>(std::min<uint64_t>(kMost, bytes / 8))};
  ++shard.used;
  return true;
}

void DuplicateTable::ForEach(const std::function<void(const Copies&)>& visit) const {
  for (const Shard& shard : shards_) {
    for (const Entry& entry : shard.entries) {
      if (entry.count > 1)
        visit({.hash = entry.hash, .address = entry.address, .count = entry.count, .bytes = 8 * uint64_t{entry.units}});
    }
  }
}

uint64_t DuplicateTable::MemoryBytes() const {
  uint64_t bytes = 0;
  for (const Shard& shard : shards_) bytes += shard.entries.size() * sizeof(Entry);
  return bytes;
}

}  // namespace corewalk
