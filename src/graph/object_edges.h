// The strong references of one object, read from its bytes: by the rules of edge_rules.h, the same as References keeps.
// For searches that look at objects here and there and keep no references. One per thread.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "graph/dispatch_table.h"
#include "graph/edge_rules.h"
#include "graph/machine_code.h"
#include "graph/object_index.h"
#include "heap/object_size.h"
#include "heap/tagged.h"

namespace corewalk {

class ObjectEdges {
 public:
  // `table` (may be null) leads from functions to their Code.
  ObjectEdges(const ObjectIndex& index, const DispatchTable* table)
      : index_(index),
        table_(table),
        layout_(index.model().layout()),
        maps_(index.model().memory(), layout_) {}

  // Bytes of the object at the start of `bytes`, which end where the next object starts, or behind free space in front of it;
  // 0 when it cannot be told. As PageWalker measures.
  uint64_t SizeOf(const MapCache::Slot& slot, std::span<const std::byte> bytes) {
    if (slot.fixed_size != 0) return slot.fixed_size <= bytes.size() ? slot.fixed_size : 0;
    const MapInfo& map = maps_.info(slot);
    const uint64_t size = SizeByRule(layout_.Rule(map.size_kind).rule, map, bytes, index_.model().memory());
    if (!HoldsNoMaps(map.size_kind) || size == bytes.size()) return size;
    // Where the rule may be wrong, what follows must be an object.
    return size != 0 && size + 8 <= bytes.size() && maps_.IsValidMapWord(WordAt(bytes, size / 8)) ? size : bytes.size();
  }

  // True once for every Map: whoever reaches objects one by one need not reach its Map with each of them.
  bool IsFirstOf(MapCache::Slot& slot) {
    if (slot.mark == kMapTold) return false;
    RuleOf(slot);
    slot.mark = kMapTold;
    return true;
  }

  // `bytes`: the object's. Calls to_each(uint64_t word) for every word that is a strong reference, but for that to the Map,
  // and to_entry(key, value) for each entry of a table of a WeakMap. The words need not point to objects. Afterwards `slot`
  // may be gone: it is the MapCache's, which grows.
  template <typename ToEach, typename ToEntry>
  void ForEach(MapCache::Slot& slot, std::span<const std::byte> bytes, ToEach&& to_each, ToEntry&& to_entry) {
    const EdgeRule& rule = RuleOf(slot);
    if (rule.function && table_ != nullptr) {
      if (const Address code = CodeOf(DispatchHandleIn(bytes.data(), bytes.size())); code != 0) to_each(code | 1);
    }
    const uint64_t size = bytes.size() / 8;
    switch (rule.body) {
      case BodyKind::kNone:
        return;
      case BodyKind::kWords:
      case BodyKind::kHeader: {
        const uint64_t words = rule.body == BodyKind::kHeader ? std::min(size, kCodeHeaderWords)
                                                              : size - std::min<uint64_t>(size, rule.weak_tail);
        for (uint64_t i = 1; i < words; ++i) {
          const uint64_t word = WordAt(bytes, i);
          if (IsStrongPointer(word) && (i >= 64 || (rule.weak_words >> i & 1) == 0)) to_each(word);
        }
        if (rule.body == BodyKind::kHeader) {
          ForEachEmbeddedPointer(bytes.subspan(8 * words), [&](uint64_t word) {
            if (index_.At(word) != kNoObject && !IsWeakInCode(word, index_.model(), &maps_)) to_each(word);
          });
        }
        return;
      }
      case BodyKind::kEphemerons:
        for (uint64_t i = kEphemeronFirstWord; i + 1 < size; i += kEphemeronEntryWords) {
          const uint64_t key = WordAt(bytes, i), value = WordAt(bytes, i + 1);
          if (IsStrongPointer(key) && IsStrongPointer(value)) to_entry(key, value);
        }
        return;
    }
  }

  MapCache& maps() { return maps_; }
  const EdgeRule& RuleOf(MapCache::Slot& slot) {
    if (slot.index >= rules_.size()) rules_.resize(slot.index + 64);
    if (slot.mark == kUnknown) {
      slot.mark = kRuleKnown;
      rules_[slot.index] = EdgeRuleOf(layout_, maps_.info(slot));
    }
    return rules_[slot.index];
  }

 private:
  enum Mark : uint8_t { kUnknown, kRuleKnown, kMapTold };  // of a slot
  static uint64_t WordAt(std::span<const std::byte> bytes, uint64_t i) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + 8 * i, 8);
    return word;
  }
  Address CodeOf(uint32_t handle) {
    if (handle == 0) return 0;
    if (handle != last_handle_) {
      last_handle_ = handle;
      last_code_ = table_->CodeOf(handle);
      if (!IsCodeObject(last_code_, &maps_)) last_code_ = 0;
    }
    return last_code_;
  }

  const ObjectIndex& index_;
  const DispatchTable* table_;
  const Layout& layout_;
  MapCache maps_;
  std::vector<EdgeRule> rules_;  // by MapCache::Slot::index
  uint32_t last_handle_ = 0;
  Address last_code_ = 0;
};

}  // namespace corewalk
