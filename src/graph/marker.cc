#include "graph/marker.h"

#include <algorithm>
#include <cstring>

#include "base/on_threads.h"

namespace corewalk {
namespace {

constexpr uint64_t kPollWords = 1 << 18;
constexpr uint64_t kMostBytes = uint64_t{1} << 31;  // of one object

}  // namespace

Result<std::unique_ptr<Marker>> Marker::Create(const ObjectIndex& index, int thread_count, const Cancel& cancel,
                                               const ProgressFunction& progress) {
  std::unique_ptr<Marker> marker(new Marker(index));
  struct Worker {
    ObjectEdges edges;
    PageWalker walker;
    DispatchHandles handles;
    Worker(const ObjectIndex& index, const Cancel& cancel)
        : edges(index, nullptr), walker(index.MakeWalker(&edges.maps(), &cancel)) {}
  };
  const size_t threads = ClampThreads(thread_count);
  std::vector<std::unique_ptr<Worker>> workers;  // a walker refers to its maps: they stay where they are
  for (size_t i = 0; i < threads; ++i) workers.push_back(std::make_unique<Worker>(index, cancel));
  const HeapModel& model = index.model();
  model.memory().Advise(AccessPattern::kSequential);
  InPieces(index.page_count(), threads, cancel, progress, "looking at functions", [&](size_t thread, size_t page) {
    Worker& worker = *workers[thread];
    index.VisitPage(page, &worker.walker,
                    [&](ObjectId, MapCache::Slot& slot, Address address, uint64_t size, const std::byte* bytes) {
                      if (!worker.edges.RuleOf(slot).function) return;
                      const uint32_t handle = DispatchHandleIn(bytes, size);
                      if (!worker.handles.Knows(handle)) worker.handles.Add(handle, address);
                    });
  });
  model.memory().Advise(AccessPattern::kNormal);
  DispatchHandles handles;
  for (const std::unique_ptr<Worker>& worker : workers) handles.Take(worker->handles);
  if (handles.bits() != 0 && !cancel.Cancelled()) {
    marker->table_ = DispatchTable::Find(model, model.isolates()[index.isolate()], handles.Uses(model), handles.bits(), cancel);
    marker->code_unknown_ = !marker->table_;
  }
  if (cancel.Cancelled()) return Fail(ErrorCode::kInterrupted, "interrupted while functions were looked at");
  return marker;
}

// One Mark().
class Marker::Run {
 public:
  Run(const ObjectIndex& index, const DispatchTable* table, const NodeSet* without, NodeSet* reached, const Cancel& cancel)
      : index_(index),
        edges_(index, table),
        without_(without),
        reached_(*reached),
        cancel_(cancel),
        pending_(index.size()),
        pending_on_(index.page_count()),
        is_key_(index.size()) {}

  void Reach(std::span<const ObjectId> roots) {
    for (const ObjectId root : roots) {
      if (root < index_.size()) Reach(ObjectIndex::Place{root, index_.PageOf(root), 0});
      Release();
    }
  }

  bool Finish(const ProgressFunction& progress) {
    // Up and down, so that what a page adds to its neighbours is met while they are cached.
    const size_t pages = pending_on_.size();
    for (bool up = true; pending_ones_ > 0; up = !up) {
      for (size_t i = 0; i < pages && pending_ones_ > 0; ++i) {
        const size_t page = up ? i : pages - 1 - i;
        if (pending_on_[page] == 0) continue;
        if (cancel_.Cancelled()) return false;
        FollowPage(static_cast<uint32_t>(page));
        if (progress) progress("reaching objects", followed_, index_.size());
      }
    }
    return !cancel_.Cancelled();
  }

 private:
  void Reach(const ObjectIndex::Place& place) {
    if (without_ != nullptr && without_->Has(place.id)) return;
    if (!reached_.Add(place.id)) return;
    if (place.page == page_) {
      open_.push_back(place.start);
    } else {
      pending_.Add(place.id);
      ++pending_on_[place.page];
      ++pending_ones_;
    }
    // Values that only waited for their key.
    if (waiting_.empty() || !is_key_.Has(place.id)) return;
    const auto [begin, end] = waiting_.equal_range(place.id);
    for (auto at = begin; at != end; ++at) released_.push_back(at->second);
    waiting_.erase(begin, end);
  }

  void Reach(uint64_t word) {
    if (++words_ % kPollWords == 0) stopped_ |= cancel_.Cancelled();
    if (stopped_) return;
    if (const ObjectIndex::Place place = index_.PlaceOf(word); place.id != kNoObject) Reach(place);
    Release();
  }

  void Release() {
    while (!released_.empty()) {
      const ObjectIndex::Place place = index_.PlaceOf(released_.back());
      released_.pop_back();
      if (place.id != kNoObject) Reach(place);
    }
  }

  void FollowPage(uint32_t page) {
    page_ = page;
    const auto [begin, end] = index_.RangeOf(page);
    view_start_ = begin;
    view_ = index_.model().memory().View(begin, end - std::min(begin, end));
    index_.ForEachOn(page, pending_.words(), [&](ObjectId id, Address address) {
      pending_.Remove(id);
      --pending_on_[page];
      --pending_ones_;
      open_.push_back(address);
    });
    while (!open_.empty() && !stopped_) {
      const Address address = open_.back();
      open_.pop_back();
      Follow(address);
      ++followed_;
    }
    page_ = kNoPage;
  }

  void Follow(Address address) {
    const uint64_t most = std::min<uint64_t>(index_.NextStart(page_, address) - address, kMostBytes);
    std::span<const std::byte> bytes;
    if (address - view_start_ + most <= view_.size()) {
      bytes = view_.subspan(address - view_start_, most);
    } else {
      copy_.resize(most);
      bytes = std::span<const std::byte>(copy_).first(index_.model().memory().Read(address, copy_));
    }
    bytes = bytes.first(bytes.size() & ~size_t{7});
    if (bytes.empty()) return;
    uint64_t map;
    std::memcpy(&map, bytes.data(), 8);
    MapCache::Slot* const slot = edges_.maps().Find(map);
    if (slot == nullptr) return;
    const uint64_t size = edges_.SizeOf(*slot, bytes);
    edges_.ForEach(
        *slot, bytes.first(std::min<uint64_t>(size, bytes.size())), [this](uint64_t word) { Reach(word); },
        [&](uint64_t key, uint64_t value) { ReachEntry(address, key, value); });
  }

  // An entry of a reached table: its value lives when the key does.
  void ReachEntry(Address table, uint64_t key_word, uint64_t value) {
    const ObjectId key = index_.At(key_word), value_id = index_.At(value);
    if (value_id == kNoObject || value_id == index_.At(table)) return;
    if (key == kNoObject || reached_.Has(key)) return Reach(value);  // a read-only key lives for ever
    is_key_.Add(key);
    waiting_.emplace(key, value);
  }

  static constexpr uint32_t kNoPage = 0xffffffff;

  const ObjectIndex& index_;
  ObjectEdges edges_;
  const NodeSet* const without_;
  NodeSet& reached_;
  const Cancel& cancel_;
  NodeSet pending_;                     // reached, but not yet followed
  std::vector<uint32_t> pending_on_;    // of each page
  uint64_t pending_ones_ = 0, followed_ = 0;
  uint32_t page_ = kNoPage;             // the one in work
  std::span<const std::byte> view_;     // its bytes, from view_start_ on; empty where memory cannot be viewed
  Address view_start_ = 0;
  std::vector<Address> open_;           // its objects to follow
  std::vector<std::byte> copy_;
  uint64_t words_ = 0;
  bool stopped_ = false;
  NodeSet is_key_;                      // of what waits
  std::unordered_multimap<ObjectId, uint64_t> waiting_;  // key -> value, tagged
  std::vector<uint64_t> released_;                       // values whose key has just been reached
};

bool Marker::Mark(const From& from, NodeSet* first, NodeSet* reached, const Cancel& cancel,
                  const ProgressFunction& progress) const {
  *reached = NodeSet(index_.size());
  Run run(index_, table_ ? &*table_ : nullptr, from.without, reached, cancel);
  run.Reach(from.roots);
  if (!run.Finish(progress)) return false;
  if (first != nullptr) *first = *reached;
  run.Reach(from.more);
  return run.Finish(progress);
}

}  // namespace corewalk
