#include "analysis/leaks/waste.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "analysis/leaks/largest.h"
#include "analysis/leaks/waste_shapes.h"
#include "base/on_threads.h"
#include "heap/views/collection_store.h"
#include "heap/views/collections.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr uint64_t kArrayHeader = 16;                                  // FixedArray: Map and length
constexpr size_t kPropertiesAt = 8, kElementsAt = 16, kLengthAt = 24;  // JSObject, JSArray: src/objects/js-array.h
constexpr uint64_t kFewElements = 16;                   // an array with fewer is not looked through for holes
constexpr uint64_t kMostHoleWords = uint64_t{1} << 26;  // of one array

// What a walk wants with objects of a shape.
enum class Want : uint8_t { kNothing, kArray, kHoleyArray, kTable, kDictionary, kPlain, kNumber, kMap };

uint64_t WordAt(const std::byte* bytes, uint64_t size, size_t offset) {
  uint64_t word = 0;
  if (offset + 8 <= size) std::memcpy(&word, bytes + offset, 8);
  return word;
}

class Finder {
 public:
  Finder(HeapReader* reader, const HeapGraph& graph, const WasteQuery& query, const Cancel& cancel)
      : reader_(*reader), graph_(graph), query_(query), cancel_(cancel) {
    const Layout& layout = reader->layout();
    const int dictionary_bit = static_cast<int>(layout.Get(LayoutConstant::kBitField3IsDictionaryShift, 21));
    for (const LiveShape& shape : graph.shapes().shapes()) {
      wants_.push_back(shape.live_count == 0 || shape.space == SpaceKind::kReadOnly
                           ? Want::kNothing
                           : WantOf(shape.map, (shape.map.bit_field3 >> dictionary_bit & 1) != 0));
    }
    for (size_t i = 0; i < ClampThreads(graph.options().threads); ++i)
      workers_.push_back(std::make_unique<Worker>(*this));
  }

  WasteReport Run(const ProgressFunction& progress) {
    InPieces(graph_.index().page_count(), workers_.size(), cancel_, progress, "looking for waste",
             [&](size_t thread, size_t page) { workers_[thread]->AddPage(page); });
    WasteReport report;
    std::vector<Address> maps;
    for (size_t kind = 0; kind < kWasteKinds; ++kind) {
      WasteCategory& category = report.categories[kind];
      category.sample = ObjectSample(query_.sample);
      Largest<WasteItem> largest(query_.most);
      for (const std::unique_ptr<Worker>& worker : workers_) {
        category.count += worker->found[kind].count;
        category.bytes += worker->found[kind].bytes;
        category.sample.Merge(worker->found[kind].sample);
        largest.Merge(worker->found[kind].largest);
      }
      category.largest = largest.Sorted();
    }
    for (const std::unique_ptr<Worker>& worker : workers_)
      maps.insert(maps.end(), worker->maps_met.begin(), worker->maps_met.end());
    std::ranges::sort(maps);
    FindObjectRoom(&reader_, graph_, query_, &report.categories[static_cast<size_t>(WasteKind::kObjectRoom)]);
    FindManyShapes(&reader_, graph_, maps, query_, cancel_,
                   &report.categories[static_cast<size_t>(WasteKind::kShapes)]);
    for (const WasteCategory& category : report.categories) report.bytes += category.bytes;
    return report;
  }

 private:
  Want WantOf(const MapInfo& map, bool dictionary) {
    const InstanceTypes& types = reader_.layout().types;
    const std::string& type = types.at(map.instance_type).name;
    if (type.starts_with("JS_ARRAY_TYPE")) {
      switch (ElementsOf(reader_.layout(), reader_.facts(), map).kind) {
        case ElementsKind::kHoleySmi:
        case ElementsKind::kHoleyTagged:
        case ElementsKind::kHoleyDouble:
          return Want::kHoleyArray;
        default:
          return Want::kArray;
      }
    }
    if (type == "JS_MAP_TYPE" || type == "JS_SET_TYPE") return Want::kTable;
    if (type == "HEAP_NUMBER_TYPE" || type == "MUTABLE_HEAP_NUMBER_TYPE") return Want::kNumber;
    if (types.IsMap(map.instance_type)) return Want::kMap;
    if (type != "JS_OBJECT_TYPE" || reader_.names().IsPrototypeMap(map)) return Want::kNothing;
    if (dictionary) return Want::kDictionary;
    const uint64_t own = map.bit_field3 & static_cast<uint32_t>(reader_.layout().Get(
                                              LayoutConstant::kBitField3OwnDescriptorsMask, 0xffc00));
    return own == 0 ? Want::kPlain : Want::kNothing;
  }

  struct Found {
    explicit Found(const WasteQuery& query) : sample(query.sample), largest(query.most) {}
    uint64_t count = 0, bytes = 0;
    ObjectSample sample;
    Largest<WasteItem> largest;
  };

  // What belongs to one thread.
  class Worker {
   public:
    explicit Worker(Finder& finder)
        : finder_(finder),
          index_(finder.graph_.index()),
          names_(index_.model().memory(), index_.model().layout()),
          reader_(index_.model().memory(), index_.model().layout(), &names_),
          maps_(index_.model().memory(), index_.model().layout()),
          walker_(index_.MakeWalker(&maps_, &finder.cancel_)) {
      for (size_t i = 0; i < kWasteKinds; ++i) found.emplace_back(finder.query_);
    }

    void AddPage(size_t page) {
      index_.VisitPage(page, &walker_,
                       [this](ObjectId id, MapCache::Slot&, Address address, uint64_t size, const std::byte* bytes) {
                         const Want want = finder_.wants_[finder_.graph_.shapes().ShapeOf(id)];
                         if (want == Want::kNothing || !finder_.graph_.IsLive(id)) return;
                         Look(want, id, address, size, bytes);
                       });
    }

    std::vector<Found> found;
    std::vector<Address> maps_met;

   private:
    void Add(WasteKind kind, ObjectId id, uint64_t bytes, uint64_t used = 0, uint64_t room = 0) {
      Found& one = found[static_cast<size_t>(kind)];
      ++one.count;
      one.bytes += bytes;
      one.sample.Add(id, bytes);
      if (one.largest.Wants(bytes)) one.largest.Add({bytes, id, used, room});
    }

    void Look(Want want, ObjectId id, Address address, uint64_t size, const std::byte* bytes) {
      switch (want) {
        case Want::kArray:
        case Want::kHoleyArray:
          return LookAtArray(want, id, address, size, bytes);
        case Want::kTable:
          return LookAtTable(id, address, size);
        case Want::kDictionary:
          return LookAtDictionary(id, address);
        case Want::kPlain:
          // Its elements are the empty array, which is read-only.
          if (index_.At(WordAt(bytes, size, kElementsAt)) == kNoObject &&
              index_.At(WordAt(bytes, size, kPropertiesAt)) == kNoObject)
            Add(WasteKind::kEmpty, id, size);
          return;
        case Want::kNumber:
          return Add(WasteKind::kNumbers, id, size);
        case Want::kMap: {
          uint16_t type = 0;
          std::memcpy(&type, bytes + map_offsets::kInstanceType,
                      std::min<uint64_t>(size > map_offsets::kInstanceType + 2 ? 2 : 0, 2));
          if (reader_.layout().types.IsJSReceiver(type)) maps_met.push_back(address);
          return;
        }
        case Want::kNothing:
          return;
      }
    }

    void LookAtArray(Want want, ObjectId id, Address address, uint64_t size, const std::byte* bytes) {
      const uint64_t elements = WordAt(bytes, size, kElementsAt), length_word = WordAt(bytes, size, kLengthAt);
      if (!IsSmi(length_word) || SmiValue(length_word) < 0) return;
      const auto length = static_cast<uint64_t>(SmiValue(length_word));
      uint64_t capacity = 0;
      if (index_.At(elements) != kNoObject) {
        const std::string_view type = reader_.TypeOf(elements);
        if (type != "FIXED_ARRAY_TYPE" && type != "FIXED_DOUBLE_ARRAY_TYPE") return;
        capacity = reader_.ArrayLength(elements).value_or(0);
      }
      if (length == 0)
        return Add(WasteKind::kEmpty, id, size + (capacity == 0 ? 0 : kArrayHeader + 8 * capacity), 0, capacity);
      if (capacity > length) Add(WasteKind::kArrayRoom, id, 8 * (capacity - length), length, capacity);
      if (want != Want::kHoleyArray || length < kFewElements || capacity < length) return;
      for (const StoreView& store : StoresOf(reader_, address + 1)) {
        const uint64_t holes = CountHoles(reader_, store, kMostHoleWords, finder_.cancel_).value_or(0);
        if (2 * holes > length) Add(WasteKind::kHoles, id, 8 * holes, length - std::min(length, holes), length);
      }
    }

    void LookAtTable(ObjectId id, Address address, uint64_t size) {
      const std::optional<OrderedTableView> table = OrderedTableOf(reader_, address + 1);
      if (!table || !table->whole) return;
      if (table->entries == 0) {
        // The empty table of a Map that nothing was ever added to may be read-only.
        const bool own = index_.At(table->table) != kNoObject;
        return Add(WasteKind::kEmpty, id, size + (own ? reader_.SizeOf(table->table) : 0), 0, table->capacity);
      }
      const uint64_t room = table->capacity - table->entries;
      if (room > 0)
        Add(WasteKind::kTableRoom, id, 8 * uint64_t{table->entry_words} * room, table->entries, table->capacity);
    }

    void LookAtDictionary(ObjectId id, Address address) {
      for (const StoreView& store : StoresOf(reader_, address + 1)) {
        if (store.kind != StoreKind::kNamed || store.entries > kFewProperties || index_.At(store.store) == kNoObject)
          continue;
        const uint64_t bytes = reader_.SizeOf(store.store), needed = 8 * store.entries;
        if (bytes > needed) Add(WasteKind::kDictionaries, id, bytes - needed, store.entries, store.capacity);
      }
    }

    Finder& finder_;
    const ObjectIndex& index_;
    NameResolver names_;
    HeapReader reader_;
    MapCache maps_;
    PageWalker walker_;
  };

  HeapReader& reader_;
  const HeapGraph& graph_;
  const WasteQuery& query_;
  const Cancel& cancel_;
  std::vector<Want> wants_;  // by shape
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

std::string_view WasteKindName(WasteKind kind) {
  switch (kind) {
    case WasteKind::kArrayRoom:
      return "array_room";
    case WasteKind::kHoles:
      return "holes";
    case WasteKind::kTableRoom:
      return "table_room";
    case WasteKind::kDictionaries:
      return "dictionaries";
    case WasteKind::kEmpty:
      return "empty";
    case WasteKind::kObjectRoom:
      return "object_room";
    case WasteKind::kNumbers:
      return "numbers";
    case WasteKind::kShapes:
      return "shapes";
  }
  return "";
}

WasteReport FindWaste(HeapReader* reader, const HeapGraph& graph, const WasteQuery& query, const Cancel& cancel,
                      const ProgressFunction& progress) {
  return Finder(reader, graph, query, cancel).Run(progress);
}

}  // namespace corewalk
