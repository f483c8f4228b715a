// The own properties of a JavaScript object: named ones in the order of their definition (symbols among them) and
// elements by rising index. In-object, out-of-object and dictionary properties, accessors, and every elements kind.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "heap/views/heap_reader.h"

namespace corewalk {

// One own property or element.
struct OwnProperty {
  uint64_t key = 0;      // tagged name; 0 for elements
  uint64_t index = 0;    // of an element
  bool accessor = false;  // getter and setter instead of a value
  bool native = false;    // an accessor of V8's own (AccessorInfo): the value is computed, not stored
  uint64_t value = 0;     // tagged; see raw_double
  std::optional<double> raw_double;  // a double that is stored without a HeapNumber
  bool double_field = false;         // the HeapNumber belongs to the field (llnode prints such values bare)
  uint64_t getter = 0;
  uint64_t setter = 0;
  bool read_only = false;
  bool dont_enum = false;
  bool dont_delete = false;
  bool readable = true;  // false: the slot could not be read
  Address slot = 0;      // where the value stands, 0 for accessors and natives
};

// Returns false to stop.
using PropertyVisitor = std::function<bool(const OwnProperty& property)>;

// False when the properties could not be read to their end (damaged or not in the core): what was readable was visited.
bool ForEachProperty(HeapReader& reader, uint64_t object, const PropertyVisitor& visit);
// Elements that exist (holes are left out). Typed arrays have none here, see buffers.h.
bool ForEachElement(HeapReader& reader, uint64_t object, const PropertyVisitor& visit);

// The value of the own data property `name` (exact), 0 when there is none.
uint64_t OwnValue(HeapReader& reader, uint64_t object, std::string_view name);

struct KeyText {
  std::string text;  // exact (WTF-8); the description of a symbol
  bool symbol = false;
  bool is_private = false;  // `#x` and V8's own symbols
  bool described = true;    // false: a symbol without description
  bool valid = true;        // false: neither a string nor a symbol
  bool whole = true;        // false: a part of its text could not be read
};
KeyText ReadKey(HeapReader& reader, uint64_t key);

// A JSArray's `length`; nothing when it is unreadable.
std::optional<double> ArrayLengthOf(HeapReader& reader, uint64_t array);

enum class ElementsKind : uint8_t {
  kSmi, kHoleySmi, kTagged, kHoleyTagged, kDouble, kHoleyDouble, kDictionary, kArguments, kSlowArguments, kWrapper,
  kSlowWrapper, kTyped, kNone
};
struct ElementsInfo {
  ElementsKind kind = ElementsKind::kNone;
  uint8_t number = 0;  // V8's
  bool frozen = false, sealed = false, nonextensible = false;
};
ElementsInfo ElementsOf(const Layout& layout, const ObjectFacts& facts, const MapInfo& map);

}  // namespace corewalk
