#include "heap/views/collections.h"

#include <algorithm>
#include <vector>

namespace corewalk {
namespace {

// JSFinalizationRegistry and WeakCell, V8 7.4 to 14.6: src/objects/js-weak-refs.tq
constexpr int kRegistryCleanup = 32, kRegistryActiveCells = 40, kCellNext = 48;

constexpr int kTable = 24;   // JSCollection, JSCollectionIterator, JSWeakCollection: src/objects/js-collection.h
constexpr int kIndex = 32;   // JSCollectionIterator
constexpr int kMaxTransitions = 1 << 16;

// The words of an OrderedHashMap or OrderedHashSet behind its length (src/objects/ordered-hash-table.h): number of
// elements (or the next table, when this one is obsolete), number of deleted ones, number of buckets, the buckets'
// heads (in an obsolete table first the indices of the holes that were removed), entries (key, [value,] chain).
struct OrderedTable {
  uint64_t table = 0;
  bool is_map = false;
  uint64_t length = 0;  // of the FixedArray
  uint64_t first_word = 0;
  int64_t deleted = 0;
  uint64_t buckets = 0;

  bool obsolete() const { return !IsSmi(first_word); }
  uint64_t elements() const { return obsolete() || SmiValue(first_word) < 0 ? 0 : static_cast<uint64_t>(SmiValue(first_word)); }
  uint64_t entry_words() const { return is_map ? 3 : 2; }
  uint64_t start() const { return 3 + buckets; }
  uint64_t capacity() const { return length > start() ? (length - start()) / entry_words() : 0; }
  uint64_t gone() const { return deleted > 0 ? static_cast<uint64_t>(deleted) : 0; }
  uint64_t used() const { return std::min(elements() + gone(), capacity()); }
  // Two entries per bucket (kLoadFactor), and no more in use than there are.
  bool plausible() const {
    return !obsolete() && SmiValue(first_word) >= 0 && deleted >= 0 && elements() + gone() <= capacity() &&
           length == start() + 2 * buckets * entry_words();
  }
};

std::optional<OrderedTable> ReadTable(HeapReader& reader, uint64_t table) {
  const std::string_view type = reader.TypeOf(table);
  OrderedTable result{.table = table, .is_map = type == "ORDERED_HASH_MAP_TYPE"};
  if (!result.is_map && type != "ORDERED_HASH_SET_TYPE") return std::nullopt;
  const std::optional<uint64_t> length = reader.ArrayLength(table);
  const std::vector<uint64_t> words = ReadWords(reader.memory(), Untag(table) + 16, 3);
  if (!length || words.size() < 3 || !IsSmi(words[1]) || !IsSmi(words[2]) || SmiValue(words[2]) < 0) return std::nullopt;
  result.length = *length;
  result.first_word = words[0];
  result.deleted = SmiValue(words[1]);
  result.buckets = std::min(static_cast<uint64_t>(SmiValue(words[2])), *length);
  return result;
}

// Where an iterator at `index` of an obsolete table stands in the next one (OrderedHashTableIterator::Transition).
uint64_t IndexInNextTable(HeapReader& reader, const OrderedTable& table, uint64_t index, bool* whole) {
  if (table.deleted < 0) return 0;  // it was cleared
  const uint64_t removed = std::min<uint64_t>(static_cast<uint64_t>(table.deleted), table.length);
  uint64_t result = index;
  // Their indices rise.
  for (uint64_t i = 0; i < std::min(removed, index) && result > 0; ++i) {
    const uint64_t word = reader.ArrayElement(table.table, 3 + i).value_or(1);
    *whole &= IsSmi(word);
    if (!IsSmi(word) || static_cast<uint64_t>(SmiValue(word)) >= index) break;
    --result;
  }
  return result;
}

bool VisitEntries(HeapReader& reader, const OrderedTable& table, uint64_t from, const EntryVisitor& visit) {
  constexpr uint64_t kBlock = 4096;  // entries
  const uint64_t used = table.used();
  for (uint64_t entry = from; entry < used; entry += kBlock) {
    const uint64_t count = std::min(kBlock, used - entry);
    const Address at = Untag(table.table) + 16 + 8 * (table.start() + entry * table.entry_words());
    const std::vector<uint64_t> words = ReadWords(reader.memory(), at, count * table.entry_words());
    for (size_t i = 0; i + table.entry_words() <= words.size(); i += table.entry_words()) {
      const uint64_t key = words[i];
      if (!IsSmi(key) && reader.IsTheHole(key)) continue;
      if (!visit(key, table.is_map ? words[i + 1] : 0, at + 8 * i)) return true;
    }
    if (words.size() < count * table.entry_words()) return false;
  }
  return true;
}

struct Position {
  OrderedTable table;
  uint64_t index = 0;
  bool whole = true;

  TableView View() const {
    return {.table = table.table, .size = table.elements(), .is_map = table.is_map, .whole = whole && table.plausible()};
  }
};

// The table of a collection (or a table itself), or that of an iterator with its index, obsolete tables passed over.
std::optional<Position> Locate(HeapReader& reader, uint64_t object) {
  const std::string_view type = reader.TypeOf(object);
  const bool is_table = type == "ORDERED_HASH_MAP_TYPE" || type == "ORDERED_HASH_SET_TYPE";
  const bool iterator = type.find("_ITERATOR_TYPE") != std::string_view::npos &&
                        (type.starts_with("JS_MAP_") || type.starts_with("JS_SET_"));
  if (!is_table && !iterator && type != "JS_MAP_TYPE" && type != "JS_SET_TYPE") return std::nullopt;
  std::optional<OrderedTable> table = ReadTable(reader, is_table ? object : reader.Field(object, kTable).value_or(0));
  if (!table) return std::nullopt;
  Position position{*table};
  if (iterator) {
    const uint64_t index = reader.Field(object, kIndex).value_or(0);
    position.whole = IsSmi(index) && SmiValue(index) >= 0;
    position.index = position.whole ? static_cast<uint64_t>(SmiValue(index)) : 0;
  }
  uint64_t landmark = position.table.table;
  for (int i = 1; position.table.obsolete(); ++i) {
    table = ReadTable(reader, position.table.first_word);
    // A damaged list may be a ring (Brent).
    if (!table || table->table == landmark || i > kMaxTransitions) return std::nullopt;
    if ((i & (i - 1)) == 0) landmark = table->table;
    if (position.index > 0) position.index = IndexInNextTable(reader, position.table, position.index, &position.whole);
    position.table = *table;
  }
  return position;
}

}  // namespace

std::optional<OrderedTableView> OrderedTableOf(HeapReader& reader, uint64_t object) {
  const std::optional<Position> position = Locate(reader, object);
  if (!position) return std::nullopt;
  const OrderedTable& table = position->table;
  const uint64_t used = table.used(), deleted = std::min(table.gone(), used);
  return OrderedTableView{.table = table.table,
                          .is_map = table.is_map,
                          .entries = used - deleted,
                          .deleted = deleted,
                          .capacity = table.capacity(),
                          .first_entry = Untag(table.table) + 16 + 8 * table.start(),
                          .entry_words = static_cast<uint32_t>(table.entry_words()),
                          .whole = position->whole && table.plausible()};
}

std::optional<TableView> TableOf(HeapReader& reader, uint64_t object) {
  const std::optional<Position> position = Locate(reader, object);
  if (!position) return std::nullopt;
  return position->View();
}

std::optional<TableView> ForEachEntry(HeapReader& reader, uint64_t object, const EntryVisitor& visit) {
  const std::optional<Position> position = Locate(reader, object);
  if (!position) return std::nullopt;
  TableView view = position->View();
  view.whole &= VisitEntries(reader, position->table, position->index, visit);
  return view;
}

std::optional<TableView> ForEachWeakEntry(HeapReader& reader, uint64_t object, const EntryVisitor& visit) {
  const std::string_view type = reader.TypeOf(object);
  if (type != "JS_WEAK_MAP_TYPE" && type != "JS_WEAK_SET_TYPE") return std::nullopt;
  TableView view{.table = reader.Field(object, kTable).value_or(0), .is_map = type == "JS_WEAK_MAP_TYPE"};
  const std::optional<uint64_t> length = reader.ArrayLength(view.table);
  if (!length || reader.TypeOf(view.table) != "EPHEMERON_HASH_TABLE_TYPE") return std::nullopt;
  const std::vector<uint64_t> words = ReadWords(reader.memory(), Untag(view.table) + 16, *length);
  view.whole = words.size() == *length;
  if (!words.empty() && IsSmi(words[0]) && SmiValue(words[0]) >= 0) {
    view.size = static_cast<uint64_t>(SmiValue(words[0]));
  } else {
    view.whole = false;
  }
  view.whole &= 2 * view.size + 3 <= *length;
  for (size_t i = 3; i + 2 <= words.size(); i += 2) {
    const HeapReader::Oddball oddball = IsSmi(words[i]) ? HeapReader::Oddball::kNone : reader.OddballOf(words[i]);
    if (oddball == HeapReader::Oddball::kUndefined || oddball == HeapReader::Oddball::kHole) continue;
    if (reader.MapOf(words[i]) == nullptr || oddball != HeapReader::Oddball::kNone) {
      view.whole = false;
      continue;
    }
    if (!visit(words[i], view.is_map ? words[i + 1] : 0, Untag(view.table) + 16 + 8 * i)) break;
  }
  return view;
}

uint64_t CleanupOf(HeapReader& reader, uint64_t registry) {
  return reader.Field(registry, kRegistryCleanup).value_or(0);
}

std::optional<TableView> ForEachCell(HeapReader& reader, uint64_t registry, const EntryVisitor& visit) {
  constexpr uint64_t kMaxCells = 1 << 24;
  if (reader.TypeOf(registry) != "JS_FINALIZATION_REGISTRY_TYPE") return std::nullopt;
  TableView view;
  uint64_t cell = reader.Field(registry, kRegistryActiveCells).value_or(0);
  bool stopped = false;
  uint64_t landmark = 0;
  while (view.size < kMaxCells && reader.IsType(cell, "WEAK_CELL_TYPE")) {
    if (cell == landmark) {  // a damaged list may be a ring (Brent)
      view.whole = false;
      break;
    }
    if ((view.size & (view.size - 1)) == 0) landmark = cell;
    ++view.size;
    if (!visit(reader.Field(cell, ObjectField::kWeakCellTarget).value_or(0),
               reader.Field(cell, ObjectField::kWeakCellHoldings).value_or(0),
               Untag(cell) + static_cast<uint64_t>(std::max(0, reader.offset(ObjectField::kWeakCellTarget))))) {
      stopped = true;
      break;
    }
    cell = reader.Field(cell, kCellNext).value_or(0);
  }
  // The list ends with undefined; a registry that never had a cell may have Smi 0.
  if (!stopped && !reader.IsUndefined(cell) && cell != 0) view.whole = false;
  return view;
}

}  // namespace corewalk
