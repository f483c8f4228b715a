#include "graph/shapes.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>

#include "base/on_threads.h"
#include "graph/retained.h"
#include "heap/names.h"

namespace corewalk {
namespace {

using ShapeKey = std::tuple<uint64_t, SpaceKind, Address>;  // map word, space, and the object that has a name of its own

constexpr uint8_t kLookedAt = 1, kMayHaveOwnName = 2;  // marks of MapCache slots

// Numbers shapes for all threads.
struct Numbering {
  std::mutex mutex;
  std::map<ShapeKey, uint32_t> numbers;
};

void TakeFirst(Address address, Address* first) {
  if (address != 0 && (*first == 0 || address < *first)) *first = address;
}

}  // namespace

class ShapeTable::Worker {
 public:
  Worker(const ObjectIndex& index, const NodeSet& sure, const NodeSet& live, Numbering* numbering, ShapeTable* table,
         const Cancel& cancel)
      : index_(index),
        sure_(sure),
        live_(live),
        numbering_(*numbering),
        table_(*table),
        maps_(index.model().memory(), index.model().layout()),
        names_(index.model().memory(), index.model().layout()),
        walker_(index.MakeWalker(&maps_, &cancel)) {}

  void AddPage(size_t page) {
    space_ = index_.SpaceOf(page);
    index_.VisitPage(page, &walker_,
                     [this](ObjectId id, MapCache::Slot& slot, Address address, uint64_t size, const std::byte*) {
                       const uint32_t shape = NumberOf(slot, address);
                       LiveShape& tally = tallies_[shape];
                       if (live_.Has(id)) {
                         ++tally.live_count;
                         tally.live_bytes += size;
                         TakeFirst(address, &tally.live_sample);
                         if (!sure_.Has(id)) ++tally.maybe_count, tally.maybe_bytes += size;
                       } else {
                         ++tally.garbage_count;
                         tally.garbage_bytes += size;
                         TakeFirst(address, &tally.garbage_sample);
                       }
                       TakeFirst(address, &tally.sample);
                       if (table_.low_.empty()) return;
                       table_.low_[id] = static_cast<uint16_t>(shape);
                       table_.high_[id] = static_cast<uint8_t>(shape >> 16);
                       table_.sizes_[id] = static_cast<uint32_t>(std::min<uint64_t>(size / kSizeUnit, 0xffffffff));
                     });
  }

  void AddReadOnly(const Page& page, const IsolateHeap* isolate) {
    space_ = SpaceKind::kReadOnly;
    PageTally ignored;
    walker_.Walk(
        page, page.descriptor.area_end,
        isolate ? std::span<const LinearArea>(isolate->areas) : std::span<const LinearArea>(),
        [this](MapCache::Slot& slot, Address address, uint64_t size, const std::byte*) {
          LiveShape& tally = tallies_[NumberOf(slot, address)];
          ++tally.live_count;
          tally.live_bytes += size;
          TakeFirst(address, &tally.sample);
          tally.live_sample = tally.sample;
        },
        &ignored);
  }

  std::span<const LiveShape> tallies() const { return tallies_; }  // by number; a count of 0 where it met none

 private:
  uint32_t NumberOf(MapCache::Slot& slot, Address address) {
    if (slot.mark == 0) [[unlikely]]
      slot.mark = names_.SharesDictionaryMap(maps_.info(slot)) ? kMayHaveOwnName : kLookedAt;
    if (slot.mark == kMayHaveOwnName && names_.HasOwnName(maps_.info(slot), address)) [[unlikely]] {
      const uint32_t number = Number({slot.word, space_, address}, slot);
      tallies_[number].own_name = true;
      return number;
    }
    std::vector<uint32_t>& known = known_[static_cast<size_t>(space_)];
    if (slot.index >= known.size()) known.resize(slot.index + 256, kNoObject);
    uint32_t& number = known[slot.index];
    if (number == kNoObject) number = Number({slot.word, space_, 0}, slot);
    return number;
  }

  uint32_t Number(const ShapeKey& key, const MapCache::Slot& slot) {
    uint32_t number;
    {
      const std::lock_guard lock(numbering_.mutex);
      number = numbering_.numbers.try_emplace(key, static_cast<uint32_t>(numbering_.numbers.size())).first->second;
    }
    if (number >= tallies_.size()) tallies_.resize(number + 256);
    tallies_[number].map = maps_.info(slot);
    tallies_[number].space = space_;
    return number;
  }

  const ObjectIndex& index_;
  const NodeSet& sure_;
  const NodeSet& live_;
  Numbering& numbering_;
  ShapeTable& table_;
  MapCache maps_;
  NameResolver names_;
  PageWalker walker_;
  SpaceKind space_ = SpaceKind::kUnknown;
  std::array<std::vector<uint32_t>, static_cast<size_t>(SpaceKind::kCount)> known_;  // by MapCache::Slot::index
  std::vector<LiveShape> tallies_;
};

std::optional<ShapeTable> ShapeTable::Build(const ObjectIndex& index, const NodeSet& sure, const NodeSet& live,
                                            uint64_t extra_sizes, bool per_object, int thread_count,
                                            const Cancel& cancel, const ProgressFunction& progress) {
  ShapeTable table;
  if (per_object) {
    table.low_.Reset(index.size());
    table.high_.Reset(index.size());
    table.sizes_.Reset(index.size() + extra_sizes);
  }
  const HeapModel& model = index.model();
  const size_t threads = ClampThreads(thread_count);
  Numbering numbering;
  std::vector<std::unique_ptr<Worker>> workers;
  for (size_t i = 0; i < threads; ++i)
    workers.push_back(std::make_unique<Worker>(index, sure, live, &numbering, &table, cancel));
  model.memory().Advise(AccessPattern::kSequential);
  InPieces(index.page_count(), threads, cancel, progress, "measuring objects",
           [&](size_t thread, size_t page) { workers[thread]->AddPage(page); });
  for (const Page& page : model.read_only().pages) workers[0]->AddReadOnly(page, nullptr);
  const IsolateHeap& isolate = model.isolates()[index.isolate()];
  for (const Space& space : isolate.spaces) {
    if (space.kind != SpaceKind::kReadOnly) continue;
    for (const Page& page : space.pages) workers[0]->AddReadOnly(page, &isolate);
  }
  model.memory().Advise(AccessPattern::kNormal);
  if (cancel.Cancelled()) return std::nullopt;

  std::vector<LiveShape> shapes(numbering.numbers.size());
  for (const std::unique_ptr<Worker>& worker : workers) {
    for (size_t i = 0; i < worker->tallies().size() && i < shapes.size(); ++i) {
      const LiveShape& found = worker->tallies()[i];
      if (found.sample == 0) continue;
      LiveShape& shape = shapes[i];
      shape.map = found.map;
      shape.space = found.space;
      shape.own_name = found.own_name;
      TakeFirst(found.sample, &shape.sample);
      TakeFirst(found.live_sample, &shape.live_sample);
      TakeFirst(found.garbage_sample, &shape.garbage_sample);
      shape.live_count += found.live_count, shape.live_bytes += found.live_bytes;
      shape.maybe_count += found.maybe_count, shape.maybe_bytes += found.maybe_bytes;
      shape.garbage_count += found.garbage_count, shape.garbage_bytes += found.garbage_bytes;
    }
  }
  table.shapes_ = std::move(shapes);
  return table;
}

}  // namespace corewalk
