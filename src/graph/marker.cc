#include "graph/marker.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

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

// One Mark(). Every thread has its run of neighbouring pages and is the only one to follow their objects and to mark them,
// because threads that look into each other's sets wait for each other's caches. References to the pages of another thread
// are put into its mailbox, page by page; what finds the mailbox full is left in `wanted`. Of 64 objects that share a word
// of the sets those on the border of two threads may belong to both: there the operations are locked ones.
class Marker::Run {
 public:
  Run(const ObjectIndex& index, const DispatchTable* table, const NodeSet* without, size_t threads, NodeSet* reached,
      const Cancel& cancel)
      : index_(index),
        without_(without),
        reached_(*reached),
        cancel_(cancel),
        pending_(index.size()),
        wanted_(index.size()),
        work_on_(index.page_count()),
        mailboxes_(threads) {
    uint64_t words = 0, done = 0;
    for (size_t page = 0; page < index.page_count(); ++page) words += index.WordsOf(page);
    for (size_t page = 0, i = 0; i < threads; ++i) {
      const size_t begin = page;
      for (const uint64_t until = words * (i + 1) / threads; page < index.page_count() && done < until; ++page)
        done += index.WordsOf(page);
      page_ends_.push_back(i + 1 == threads ? index.page_count() : page);
      followers_.push_back(std::make_unique<Follower>(this, table, i));
      followers_.back()->Own(begin, page_ends_.back());
    }
  }

  void Reach(std::span<const ObjectId> roots) {
    for (const ObjectId root : roots) {
      if (root < index_.size()) Want(root, index_.PageOf(root));
    }
  }

  bool Finish(const ProgressFunction& progress) {
    for (int round = 0; !cancel_.Cancelled(); ++round) {
      const bool alone = round == kRoundsTogether || ping_pong_;
      if (alone) BeginAlone();
      OnThreads(alone ? 1 : followers_.size(),
                [&](size_t thread) { followers_[thread]->Sweep(thread == 0 ? progress : ProgressFunction()); });
      if (alone) EndAlone();
      if (alone || (!WantWhatWaited() && !ping_pong_)) break;
    }
    return !cancel_.Cancelled();
  }

 private:
  struct Waiting {
    ObjectId key;
    uint64_t value;  // tagged
  };

  // What other threads have met on the pages of one. `open` counts mailboxes with something in them among the work there is.
  class Mailbox {
   public:
    // False when it is full; takes over the addresses otherwise.
    bool Put(std::vector<Address>* addresses, std::atomic<int64_t>* open) {
      const std::lock_guard lock(mutex_);
      if (mail_.size() + addresses->size() > kMost) return false;
      if (mail_.empty()) ++*open;
      mail_.insert(mail_.end(), addresses->begin(), addresses->end());
      addresses->clear();
      has_mail_.store(true, std::memory_order_release);
      return true;
    }
    // False when there is nothing; otherwise the taker counts `open` down when it is through.
    bool TakeAll(std::vector<Address>* mail) {
      if (!has_mail_.load(std::memory_order_acquire)) return false;
      const std::lock_guard lock(mutex_);
      mail->clear();
      mail->swap(mail_);
      has_mail_.store(false, std::memory_order_relaxed);
      return !mail->empty();
    }

   private:
    static constexpr size_t kMost = 1 << 16;  // 512 KB
    std::mutex mutex_;
    std::vector<Address> mail_;
    std::atomic<bool> has_mail_{false};
  };

  // What one thread does.
  class Follower {
   public:
    Follower(Run* run, const DispatchTable* table, size_t number)
        : run_(*run),
          index_(run->index_),
          number_(number),
          edges_(run->index_, table),
          views_(index_.page_count()),
          outboxes_(run->mailboxes_.size()),
          posted_(kPosted) {}

    void Own(size_t begin, size_t end) {
      own_ = {begin, end};
      const uint64_t first = index_.FirstOf(begin), last = index_.FirstOf(end);
      first_word_ = (first + 63) / 64;
      words_alone_ = last / 64 - std::min(last / 64, first_word_);
      if (end == index_.page_count()) ++words_alone_;  // nobody is behind
    }
    std::pair<size_t, size_t> own() const { return own_; }

    // Up and down, so that what a page adds to its neighbours is met while they are cached, until no page of any thread
    // has something left.
    void Sweep(const ProgressFunction& progress) {
      const auto [begin, end] = own_;
      const auto goes_on = [this] { return !Stopped() && !run_.ping_pong_.load(std::memory_order_relaxed); };
      for (bool up = true; run_.open_.load() > 0 && goes_on(); up = !up) {
        bool any = false;
        for (size_t i = 0; i < end - begin && goes_on(); ++i) {
          any |= OpenMail();
          const size_t page = up ? begin + i : end - 1 - i;
          if (run_.work_on_[page].load(std::memory_order_relaxed) == 0) continue;
          any = true;
          FollowPage(static_cast<uint32_t>(page), run_.work_on_[page].exchange(0));
          --run_.open_;
          if (progress) progress("reaching objects", run_.followed_.load(std::memory_order_relaxed), index_.size());
        }
        if (!any && !OpenMail()) std::this_thread::yield();
      }
    }

    std::vector<Waiting>& waiting() { return waiting_; }

   private:
    bool Stopped() {
      stopped_ |= run_.cancel_.Cancelled();
      return stopped_;
    }

    // A reference. Most lead to this page or to nothing at all. The others wait a little, in two rows, while the memory
    // fetches first where objects start, then whether this one has been reached.
    void Reach(uint64_t word) {
      if (++words_ % kPollWords == 0 && Stopped()) return;
      const Address address = word & ~uint64_t{3};
      if (address - view_start_ < page_size_) {
        const ObjectIndex::Place place = index_.PlaceOn(page_, address);
        if (place.id != kNoObject) return ReachPlace(place);
        if (!index_.moved_possible()) return;
      }
      ObjectIndex::Ahead ahead = index_.LookAhead(address);
      if (ahead.page == ObjectIndex::kNowhere) {
        if (index_.moved_possible()) {
          if (const ObjectIndex::Place place = index_.PlaceOf(address); place.id != kNoObject) ReachPlace(place);
        }
        return;
      }
      if (ahead.page - own_.first >= own_.second - own_.first && !index_.moved_possible()) return Post(ahead);
      std::swap(ahead_[ahead_at_], ahead);
      ahead_at_ = (ahead_at_ + 1) % kAhead;
      if (ahead.page != ObjectIndex::kNowhere) Locate(ahead);
    }

    // To the thread whose page it is on. Many references lead to the same few objects.
    void Post(const ObjectIndex::Ahead& ahead) {
      Address& posted = posted_[ahead.address / 8 % kPosted];
      if (posted == ahead.address) return;
      posted = ahead.address;
      const size_t thread = run_.OwnerOf(ahead.page);
      outboxes_[thread].push_back(ahead.address);
      if (outboxes_[thread].size() >= kMostInOutbox) Send(thread);
    }

    void Send(size_t thread) {
      if (outboxes_[thread].empty()) return;
      if (run_.mailboxes_[thread].Put(&outboxes_[thread], &run_.open_)) return;
      for (const Address address : outboxes_[thread]) {
        if (const ObjectIndex::Place place = index_.PlaceOf(address); place.id != kNoObject) run_.Want(place.id, place.page);
      }
      outboxes_[thread].clear();
    }

    bool OpenMail() {
      if (!run_.mailboxes_[number_].TakeAll(&mail_)) return false;
      CountMail(mail_.size());
      for (const Address address : mail_) Reach(address);
      CatchUp();
      // Only a search for the values of reached keys goes on after that, and then there is no mail.
      --run_.open_;
      return true;
    }

    // A list whose objects lie on pages of two threads by turns goes from one to the other object by object, and each waits
    // for the other to be given a processor, which on a busy machine takes milliseconds.
    void CountMail(size_t addresses) {
      if (run_.alone_) return;
      addresses_since_ += addresses;
      if (++mails_ % kMailsLooked != 0) return;
      if (std::exchange(addresses_since_, 0) < kMailsLooked * kFewPerMail) run_.ping_pong_ = true;
    }

    void Locate(const ObjectIndex::Ahead& ahead) {
      ObjectIndex::Place place = index_.PlaceOf(ahead);
      if (place.id == kNoObject) return;
      run_.reached_.Prefetch(place.id);
      std::swap(located_[located_at_], place);
      located_at_ = (located_at_ + 1) % kLocated;
      if (place.id != kNoObject) ReachPlace(place);
    }

    // Empties the two rows.
    void CatchUp() {
      for (ObjectIndex::Ahead& ahead : ahead_) {
        if (ahead.page != ObjectIndex::kNowhere) Locate(std::exchange(ahead, {}));
      }
      for (ObjectIndex::Place& place : located_) {
        if (place.id != kNoObject) ReachPlace(std::exchange(place, {}));
      }
    }

    bool IsAlone(ObjectId id) const { return id / 64 - first_word_ < words_alone_; }

    void ReachPlace(const ObjectIndex::Place& place) {
      if (run_.without_ != nullptr && run_.without_->Has(place.id)) return;
      if (IsAlone(place.id)) {
        if (!run_.reached_.AddOwned(place.id)) return;
      } else if (place.page - own_.first >= own_.second - own_.first) {
        if (!run_.reached_.HasShared(place.id)) run_.Want(place.id, place.page);
        return;
      } else if (!run_.reached_.AddFirst(place.id)) {
        return;
      }
      if (place.page == page_) {
        open_.push_back(place.start);
      } else {
        IsAlone(place.id) ? run_.pending_.AddOwned(place.id) : run_.pending_.AddFirst(place.id);
        run_.Announce(place.page, kPending);
      }
      // Values that only waited for their key.
      if (run_.alone_ && run_.is_key_.Has(place.id)) run_.TakeWaiting(place.id, &released_);
    }

    void FollowPage(uint32_t page, uint8_t work) {
      page_ = page;
      const auto [begin, end] = index_.RangeOf(page);
      view_start_ = begin;
      page_size_ = end - std::min(begin, end);
      // A view is made once: each asks the kernel for the whole page.
      if (views_[page].empty()) views_[page] = index_.model().memory().View(begin, page_size_);
      view_ = views_[page];
      if ((work & kPending) != 0) {
        index_.ForEachOn(page, run_.pending_, [&](ObjectId id, Address address) {
          if (IsAlone(id) ? run_.pending_.RemoveOwned(id) : run_.pending_.RemoveShared(id)) open_.push_back(address);
        });
      }
      if ((work & kWanted) != 0) {
        index_.ForEachOn(page, run_.wanted_, [&](ObjectId id, Address address) {
          if (run_.wanted_.RemoveShared(id)) ReachPlace({id, page, address});
        });
      }
      uint64_t followed = 0;
      while (!stopped_) {
        for (; !open_.empty() && !stopped_; ++followed) {
          const Address address = open_.back();
          open_.pop_back();
          Follow(address);
        }
        CatchUp();
        if (!released_.empty()) {
          const uint64_t value = released_.back();
          released_.pop_back();  // first: what is reached may release more
          Reach(value);
        } else if (open_.empty()) {
          break;
        }
      }
      for (size_t thread = 0; thread < outboxes_.size(); ++thread) Send(thread);
      run_.followed_.fetch_add(followed, std::memory_order_relaxed);
      page_size_ = 0;
      page_ = ObjectIndex::kNowhere;
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
      MapCache::Slot* slot = edges_.maps().Find(map);
      if (slot == nullptr) return;
      uint64_t size = slot->fixed_size;
      if (size == 0) {
        size = edges_.SizeOf(*slot, bytes);
        slot = edges_.maps().Find(map);  // which may stand elsewhere now
      } else if (size > bytes.size()) {
        size = 0;
      }
      if (edges_.IsFirstOf(*slot)) Reach(map);
      edges_.ForEach(
          *slot, bytes.first(std::min<uint64_t>(size, bytes.size())), [this](uint64_t word) { Reach(word); },
          [&](uint64_t key, uint64_t value) { ReachEntry(address, key, value); });
    }

    // An entry of a reached table: its value lives when the key does.
    void ReachEntry(Address table, uint64_t key_word, uint64_t value) {
      const ObjectId key = index_.At(key_word), value_id = index_.At(value);
      if (value_id == kNoObject || value_id == index_.At(table)) return;
      // A read-only key lives for ever.
      if (key == kNoObject || run_.reached_.HasShared(key)) return Reach(value);
      if (run_.alone_) {
        run_.Wait({key, value});
      } else {
        waiting_.push_back({key, value});
      }
    }

    static constexpr size_t kAhead = 16, kLocated = 8;
    static constexpr size_t kPosted = 1 << 10, kMostInOutbox = 1 << 14;
    static constexpr size_t kMailsLooked = 256, kFewPerMail = 4;  // mails, and addresses in each

    Run& run_;
    const ObjectIndex& index_;
    const size_t number_;
    ObjectEdges edges_;
    std::pair<size_t, size_t> own_;  // from which page to which
    uint64_t first_word_ = 0, words_alone_ = 0;  // of the sets, that hold only objects of these pages
    std::vector<std::span<const std::byte>> views_;  // by page
    uint32_t page_ = ObjectIndex::kNowhere;  // the one in work
    uint64_t page_size_ = 0;                 // its bytes, from view_start_ on
    std::span<const std::byte> view_;        // of them; empty where memory cannot be viewed
    Address view_start_ = 0;
    std::vector<Address> open_;  // its objects to follow
    std::array<ObjectIndex::Ahead, kAhead> ahead_{};
    std::array<ObjectIndex::Place, kLocated> located_{};
    size_t ahead_at_ = 0, located_at_ = 0;
    std::vector<std::vector<Address>> outboxes_;  // by thread
    std::vector<Address> posted_;                 // of late
    std::vector<Address> mail_;
    size_t mails_ = 0, addresses_since_ = 0;
    std::vector<std::byte> copy_;
    uint64_t words_ = 0;
    bool stopped_ = false;
    std::vector<Waiting> waiting_;    // entries whose key had not been reached
    std::vector<uint64_t> released_;  // values whose key has just been reached
  };

  // What there is to do on a page: objects of `pending`, of `wanted`.
  static constexpr uint8_t kPending = 1, kWanted = 2;
  // So often all threads go on with what waited for a key. Who hangs one WeakMap on the other a thousand times gets the
  // rest from one thread, which looks after every object it reaches whether something waits for it.
  static constexpr int kRoundsTogether = 4;

  void Want(ObjectId id, uint32_t page) {
    if (wanted_.AddFirst(id)) Announce(page, kWanted);
  }

  void Announce(uint32_t page, uint8_t work) {
    if ((work_on_[page].load() & work) != 0) return;
    ++open_;  // first, or another thread could be through with the page and all before it is counted
    if (work_on_[page].fetch_or(work) != 0) --open_;
  }

  size_t OwnerOf(uint32_t page) const {
    return static_cast<size_t>(std::ranges::upper_bound(page_ends_, size_t{page}) - page_ends_.begin());
  }

  // Between the sweeps. True when something is wanted now.
  bool WantWhatWaited() {
    for (const std::unique_ptr<Follower>& follower : followers_) {
      std::erase_if(follower->waiting(), [&](const Waiting& waiting) {
        if (!reached_.Has(waiting.key)) return false;
        if (const ObjectIndex::Place place = index_.PlaceOf(waiting.value); place.id != kNoObject && !reached_.Has(place.id))
          Want(place.id, place.page);
        return true;
      });
    }
    return open_.load() > 0;
  }

  void BeginAlone() {
    alone_ = true;
    ping_pong_ = false;
    std::vector<Address> mail;
    for (Mailbox& mailbox : mailboxes_) {
      if (!mailbox.TakeAll(&mail)) continue;
      for (const Address address : mail) {
        if (const ObjectIndex::Place place = index_.PlaceOf(address); place.id != kNoObject) Want(place.id, place.page);
      }
      --open_;
    }
    borders_ = followers_[0]->own();
    followers_[0]->Own(0, index_.page_count());
    is_key_ = NodeSet(index_.size());
    for (const std::unique_ptr<Follower>& follower : followers_) {
      for (const Waiting& waiting : std::exchange(follower->waiting(), {})) Wait(waiting);
    }
  }

  void EndAlone() {
    for (const auto& [key, value] : by_key_) followers_[0]->waiting().push_back({key, value});
    by_key_.clear();
    followers_[0]->Own(borders_.first, borders_.second);
    alone_ = false;
  }

  void Wait(const Waiting& waiting) {
    is_key_.Add(waiting.key);
    by_key_.emplace(waiting.key, waiting.value);
  }

  void TakeWaiting(ObjectId key, std::vector<uint64_t>* values) {
    const auto [begin, end] = by_key_.equal_range(key);
    for (auto at = begin; at != end; ++at) values->push_back(at->second);
    by_key_.erase(begin, end);
  }

  const ObjectIndex& index_;
  const NodeSet* const without_;
  NodeSet& reached_;
  const Cancel& cancel_;
  NodeSet pending_;  // reached, but not yet followed
  NodeSet wanted_;   // met by a thread that may not reach them
  std::vector<std::atomic<uint8_t>> work_on_;  // each page
  std::vector<Mailbox> mailboxes_;             // of each thread
  std::vector<size_t> page_ends_;              // where the pages of each thread end
  std::atomic<int64_t> open_{0};  // pages that have something, or are in work, and mailboxes
  std::atomic<uint64_t> followed_{0};
  std::atomic<bool> ping_pong_{false};  // threads only wait for each other: one of them shall go on
  // While one thread is alone:
  bool alone_ = false;
  std::pair<size_t, size_t> borders_;  // of its pages before
  NodeSet is_key_;                     // of what waits
  std::unordered_multimap<ObjectId, uint64_t> by_key_;  // key -> value, tagged
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
