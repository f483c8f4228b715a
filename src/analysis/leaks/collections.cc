#include "analysis/leaks/collections.h"

#include <algorithm>

#include <unordered_map>

#include "analysis/leaks/live_objects.h"
#include "heap/views/primitives.h"
#include "heap/views/properties.h"
#include "heap/views/slots.h"

namespace corewalk {
namespace {

// Whether a root holds a store that an object has.
bool IsRoot(const HeapGraph& graph, ObjectId store) {
  return graph.IsObject(store) && graph.IsLive(store) && graph.ParentOf(store) == kNoObject;
}

constexpr uint64_t kValueSample = 4096;      // entries whose class is looked at
constexpr uint64_t kTablePositions = 16384;  // of a hash table, of which some are free
constexpr uint64_t kKeySample = 512;
constexpr uint64_t kFewKeys = 16;                   // objects that make a share
constexpr uint64_t kSpanSample = 128;               // entries whose fields are read
constexpr uint64_t kEnds = 3;                       // entries shown from each end
constexpr uint64_t kKeyText = 240;                  // UTF-16 units
constexpr uint64_t kMostWords = uint64_t{1} << 25;  // of a table or an array that are looked at for its ends and holes
constexpr double kOneClass = 0.9;                   // of the values

bool IsHashStore(StoreKind kind) {
  return kind == StoreKind::kNamed || kind == StoreKind::kNumbered || kind == StoreKind::kCells ||
         kind == StoreKind::kWeakMap || kind == StoreKind::kWeakSet;
}
bool IsIndexed(StoreKind kind) {
  return kind == StoreKind::kElements || kind == StoreKind::kDoubles || kind == StoreKind::kNumbered;
}

// Every n-th of a list, `most` at most.
std::vector<StoreEntry> Thin(const std::vector<StoreEntry>& entries, uint64_t most) {
  std::vector<StoreEntry> thin;
  for (const uint64_t at : SpreadPositions(entries.size(), most)) thin.push_back(entries[at]);
  return thin;
}

CollectionKind KindOf(HeapReader* reader, const StoreView& store) {
  switch (store.kind) {
    case StoreKind::kMap:
      return CollectionKind::kMap;
    case StoreKind::kSet:
      return CollectionKind::kSet;
    case StoreKind::kWeakMap:
      return CollectionKind::kWeakMap;
    case StoreKind::kWeakSet:
      return CollectionKind::kWeakSet;
    default:
      break;
  }
  const std::string_view type = reader->TypeOf(store.object);
  return type.starts_with("JS_ARRAY_TYPE") || type == "FIXED_ARRAY_TYPE" || type == "FIXED_DOUBLE_ARRAY_TYPE"
             ? CollectionKind::kArray
             : CollectionKind::kObject;
}

}  // namespace

bool HeldByStore(const HeapGraph& graph, const StoreView& store, ObjectId value) {
  if (value == kNoObject || !graph.IsLive(value)) return false;
  const ObjectId dominator = graph.DominatorOf(value);
  // Of a table; what an array or a dictionary dominates, the object does (see HoistFromParts).
  return dominator != kNoObject && graph.IsObject(dominator) &&
         (dominator == graph.index().At(store.object) || dominator == graph.index().At(store.store));
}

namespace {

class Describer {
 public:
  Describer(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel)
      : reader_(*reader), graph_(graph), census_(reader, graph), cancel_(cancel) {}

  std::optional<CollectionFacts> Describe(ObjectId node) {
    if (!graph_.IsObject(node)) return std::nullopt;
    CollectionFacts facts{.node = node, .object = graph_.index().AddressOf(node) + 1};
    std::vector<StoreView> stores = StoresOf(reader_, facts.object, kLeastFields);
    if (stores.empty()) {
      facts.inner = InnerOf(facts.object, &facts.inner_path);
      if (facts.inner == 0) return std::nullopt;
      stores = StoresOf(reader_, facts.inner, kLeastFields);
      if (stores.empty()) return std::nullopt;
    }
    facts.class_name = census_.ClassOf(facts.object);
    facts.store = *std::ranges::max_element(stores, {}, &StoreView::entries);
    facts.kind = KindOf(&reader_, facts.store);
    for (const StoreView& store : stores) AddStore(store, &facts);
    // Names and values follow each other in its array (lib/internal/url.js).
    if (facts.inner != 0 && facts.class_name == "URLSearchParams" && facts.kind == CollectionKind::kArray)
      facts.entries /= 2;
    DescribeEntries(&facts);
    FindLimitOf(&facts);
    facts.one_class =
        !facts.values.empty() && IsReceiver(facts.values[0].example) &&
        static_cast<double>(facts.values[0].count) >= kOneClass * static_cast<double>(facts.values_sampled);
    facts.judgement = Judge(facts.store, facts.entries, facts.keys, facts.one_class, facts.growth);
    return facts;
  }

 private:
  void AddStore(const StoreView& store, CollectionFacts* facts) {
    uint64_t entries = store.entries;
    if (store.kind == StoreKind::kElements || store.kind == StoreKind::kDoubles) {
      facts->length = store.entries;
      const std::optional<uint64_t> holes = CountHoles(reader_, store, kMostWords, cancel_);
      if (holes) entries -= std::min(*holes, entries);
      facts->holes = holes;
    } else if (store.kind == StoreKind::kNumbered && facts->kind == CollectionKind::kArray) {
      const double length = ArrayLengthOf(reader_, store.object).value_or(0);
      facts->length = length > 0 && length < 4294967296.0 ? static_cast<uint64_t>(length) : 0;
    }
    facts->entries += entries;
    facts->capacity += store.capacity;
    facts->deleted += store.deleted;
    facts->store_bytes += StoreBytes(reader_, store);
    facts->dictionary |= store.kind == StoreKind::kNamed || store.kind == StoreKind::kCells;
    facts->whole &= store.whole;
  }

  void DescribeEntries(CollectionFacts* facts) {
    const StoreView& store = facts->store;
    const uint64_t most = IsHashStore(store.kind) ? kTablePositions : kValueSample;
    std::vector<StoreEntry> entries = ReadEntries(reader_, store, SpreadPositions(store.positions, most));
    const bool by_order =
        store.kind == StoreKind::kNamed || store.kind == StoreKind::kCells || store.kind == StoreKind::kNumbered;
    if (by_order) std::ranges::stable_sort(entries, {}, &StoreEntry::order);
    facts->values_exact = store.positions <= most;
    if (entries.size() > kValueSample && !facts->values_exact) entries = Thin(entries, kValueSample);
    facts->values = census_.Count(entries);
    facts->values_sampled = entries.size();
    CountDead(entries, facts);
    CountKeysHeldHere(Thin(entries, kKeySample), facts);

    const StoreEnds ends = FindEnds(reader_, store, kEnds, kMostWords, cancel_);
    facts->first = ReadInOrder(store, ends.first);
    facts->last = ReadInOrder(store, ends.last);
    // Of a small collection the two overlap.
    const uint64_t both = facts->first.size() + facts->last.size();
    const uint64_t found = std::max<uint64_t>(facts->values_exact ? entries.size() : both, facts->first.size());
    if (both > found)
      facts->last.erase(facts->last.begin(), facts->last.begin() + static_cast<std::ptrdiff_t>(std::min<uint64_t>(
                                                                       both - found, facts->last.size())));
    const StoreEntry* const first = facts->first.empty() ? nullptr : &facts->first.front();
    const StoreEntry* const last = !facts->last.empty()   ? &facts->last.back()
                                   : facts->first.empty() ? nullptr
                                                          : &facts->first.back();

    facts->growth = GrowthOfStore(store);
    if (store.kind == StoreKind::kNumbered) facts->growth.ordered = true;  // by rising index
    FindKeys(Thin(entries, kKeySample), first, last, facts);
    FindSpans(reader_, Thin(entries, kSpanSample), first, last, facts->entries, facts->keys, &facts->growth);
  }

  void CountDead(const std::vector<StoreEntry>& entries, CollectionFacts* facts) {
    constexpr int kTarget = 24;  // JSWeakRef, src/objects/js-weak-refs.tq
    const bool any =
        std::ranges::any_of(facts->values, [](const ValueClass& value) { return value.name == "WeakRef"; });
    if (!any) return;
    for (const StoreEntry& entry : entries) {
      if (entry.raw_double || !reader_.IsType(entry.value, "JS_WEAK_REF_TYPE")) continue;
      const uint64_t target = reader_.Field(entry.value, kTarget).value_or(0);
      facts->dead_references += reader_.IsUndefined(target) || (target & 0xffffffff) == 3;  // cleared
    }
  }

  void CountKeysHeldHere(const std::vector<StoreEntry>& entries, CollectionFacts* facts) {
    if (!graph_.has_retained() || (facts->kind != CollectionKind::kMap && facts->kind != CollectionKind::kSet)) return;
    uint64_t objects = 0, held = 0;
    for (const StoreEntry& entry : entries) {
      const ObjectId key = IsReceiver(entry.key) ? graph_.index().At(entry.key) : kNoObject;
      if (key == kNoObject) continue;
      ++objects;
      held += HeldByStore(graph_, facts->store, key);
    }
    if (objects >= kFewKeys && 2 * objects > entries.size())
      facts->keys_held_here = static_cast<double>(held) / static_cast<double>(objects);
  }

  std::vector<StoreEntry> ReadInOrder(const StoreView& store, const std::vector<uint64_t>& positions) {
    std::vector<StoreEntry> entries;
    if (store.kind == StoreKind::kFields) return ReadEntries(reader_, store, positions);
    for (const uint64_t position : positions) {
      for (const StoreEntry& entry : ReadEntries(reader_, store, std::span(&position, 1))) entries.push_back(entry);
    }
    return entries;
  }

  KeySample SampleOf(const StoreEntry& entry, bool of_member) {
    KeySample sample{.order = entry.order};
    if (!of_member && entry.key == 0) {
      sample.kind = KeySample::Kind::kNumber;
      sample.number = static_cast<double>(entry.index);
      sample.order = 0;
      return sample;
    }
    const uint64_t word = of_member ? entry.value : entry.key;
    if (of_member && entry.raw_double) {
      sample.kind = KeySample::Kind::kNumber;
      sample.number = *entry.raw_double;
    } else if (const std::optional<double> number = ReadNumber(reader_, word)) {
      sample.kind = KeySample::Kind::kNumber;
      sample.number = *number;
    } else if (const std::optional<StringText> text = reader_.Text(word, kKeyText)) {
      sample.kind = KeySample::Kind::kString;
      sample.text = text->text;
    } else if (const KeyText key = ReadKey(reader_, word); key.valid) {
      sample.kind = KeySample::Kind::kSymbol;
      sample.text = key.text;
    } else if (reader_.TypeOf(word).find("BIG") == 0) {
      sample.kind = KeySample::Kind::kBigInt;
    } else if (IsReceiver(word)) {
      sample.kind = KeySample::Kind::kObject;
      sample.text = census_.ClassOf(word);
    }
    return sample;
  }

  void FindKeys(const std::vector<StoreEntry>& entries, const StoreEntry* first, const StoreEntry* last,
                CollectionFacts* facts) {
    const bool of_member = facts->kind == CollectionKind::kArray || facts->store.kind == StoreKind::kSet;
    std::vector<KeySample> samples;
    for (const StoreEntry& entry : entries) {
      if (!entry.accessor || !of_member) samples.push_back(SampleOf(entry, of_member));
    }
    KeyPattern pattern = FindKeyPattern(samples);
    const bool numbers = pattern.first.has_value();
    if (facts->kind == CollectionKind::kArray &&
        (pattern.key_class == KeyClass::kObjects || pattern.key_class == KeyClass::kMixed)) {
      pattern = {.sampled = pattern.sampled};
    } else if (!of_member && IsIndexed(facts->store.kind) && numbers && first != nullptr && last != nullptr) {
      // Indexes rise by themselves; only that none is missing says something.
      pattern.first = pattern.lowest = static_cast<double>(first->index);
      pattern.last = pattern.highest = static_cast<double>(last->index);
      pattern.rising = false;
      if (*pattern.last - *pattern.first + 1 == static_cast<double>(facts->entries))
        pattern.key_class = KeyClass::kSequential;
    } else if (numbers && pattern.pattern.empty() && facts->growth.ordered && first != nullptr && last != nullptr) {
      // The sample need not hold the very first and last.
      const KeySample begin = SampleOf(*first, of_member), end = SampleOf(*last, of_member);
      if (begin.kind == KeySample::Kind::kNumber) pattern.first = begin.number;
      if (end.kind == KeySample::Kind::kNumber) pattern.last = end.number;
    } else if (numbers && facts->growth.ordered && first != nullptr && last != nullptr) {
      std::vector<KeySample> begin, end;
      for (const StoreEntry& entry : facts->first) begin.push_back(SampleOf(entry, of_member));
      for (const StoreEntry& entry : facts->last) end.push_back(SampleOf(entry, of_member));
      if (end.empty()) end.push_back(SampleOf(*last, of_member));
      ExtendNumbers(samples, begin, end, &pattern);
    }
    facts->keys = std::move(pattern);
  }

  // The numbers inside of the keys of the first and the last entries: the pattern of the sample with these at its ends. The
  // very first may be of another kind than all others (the main module in require.cache), so there are several.
  static void ExtendNumbers(std::vector<KeySample> samples, const std::vector<KeySample>& first,
                            const std::vector<KeySample>& last, KeyPattern* pattern) {
    if (first.front().kind != KeySample::Kind::kString || last.back().kind != KeySample::Kind::kString) return;
    std::erase_if(samples, [&](const KeySample& sample) {
      return sample.order <= first.back().order || sample.order >= last.front().order;
    });
    samples.insert(samples.begin(), first.begin(), first.end());
    samples.insert(samples.end(), last.begin(), last.end());
    const KeyPattern with = FindKeyPattern(samples);
    if (with.pattern != pattern->pattern || with.key_class != pattern->key_class) return;
    pattern->first = with.first, pattern->last = with.last;
    pattern->lowest = with.lowest, pattern->highest = with.highest;
  }

  bool IsReceiver(uint64_t word) {
    const MapInfo* map = IsSmi(word) ? nullptr : reader_.MapOf(word);
    return map != nullptr && reader_.layout().types.IsJSReceiver(map->instance_type);
  }

  // What holds the collection: an object of a class, or the context of its variable.
  void FindLimitOf(CollectionFacts* facts) {
    SlotNamer namer(&reader_);
    std::vector<ObjectId> holders;
    ObjectId node = facts->inner != 0 ? graph_.index().At(facts->inner) : facts->node;
    if (facts->inner != 0) holders.push_back(facts->node);
    if (node == kNoObject || !graph_.IsLive(node)) return;
    ObjectId parent = graph_.ParentOf(node);
    for (int i = 0; i < 3 && parent != kNoObject && graph_.IsObject(parent); ++i) {
      if (!namer.IsStore(graph_.index().AddressOf(parent) + 1)) {
        holders.push_back(parent);
        break;
      }
      parent = graph_.ParentOf(parent);
    }
    if (graph_.has_retained()) {
      if (const ObjectId dominator = graph_.DominatorOf(node); dominator != kNoObject && graph_.IsObject(dominator))
        holders.push_back(dominator);
    }
    for (const ObjectId holder : holders) {
      facts->growth.limit = FindLimit(reader_, graph_.index().AddressOf(holder) + 1, facts->entries);
      if (facts->growth.limit) return;
    }
  }

  // The one collection that is all there is to an object: a property of it, or of an object that is a property of it.
  uint64_t InnerOf(uint64_t object, std::vector<std::string>* path) {
    constexpr uint64_t kMostProperties = 64;
    constexpr int kMostSteps = 2;
    const std::string_view type = reader_.TypeOf(object);
    if (type != "JS_OBJECT_TYPE" && type.find("API_OBJECT") == std::string_view::npos) return 0;
    for (int step = 0; step < kMostSteps; ++step) {
      uint64_t best = 0, most = 0, properties = 0, only_object = 0, objects = 0;
      std::string name, object_name;
      ForEachProperty(reader_, object, [&](const OwnProperty& property) {
        if (property.accessor || property.native || !property.readable || property.raw_double ||
            !IsReceiver(property.value))
          return ++properties < kMostProperties;
        const std::vector<StoreView> stores = StoresOf(reader_, property.value, kLeastFields);
        const uint64_t entries = stores.empty() ? 0 : stores[0].entries;
        if (entries > most) {
          most = entries;
          best = property.value;
          name = ReadKey(reader_, property.key).text;
        }
        if (stores.empty() && reader_.IsType(property.value, "JS_OBJECT_TYPE")) {
          ++objects;
          only_object = property.value;
          object_name = ReadKey(reader_, property.key).text;
        }
        return ++properties < kMostProperties;
      });
      if (best != 0) {
        path->push_back(std::move(name));
        return best;
      }
      if (objects != 1) return 0;
      path->push_back(std::move(object_name));
      object = only_object;
    }
    return 0;
  }

  HeapReader& reader_;
  const HeapGraph& graph_;
  ValueCensus census_;
  const Cancel& cancel_;
};

}  // namespace

std::string_view CollectionKindName(CollectionKind kind) {
  switch (kind) {
    case CollectionKind::kMap:
      return "map";
    case CollectionKind::kSet:
      return "set";
    case CollectionKind::kArray:
      return "array";
    case CollectionKind::kObject:
      return "object";
    case CollectionKind::kWeakMap:
      return "weakmap";
    case CollectionKind::kWeakSet:
      return "weakset";
  }
  return "";
}

std::optional<CollectionKind> KindOfShape(HeapReader* reader, const MapInfo& map) {
  const std::string& type = reader->layout().types.at(map.instance_type).name;
  if (type == "JS_MAP_TYPE") return CollectionKind::kMap;
  if (type == "JS_SET_TYPE") return CollectionKind::kSet;
  if (type == "JS_WEAK_MAP_TYPE") return CollectionKind::kWeakMap;
  if (type == "JS_WEAK_SET_TYPE") return CollectionKind::kWeakSet;
  if (type.starts_with("JS_ARRAY_TYPE")) return CollectionKind::kArray;
  if (type == "JS_GLOBAL_OBJECT_TYPE") return CollectionKind::kObject;
  if ((type == "JS_OBJECT_TYPE" || type.find("API_OBJECT") != std::string::npos) &&
      !reader->names().IsPrototypeMap(map))
    return CollectionKind::kObject;
  return std::nullopt;
}

void DropForeignTimes(double lived_ms, CollectionFacts* facts) {
  std::optional<TimeSpan>& times = facts->growth.times;
  if (!times || times->newest - times->oldest <= lived_ms) return;
  times->foreign = true;
  times->per_second = 0;
  facts->growth.expired_share.reset();
  facts->judgement = Judge(facts->store, facts->entries, facts->keys, facts->one_class, facts->growth);
}

std::optional<CollectionFacts> DescribeCollection(HeapReader* reader, const HeapGraph& graph, ObjectId node,
                                                  const Cancel& cancel) {
  return Describer(reader, graph, cancel).Describe(node);
}

uint64_t RetainedByCollection(const HeapGraph& graph, ObjectId node, const StoreView& store) {
  const ObjectId table = store.store == 0 ? kNoObject : graph.index().At(store.store);
  if (table == node || !IsRoot(graph, table)) return graph.RetainedOf(node);
  // What the table alone leads to counts as the collection's (see HoistFromParts), so that the dominators do not tell it.
  const ObjectId both[] = {node, table};
  const Result<HeapGraph::Freed> freed =
      graph.references() == nullptr ? Fail(ErrorCode::kUnsupported, "") : graph.WithoutNodes(both, Cancel());
  return freed ? freed->bytes : graph.RetainedOf(node);
}

namespace {

// Of the candidates whose table a root holds too, what they retain together with it.
std::unordered_map<ObjectId, uint64_t> RetainedWithRoots(HeapReader* reader, const HeapGraph& graph,
                                                         const std::vector<ObjectId>& candidates, const Cancel& cancel) {
  constexpr uint64_t kLeast = 16 << 10;  // bytes, of a table that is worth the search
  constexpr size_t kPoll = 1 << 16;
  constexpr size_t kMost = 8;  // each costs a pass over the heap
  std::unordered_map<ObjectId, uint64_t> retained;
  const References* references = graph.references();
  if (references == nullptr) return retained;
  SlotNamer namer(reader);
  NodeSet tables(graph.node_count());
  bool any = false;
  for (const ObjectId root : graph.root_nodes()) {
    if (!IsRoot(graph, root) || graph.RetainedOf(root) < kLeast) continue;
    const uint64_t tagged = graph.index().AddressOf(root) + 1;
    if (!namer.IsStore(tagged) && !reader->IsType(tagged, "FIXED_DOUBLE_ARRAY_TYPE")) continue;
    any = tables.Add(root) || any;
  }
  if (!any) return retained;
  for (size_t i = 0; i < candidates.size() && (i % kPoll != 0 || !cancel.Cancelled()); ++i) {
    bool has = false;
    references->ForEach(candidates[i], [&](ObjectId to) { has |= tables.Has(to); });
    if (!has) continue;
    uint64_t most = graph.RetainedOf(candidates[i]);
    for (const StoreView& store : StoresOf(*reader, graph.index().AddressOf(candidates[i]) + 1, kLeastFields))
      most = std::max(most, RetainedByCollection(graph, candidates[i], store));
    if (most > graph.RetainedOf(candidates[i])) retained.emplace(candidates[i], most);
    if (retained.size() >= kMost) break;
  }
  return retained;
}

}  // namespace

CollectionList FindCollections(HeapReader* reader, const HeapGraph& graph, const CollectionQuery& query,
                               const Cancel& cancel) {
  constexpr size_t kPoll = 1 << 12;
  constexpr size_t kMostLooks = 4'000'000;
  constexpr uint64_t kMostHoleWords = uint64_t{1}
                                      << 27;  // of all arrays together; of the others holes count as entries
  // The table of an object with kLeastFields entries takes so much, and it dominates it.
  constexpr uint32_t kLeastRetained = 8 * kLeastFields / kSizeUnit;
  CollectionList list;
  std::vector<std::optional<CollectionKind>> kinds(graph.shapes().shapes().size());
  std::vector<bool> dictionary(kinds.size());
  const int dictionary_bit = static_cast<int>(reader->layout().Get(LayoutConstant::kBitField3IsDictionaryShift, 21));
  std::vector<ObjectId> candidates = LiveObjects(
      graph,
      [&](const LiveShape& shape) {
        const std::optional<CollectionKind> kind = KindOfShape(reader, shape.map);
        if (!kind) return false;
        const size_t number = static_cast<size_t>(&shape - graph.shapes().shapes().data());
        dictionary[number] = (shape.map.bit_field3 >> dictionary_bit & 1) != 0;
        if (*kind != CollectionKind::kObject || dictionary[number])
          list.counts[static_cast<size_t>(*kind)] += shape.live_count;
        if (!query.kinds.empty() && std::ranges::find(query.kinds, *kind) == query.kinds.end()) return false;
        kinds[number] = kind;
        return true;
      },
      cancel);
  const std::unordered_map<ObjectId, uint64_t> with_roots = RetainedWithRoots(reader, graph, candidates, cancel);
  const auto retained_of = [&](ObjectId id) {
    const auto known = with_roots.empty() ? with_roots.end() : with_roots.find(id);
    return known == with_roots.end() ? graph.RetainedOf(id) : known->second;
  };
  // Ordinary objects are many, and few of them have elements.
  std::erase_if(candidates, [&](ObjectId id) {
    const uint32_t shape = graph.shapes().ShapeOf(id);
    return *kinds[shape] == CollectionKind::kObject && !dictionary[shape] && graph.retained()[id] < kLeastRetained &&
           !with_roots.contains(id);
  });
  if (!query.by_entries) {
    std::ranges::sort(candidates, [&](ObjectId a, ObjectId b) {
      const uint64_t of_a = retained_of(a), of_b = retained_of(b);
      return of_a != of_b ? of_a > of_b : a < b;
    });
  }
  size_t looked = 0;
  uint64_t hole_words = kMostHoleWords;
  for (const ObjectId id : candidates) {
    if (looked % kPoll == 0 && cancel.Cancelled()) break;
    const bool full = !query.by_entries && query.most != 0 && list.rows.size() >= query.most;
    if (full && !query.count_more) break;
    if (looked >= kMostLooks) {
      list.cut = true;
      break;
    }
    ++looked;
    const CollectionKind kind = *kinds[graph.shapes().ShapeOf(id)];
    uint64_t entries = 0;
    const std::vector<StoreView> stores = StoresOf(*reader, graph.index().AddressOf(id) + 1, kLeastFields);
    if (stores.empty()) continue;
    for (const StoreView& store : stores) {
      uint64_t holes = 0;
      if (store.may_have_holes && store.entries > 0 && store.entries >= query.min_entries &&
          store.entries <= hole_words) {
        holes = CountHoles(*reader, store, hole_words, cancel).value_or(0);
        hole_words -= store.entries;
      }
      entries += store.entries - std::min(holes, store.entries);
    }
    const uint64_t least =
        kind == CollectionKind::kObject && !dictionary[graph.shapes().ShapeOf(id)] ? kLeastFields : 0;
    if (entries < std::max(query.min_entries, least)) continue;
    if (full) {
      ++list.more;
    } else {
      list.rows.push_back({id, kind, entries, retained_of(id)});
    }
  }
  // What it did not come to.
  if (!query.count_more || list.cut) list.more += candidates.size() - looked;
  if (query.by_entries) {
    std::ranges::sort(list.rows, [](const CollectionHead& a, const CollectionHead& b) {
      return a.entries != b.entries ? a.entries > b.entries : a.node < b.node;
    });
    if (query.most != 0 && list.rows.size() > query.most) {
      list.more += list.rows.size() - query.most;
      list.rows.resize(query.most);
    }
  }
  return list;
}

}  // namespace corewalk
