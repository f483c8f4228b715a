// Map word -> what the walk must know about the Map, in one open-addressing table: the hottest data structure of the
// program. A cache belongs to one thread. It also carries the tallies of a histogram, so that counting an object
// touches the cache line that finding its Map has just loaded.
#pragma once

#include <cstdint>
#include <vector>

#include "layout/layout.h"
#include "memory/memory.h"

namespace corewalk {

// What was read of one Map (a "shape").
struct MapInfo {
  uint64_t word = 0;  // tagged address of the Map
  uint16_t instance_type = 0;
  uint8_t instance_size_in_words = 0;  // 0 = variable
  uint8_t in_object_start = 0;         // words; for a primitive's Map the constructor's index
  uint8_t bit_field = 0;
  uint8_t bit_field2 = 0;
  uint32_t bit_field3 = 0;
  uint64_t prototype = 0;    // tagged
  uint64_t constructor = 0;  // constructor_or_back_pointer, tagged
  uint64_t descriptors = 0;  // tagged
  SizeKind size_kind = SizeKind::kNone;
  Category category = Category::kHidden;
};

// Reads the Map that `word` points to. False when it is none: its own map must be a Map that is its own map (there is
// one such meta map per read-only heap and, from 12.x, one per native context).
bool ReadMap(const Memory& memory, const Layout& layout, uint64_t word, MapInfo* info);

class MapCache {
 public:
  struct Slot {
    uint64_t word = 0;        // 0 = empty
    uint16_t fixed_size = 0;  // bytes; 0 = ask the rule of info(slot).size_kind
    bool is_free = false;     // free space or a filler, no object
    uint8_t mark = 0;         // the walk's own, 0 until it sets it: what it wants with objects of this shape
    uint32_t index = 0;       // into infos
    uint64_t count = 0;       // tallies of the walk in progress
    uint64_t bytes = 0;
  };

  MapCache(const Memory& memory, const Layout& layout);

  // The slot of a valid map word, or null. Inline and branch-light: called once per object.
  Slot* Find(uint64_t word) {
    size_t i = Hash(word);
    while (true) {
      Slot& slot = slots_[i];
      if (slot.word == word) return word ? &slot : nullptr;
      if (slot.word == 0) return FindSlow(word);
      i = (i + 1) & mask_;
    }
  }
  const MapInfo& info(const Slot& slot) const { return infos_[slot.index]; }
  bool IsValidMapWord(uint64_t word) { return Find(word) != nullptr; }

  // Calls fn(info, count, bytes) for every Map with a tally and clears the tallies.
  template <typename Function>
  void Drain(Function&& fn) {
    for (Slot& slot : slots_) {
      if (slot.count == 0) continue;
      fn(infos_[slot.index], slot.count, slot.bytes);
      slot.count = slot.bytes = 0;
    }
  }

  size_t size() const { return infos_.size(); }
  const Memory& memory() const { return memory_; }
  const Layout& layout() const { return layout_; }

 private:
  size_t Hash(uint64_t word) const { return (word * 0x9e3779b97f4a7c15ull) >> shift_; }
  Slot* FindSlow(uint64_t word);
  void Grow();

  const Memory& memory_;
  const Layout& layout_;
  std::vector<Slot> slots_;
  std::vector<MapInfo> infos_;
  std::vector<uint64_t> known_invalid_;  // direct-mapped: words that turned out to be no Maps
  size_t mask_ = 0;
  int shift_ = 0;
};

}  // namespace corewalk
