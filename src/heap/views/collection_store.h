// What holds the entries of a collection: the table of a Map, Set or WeakMap, the array or dictionary of an object's
// elements, the dictionary or the fields of its named properties. It is known from the store's header how many entries
// there are, how many have room and how many were deleted; entries can be read at any position, so that a collection of
// millions is sampled and not read. Damaged headers give counts that are bounded by the store's memory and whole ==
// false.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

enum class StoreKind : uint8_t {
  kMap,       // OrderedHashMap
  kSet,       // OrderedHashSet
  kWeakMap,   // EphemeronHashTable
  kWeakSet,   // the same with keys only
  kElements,  // FixedArray
  kDoubles,   // FixedDoubleArray
  kNumbered,  // NumberDictionary
  kNamed,     // NameDictionary
  kCells,     // GlobalDictionary
  kFields,    // named properties of an object in fast mode
};

struct StoreView {
  StoreKind kind = StoreKind::kElements;
  uint64_t object = 0;     // tagged: the collection; the store itself when that was asked about
  uint64_t store = 0;      // tagged: table, array or dictionary; the object itself for kFields
  uint64_t entries = 0;    // as the store counts them; of an array its length, holes included
  uint64_t capacity = 0;   // entries for which there is room
  uint64_t deleted = 0;    // entries that were deleted since the table was last rehashed; they still take room
  uint64_t positions = 0;  // ReadEntries() takes positions below
  // How many were added to a dictionary since it became one; nothing where that is not counted.
  std::optional<uint64_t> ever_added;
  bool ordered = false;  // rising positions are the order of insertion (of elements: of their indexes)
  bool may_have_holes = false;
  bool frozen = false;
  bool whole = true;
  Address first_entry = 0;
  uint32_t entry_words = 1;
};

struct StoreEntry {
  uint64_t position = 0;
  uint64_t order = 0;  // rising in the order of insertion (dictionaries: the enumeration index), where it is known
  uint64_t key = 0;    // tagged; 0 for elements
  uint64_t index = 0;  // of an element
  uint64_t value = 0;  // tagged; of a set the member
  std::optional<double> raw_double;  // a number that is stored without a HeapNumber
  bool accessor = false;
};

// The stores of an object: none when it can hold no entries, one for most, two when it has both elements and named
// properties (those of arrays, Maps and the like are left out, and so are fields of objects in fast mode unless there
// are at least `min_fields`). `object` may be a store itself.
std::vector<StoreView> StoresOf(HeapReader& reader, uint64_t object, uint64_t min_fields = 1);

// The entries at these positions (rising), free, deleted ones and holes left out.
std::vector<StoreEntry> ReadEntries(HeapReader& reader, const StoreView& store, std::span<const uint64_t> positions);

// Up to `most` positions, evenly spread, the first and the last one among them.
std::vector<uint64_t> SpreadPositions(uint64_t positions, uint64_t most);

// Holes of an array of elements, counted exactly; nothing when there are more than `most_words` to look at.
std::optional<uint64_t> CountHoles(HeapReader& reader, const StoreView& store, uint64_t most_words,
                                   const Cancel& cancel);

// The positions of the first and the last entry that were added. Looks at no more than `most_words` words of a
// dictionary, whose positions say nothing; `exact` is false when there were more.
struct StoreEnds {
  std::vector<uint64_t> first, last;  // positions in the order of insertion, a few
  bool exact = true;
};
StoreEnds FindEnds(HeapReader& reader, const StoreView& store, uint64_t most, uint64_t most_words,
                   const Cancel& cancel);

// Bytes of the store's own object; 0 for kFields.
uint64_t StoreBytes(HeapReader& reader, const StoreView& store);

}  // namespace corewalk
