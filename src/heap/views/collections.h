// Map, Set and their iterators, WeakMap, WeakSet, FinalizationRegistry: what stands in their hash tables.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "heap/views/heap_reader.h"

namespace corewalk {

// Returns false to stop. `value` is 0 for sets. The address is that of the key's slot in the table.
using EntryVisitor = std::function<bool(uint64_t key, uint64_t value, Address slot)>;

// What one reading of a table gave. `whole` is false when the table is damaged or not all in the core.
struct TableView {
  uint64_t table = 0;  // tagged
  uint64_t size = 0;   // entries that exist, as the table itself counts them
  bool is_map = false;
  bool whole = true;
};

// What an OrderedHashMap or OrderedHashSet says of itself.
struct OrderedTableView {
  uint64_t table = 0;  // tagged
  bool is_map = false;
  uint64_t entries = 0;
  uint64_t deleted = 0;   // since it was last rehashed; they take room
  uint64_t capacity = 0;  // entries
  Address first_entry = 0;
  uint32_t entry_words = 3;
  bool whole = true;  // false: its counts do not fit together
};
// `object` is a JSMap, a JSSet or such a table; obsolete tables are passed over. Nothing when it is none of these.
std::optional<OrderedTableView> OrderedTableOf(HeapReader& reader, uint64_t object);

// A JSMap or JSSet, or an iterator over one (then only what is still to come); entries in insertion order. Nothing when
// `object` is none of these.
std::optional<TableView> ForEachEntry(HeapReader& reader, uint64_t object, const EntryVisitor& visit);
// The size alone, without looking at the entries.
std::optional<TableView> TableOf(HeapReader& reader, uint64_t object);
// A JSWeakMap or JSWeakSet, in the order of the table.
std::optional<TableView> ForEachWeakEntry(HeapReader& reader, uint64_t object, const EntryVisitor& visit);
// The function that a FinalizationRegistry calls, tagged; 0 = unknown.
uint64_t CleanupOf(HeapReader& reader, uint64_t registry);
// The live WeakCells of a FinalizationRegistry: target and holdings (`held value`).
std::optional<TableView> ForEachCell(HeapReader& reader, uint64_t registry, const EntryVisitor& visit);

}  // namespace corewalk
