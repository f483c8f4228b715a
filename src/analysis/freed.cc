#include "analysis/freed.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>

#include "analysis/dominator_tree.h"
#include "base/on_threads.h"
#include "heap/external_memory.h"
#include "heap/names.h"

namespace corewalk {
namespace {

// What one thread measures.
class Worker {
 public:
  Worker(const ObjectIndex& index, const Cancel& cancel)
      : maps_(index.model().memory(), index.model().layout()),
        names_(index.model().memory(), index.model().layout()),
        walker_(index.MakeWalker(&maps_, &cancel)),
        freed(index.model().layout()),
        kept(index.model().layout()) {}

  void AddPage(const ObjectIndex& index, size_t page, const NodeSet& before, const NodeSet& after) {
    const SpaceKind space = index.SpaceOf(page);
    index.VisitPage(page, &walker_,
                    [&](ObjectId id, MapCache::Slot& slot, Address address, uint64_t size, const std::byte* bytes) {
                      if (!before.Has(id)) return;
                      if (slot.mark == 0) [[unlikely]]
                        Look(&slot);
                      const bool stays = after.Has(id);
                      if ((slot.mark & kHoldsExternal) != 0)
                        (stays ? kept : freed).Add(maps_.info(slot).instance_type, bytes, size);
                      if (!stays) Add(slot, space, address, size);
                    });
  }

  // By Map word, space, and the object when it has a name of its own.
  std::map<std::tuple<uint64_t, SpaceKind, Address>, ShapeTally> shapes;

 private:
  static constexpr uint8_t kLooked = 1, kHoldsExternal = 2, kMayHaveOwnName = 4;  // marks of MapCache slots

  void Look(MapCache::Slot* slot) {
    const MapInfo& map = maps_.info(*slot);
    slot->mark = kLooked;
    if (freed.Holds(map.instance_type)) slot->mark |= kHoldsExternal;
    if (names_.SharesDictionaryMap(map)) slot->mark |= kMayHaveOwnName;
  }

  void Add(const MapCache::Slot& slot, SpaceKind space, Address address, uint64_t size) {
    const bool own_name = (slot.mark & kMayHaveOwnName) != 0 && names_.HasOwnName(maps_.info(slot), address);
    ShapeTally* tally = nullptr;
    if (!own_name && last_word_ == slot.word && last_space_ == space) {
      tally = last_;  // neighbours are often alike
    } else {
      tally = &shapes[{slot.word, space, own_name ? address : 0}];
      if (!own_name) last_ = tally, last_word_ = slot.word, last_space_ = space;
    }
    if (tally->count == 0) *tally = {.map = maps_.info(slot), .space = space, .sample = address, .own_name = own_name};
    tally->sample = std::min(tally->sample, address);
    ++tally->count;
    tally->bytes += size;
  }

  MapCache maps_;
  NameResolver names_;
  PageWalker walker_;
  ShapeTally* last_ = nullptr;
  uint64_t last_word_ = 0;
  SpaceKind last_space_ = SpaceKind::kUnknown;

 public:
  ExternalMemoryCollector freed, kept;
};

}  // namespace

Result<FreedObjects> MeasureFreed(const ObjectIndex& index, const NodeSet& before, const NodeSet& after,
                                  int thread_count, const Cancel& cancel, const ProgressFunction& progress) {
  const size_t threads = ClampThreads(thread_count);
  std::vector<std::unique_ptr<Worker>> workers;  // a walker refers to its maps: they stay where they are
  for (size_t i = 0; i < threads; ++i) workers.push_back(std::make_unique<Worker>(index, cancel));
  const Memory& memory = index.model().memory();
  memory.Advise(AccessPattern::kSequential);
  InPieces(index.page_count(), threads, cancel, progress, "measuring objects",
           [&](size_t thread, size_t page) { workers[thread]->AddPage(index, page, before, after); });
  memory.Advise(AccessPattern::kNormal);
  if (cancel.Cancelled()) return Fail(ErrorCode::kInterrupted, "interrupted while objects were measured");

  FreedObjects result;
  for (size_t i = 1; i < workers.size(); ++i) {
    for (const auto& [key, found] : workers[i]->shapes) {
      ShapeTally& tally = workers[0]->shapes[key];
      const Address sample = tally.count == 0 ? found.sample : std::min(tally.sample, found.sample);
      const uint64_t count = tally.count + found.count, bytes = tally.bytes + found.bytes;
      tally = found;
      tally.sample = sample, tally.count = count, tally.bytes = bytes;
    }
    workers[0]->freed.Take(std::move(workers[i]->freed));
    workers[0]->kept.Take(std::move(workers[i]->kept));
  }
  for (const auto& [key, tally] : workers[0]->shapes) {
    result.shapes.push_back(tally);
    result.count += tally.count;
    result.bytes += tally.bytes;
  }
  std::ranges::sort(result.shapes, {}, [](const ShapeTally& tally) { return std::pair(tally.space, tally.sample); });
  const ExternalMemory gone = workers[0]->freed.SumWithout(workers[0]->kept);
  result.external_count = gone.buffers + gone.strings;
  result.external_bytes = gone.buffer_bytes + gone.string_bytes;
  result.count += result.external_count;
  result.bytes += result.external_bytes;
  return result;
}

FreedObjects DominatedBy(const HeapGraph& graph, ObjectId node, const Cancel& cancel) {
  struct Sum {
    uint64_t count = 0, bytes = 0;
  };
  const std::span<const LiveShape> shapes = graph.shapes().shapes();
  std::vector<Sum> sums(shapes.size());
  FreedObjects result;
  const std::span<const uint32_t> retained = graph.retained();
  VisitDominated(graph, node, cancel, [&](ObjectId at, std::span<const ObjectId> below) {
    ++result.count;
    if (!graph.IsObject(at)) {
      const uint64_t bytes = graph.external()[at - graph.object_count()].bytes;
      ++result.external_count;
      result.external_bytes += bytes;
      result.bytes += bytes;
      return;
    }
    // What it retains without those right below it: its own size.
    uint64_t units = retained[at];
    for (const ObjectId child : below) units -= std::min<uint64_t>(units, retained[child]);
    Sum& sum = sums[graph.shapes().ShapeOf(at)];
    ++sum.count;
    sum.bytes += units * kSizeUnit;
    result.bytes += units * kSizeUnit;
  });
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (sums[i].count == 0) continue;
    result.shapes.push_back({.map = shapes[i].map,
                             .space = shapes[i].space,
                             .count = sums[i].count,
                             .bytes = sums[i].bytes,
                             .sample = shapes[i].sample,
                             .own_name = shapes[i].own_name});
  }
  // The numbers of shapes depend on threads.
  std::ranges::sort(result.shapes, {}, [](const ShapeTally& tally) { return std::pair(tally.space, tally.sample); });
  return result;
}

}  // namespace corewalk
