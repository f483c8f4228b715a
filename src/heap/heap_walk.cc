#include "heap/heap_walk.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "base/on_threads.h"
#include "heap/names.h"
#include "heap/young_survivors.h"

namespace corewalk {
namespace {

using Task = WalkedPage;

std::span<const LinearArea> AreasOf(const Task& task) {
  return task.isolate ? std::span<const LinearArea>(task.isolate->areas) : std::span<const LinearArea>();
}

// Tallies of one thread. The counts of the space in progress live in the MapCache.
class Worker {
 public:
  Worker(const HeapModel& model, bool collect_external, const Cancel& cancel)
      : maps_(model.memory(), model.layout()),
        names_(model.memory(), model.layout()),
        walker_(model.memory(), model.layout(), &maps_, &model.hidden_areas(), &cancel),
        external_(model.layout()),
        collect_external_(collect_external) {}

  // `order` is the task's number: of two samples of a shape, that of the earlier task is kept.
  void Walk(const Task& task, size_t order) {
    order_ = order;
    const SpaceKind space = task.page->space;
    if (space != current_) Flush(), current_ = space;
    SpaceTally& tally = spaces_[static_cast<size_t>(space)];
    ++tally.pages;
    tally.area_bytes += task.page->descriptor.area_end - task.page->descriptor.area_start;
    tally.tally.stale_bytes += task.page->descriptor.area_end - std::min(task.end, task.page->descriptor.area_end);
    walker_.Walk(
        *task.page, task.end, AreasOf(task),
        [this](MapCache::Slot& slot, Address address, uint64_t size, const std::byte* bytes) {
          if (slot.count++ == 0) [[unlikely]]
            MeetShape(&slot, address);
          slot.bytes += size;
          if (slot.mark == kHoldsExternal) [[unlikely]]
            external_.Add(maps_.info(slot).instance_type, bytes, size);
          if (slot.mark == kMayHaveOwnName && names_.HasOwnName(maps_.info(slot), address)) [[unlikely]] {
            --slot.count;
            slot.bytes -= size;
            shapes_.push_back({{maps_.info(slot), current_, 1, size, address, true}, order_});
          }
        },
        &tally.tally);
  }

  void Flush() {
    maps_.Drain([this](const MapInfo& map, uint64_t count, uint64_t bytes) {
      const Sample& sample = samples_[map.word];
      shapes_.push_back({{map, current_, count, bytes, sample.address}, sample.order});
    });
    samples_.clear();
  }

  struct OrderedTally {
    ShapeTally tally;
    size_t order;  // of the task that holds the sample
  };
  std::vector<OrderedTally>& shapes() { return shapes_; }
  ExternalMemoryCollector& external() { return external_; }
  const std::array<SpaceTally, static_cast<size_t>(SpaceKind::kCount)>& spaces() const { return spaces_; }

 private:
  void MeetShape(MapCache::Slot* slot, Address address) {
    samples_[slot->word] = {order_, address};
    const MapInfo& map = maps_.info(*slot);
    slot->mark = collect_external_ && external_.Holds(map.instance_type) ? kHoldsExternal
                 : names_.SharesDictionaryMap(map)                       ? kMayHaveOwnName
                                                                         : 0;
  }

  static constexpr uint8_t kHoldsExternal = 1, kMayHaveOwnName = 2;  // marks of MapCache slots

  MapCache maps_;
  NameResolver names_;
  PageWalker walker_;
  ExternalMemoryCollector external_;
  bool collect_external_;
  SpaceKind current_ = SpaceKind::kUnknown;
  struct Sample {
    size_t order = 0;
    Address address = 0;
  };
  size_t order_ = 0;
  std::unordered_map<uint64_t, Sample> samples_;
  std::vector<OrderedTally> shapes_;
  std::array<SpaceTally, static_cast<size_t>(SpaceKind::kCount)> spaces_{};
};

void Merge(std::vector<Worker>& workers, HeapWalkResult* result) {
  using Key = std::tuple<uint64_t, SpaceKind, Address>;  // map word, space, the object when it has a name of its own
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return std::get<0>(key) * 31 + static_cast<size_t>(std::get<1>(key)) + std::get<2>(key);
    }
  };
  std::unordered_map<Key, size_t, KeyHash> at;
  std::vector<Worker::OrderedTally> shapes;
  for (Worker& worker : workers) {
    worker.Flush();
    for (const Worker::OrderedTally& found : worker.shapes()) {
      const auto [slot, is_new] = at.try_emplace(
          {found.tally.map.word, found.tally.space, found.tally.own_name ? found.tally.sample : 0}, shapes.size());
      if (is_new) {
        shapes.push_back(found);
        continue;
      }
      Worker::OrderedTally& shape = shapes[slot->second];
      shape.tally.count += found.tally.count;
      shape.tally.bytes += found.tally.bytes;
      if (found.order < shape.order) shape.order = found.order, shape.tally.sample = found.tally.sample;
    }
    for (size_t i = 0; i < result->spaces.size(); ++i) {
      result->spaces[i].tally.Add(worker.spaces()[i].tally);
      result->spaces[i].pages += worker.spaces()[i].pages;
      result->spaces[i].area_bytes += worker.spaces()[i].area_bytes;
    }
  }
  // Which thread walked what must not show: the same core gives the same answer, byte for byte.
  std::ranges::sort(shapes, {},
                    [](const Worker::OrderedTally& shape) { return std::pair(shape.order, shape.tally.sample); });
  for (const Worker::OrderedTally& shape : shapes) result->shapes.push_back(shape.tally);
}

bool IsOf(const HeapModel& model, const YoungSurvivor& survivor, int isolate) {
  return isolate < 0 || model.isolates()[isolate].heap == survivor.page->descriptor.heap;
}

void AddSurvivors(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel, HeapWalkResult* result,
                  ExternalMemoryCollector* external) {
  std::unordered_map<uint64_t, size_t> at;  // index of a Map's tally
  for (const YoungSurvivor& survivor : model.survivors(cancel)) {
    if (!IsOf(model, survivor, options.isolate)) continue;
    result->gc_in_progress = true;
    const auto [slot, is_new] = at.try_emplace(survivor.map.word, result->shapes.size());
    if (is_new) result->shapes.push_back({survivor.map, survivor.page->space, 0, 0, survivor.address});
    ShapeTally& shape = result->shapes[slot->second];
    ++shape.count;
    shape.bytes += survivor.size;
    PageTally& tally = result->spaces[static_cast<size_t>(survivor.page->space)].tally;
    ++tally.objects;
    tally.object_bytes += survivor.size;
    if (options.external && external->Holds(survivor.map.instance_type)) {
      std::array<std::byte, 256> head;  // more than the largest object that holds external memory
      const size_t size = std::min<uint64_t>(survivor.size, head.size());
      const size_t read = model.memory().Read(survivor.address, std::span(head).first(size));
      external->Add(survivor.map.instance_type, head.data(), read);
    }
  }
}

}  // namespace

PageTally HeapWalkResult::Total() const {
  PageTally total;
  for (const SpaceTally& space : spaces) total.Add(space.tally);
  return total;
}

void HeapWalkResult::Describe(Completeness* completeness) const {
  const PageTally total = Total();
  completeness->bytes_lost += total.lost_bytes;
  completeness->objects_skipped += total.lost_places;
  completeness->bytes_unreadable += total.unreadable_bytes;
  completeness->interrupted |= interrupted;
  completeness->gc_in_progress |= gc_in_progress;
}

HeapWalkResult WalkHeap(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel,
                        const ProgressFunction& progress) {
  HeapWalkResult result;
  const std::vector<Task> tasks = PagesToWalk(model, options.isolate, options.read_only);
  const size_t thread_count = ClampThreads(options.threads);
  std::vector<Worker> workers;
  workers.reserve(thread_count);
  for (size_t i = 0; i < thread_count; ++i) workers.emplace_back(model, options.external, cancel);
  model.memory().Advise(AccessPattern::kSequential);
  InPieces(tasks.size(), thread_count, cancel, progress, "walking pages",
           [&](size_t thread, size_t i) { workers[thread].Walk(tasks[i], i); });
  model.memory().Advise(AccessPattern::kRandom);  // survivors and names are looked up here and there
  Merge(workers, &result);
  ExternalMemoryCollector& external = workers[0].external();
  for (size_t i = 1; i < workers.size(); ++i) external.Take(std::move(workers[i].external()));
  result.interrupted = cancel.Cancelled();
  if (!result.interrupted) AddSurvivors(model, options, cancel, &result, &external);
  result.external = external.Sum();
  model.memory().Advise(AccessPattern::kNormal);
  return result;
}

void VisitGaps::Describe(Completeness* completeness) const {
  completeness->bytes_lost += bytes_lost;
  completeness->objects_skipped += places_lost;
  completeness->bytes_unreadable += bytes_unreadable;
  completeness->gc_in_progress |= gc_in_progress;
  completeness->interrupted |= interrupted;
}

VisitGaps VisitObjects(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel,
                       const ObjectVisitor& visit) {
  return VisitObjects(
      model, options, cancel, [](const MapInfo&, Address) { return true; }, visit);
}

VisitGaps VisitObjects(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel,
                       const ShapeFilter& wanted, const ObjectVisitor& visit) {
  constexpr uint8_t kWanted = 1, kUnwanted = 2;
  MapCache maps(model.memory(), model.layout());
  PageWalker walker(model.memory(), model.layout(), &maps, &model.hidden_areas(), &cancel);
  PageTally tally;
  bool go_on = true;
  model.memory().Advise(AccessPattern::kSequential);
  for (const Task& task : PagesToWalk(model, options.isolate, options.read_only)) {
    if (!go_on || cancel.Cancelled()) break;
    walker.Walk(
        *task.page, task.end, AreasOf(task),
        [&](MapCache::Slot& slot, Address address, uint64_t size, const std::byte*) {
          if (slot.mark == 0) slot.mark = wanted(maps.info(slot), address) ? kWanted : kUnwanted;
          if (slot.mark == kWanted && go_on) go_on = visit(maps.info(slot), address, size, *task.page);
        },
        &tally);
  }
  model.memory().Advise(AccessPattern::kNormal);
  VisitGaps gaps{.bytes_lost = tally.lost_bytes, .places_lost = tally.lost_places, .bytes_unreadable = tally.unreadable_bytes};
  for (const YoungSurvivor& survivor : model.survivors(cancel)) {
    if (!go_on || cancel.Cancelled()) break;
    if (!IsOf(model, survivor, options.isolate)) continue;
    gaps.gc_in_progress = true;
    MapCache::Slot* slot = maps.Find(survivor.map.word);
    if (slot == nullptr) continue;
    if (slot->mark == 0) slot->mark = wanted(survivor.map, survivor.address) ? kWanted : kUnwanted;
    if (slot->mark == kWanted) go_on = visit(survivor.map, survivor.address, survivor.size, *survivor.page);
  }
  gaps.interrupted = cancel.Cancelled();
  return gaps;
}

void VisitPage(const HeapModel& model, const Page& page, const ObjectVisitor& visit, PageTally* tally) {
  MapCache maps(model.memory(), model.layout());
  PageWalker walker(model.memory(), model.layout(), &maps, &model.hidden_areas());
  bool go_on = true;
  const auto walk = [&](Address end, std::span<const LinearArea> areas) {
    walker.Walk(
        page, end, areas,
        [&](MapCache::Slot& slot, Address address, uint64_t size, const std::byte*) {
          if (go_on) go_on = visit(maps.info(slot), address, size, page);
        },
        tally);
  };
  for (const IsolateHeap& isolate : model.isolates()) {
    for (const Space& space : isolate.spaces) {
      for (size_t i = 0; i < space.pages.size(); ++i) {
        if (&space.pages[i] == &page) return walk(HeapModel::ObjectsEnd(space, i), isolate.areas);
      }
    }
  }
  walk(page.descriptor.area_end, {});
}

}  // namespace corewalk
