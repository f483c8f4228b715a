#include "graph/graph_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/on_threads.h"

namespace corewalk {
namespace {

constexpr size_t kCheckedAtATime = 1 << 18;  // values

struct StoredPage {
  uint64_t chunk = 0, end = 0;
  uint32_t first_id = 0, survivors = 0;
};

struct StoredShape {
  uint64_t map = 0, sample = 0, live_sample = 0, garbage_sample = 0;
  uint32_t space = 0, own_name = 0;
  uint64_t live_count = 0, live_bytes = 0, maybe_count = 0, maybe_bytes = 0, garbage_count = 0, garbage_bytes = 0;
};

struct StoredRoot {
  uint64_t slot = 0, object = 0;
  uint32_t group_and_strength = 0, label = 0;
};

// Single numbers, in this order. New ones come last.
enum class Number : uint8_t {
  kObjects,
  kHeapBytes,
  kMovedPossible,
  kLostBytes,
  kLostPlaces,
  kUnreadableBytes,
  kForwarded,
  kNodes,
  kCodeUnknown,
  kEdges,
  kReached,
  kCount
};
using Numbers = std::array<uint64_t, static_cast<size_t>(Number::kCount)>;

std::unexpected<Error> Wrong(const char* what) {
  return Fail(ErrorCode::kBadFormat, std::string("it is damaged: ") + what);
}

// Texts one behind the other, each with its length in front.
void AppendText(std::string* to, std::string_view text) {
  const uint32_t size = static_cast<uint32_t>(text.size());
  to->append(reinterpret_cast<const char*>(&size), sizeof(size));
  to->append(text);
}

std::optional<std::vector<std::string>> SplitTexts(std::span<const char> bytes) {
  std::vector<std::string> texts;
  while (!bytes.empty()) {
    uint32_t size;
    if (bytes.size() < sizeof(size)) return std::nullopt;
    std::memcpy(&size, bytes.data(), sizeof(size));
    bytes = bytes.subspan(sizeof(size));
    if (size > bytes.size()) return std::nullopt;
    texts.emplace_back(bytes.data(), size);
    bytes = bytes.subspan(size);
  }
  return texts;
}

// do_piece(begin, end) -> bool for all of [0, count), on all threads; false when any was, or when cancelled.
template <typename DoPiece>
bool AllPieces(uint64_t count, int threads, const Cancel& cancel, DoPiece&& do_piece) {
  const uint64_t pieces = (count + kCheckedAtATime - 1) / kCheckedAtATime;
  std::atomic<bool> right{true};
  InPieces(pieces, pieces < 4 ? 1 : ClampThreads(threads), cancel, {}, "", [&](size_t, size_t i) {
    const uint64_t begin = i * kCheckedAtATime;
    if (!do_piece(begin, std::min(count, begin + kCheckedAtATime))) right = false;
  });
  return right && !cancel.Cancelled();
}

// Every value, without the bits of `marks`, is below `limit` or (where there is one) is `none`.
bool AllBelow(std::span<const uint32_t> values, uint64_t limit, bool none, uint32_t marks, int threads, const Cancel& cancel) {
  const uint32_t most = static_cast<uint32_t>(std::min<uint64_t>(limit, 0xffffffff));
  return AllPieces(values.size(), threads, cancel, [&](uint64_t begin, uint64_t end) {
    uint32_t wrong = 0;
    for (uint64_t i = begin; i < end; ++i) {
      const uint32_t value = values[i];
      wrong |= static_cast<uint32_t>((value & ~marks) >= most) & ~static_cast<uint32_t>(none && value == kNoObject);
    }
    return wrong == 0;
  });
}

}  // namespace

// What Load() and LoadReferences() share.
class GraphStore::Reader {
 public:
  Reader(const SectionFile& file, int threads, const Cancel& cancel) : file_(file), threads_(threads), cancel_(cancel) {}

  // `count` values; any number when it is kAnyCount.
  static constexpr uint64_t kAnyCount = ~uint64_t{0};
  template <typename T>
  bool Get(const char* name, uint64_t count, BigArray<T>* to) {
    if (error_) return false;
    Result<BigArray<T>> values = file_.Get<T>(name, threads_, cancel_);
    if (!values) {
      error_ = values.error();
    } else if (count != kAnyCount && values->size() != count) {
      error_ = Wrong("a section has not as many values as it must").error();
    } else {
      *to = std::move(*values);
    }
    return !error_;
  }
  bool GetSet(const char* name, uint64_t nodes, NodeSet* to) {
    BigArray<uint64_t> words;
    if (!Get(name, (nodes + 63) / 64, &words)) return false;
    if (nodes % 64 != 0 && words[words.size() - 1] >> nodes % 64 != 0) return Reject("a set has more members than there are");
    *to = NodeSet::FromWords({words.data(), words.size()});
    return true;
  }
  bool GetPairs(const char* name, uint64_t objects, std::vector<std::pair<ObjectId, ObjectId>>* to) {
    BigArray<uint32_t> values;
    if (!Get(name, kAnyCount, &values) || !CheckIds(values, objects, false)) return false;
    if (values.size() % 2 != 0) return Reject("a section has not as many values as it must");
    for (size_t i = 0; i < values.size(); i += 2) to->emplace_back(values[i], values[i + 1]);
    return true;
  }
  bool Reject(const char* what) {
    if (!error_) error_ = cancel_.Cancelled() ? Error{ErrorCode::kInterrupted, "interrupted while the index was read"} : Wrong(what).error();
    return false;
  }
  bool Check(bool right, const char* what) { return right || Reject(what); }
  bool CheckIds(const BigArray<uint32_t>& values, uint64_t limit, bool none, uint32_t marks = 0) {
    return error_ ? false
                  : Check(AllBelow({values.data(), values.size()}, limit, none, marks, threads_, cancel_),
                          "a number is out of its bounds");
  }
  const std::optional<Error>& error() const { return error_; }
  bool Has(const char* name) const { return file_.Has(name); }

  bool LoadIndex(const Numbers& numbers, ObjectIndex* index);
  bool LoadShapes(const HeapModel& model, uint64_t objects, std::optional<ShapeTable>* table);
  bool LoadRoots(Roots* roots);

 private:
  const SectionFile& file_;
  const int threads_;
  const Cancel& cancel_;
  std::optional<Error> error_;
};

uint64_t GraphStore::BytesOf(const HeapGraph& graph) {
  const ObjectIndex& index = graph.index();
  uint64_t bytes = index.bits_.size() * 8 + index.ranks_.size() * 2 + graph.parents_.size() * 4 + graph.dominators_.size() * 4 +
                   graph.retained_.size() * 4 + (graph.shapes_ ? 3 * index.size() : 0) + graph.node_count_ / 4;
  if (const References* references = graph.references_.get(); references != nullptr)
    bytes += 4 * (references->first_.size() + references->used_edges());
  return bytes;
}

bool GraphStore::Save(const HeapGraph& graph, SectionFileWriter* file, const Cancel& cancel, const ProgressFunction& progress) {
  const auto add = [&](const char* name, const auto& values) {
    using T = std::remove_cvref_t<decltype(values[0])>;
    return file->Add(name, std::span<const T>(values.data(), values.size()), cancel, progress);
  };
  const auto add_set = [&](const char* name, const NodeSet& set) { return file->Add(name, set.words(), cancel, progress); };

  const ObjectIndex& index = *graph.index_;
  Numbers numbers{};
  const auto set = [&](Number number, uint64_t value) { numbers[static_cast<size_t>(number)] = value; };
  set(Number::kObjects, index.count_);
  set(Number::kHeapBytes, index.heap_bytes_);
  set(Number::kMovedPossible, index.moved_possible_);
  set(Number::kLostBytes, index.tally_.lost_bytes);
  set(Number::kLostPlaces, index.tally_.lost_places);
  set(Number::kUnreadableBytes, index.tally_.unreadable_bytes);
  set(Number::kForwarded, index.tally_.forwarded);
  set(Number::kNodes, graph.node_count_);
  set(Number::kCodeUnknown, graph.code_unknown_);
  set(Number::kReached, graph.reached_count_);
  const References* references = graph.references_.get();
  if (references != nullptr) set(Number::kEdges, references->edge_count_);

  std::vector<StoredPage> pages;
  for (const ObjectIndex::NumberedPage& page : index.pages_)
    pages.push_back({page.chunk, page.end, page.first_id, page.survivor_count});
  std::vector<StoredRoot> roots;
  for (const Root& root : graph.roots_.roots) {
    roots.push_back({root.slot, root.object,
                     static_cast<uint32_t>(root.group) << 8 | static_cast<uint32_t>(root.strength), root.label});
  }
  std::string labels, problems;
  for (const std::string& label : graph.roots_.labels) AppendText(&labels, label);
  std::vector<uint64_t> groups;  // four of each group
  for (const RootGroupState& group : graph.roots_.groups) {
    groups.insert(groups.end(), {group.found, group.conservative, group.count, group.weak});
    AppendText(&problems, group.problem);
  }
  std::vector<uint64_t> external;  // address and bytes
  for (const ExternalBlock& block : graph.external_) external.insert(external.end(), {block.address, block.bytes});
  bool right = add("numbers", numbers) && add("pages", pages) && add("starts", index.bits_) && add("ranks", index.ranks_) &&
               add("roots", roots) && add("root labels", labels) && add("root groups", groups) &&
               add("root problems", problems) && add("external", external) && add_set("sure", graph.sure_) &&
               add_set("live", graph.live_);
  if (right && !graph.parents_.empty()) right = add("parents", graph.parents_);
  if (right && graph.shapes_) {
    std::vector<StoredShape> shapes;
    for (const LiveShape& shape : graph.shapes_->shapes()) {
      shapes.push_back({shape.map.word, shape.sample, shape.live_sample, shape.garbage_sample, static_cast<uint32_t>(shape.space), shape.own_name, shape.live_count,
                        shape.live_bytes, shape.maybe_count, shape.maybe_bytes, shape.garbage_count, shape.garbage_bytes});
    }
    right = add("shapes", shapes) && add("shape of object", graph.shapes_->low_) && add("shape of object, high", graph.shapes_->high_);
  }
  if (right && !graph.retained_.empty()) {
    right = add("dominators", graph.dominators_) && add("retained", graph.retained_) &&
            file->Add("order", graph.order(), cancel, progress);
  } else if (right && references != nullptr) {
    // What finding the dominators needs.
    const NodeKinds& kinds = graph.kinds_.stores.empty() ? references->kinds_ : graph.kinds_;
    std::vector<uint32_t> initial_maps, shown;  // pairs
    for (const InitialMap& of : kinds.initial_maps) initial_maps.insert(initial_maps.end(), {of.function, of.map});
    for (const ShownReference& reference : references->shown_) shown.insert(shown.end(), {reference.from, reference.to});
    right = add_set("stores", kinds.stores) && add_set("shapes of objects", kinds.shapes) &&
            add_set("parts of stores", kinds.store_parts) && add_set("parts of shapes", kinds.shape_parts) &&
            add_set("rooted", kinds.rooted) && add("initial maps", initial_maps) && add("shown references", shown) &&
            file->Add("order", graph.order(), cancel, progress);
  }
  if (right && references != nullptr) {
    std::vector<uint32_t> ephemerons;  // table, key, value
    for (const Ephemeron& entry : references->ephemerons_) ephemerons.insert(ephemerons.end(), {entry.table, entry.key, entry.value});
    right = add("ephemerons", ephemerons) && add("first reference", references->first_) &&
            file->Add("references", std::span<const uint32_t>(references->edges_.data(), references->used_edges()), cancel,
                      progress);
  }
  return right;
}

bool GraphStore::Reader::LoadIndex(const Numbers& numbers, ObjectIndex* index) {
  const auto number = [&](Number n) { return numbers[static_cast<size_t>(n)]; };
  BigArray<StoredPage> pages;
  if (!Get("pages", index->pages_.size(), &pages)) return Reject("its pages are not those of the heap");
  const size_t blocks = index->bits_.size();
  if (!Get("starts", blocks, &index->bits_) || !Get("ranks", blocks, &index->ranks_)) return false;
  const uint64_t count = number(Number::kObjects);
  if (number(Number::kHeapBytes) != index->heap_bytes_ || count >= kMaxObjects) return Reject("its pages are not those of the heap");
  uint64_t first = 0;
  for (size_t i = 0; i < pages.size(); ++i) {
    ObjectIndex::NumberedPage& page = index->pages_[i];
    if (page.chunk != pages[i].chunk || page.end != pages[i].end || page.survivor_count != pages[i].survivors)
      return Reject("its pages are not those of the heap");
    page.first_id = pages[i].first_id;
    if (page.first_id < first || page.first_id > count) return Reject("a number is out of its bounds");
    first = page.first_id;
  }
  // The numbers must be those that the starts give.
  const bool right = AllPieces(pages.size(), threads_, cancel_, [&](uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) {
      const ObjectIndex::NumberedPage& page = index->pages_[i];
      const uint64_t objects = (i + 1 < pages.size() ? pages[i + 1].first_id : count) - page.first_id;
      if (page.one_object) {
        if (objects > 1) return false;
        continue;
      }
      uint32_t rank = 0;
      for (size_t block = page.first_block; block < page.first_block + ObjectIndex::BlocksOf(page); ++block) {
        if (index->ranks_[block] != static_cast<uint16_t>(rank)) return false;
        rank += static_cast<uint32_t>(std::popcount(index->bits_[block]));
      }
      if (rank != objects) return false;
    }
    return true;
  });
  if (!right) return Reject("objects are not numbered as they must be");
  index->count_ = count;
  index->moved_possible_ = number(Number::kMovedPossible) != 0;
  index->tally_.lost_bytes = number(Number::kLostBytes);
  index->tally_.lost_places = number(Number::kLostPlaces);
  index->tally_.unreadable_bytes = number(Number::kUnreadableBytes);
  index->tally_.forwarded = number(Number::kForwarded);
  return true;
}

bool GraphStore::Reader::LoadRoots(Roots* roots) {
  constexpr size_t kGroups = static_cast<size_t>(RootGroup::kCount), kPerGroup = 4;
  BigArray<StoredRoot> stored;
  BigArray<char> labels, problems;
  BigArray<uint64_t> groups;
  if (!Get("roots", kAnyCount, &stored) || !Get("root labels", kAnyCount, &labels) ||
      !Get("root groups", kGroups * kPerGroup, &groups) || !Get("root problems", kAnyCount, &problems)) {
    return false;
  }
  const auto label_texts = SplitTexts({labels.data(), labels.size()});
  const auto problem_texts = SplitTexts({problems.data(), problems.size()});
  if (!label_texts || !problem_texts || problem_texts->size() != kGroups) return Reject("its texts make no sense");
  roots->labels = *label_texts;
  for (const StoredRoot& root : stored) {
    const uint32_t group = root.group_and_strength >> 8, strength = root.group_and_strength & 0xff;
    if (group >= kGroups || strength > static_cast<uint32_t>(RootStrength::kMaybe) || root.label >= label_texts->size())
      return Reject("a number is out of its bounds");
    roots->roots.push_back(
        {root.slot, root.object, static_cast<RootGroup>(group), static_cast<RootStrength>(strength), root.label});
  }
  for (size_t i = 0; i < kGroups; ++i) {
    const uint64_t* const values = groups.data() + kPerGroup * i;
    roots->groups[i] = {values[0] != 0, values[1] != 0, values[2], values[3], (*problem_texts)[i]};
  }
  return true;
}

bool GraphStore::Reader::LoadShapes(const HeapModel& model, uint64_t objects, std::optional<ShapeTable>* table) {
  BigArray<StoredShape> stored;
  ShapeTable loaded;
  if (!Get("shapes", kAnyCount, &stored) || !Get("shape of object", objects, &loaded.low_) ||
      !Get("shape of object, high", objects, &loaded.high_)) {
    return false;
  }
  for (const StoredShape& shape : stored) {
    LiveShape live{.space = static_cast<SpaceKind>(shape.space),
                   .sample = shape.sample,
                   .live_sample = shape.live_sample,
                   .garbage_sample = shape.garbage_sample,
                   .own_name = shape.own_name != 0,
                   .live_count = shape.live_count,
                   .live_bytes = shape.live_bytes,
                   .maybe_count = shape.maybe_count,
                   .maybe_bytes = shape.maybe_bytes,
                   .garbage_count = shape.garbage_count,
                   .garbage_bytes = shape.garbage_bytes};
    // Numbers that no object has are left over from the threads' own.
    if (shape.sample != 0 && (shape.space >= static_cast<uint32_t>(SpaceKind::kCount) ||
                              !ReadMap(model.memory(), model.layout(), shape.map, &live.map))) {
      return Reject("a shape is no Map of the heap");
    }
    loaded.shapes_.push_back(live);
  }
  const uint64_t count = loaded.shapes_.size();
  const bool right = AllPieces(objects, threads_, cancel_, [&](uint64_t begin, uint64_t end) {
    uint32_t largest = 0;
    for (uint64_t i = begin; i < end; ++i) largest = std::max(largest, uint32_t{loaded.high_[i]} << 16 | loaded.low_[i]);
    return largest < count;
  });
  if (!right) return Reject("a number is out of its bounds");
  *table = std::move(loaded);
  return true;
}

Result<std::unique_ptr<HeapGraph>> GraphStore::Load(std::shared_ptr<const SectionFile> file, const HeapModel& model,
                                                    const HeapGraphOptions& options, const Cancel& cancel,
                                                    const ProgressFunction& progress) {
  Reader reader(*file, options.threads, cancel);
  if (progress) progress("reading the index", 0, 1);
  std::unique_ptr<HeapGraph> graph(new HeapGraph());
  graph->options_ = options;
  graph->index_.reset(new ObjectIndex(model, options.isolate));
  graph->index_->CollectPages(cancel);
  BigArray<uint64_t> values;
  Numbers numbers{};
  if (reader.Get("numbers", numbers.size(), &values)) std::ranges::copy(values, numbers.begin());
  const auto number = [&](Number n) { return numbers[static_cast<size_t>(n)]; };
  const auto load = [&] {
    if (reader.error() || !reader.LoadIndex(numbers, graph->index_.get()) || !reader.LoadRoots(&graph->roots_)) return false;
    const uint64_t objects = graph->index_->size(), nodes = number(Number::kNodes);
    graph->node_count_ = nodes;
    graph->code_unknown_ = number(Number::kCodeUnknown) != 0;
    graph->reached_count_ = number(Number::kReached);
    BigArray<uint64_t> external;
    if (nodes < objects || nodes >= kMaxObjects || !reader.Get("external", 2 * (nodes - objects), &external))
      return reader.Reject("a number is out of its bounds");
    for (size_t i = 0; i < external.size(); i += 2) graph->external_.push_back({external[i], external[i + 1]});
    if (!reader.GetSet("sure", nodes, &graph->sure_) || !reader.GetSet("live", nodes, &graph->live_)) return false;
    if (graph->reached_count_ != graph->live_.Count()) return reader.Reject("a number is out of its bounds");
    if (reader.Has("parents") && (!reader.Get("parents", nodes, &graph->parents_) || !reader.CheckIds(graph->parents_, nodes, true)))
      return false;
    if (reader.Has("shapes") && !reader.LoadShapes(model, objects, &graph->shapes_)) return false;
    if (reader.Has("retained")) {
      return reader.Get("dominators", nodes, &graph->dominators_) && reader.CheckIds(graph->dominators_, nodes + 1, true) &&
             reader.Get("retained", nodes, &graph->retained_) &&
             reader.Get("order", graph->reached_count_, &graph->order_) && reader.CheckIds(graph->order_, nodes, false);
    }
    if (!HasReferences(*file)) return true;
    NodeKinds& kinds = graph->kinds_;
    std::vector<std::pair<ObjectId, ObjectId>> initial_maps;
    if (!reader.GetPairs("initial maps", objects, &initial_maps)) return false;
    for (const auto& [function, map] : initial_maps) kinds.initial_maps.push_back({function, map});
    return reader.GetSet("stores", objects, &kinds.stores) && reader.GetSet("shapes of objects", objects, &kinds.shapes) &&
           reader.GetSet("parts of stores", objects, &kinds.store_parts) &&
           reader.GetSet("parts of shapes", objects, &kinds.shape_parts) && reader.GetSet("rooted", objects, &kinds.rooted) &&
           reader.Get("order", graph->reached_count_, &graph->order_) && reader.CheckIds(graph->order_, nodes, false);
  };
  if (!load()) return std::unexpected(*reader.error());
  graph->NumberRoots();
  graph->options_.lean = graph->parents_.empty();
  graph->file_ = std::move(file);
  return graph;
}

bool GraphStore::HasReferences(const SectionFile& file) {
  return file.Has("references");
}

Result<std::unique_ptr<References>> GraphStore::LoadReferences(const SectionFile& file, const HeapGraph& graph,
                                                               const Cancel& cancel) {
  Reader reader(file, graph.options().threads, cancel);
  std::unique_ptr<References> references(new References());
  references->object_count_ = graph.object_count();
  references->external_.assign(graph.external().begin(), graph.external().end());
  references->code_unknown_ = graph.code_unknown_;
  const auto load = [&] {
    const uint64_t objects = graph.object_count(), nodes = graph.node_count();
    BigArray<uint64_t> numbers;
    BigArray<uint32_t> ephemerons;
    if (!reader.Get("numbers", static_cast<size_t>(Number::kCount), &numbers)) return false;
    references->edge_count_ = numbers[static_cast<size_t>(Number::kEdges)];
    BigArray<uint32_t>& edges = references->edges_;
    if (!reader.Get("references", Reader::kAnyCount, &edges) || !reader.Get("first reference", objects, &references->first_) ||
        !reader.Get("ephemerons", Reader::kAnyCount, &ephemerons) ||
        !reader.CheckIds(edges, nodes, false, References::kLast) || !reader.CheckIds(ephemerons, nodes, true)) {
      return false;
    }
    // Every list ends at the last mark at the latest; behind it is room that was not used.
    size_t end = edges.size();
    while (end > 0 && (edges[end - 1] & References::kLast) == 0) --end;
    if (!reader.CheckIds(references->first_, end, true)) return false;
    references->taken_ = edges.size();
    if (ephemerons.size() % 3 != 0) return reader.Reject("a section has not as many values as it must");
    for (size_t i = 0; i < ephemerons.size(); i += 3) {
      references->ephemerons_.push_back({ephemerons[i], ephemerons[i + 1], ephemerons[i + 2]});
      const Ephemeron& entry = references->ephemerons_.back();
      if (entry.table == kNoObject || entry.value == kNoObject) return reader.Reject("a number is out of its bounds");
    }
    std::vector<std::pair<ObjectId, ObjectId>> shown;
    if (reader.Has("shown references") && !reader.GetPairs("shown references", objects, &shown)) return false;
    for (const auto& [from, to] : shown) references->shown_.push_back({from, to});
    return reader.Check(std::ranges::is_sorted(references->ephemerons_, {}, &Ephemeron::table), "a list is out of order");
  };
  if (!load()) return std::unexpected(*reader.error());
  return references;
}

}  // namespace corewalk
