#include "graph/marker.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/on_threads.h"

namespace corewalk {
namespace {

constexpr uint64_t kPollWords = 1 << 18;
constexpr uint64_t kMostBytes = uint64_t{1} << 31;  // of one object

}  // namespace

Result<std::unique_ptr<Marker>> Marker::Create(const ObjectIndex& index, int thread_count, const Cancel& cancel,
                                               const ProgressFunction& progress) {
  std::unique_ptr<Marker> marker(new Marker(index, ClampThreads(thread_count)));
  struct Worker {
    ObjectEdges edges;
    PageWalker walker;
    DispatchHandles handles;
    Worker(const ObjectIndex& index, const Cancel& cancel)
        : edges(index, nullptr), walker(index.MakeWalker(&edges.maps(), &cancel)) {}
  };
  const size_t threads = marker->threads_;
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
    marker->table_ =
        DispatchTable::Find(model, model.isolates()[index.isolate()], handles.Uses(model), handles.bits(), cancel);
    marker->code_unknown_ = !marker->table_;
  }
  if (cancel.Cancelled()) return Fail(ErrorCode::kInterrupted, "interrupted while functions were looked at");
  return marker;
}

// One Mark(). Threads share the sets; each follows pages of its own choice. Whoever adds an object to `reached` first
// sees to it.
class Marker::Run {
 public:
  Run(const ObjectIndex& index, const DispatchTable* table, const NodeSet* without, size_t threads, NodeSet* reached,
      const Cancel& cancel)
      : index_(index),
        without_(without),
        reached_(*reached),
        cancel_(cancel),
        pending_(index.size()),
        has_pending_(index.page_count()),
        is_key_(index.size()) {
    for (size_t i = 0; i < threads; ++i) followers_.push_back(std::make_unique<Follower>(this, table));
  }

  void Reach(std::span<const ObjectId> roots) {
    for (const ObjectId root : roots) {
      if (root < index_.size()) followers_[0]->Reach(ObjectIndex::Place{root, index_.PageOf(root), 0});
      followers_[0]->Release();
    }
  }

  bool Finish(const ProgressFunction& progress) {
    OnThreads(followers_.size(),
              [&](size_t thread) { followers_[thread]->Sweep(thread == 0 ? progress : ProgressFunction()); });
    return !cancel_.Cancelled();
  }

 private:
  // What one thread does.
  class Follower {
   public:
    Follower(Run* run, const DispatchTable* table)
        : run_(*run), index_(run->index_), edges_(run->index_, table), views_(index_.page_count()) {}

    void Reach(const ObjectIndex::Place& place) {
      if (run_.without_ != nullptr && run_.without_->Has(place.id)) return;
      if (!run_.reached_.AddFirst(place.id)) return;
      if (place.page == page_) {
        open_.push_back(place.start);
      } else {
        run_.pending_.AddFirst(place.id);
        run_.Announce(place.page);
      }
      // Values that only waited for their key.
      if (run_.is_key_.HasShared(place.id)) run_.TakeWaiting(place.id, &released_);
    }

    void Release() {
      while (!released_.empty()) {
        const ObjectIndex::Place place = index_.PlaceOf(released_.back());
        released_.pop_back();
        if (place.id != kNoObject) Reach(place);
      }
    }

    // Up and down, so that what a page adds to its neighbours is met while they are cached, until no page of any thread
    // has something left.
    void Sweep(const ProgressFunction& progress) {
      const size_t pages = index_.page_count();
      for (bool up = true; run_.open_pages_.load() > 0 && !Stopped(); up = !up) {
        bool any = false;
        for (size_t i = 0; i < pages && !Stopped(); ++i) {
          const size_t page = up ? i : pages - 1 - i;
          if (run_.has_pending_[page].load(std::memory_order_relaxed) == 0) continue;
          if (run_.has_pending_[page].exchange(0) == 0) continue;
          any = true;
          FollowPage(static_cast<uint32_t>(page));
          --run_.open_pages_;
          if (progress) progress("reaching objects", run_.followed_.load(std::memory_order_relaxed), index_.size());
        }
        if (!any) std::this_thread::yield();
      }
    }

   private:
    bool Stopped() {
      stopped_ |= run_.cancel_.Cancelled();
      return stopped_;
    }

    void Reach(uint64_t word) {
      if (++words_ % kPollWords == 0 && Stopped()) return;
      if (stopped_) return;
      if (const ObjectIndex::Place place = index_.PlaceOf(word); place.id != kNoObject) Reach(place);
      Release();
    }

    void FollowPage(uint32_t page) {
      page_ = page;
      const auto [begin, end] = index_.RangeOf(page);
      view_start_ = begin;
      // A view is made once: each asks the kernel for the whole page.
      if (views_[page].empty()) views_[page] = index_.model().memory().View(begin, end - std::min(begin, end));
      view_ = views_[page];
      index_.ForEachOn(page, run_.pending_, [&](ObjectId id, Address address) {
        if (run_.pending_.RemoveShared(id)) open_.push_back(address);
      });
      uint64_t followed = 0;
      for (; !open_.empty() && !stopped_; ++followed) {
        const Address address = open_.back();
        open_.pop_back();
        Follow(address);
      }
      run_.followed_.fetch_add(followed, std::memory_order_relaxed);
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
      // A read-only key lives for ever.
      if (key == kNoObject || run_.reached_.HasShared(key) || !run_.Wait(key, value)) Reach(value);
    }

    Run& run_;
    const ObjectIndex& index_;
    ObjectEdges edges_;
    std::vector<std::span<const std::byte>> views_;  // by page
    uint32_t page_ = kNoPage;          // the one in work
    std::span<const std::byte> view_;  // its bytes, from view_start_ on; empty where memory cannot be viewed
    Address view_start_ = 0;
    std::vector<Address> open_;  // its objects to follow
    std::vector<std::byte> copy_;
    uint64_t words_ = 0;
    bool stopped_ = false;
    std::vector<uint64_t> released_;  // values whose key has just been reached
  };

  static constexpr uint32_t kNoPage = 0xffffffff;

  void Announce(uint32_t page) {
    if (has_pending_[page].load() != 0) return;
    ++open_pages_;  // first, or another thread could be through with the page and all before it is counted
    if (has_pending_[page].exchange(1) != 0) --open_pages_;
  }

  // False when the key has been reached meanwhile. Whoever reaches a key adds it to `reached` and then looks at
  // `is_key`; here it is the other way round, so that at least one of the two sees the other.
  bool Wait(ObjectId key, uint64_t value) {
    const std::lock_guard lock(waiting_mutex_);
    is_key_.AddFirst(key);
    if (reached_.HasShared(key)) return false;
    waiting_.emplace(key, value);
    return true;
  }

  void TakeWaiting(ObjectId key, std::vector<uint64_t>* values) {
    const std::lock_guard lock(waiting_mutex_);
    const auto [begin, end] = waiting_.equal_range(key);
    for (auto at = begin; at != end; ++at) values->push_back(at->second);
    waiting_.erase(begin, end);
  }

  const ObjectIndex& index_;
  const NodeSet* const without_;
  NodeSet& reached_;
  const Cancel& cancel_;
  NodeSet pending_;                                // reached, but not yet followed
  std::vector<std::atomic<uint8_t>> has_pending_;  // of each page
  std::atomic<int64_t> open_pages_{0};             // that have some, or are in work
  std::atomic<uint64_t> followed_{0};
  NodeSet is_key_;  // of what waits
  std::mutex waiting_mutex_;
  std::unordered_multimap<ObjectId, uint64_t> waiting_;  // key -> value, tagged
  std::vector<std::unique_ptr<Follower>> followers_;
};

bool Marker::Mark(const From& from, NodeSet* first, NodeSet* reached, const Cancel& cancel,
                  const ProgressFunction& progress) const {
  *reached = NodeSet(index_.size());
  Run run(index_, table_ ? &*table_ : nullptr, from.without, threads_, reached, cancel);
  run.Reach(from.roots);
  if (!run.Finish(progress)) return false;
  if (first != nullptr) *first = *reached;
  run.Reach(from.more);
  return run.Finish(progress);
}

}  // namespace corewalk
