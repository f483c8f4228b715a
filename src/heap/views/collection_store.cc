#include "heap/views/collection_store.h"

#include <algorithm>
#include <array>
#include <bit>

#include "heap/views/collections.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr int kPropertiesOrHash = 8, kElements = 16;  // JSObject, src/objects/js-objects.h
constexpr int kTable = 24;                            // JSCollection, JSWeakCollection: src/objects/js-collection.h
constexpr uint64_t kHoleNan = 0xfff7fffffff7ffff;     // src/common/globals.h: kHoleNanInt64
constexpr uint64_t kTableHeader = 3;      // HashTable: elements, deleted, capacity (src/objects/hash-table.h)
constexpr uint64_t kNextEnumeration = 3;  // BaseNameDictionary: src/objects/dictionary.h, kNextEnumerationIndexIndex
constexpr uint32_t kEnumerationShift = 8, kEnumerationMask = (1 << 23) - 1;  // PropertyDetails::DictionaryStorageField
constexpr int kCellName = 8, kCellDetails = 16, kCellValue = 24;             // PropertyCell; 7.4 has the details first

uint64_t SmiOrZero(uint64_t word, bool* whole) {
  if (IsSmi(word) && SmiValue(word) >= 0) return static_cast<uint64_t>(SmiValue(word));
  *whole = false;
  return 0;
}

// A HashTable with entries of `entry_words` behind `start` words. Its capacity is told twice: by the length of the
// array and by the third word.
bool ReadHashTable(HeapReader& reader, uint64_t table, uint64_t start, uint32_t entry_words, StoreView* store) {
  const std::optional<uint64_t> length = reader.ArrayLength(table);
  const std::vector<uint64_t> words = ReadWords(reader.memory(), Untag(table) + 16, kTableHeader + 1);
  if (!length || words.size() < kTableHeader) return false;
  store->store = table;
  store->entry_words = entry_words;
  store->first_entry = Untag(table) + 16 + 8 * start;
  const uint64_t room = *length > start ? (*length - start) / entry_words : 0;
  store->capacity = SmiOrZero(words[2], &store->whole);
  store->whole &= store->capacity == room || *length <= start;
  store->capacity = std::min(store->capacity, room);
  store->positions = store->capacity;
  store->entries = std::min(SmiOrZero(words[0], &store->whole), store->capacity);
  store->deleted = std::min(SmiOrZero(words[1], &store->whole), store->capacity - store->entries);
  if (store->kind == StoreKind::kNamed && words.size() > kNextEnumeration) {
    const uint64_t next = SmiOrZero(words[kNextEnumeration], &store->whole);
    if (next >= 1 && next - 1 >= store->entries) store->ever_added = next - 1;
  }
  return true;
}

uint64_t NamedStart(const HeapReader& reader) {
  return kTableHeader + static_cast<uint64_t>(reader.layout().Get(LayoutConstant::kNameDictionaryPrefixSize, 3));
}

// Any store by its own type.
std::optional<StoreView> ReadStore(HeapReader& reader, uint64_t object, uint64_t table) {
  const std::string_view type = reader.TypeOf(table);
  StoreView store{.object = object, .store = table};
  if (type == "ORDERED_HASH_MAP_TYPE" || type == "ORDERED_HASH_SET_TYPE") {
    const std::optional<OrderedTableView> view = OrderedTableOf(reader, table);
    if (!view) return std::nullopt;
    store.kind = view->is_map ? StoreKind::kMap : StoreKind::kSet;
    store.store = view->table;
    store.entries = view->entries;
    store.capacity = view->capacity;
    store.deleted = view->deleted;
    store.positions = view->entries + view->deleted;
    store.ordered = true;
    store.whole = view->whole;
    store.first_entry = view->first_entry;
    store.entry_words = view->entry_words;
    return store;
  }
  if (type == "EPHEMERON_HASH_TABLE_TYPE") {
    store.kind = reader.IsType(object, "JS_WEAK_SET_TYPE") ? StoreKind::kWeakSet : StoreKind::kWeakMap;
    return ReadHashTable(reader, table, kTableHeader, 2, &store) ? std::optional(store) : std::nullopt;
  }
  if (type == "NUMBER_DICTIONARY_TYPE") {
    store.kind = StoreKind::kNumbered;
    return ReadHashTable(reader, table, kTableHeader + 1, 3, &store) ? std::optional(store) : std::nullopt;
  }
  if (type == "NAME_DICTIONARY_TYPE") {
    store.kind = StoreKind::kNamed;
    return ReadHashTable(reader, table, NamedStart(reader), 3, &store) ? std::optional(store) : std::nullopt;
  }
  if (type == "GLOBAL_DICTIONARY_TYPE") {
    store.kind = StoreKind::kCells;
    return ReadHashTable(reader, table, NamedStart(reader), 1, &store) ? std::optional(store) : std::nullopt;
  }
  if (type == "FIXED_ARRAY_TYPE" || type == "FIXED_DOUBLE_ARRAY_TYPE") {
    const std::optional<uint64_t> length = reader.ArrayLength(table);
    if (!length) return std::nullopt;
    store.kind = type == "FIXED_ARRAY_TYPE" ? StoreKind::kElements : StoreKind::kDoubles;
    store.entries = store.capacity = store.positions = *length;
    store.ordered = store.may_have_holes = true;
    store.first_entry = Untag(table) + 16;
    return store;
  }
  return std::nullopt;
}

void AddElements(HeapReader& reader, uint64_t object, const MapInfo& map, std::vector<StoreView>* stores) {
  const bool is_array = reader.layout().types.at(map.instance_type).name.starts_with("JS_ARRAY_TYPE");
  std::optional<StoreView> store = ReadStore(reader, object, reader.Field(object, kElements).value_or(0));
  if (!store) return;
  if (store->kind == StoreKind::kNamed || store->kind == StoreKind::kCells) return;
  const ElementsInfo info = ElementsOf(reader.layout(), reader.facts(), map);
  store->frozen = info.frozen;
  store->may_have_holes &= !is_array || info.kind == ElementsKind::kHoleySmi ||
                           info.kind == ElementsKind::kHoleyTagged || info.kind == ElementsKind::kHoleyDouble;
  if (is_array && store->kind != StoreKind::kNumbered) {
    const std::optional<double> length = ArrayLengthOf(reader, object);
    if (!length || !(*length >= 0)) {
      store->whole = false;
    } else if (*length > static_cast<double>(store->capacity)) {
      store->whole &= store->capacity == 0;  // an array without any elements has the empty FixedArray
    } else {
      store->entries = store->positions = static_cast<uint64_t>(*length);
    }
  }
  if (is_array || store->entries > 0) stores->push_back(*store);
}

void AddNamed(HeapReader& reader, uint64_t object, const MapInfo& map, uint64_t min_fields,
              std::vector<StoreView>* stores) {
  const Layout& layout = reader.layout();
  if ((map.bit_field3 >> layout.Get(LayoutConstant::kBitField3IsDictionaryShift, 21) & 1) != 0) {
    const std::optional<StoreView> store =
        ReadStore(reader, object, reader.Field(object, kPropertiesOrHash).value_or(0));
    if (store && (store->kind == StoreKind::kNamed || store->kind == StoreKind::kCells)) stores->push_back(*store);
    return;
  }
  const uint64_t own =
      (map.bit_field3 & static_cast<uint32_t>(layout.Get(LayoutConstant::kBitField3OwnDescriptorsMask, 0xffc00))) >>
      layout.Get(LayoutConstant::kBitField3OwnDescriptorsShift, 10);
  if (own < std::max<uint64_t>(min_fields, 1)) return;
  stores->push_back({.kind = StoreKind::kFields,
                     .object = object,
                     .store = object,
                     .entries = own,
                     .capacity = own,
                     .positions = own,
                     .ordered = true});
}

bool IsFree(HeapReader& reader, uint64_t key) {
  if (IsSmi(key)) return false;
  const HeapReader::Oddball oddball = reader.OddballOf(key);
  return oddball == HeapReader::Oddball::kUndefined || oddball == HeapReader::Oddball::kHole;
}

std::vector<StoreEntry> ReadFields(HeapReader& reader, const StoreView& store, std::span<const uint64_t> positions) {
  std::vector<StoreEntry> entries;
  uint64_t position = 0;
  ForEachProperty(reader, store.object, [&](const OwnProperty& property) {
    if (std::ranges::binary_search(positions, position) && property.readable) {
      entries.push_back({.position = position,
                         .order = position,
                         .key = property.key,
                         .value = property.value,
                         .raw_double = property.raw_double,
                         .accessor = property.accessor});
    }
    return ++position < store.positions;
  });
  return entries;
}

// One entry from its words; false when there is none.
bool Decode(HeapReader& reader, const StoreView& store, const uint64_t* words, StoreEntry* entry) {
  switch (store.kind) {
    case StoreKind::kMap:
      if (!IsSmi(words[0]) && reader.IsTheHole(words[0])) return false;
      entry->key = words[0];
      entry->value = words[1];
      return true;
    case StoreKind::kSet:
      if (!IsSmi(words[0]) && reader.IsTheHole(words[0])) return false;
      entry->key = entry->value = words[0];
      return true;
    case StoreKind::kWeakMap:
    case StoreKind::kWeakSet:
      if (IsSmi(words[0]) || IsFree(reader, words[0])) return false;
      entry->key = words[0];
      entry->value = store.kind == StoreKind::kWeakMap ? words[1] : words[0];
      entry->order = 0;
      return true;
    case StoreKind::kElements:
      if (!IsSmi(words[0]) && reader.IsTheHole(words[0])) return false;
      entry->index = entry->position;
      entry->value = words[0];
      return true;
    case StoreKind::kDoubles:
      if (words[0] == kHoleNan) return false;
      entry->index = entry->position;
      entry->value = words[0];
      entry->raw_double = std::bit_cast<double>(words[0]);
      return true;
    case StoreKind::kNumbered: {
      double index = -1;
      if (IsSmi(words[0]))
        index = static_cast<double>(SmiValue(words[0]));
      else if (reader.IsType(words[0], "HEAP_NUMBER_TYPE"))
        index = reader.Raw<double>(words[0], 8).value_or(-1);
      if (!(index >= 0 && index < 4294967296.0)) return false;
      entry->index = entry->order = static_cast<uint64_t>(index);
      entry->value = words[1];
      return true;
    }
    case StoreKind::kNamed:
      if (IsSmi(words[0]) || IsFree(reader, words[0]) || !IsSmi(words[2])) return false;
      entry->key = words[0];
      entry->value = words[1];
      entry->order = static_cast<uint32_t>(SmiValue(words[2])) >> kEnumerationShift & kEnumerationMask;
      entry->accessor = reader.IsType(words[1], "ACCESSOR_PAIR_TYPE") || reader.IsType(words[1], "ACCESSOR_INFO_TYPE");
      return true;
    case StoreKind::kCells: {
      if (!reader.IsType(words[0], "PROPERTY_CELL_TYPE")) return false;
      uint64_t name = reader.Field(words[0], kCellName).value_or(0),
               details = reader.Field(words[0], kCellDetails).value_or(0);
      if (IsSmi(name)) std::swap(name, details);
      entry->key = name;
      entry->value = reader.Field(words[0], kCellValue).value_or(0);
      entry->order =
          IsSmi(details) ? static_cast<uint32_t>(SmiValue(details)) >> kEnumerationShift & kEnumerationMask : 0;
      entry->accessor =
          reader.IsType(entry->value, "ACCESSOR_PAIR_TYPE") || reader.IsType(entry->value, "ACCESSOR_INFO_TYPE");
      return !IsSmi(name) && (IsSmi(entry->value) || !reader.IsTheHole(entry->value));
    }
    case StoreKind::kFields:
      return false;
  }
  return false;
}

}  // namespace

std::vector<StoreView> StoresOf(HeapReader& reader, uint64_t object, uint64_t min_fields) {
  std::vector<StoreView> stores;
  const MapInfo* found = reader.MapOf(object);
  if (found == nullptr) return stores;
  const MapInfo map = *found;
  const InstanceTypes& types = reader.layout().types;
  const std::string& type = types.at(map.instance_type).name;
  if (!types.IsJSReceiver(map.instance_type)) {
    if (const std::optional<StoreView> store = ReadStore(reader, object, object)) stores.push_back(*store);
    return stores;
  }
  if (type == "JS_MAP_TYPE" || type == "JS_SET_TYPE" || type == "JS_WEAK_MAP_TYPE" || type == "JS_WEAK_SET_TYPE") {
    if (const std::optional<StoreView> store = ReadStore(reader, object, reader.Field(object, kTable).value_or(0)))
      stores.push_back(*store);
    return stores;
  }
  if (types.IsJSProxy(map.instance_type) || type == "JS_MODULE_NAMESPACE_TYPE") return stores;
  const ElementsKind kind = ElementsOf(reader.layout(), reader.facts(), map).kind;
  if (kind != ElementsKind::kTyped && kind != ElementsKind::kArguments && kind != ElementsKind::kSlowArguments)
    AddElements(reader, object, map, &stores);
  if (!type.starts_with("JS_ARRAY_TYPE")) AddNamed(reader, object, map, min_fields, &stores);
  return stores;
}

std::vector<StoreEntry> ReadEntries(HeapReader& reader, const StoreView& store, std::span<const uint64_t> positions) {
  if (store.kind == StoreKind::kFields) return ReadFields(reader, store, positions);
  std::vector<StoreEntry> entries;
  entries.reserve(positions.size());
  std::array<uint64_t, 3> words;
  const size_t size = std::min<size_t>(store.entry_words, words.size());
  for (const uint64_t position : positions) {
    if (position >= store.positions) break;
    const std::span<uint64_t> wanted = std::span(words).first(size);
    const Address at = store.first_entry + 8 * position * store.entry_words;
    if (reader.memory().Read(at, std::as_writable_bytes(wanted)) != wanted.size_bytes()) continue;
    StoreEntry entry{.position = position, .order = position};
    if (Decode(reader, store, words.data(), &entry)) entries.push_back(entry);
  }
  return entries;
}

std::vector<uint64_t> SpreadPositions(uint64_t positions, uint64_t most) {
  std::vector<uint64_t> spread;
  const uint64_t count = std::min(positions, most);
  for (uint64_t i = 0; i < count; ++i) {
    // Without overflow: positions < 2^28, and so is the count.
    spread.push_back(count < 2 ? 0 : i * (positions - 1) / (count - 1));
  }
  return spread;
}

std::optional<uint64_t> CountHoles(HeapReader& reader, const StoreView& store, uint64_t most_words,
                                   const Cancel& cancel) {
  constexpr uint64_t kBlock = 1 << 16;
  if (!store.may_have_holes) return 0;
  if (store.kind != StoreKind::kElements && store.kind != StoreKind::kDoubles) return 0;
  if (store.positions > most_words) return std::nullopt;
  uint64_t holes = 0, hole = 0;
  // The hole is in read-only space, where no JSReceiver is: chunks of 256 KB that have one need not be asked again.
  constexpr int kChunkShift = 18;
  std::array<uint64_t, 256> without{};
  const auto may_be_hole = [&](uint64_t word) {
    const uint64_t chunk = word >> kChunkShift;
    uint64_t& known = without[chunk % without.size()];
    if (known == chunk) return false;
    const MapInfo* const map = reader.MapOf(word);
    if (map != nullptr && reader.layout().types.IsJSReceiver(map->instance_type)) known = chunk;
    return true;
  };
  for (uint64_t at = 0; at < store.positions; at += kBlock) {
    if (cancel.Cancelled()) return std::nullopt;
    const std::vector<uint64_t> words =
        ReadWords(reader.memory(), store.first_entry + 8 * at, std::min(kBlock, store.positions - at));
    for (const uint64_t word : words) {
      if (store.kind == StoreKind::kDoubles) {
        holes += word == kHoleNan;
      } else if (word == hole && hole != 0) {
        ++holes;
      } else if (!IsSmi(word) && hole == 0 && may_be_hole(word) && reader.IsTheHole(word)) {
        hole = word;  // there is one of it; asking once is enough
        ++holes;
      }
    }
    if (words.empty()) break;
  }
  return holes;
}

StoreEnds FindEnds(HeapReader& reader, const StoreView& store, uint64_t most, uint64_t most_words,
                   const Cancel& cancel) {
  constexpr uint64_t kBlock = 1 << 14;  // entries
  StoreEnds ends;
  const bool by_details = store.kind == StoreKind::kNamed;
  if (!by_details && store.kind != StoreKind::kCells && store.kind != StoreKind::kNumbered) {
    // From both sides, past what was deleted.
    constexpr uint64_t kMostLooks = 1 << 16;
    for (uint64_t position = 0; position < std::min(store.positions, kMostLooks) && ends.first.size() < most;
         ++position) {
      if (!ReadEntries(reader, store, std::span(&position, 1)).empty()) ends.first.push_back(position);
    }
    for (uint64_t back = 0; back < std::min(store.positions, kMostLooks) && ends.last.size() < most; ++back) {
      const uint64_t position = store.positions - 1 - back;
      if (!ReadEntries(reader, store, std::span(&position, 1)).empty()) ends.last.push_back(position);
    }
    std::ranges::reverse(ends.last);
    ends.exact = store.ordered;
    return ends;
  }
  // The entries with the lowest and the highest numbers.
  std::vector<std::pair<uint64_t, uint64_t>> low, high;  // (order, position); by rising and by falling order
  const auto keep = [most](std::vector<std::pair<uint64_t, uint64_t>>* list, std::pair<uint64_t, uint64_t> one,
                           auto before) {
    if (list->size() >= most && !before(one, list->back())) return;
    list->insert(std::ranges::upper_bound(*list, one, before), one);
    if (list->size() > most) list->pop_back();
  };
  const uint64_t positions = std::min(store.positions, most_words / std::max<uint32_t>(store.entry_words, 1));
  ends.exact = positions == store.positions;
  StoreEntry entry;
  for (uint64_t from = 0; from < positions; from += kBlock) {
    if (cancel.Cancelled()) {
      ends.exact = false;
      break;
    }
    const uint64_t count = std::min(kBlock, positions - from);
    const std::vector<uint64_t> words =
        ReadWords(reader.memory(), store.first_entry + 8 * from * store.entry_words, count * store.entry_words);
    for (uint64_t i = 0; (i + 1) * store.entry_words <= words.size(); ++i) {
      const uint64_t* const at = words.data() + i * store.entry_words;
      // Most entries are between those kept: their number says so without a look at their key.
      if (by_details && IsSmi(at[2]) && low.size() >= most && high.size() >= most) {
        const uint64_t order = static_cast<uint32_t>(SmiValue(at[2])) >> kEnumerationShift & kEnumerationMask;
        if (order > low.back().first && order < high.back().first) continue;
      }
      entry = {.position = from + i};
      if (!Decode(reader, store, at, &entry)) continue;
      keep(&low, {entry.order, entry.position}, std::less());
      keep(&high, {entry.order, entry.position}, std::greater());
    }
  }
  for (const auto& [order, position] : low) ends.first.push_back(position);
  for (const auto& [order, position] : high) ends.last.push_back(position);
  std::ranges::reverse(ends.last);
  return ends;
}

uint64_t StoreBytes(HeapReader& reader, const StoreView& store) {
  return store.kind == StoreKind::kFields ? 0 : reader.SizeOf(store.store);
}

}  // namespace corewalk
