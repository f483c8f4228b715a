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

// A JSMap or JSSet, or an iterator over one (then only what is still to come); entries in insertion order. Nothing when
// `object` is none of these.
std::optional<TableView> ForEachEntry(HeapReader& reader, uint64_t object, const EntryVisitor& visit);
// The size alone, without looking at the entries.
std::optional<TableView> TableOf(HeapReader& reader, uint64_t object);
// A JSWeakMap or JSWeakSet, in the order of the table.
std::optional<TableView> ForEachWeakEntry(HeapReader& reader, uint64_t object, const EntryVisitor& visit);
// The live WeakCells of a FinalizationRegistry: target and holdings (`held value`).
std::optional<TableView> ForEachCell(HeapReader& reader, uint64_t registry, const EntryVisitor& visit);

}  // namespace corewalk
