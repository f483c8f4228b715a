// Tagged words of V8 on x64 without pointer compression (every official Linux build from 12 to 26): a Smi has bit 0
// clear and its value in the upper 32 bits, a strong heap pointer ends in 01, a weak one in 11. V8:
// src/common/globals.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "memory/memory.h"

namespace corewalk {

inline constexpr Address kUserAddressEnd = Address{1} << 47;

inline bool IsSmi(uint64_t word) {
  return (word & 1) == 0;
}
inline int64_t SmiValue(uint64_t word) {
  return static_cast<int64_t>(word) >> 32;
}
inline bool IsStrongPointer(uint64_t word) {
  return (word & 3) == 1;
}
inline bool IsWeakPointer(uint64_t word) {
  return (word & 3) == 3;
}
// Cheap plausibility of a strong pointer: right tag, 8-byte aligned object, user address.
inline bool LooksLikePointer(uint64_t word) {
  return (word & 7) == 1 && word > 0x10000 && word < kUserAddressEnd;
}
inline Address Untag(uint64_t word) {
  return word & ~uint64_t{3};
}

// The Map word of the object at `object`. A collection in progress that has moved the object leaves its new address there,
// untagged, and all other words as they were: then it is the copy's Map word. V8: MapWord::FromForwardingAddress
// (src/objects/objects-inl.h).
inline std::optional<uint64_t> MapWordAt(const Memory& memory, Address object) {
  const std::optional<uint64_t> word = memory.ReadWord(object);
  if (!word || (*word & 7) != 0 || *word <= 0x10000 || *word >= kUserAddressEnd) return word;
  return memory.ReadWord(*word);
}

// Chunks are aligned to 256 KB in every version, to 512 KB in V8 7.4 (src/common/globals.h: kPageSizeBits).
inline constexpr uint64_t kChunkAlignment = 256 * 1024;
inline Address ChunkBase(Address address, uint64_t page_size = kChunkAlignment) {
  return address & ~(page_size - 1);
}

// The words of [address, address + 8 * count) that can be read before the first missing one.
inline std::vector<uint64_t> ReadWords(const Memory& memory, Address address, size_t count) {
  constexpr size_t kBlock = size_t{1} << 17;  // so that a damaged count allocates little more than is there
  std::vector<uint64_t> words;
  while (words.size() < count) {
    const size_t before = words.size();
    const size_t wanted = std::min(kBlock, count - before);
    words.resize(before + wanted);
    const size_t read = memory.Read(address + 8 * before, std::as_writable_bytes(std::span(words).subspan(before))) / 8;
    words.resize(before + read);
    if (read < wanted) break;
  }
  return words;
}

}  // namespace corewalk
