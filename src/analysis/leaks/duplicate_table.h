// Equal texts, counted in little memory: a set of bits says which hashes occur more than once; only their texts enter a
// hash table of 24 bytes an entry, and equal hashes are compared text by text. So the table grows with the number of
// different texts that have copies, not with the number of strings. Several threads may add at once.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace corewalk {

// Which hashes were met more than once; some that were met once are told too (one in eight when it is full).
class RepeatedHashes {
 public:
  explicit RepeatedHashes(uint64_t expected);
  void Add(uint64_t hash);  // from several threads at once
  bool MayRepeat(uint64_t hash) const;
  uint64_t MemoryBytes() const { return 16 * once_.size(); }

 private:
  uint64_t mask_ = 0;
  std::vector<uint64_t> once_, twice_;
};

struct Copies {
  uint64_t hash = 0;
  uint64_t address = 0;  // of one of them, untagged: the lowest
  uint64_t count = 0;
  uint64_t bytes = 0;  // of all of them
};

class DuplicateTable {
 public:
  // equal(a, b): the strings at these addresses have the same text.
  using Equal = std::function<bool(uint64_t address, uint64_t other)>;

  // From several threads at once. `bytes` is a multiple of 8. False when the table is full and this text is not in it.
  bool Add(uint64_t hash, uint64_t address, uint64_t bytes, const Equal& equal);
  // Visits all texts with two copies or more.
  void ForEach(const std::function<void(const Copies&)>& visit) const;
  uint64_t MemoryBytes() const;

  static constexpr uint64_t kMostEntries = uint64_t{1} << 24;  // texts; less than 1 GB

 private:
  struct Entry {
    uint64_t hash = 0;
    uint64_t address = 0;  // 0 = free
    uint32_t count = 0;
    uint32_t units = 0;  // of 8 bytes
  };
  struct Shard {
    std::mutex mutex;
    std::vector<Entry> entries;  // a power of two
    uint64_t used = 0;
  };
  static constexpr int kShardBits = 6;

  static void Grow(Shard* shard);

  std::array<Shard, size_t{1} << kShardBits> shards_;
};

}  // namespace corewalk
