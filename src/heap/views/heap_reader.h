// What every view of an object reads through: one word, one field, the Map and the type of a value, each bounded and
// checked. Nothing here fails loudly: what cannot be read or is no object gives nullptr or nothing, and the view says so.
// A reader caches Maps and belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "heap/map_cache.h"
#include "heap/names.h"
#include "heap/strings.h"
#include "heap/tagged.h"
#include "layout/layout.h"
#include "layout/object_fields.h"
#include "memory/memory.h"

namespace corewalk {

struct ScriptCache;  // views/scripts.h

class HeapReader {
 public:
  // All must outlive the reader; `names` is the session's.
  HeapReader(const Memory& memory, const Layout& layout, NameResolver* names)
      : memory_(memory), layout_(layout), offsets_(layout.version), names_(*names), maps_(memory, layout) {}

  const Memory& memory() const { return memory_; }
  const Layout& layout() const { return layout_; }
  const ObjectFacts& facts() const { return offsets_.facts; }
  int offset(ObjectField field) const;
  NameResolver& names() { return names_; }

  // The Map of the object that `tagged` points to (strong or weak); null when it is no valid object. The pointer holds
  // until the next call.
  const MapInfo* MapOf(uint64_t tagged);
  // V8's name of its instance type: "JS_MAP_TYPE"; "" when it is no valid object.
  std::string_view TypeOf(uint64_t tagged);
  bool IsType(uint64_t tagged, std::string_view type) { return TypeOf(tagged) == type; }
  bool IsString(uint64_t tagged);
  // DevTools' name: "Session", "(string)", ...; "" for what is no object.
  std::string ClassOf(uint64_t tagged);

  std::optional<uint64_t> Word(Address address) const { return memory_.ReadWord(address); }
  // The word at `offset` of the object; nothing when it cannot be read or the offset is -1.
  std::optional<uint64_t> Field(uint64_t tagged, int offset) const {
    return offset < 0 ? std::nullopt : memory_.ReadWord(Untag(tagged) + static_cast<uint64_t>(offset));
  }
  std::optional<uint64_t> Field(uint64_t tagged, ObjectField field) const { return Field(tagged, offset(field)); }
  template <typename T>
  std::optional<T> Raw(uint64_t tagged, int offset) const {
    return offset < 0 ? std::nullopt : memory_.ReadValue<T>(Untag(tagged) + static_cast<uint64_t>(offset));
  }
  // Size in bytes of an object, 0 when it is none or its size makes no sense.
  uint64_t SizeOf(uint64_t tagged);

  // A FixedArray-shaped object (length at +8 as a Smi, elements from +16): its length, at most what its memory can hold
  // and `kMaxArray`; nothing when it is no object or the length is no Smi.
  static constexpr uint64_t kMaxArray = uint64_t{1} << 28;
  std::optional<uint64_t> ArrayLength(uint64_t tagged);
  std::optional<uint64_t> ArrayElement(uint64_t tagged, uint64_t index) const {
    return memory_.ReadWord(Untag(tagged) + 16 + 8 * index);
  }

  // A string's text (exact, WTF-8), at most `limit` UTF-16 units; nothing when it is no string.
  std::optional<StringText> Text(uint64_t tagged, uint64_t limit) { return ReadString(memory_, layout_, tagged, limit); }
  // Its units [begin, end).
  std::optional<StringText> TextRange(uint64_t tagged, uint64_t begin, uint64_t end) {
    return ReadStringFrom(memory_, layout_, tagged, begin, end > begin ? end - begin : 0);
  }
  // The text of names, paths and keys: "" when it is no string.
  std::string ShortText(uint64_t tagged, uint64_t limit = 4096);

  // Which of V8's singletons it is, told by the text that it converts to (src/objects/oddball.h); holes are a type of
  // their own from 11.8 on.
  enum class Oddball : uint8_t { kNone, kUndefined, kNull, kTrue, kFalse, kHole, kException, kUninitialized, kOther };
  Oddball OddballOf(uint64_t tagged);
  // What a context slot holds: from 14.1 on the value may stand in a ContextCell (src/objects/contexts.tq).
  struct SlotValue {
    uint64_t value = 0;                // tagged
    std::optional<double> raw_double;  // a number that the cell holds untagged
    Address cell = 0;                  // 0 = no cell
  };
  SlotValue ThroughCell(uint64_t value);

  // What is known of scripts so far; null until views/scripts.cc makes it.
  std::shared_ptr<ScriptCache>& script_cache() { return script_cache_; }

  bool IsTheHole(uint64_t tagged) { return OddballOf(tagged) == Oddball::kHole; }
  bool IsUndefined(uint64_t tagged) { return OddballOf(tagged) == Oddball::kUndefined; }

 private:
  const Memory& memory_;
  const Layout& layout_;
  ObjectOffsets offsets_;
  NameResolver& names_;
  MapCache maps_;
  std::shared_ptr<ScriptCache> script_cache_;
  std::unordered_map<uint64_t, Oddball> oddballs_;  // there are a few dozen in a process
};

}  // namespace corewalk
