// Which words of an object are references that keep their target alive. V8 tells strong from weak by the pointer's tag;
// what is left are the fields whose tag says strong although the collector treats them as weak, the tables of WeakMaps
// (a value is held by its key, and only while the table lives), and objects most of whose words are no pointers.
#pragma once

#include <cstdint>

#include "heap/map_cache.h"

namespace corewalk {

enum class BodyKind : uint8_t {
  kNone,       // text, numbers, bytes: only the Map is referred to
  kWords,      // every word may be a reference, but for those of weak_words
  kHeader,     // code: the first kCodeHeaderWords words, and what stands in instructions (graph/machine_code.h)
  kEphemerons  // an EphemeronHashTable
};

// Which words of a store or of a shape do not lead to values of an object (see graph/node_kinds.h).
enum class PartRule : uint8_t {
  kNone,
  kMap,          // all but the prototype
  kDescriptors,  // what is in front of the first entry, and the first of three words of each: the keys
  kDictionary,   // the keys
  kCell          // all but the value
};

struct EdgeRule {
  BodyKind body = BodyKind::kNone;
  PartRule parts = PartRule::kNone;
  uint8_t first_entry = 0;       // word of the first key (kDescriptors, kDictionary)
  bool array_buffer = false;     // may hold memory outside of the heap
  bool external_string = false;
  bool function = false;         // a JSFunction, which may hold its Code by a handle
  bool initial_map = false;      // a JSFunction that may have an initial Map
  bool elements = false;         // its third word is the store of its elements (and the second that of its properties)
  bool store = false;            // can be such a store
  bool shape = false;            // a shape whatever it belongs to: a pair of accessors
  bool store_part = false;       // never a value in a store
  bool shape_part = false;       // never a value in a shape
  bool in_string_table = false;
  bool shown_weak = false;       // weak references of such objects are strong in snapshots
  uint64_t weak_words = 0;       // bit i: word i of the object is weak whatever its tag
  uint32_t weak_tail = 0;        // so many words at its end are
};

inline constexpr uint64_t kCodeHeaderWords = 8;
// Of an EphemeronHashTable, in words: src/objects/hash-table.h, ObjectHashTableShape::kEntrySize, the same since 7.4.
inline constexpr uint64_t kEphemeronFirstWord = 5, kEphemeronEntryWords = 2;

EdgeRule EdgeRuleOf(const Layout& layout, const MapInfo& map);

}  // namespace corewalk
