#include "heap/heap_walk.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <unordered_map>

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
  explicit Worker(const HeapModel& model)
      : maps_(model.memory(), model.layout()), walker_(model.memory(), model.layout(), &maps_, &model.hidden_areas()) {}

  void Walk(const Task& task) {
    const SpaceKind space = task.page->space;
    if (space != current_) Flush(), current_ = space;
    SpaceTally& tally = spaces_[static_cast<size_t>(space)];
    ++tally.pages;
    tally.area_bytes += task.page->descriptor.area_end - task.page->descriptor.area_start;
    tally.tally.stale_bytes += task.page->descriptor.area_end - std::min(task.end, task.page->descriptor.area_end);
    walker_.Walk(*task.page, task.end, AreasOf(task),
                 [this](MapCache::Slot& slot, Address address, uint64_t size, const std::byte*) {
                   if (slot.count++ == 0) samples_[slot.word] = address;
                   slot.bytes += size;
                 },
                 &tally.tally);
  }

  void Flush() {
    maps_.Drain([this](const MapInfo& map, uint64_t count, uint64_t bytes) {
      shapes_.push_back({map, current_, count, bytes, samples_[map.word]});
    });
    samples_.clear();
  }

  std::vector<ShapeTally>& shapes() { return shapes_; }
  const std::array<SpaceTally, static_cast<size_t>(SpaceKind::kCount)>& spaces() const { return spaces_; }

 private:
  MapCache maps_;
  PageWalker walker_;
  SpaceKind current_ = SpaceKind::kUnknown;
  std::unordered_map<uint64_t, Address> samples_;
  std::vector<ShapeTally> shapes_;
  std::array<SpaceTally, static_cast<size_t>(SpaceKind::kCount)> spaces_{};
};

void Merge(std::vector<Worker>& workers, HeapWalkResult* result) {
  struct KeyHash {
    size_t operator()(const std::pair<uint64_t, SpaceKind>& key) const {
      return key.first * 31 + static_cast<size_t>(key.second);
    }
  };
  std::unordered_map<std::pair<uint64_t, SpaceKind>, size_t, KeyHash> at;
  for (Worker& worker : workers) {
    worker.Flush();
    for (const ShapeTally& shape : worker.shapes()) {
      const auto [slot, is_new] = at.try_emplace({shape.map.word, shape.space}, result->shapes.size());
      if (is_new) {
        result->shapes.push_back(shape);
      } else {
        result->shapes[slot->second].count += shape.count;
        result->shapes[slot->second].bytes += shape.bytes;
      }
    }
    for (size_t i = 0; i < result->spaces.size(); ++i) {
      result->spaces[i].tally.Add(worker.spaces()[i].tally);
      result->spaces[i].pages += worker.spaces()[i].pages;
      result->spaces[i].area_bytes += worker.spaces()[i].area_bytes;
    }
  }
}

bool IsOf(const HeapModel& model, const YoungSurvivor& survivor, int isolate) {
  return isolate < 0 || model.isolates()[isolate].heap == survivor.page->descriptor.heap;
}

void AddSurvivors(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel, HeapWalkResult* result) {
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
  const size_t thread_count = std::clamp<size_t>(options.threads, 1, 64);
  // Large pieces of neighbouring pages keep reads sequential and spaces together.
  const size_t piece = std::clamp<size_t>(tasks.size() / (thread_count * 16), 1, 64);
  std::vector<Worker> workers;
  workers.reserve(thread_count);
  for (size_t i = 0; i < thread_count; ++i) workers.emplace_back(model);
  std::atomic<size_t> next{0};
  const auto run = [&](Worker& worker, bool report) {
    while (true) {
      const size_t begin = next.fetch_add(piece);
      if (begin >= tasks.size()) return;
      for (size_t i = begin; i < std::min(begin + piece, tasks.size()); ++i) {
        if (cancel.Cancelled()) return;
        worker.Walk(tasks[i]);
      }
      if (report && progress) progress("walking pages", std::min(begin + piece, tasks.size()), tasks.size());
    }
  };
  model.memory().Advise(AccessPattern::kSequential);
  std::vector<std::thread> threads;
  for (size_t i = 1; i < thread_count; ++i) threads.emplace_back([&, i] { run(workers[i], false); });
  run(workers[0], true);
  for (std::thread& thread : threads) thread.join();
  model.memory().Advise(AccessPattern::kNormal);
  Merge(workers, &result);
  result.interrupted = cancel.Cancelled();
  if (!result.interrupted) AddSurvivors(model, options, cancel, &result);
  return result;
}

void VisitObjects(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel, const ObjectVisitor& visit) {
  MapCache maps(model.memory(), model.layout());
  PageWalker walker(model.memory(), model.layout(), &maps, &model.hidden_areas());
  PageTally tally;
  bool go_on = true;
  model.memory().Advise(AccessPattern::kSequential);
  for (const Task& task : PagesToWalk(model, options.isolate, options.read_only)) {
    if (!go_on || cancel.Cancelled()) break;
    walker.Walk(*task.page, task.end, AreasOf(task),
                [&](MapCache::Slot& slot, Address address, uint64_t size, const std::byte*) {
                  if (go_on) go_on = visit(maps.info(slot), address, size, *task.page);
                },
                &tally);
  }
  model.memory().Advise(AccessPattern::kNormal);
  for (const YoungSurvivor& survivor : model.survivors(cancel)) {
    if (!go_on || cancel.Cancelled()) break;
    if (IsOf(model, survivor, options.isolate)) go_on = visit(survivor.map, survivor.address, survivor.size, *survivor.page);
  }
}

void VisitPage(const HeapModel& model, const Page& page, const ObjectVisitor& visit, PageTally* tally) {
  MapCache maps(model.memory(), model.layout());
  PageWalker walker(model.memory(), model.layout(), &maps, &model.hidden_areas());
  bool go_on = true;
  const auto walk = [&](Address end, std::span<const LinearArea> areas) {
    walker.Walk(page, end, areas,
                [&](MapCache::Slot& slot, Address address, uint64_t size, const std::byte*) {
                  if (go_on) go_on = visit(maps.info(slot), address, size, page);
                },
                tally);
  };
  for (const IsolateHeap& isolate : model.isolates()) {
    for (const Space& space : isolate.spaces) {
      for (size_t i = 0; i < space.pages.size(); ++i) {
        if (&space.pages[i] == &page) return walk(model.ObjectsEnd(isolate, space, i), isolate.areas);
      }
    }
  }
  walk(page.descriptor.area_end, {});
}

}  // namespace corewalk
