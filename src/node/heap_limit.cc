#include "node/heap_limit.h"

#include <algorithm>
#include <vector>

#include "node/memory_scan.h"
#include "node/node_limits.h"

namespace corewalk {
namespace {

constexpr uint64_t kPage = 256 << 10;  // V8's page; 12.0 has 512 kB
constexpr uint64_t kMinOld = 1 << 20;
constexpr uint64_t kMaxOld = uint64_t{1} << 42;
constexpr uint64_t kMinSemi = 512 << 10;
constexpr uint64_t kMaxSemi = uint64_t{8} << 30;
constexpr uint64_t kUsualHeapBytes = 12 << 10;

bool IsOld(uint64_t w) {
  return w % kPage == 0 && w >= kMinOld && w <= kMaxOld;
}
bool IsSemi(uint64_t w) {
  return w % kPage == 0 && w >= kMinSemi && w <= kMaxSemi;
}
// A configured size that callbacks may since have raised.
bool IsInitial(uint64_t initial, uint64_t old) {
  return IsOld(initial) && initial <= old;
}

using Words = std::vector<uint64_t>;

Words ReadWords(const Memory& memory, Address address, uint64_t bytes) {
  Words words(bytes / 8);
  words.resize(memory.Read(address, std::as_writable_bytes(std::span(words))) / 8);
  return words;
}

struct Finding {
  uint64_t old = 0;
  uint64_t initial = 0;
  std::optional<uint64_t> semi;
  Address address = 0;
};

// V8 7.7 to 14.1: words[i] is MAX OLD.
std::optional<Finding> Joined(const Words& words, size_t i) {
  if (i < 4 || i + 3 >= words.size() || !IsOld(words[i])) return std::nullopt;
  const uint64_t old = words[i];
  const uint64_t initial = words[i + 3];
  if (!IsInitial(initial, old) || words[i - 1] >= old || words[i + 1] >= old) return std::nullopt;
  // The global limit follows when a callback raises the other one only from V8 12.4 on.
  if (words[i + 2] != 2 * old && words[i + 2] != 2 * initial) return std::nullopt;
  Finding finding{old, initial, std::nullopt, 0};
  // Initial semi-space before; one word more (the minimum) since V8 13.6.
  if (IsSemi(words[i - 3]) && words[i - 2] != 0 && words[i - 2] <= words[i - 3]) finding.semi = words[i - 3];
  if (IsSemi(words[i - 4]) && words[i - 3] != 0 && words[i - 3] % kPage == 0 && words[i - 3] <= words[i - 4] &&
      words[i - 2] != 0 && words[i - 2] <= words[i - 4]) {
    finding.semi = words[i - 4];
  }
  if (!finding.semi) return std::nullopt;
  return finding;
}

// V8 7.4 to 7.6: words[i] is MAX OLD.
std::optional<Finding> Early(const Words& words, size_t i) {
  if (i < 2 || i + 4 >= words.size() || !IsOld(words[i])) return std::nullopt;
  const uint64_t old = words[i];
  if (!IsSemi(words[i - 2]) || words[i - 1] == 0 || words[i - 1] > words[i - 2] || words[i - 1] % kPage != 0) {
    return std::nullopt;
  }
  for (size_t j : {i + 1, i + 2}) {
    if (j + 2 >= words.size() || !IsInitial(words[j], old) || words[j + 1] >= old) continue;
    const uint64_t start = words[j + 2];  // initial_old_generation_size_: half of it, at most 512 MB
    if (start == 0 || start > words[j] || start % (kPage / 2) != 0) continue;
    return Finding{old, words[j], words[i - 2], 0};
  }
  return std::nullopt;
}

// V8 14.6: the struct of limits, whose first word points back to the heap.
std::optional<Finding> Separate(const Memory& memory, Address heap, Address limits) {
  Words words = ReadWords(memory, limits, 9 * 8);
  if (words.size() < 9 || words[0] != heap || !IsOld(words[6])) return std::nullopt;
  const uint64_t old = words[6];
  if (words[8] != 2 * old || words[5] >= old || words[7] >= old || !IsInitial(words[2], old)) return std::nullopt;
  if (words[3] > words[2]) return std::nullopt;
  return Finding{old, words[2], std::nullopt, limits + 6 * 8};
}

// {max, initial, min} semi-space at the start of the Heap, where the limits stand elsewhere.
std::optional<uint64_t> LoneSemiSpace(const Words& words) {
  std::optional<uint64_t> found;
  for (size_t i = 0; i + 2 < std::min<size_t>(words.size(), 32); ++i) {
    auto fits = [&](uint64_t w) { return w != 0 && w % kPage == 0 && w <= words[i]; };
    if (!IsSemi(words[i]) || !fits(words[i + 1]) || !fits(words[i + 2])) continue;
    if (found) return std::nullopt;
    found = words[i];
  }
  return found;
}

}  // namespace

std::optional<HeapLimits> FindHeapLimits(const Memory& memory, Address heap, uint64_t size) {
  if (heap == 0 || heap % 8 != 0) return std::nullopt;
  if (size == 0) size = kUsualHeapBytes;
  const Words words = ReadWords(memory, heap, std::min<uint64_t>(size, kNodeLimits.max_heap_struct));
  std::optional<Finding> found;
  // False when two places name different limits: then neither is believed.
  auto take = [&](std::optional<Finding> next, Address address) {
    if (!next) return true;
    if (next->address == 0) next->address = address;
    if (found && (found->old != next->old || found->semi != next->semi)) return false;
    if (!found) found = next;
    return true;
  };
  for (size_t i = 0; i < words.size(); ++i) {
    if (!take(Joined(words, i), heap + 8 * i)) return std::nullopt;
  }
  if (!found) {
    for (size_t i = 0; i < std::min<size_t>(words.size(), 64); ++i) {
      if (!take(Early(words, i), heap + 8 * i)) return std::nullopt;
    }
  }
  if (!found) {
    size_t followed = 0;
    for (uint64_t word : words) {
      if (word % 8 != 0 || word < 4096 || word >> 47 != 0) continue;
      if (++followed > kNodeLimits.max_heap_pointers) break;
      if (!take(Separate(memory, heap, word), word)) return std::nullopt;
    }
    if (found) found->semi = LoneSemiSpace(words);
  }
  if (!found) return std::nullopt;
  return HeapLimits{found->old, found->initial, found->semi, found->address};
}

std::optional<uint64_t> HeapLimit(const Memory& memory, Address heap) {
  std::optional<HeapLimits> limits = FindHeapLimits(memory, heap);
  if (!limits) return std::nullopt;
  return limits->old_generation;
}

}  // namespace corewalk
