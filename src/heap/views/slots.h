// What a word of an object is called: given the object and the address of one of its words, the property, element,
// variable, entry or engine field that the word is. The way back from a pointer that a scan of memory has met to what a
// programmer wrote. Backing stores (the array of an Array, the table of a Map) are named through their owner: Join().
#pragma once

#include <cstdint>
#include <string>

#include "heap/views/heap_reader.h"

namespace corewalk {

enum class SlotKind : uint8_t {
  kProperty,  // text
  kElement,   // index
  kVariable,  // of a context: text
  kKey,       // of a Map or WeakMap
  kEntry,     // the value that belongs to `key`
  kMember,    // of a Set or WeakSet
  kField,     // of V8's own: label
};

struct SlotName {
  SlotKind kind = SlotKind::kField;
  std::string text;     // raw target text; of a symbol its description
  bool symbol = false;  // the property's key is a symbol
  uint64_t index = 0;
  uint64_t key = 0;   // tagged
  std::string label;  // "(context)"; of an accessor "(getter)", "(setter)"
  bool weak = false;  // the collector does not count it, whatever the pointer's tag
};

class SlotNamer {
 public:
  explicit SlotNamer(HeapReader* reader) : reader_(*reader) {}

  // `slot` lies in the object `holder` (tagged). Always gives a name: "(+24)" when nothing is known.
  SlotName Name(uint64_t holder, Address slot);

  // True for V8's own objects that mean something only as part of another one.
  bool IsStore(uint64_t object);

  // `inner` is the name of `slot` in `store`, and the word at `owner_slot` of `owner` points to `store`: when both are
  // one thing to a programmer (an element of an Array, an entry of a Map), true, and `inner` becomes its name in the
  // owner.
  bool Join(uint64_t owner, Address owner_slot, uint64_t store, Address slot, SlotName* inner);

 private:
  SlotName NameInReceiver(uint64_t holder, const MapInfo& map, const std::string& type, Address slot);
  SlotName NameInTable(uint64_t holder, const std::string& type, Address slot);
  SlotName NameInContext(uint64_t context, Address slot);
  // The own property whose value stands at `slot`; a kField without a label when there is none.
  SlotName PropertyAt(uint64_t object, Address slot);
  SlotName PropertyCalled(uint64_t key);
  SlotName Field(const std::string& type, uint64_t offset);
  static SlotName Element(uint64_t index);

  HeapReader& reader_;
};

}  // namespace corewalk
