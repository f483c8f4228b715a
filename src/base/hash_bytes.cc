#include "base/hash_bytes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace corewalk {

// Each step maps a lane's state and a word to a new state so that either alone decides it: one changed word always
// changes the result.
uint64_t HashBytes(std::span<const std::byte> bytes) {
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15ull;
  constexpr size_t kLanes = 8;
  std::array<uint64_t, kLanes> lanes = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto mix = [](uint64_t state, uint64_t word) { return std::rotl((state ^ word) * kOdd, 29); };
  size_t at = 0;
  for (; at + 8 * kLanes <= bytes.size(); at += 8 * kLanes) {
    std::array<uint64_t, kLanes> words;
    std::memcpy(words.data(), bytes.data() + at, sizeof(words));
    for (size_t i = 0; i < kLanes; ++i) lanes[i] = mix(lanes[i], words[i]);
  }
  uint64_t hash = bytes.size();
  for (const uint64_t lane : lanes) hash = mix(hash, lane);
  for (; at < bytes.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min<size_t>(8, bytes.size() - at));
    hash = mix(hash, word);
  }
  return hash ^ hash >> 32;
}

}  // namespace corewalk
