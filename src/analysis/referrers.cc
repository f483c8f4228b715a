#include "analysis/referrers.h"

#include <algorithm>
#include <unordered_map>

#include "heap/tagged.h"
#include "heap/word_scan.h"

namespace corewalk {
namespace {

constexpr uint64_t kMostOwnerHits = 1 << 20;  // words that point to stores
constexpr size_t kMostOwners = 8;             // of one store: arrays share theirs until one is written to
constexpr uint64_t kMostRoots = 1000;
constexpr uint64_t kIsolateBytes = 64 * 1024;  // the Isolate with its Heap in every version
constexpr uint64_t kRedZone = 128;             // below the stack pointer, System V ABI

// How well `owner` explains what a store is for.
enum class Fit : uint8_t { kNone, kSome, kObject, kJoined };

struct Candidate {
  Fit fit = Fit::kNone;
  HeapHit hit;
  SlotName joined;
};

class OwnerFinder {
 public:
  OwnerFinder(Session& session, HeapReader* reader, const ReferrerOptions& options)
      : session_(session), reader_(*reader), namer_(reader), options_(options) {}

  void Follow(Referrers* result, const Cancel& cancel, const ProgressFunction& progress) {
    struct Open {
      Referrer row;
      Address link;  // the word of row.owner that leads on; row.path[0] is its name
    };
    std::vector<Open> open;
    for (Referrer& row : result->heap) open.push_back({std::move(row), row.slot});
    std::vector<Referrer> done;
    std::vector<size_t> order;  // where each row of `done` stood at first
    std::vector<size_t> places(open.size());
    for (size_t i = 0; i < places.size(); ++i) places[i] = i;
    for (int pass = 0; pass <= options_.passes; ++pass) {
      std::vector<Open> next;
      std::vector<size_t> next_places;
      std::vector<Address> stores;
      if (pass < options_.passes && !cancel.Cancelled()) {
        for (const Open& row : open) {
          if (namer_.IsStore(row.row.owner + 1)) stores.push_back(row.row.owner);
        }
      }
      std::unordered_map<Address, std::vector<HeapHit>> by_store;
      if (!stores.empty()) {
        const HeapHits found = FindInHeap(session_.model(), options_.walk, NeedleSet(stores), kMostOwnerHits, cancel, progress);
        for (const HeapHit& hit : found.hits) {
          std::vector<HeapHit>& hits = by_store[Untag(hit.word)];
          if (hits.size() < 4096) hits.push_back(hit);
        }
      }
      for (size_t i = 0; i < open.size(); ++i) {
        Open& row = open[i];
        const auto hits = by_store.find(row.row.owner);
        std::vector<Candidate> owners;
        if (hits != by_store.end()) owners = Best(row.row, row.link, hits->second);
        if (owners.empty()) {
          done.push_back(std::move(row.row));
          order.push_back(places[i]);
          continue;
        }
        for (const Candidate& owner : owners) {
          Open step{row.row, owner.hit.slot};
          step.row.owner = owner.hit.holder;
          if (owner.fit == Fit::kJoined) {
            step.row.path.front() = owner.joined;
          } else {
            step.row.path.insert(step.row.path.begin(), namer_.Name(owner.hit.holder + 1, owner.hit.slot));
          }
          step.row.weak |= step.row.path.front().weak;
          next.push_back(std::move(step));
          next_places.push_back(places[i]);
        }
      }
      open = std::move(next);
      places = std::move(next_places);
      if (open.empty()) break;
    }
    for (size_t i = 0; i < open.size(); ++i) {
      done.push_back(std::move(open[i].row));
      order.push_back(places[i]);
    }
    std::vector<size_t> sorted(done.size());
    for (size_t i = 0; i < sorted.size(); ++i) sorted[i] = i;
    std::ranges::stable_sort(sorted, {}, [&](size_t i) { return order[i]; });
    result->heap.clear();
    for (const size_t i : sorted) result->heap.push_back(std::move(done[i]));
  }

 private:
  std::vector<Candidate> Best(const Referrer& row, Address link, const std::vector<HeapHit>& hits) {
    std::vector<Candidate> best;
    for (const HeapHit& hit : hits) {
      if (hit.holder == row.owner || hit.holder == row.holder) continue;
      Candidate candidate{.hit = hit, .joined = row.path.front()};
      const MapInfo* map = reader_.MapOf(hit.holder + 1);
      if (map == nullptr || IsWeakPointer(hit.word)) continue;
      const bool object = session_.layout().types.IsJSReceiver(map->instance_type) || map->category == Category::kContext;
      const bool shape = session_.layout().types.IsMap(map->instance_type);
      if (namer_.Join(hit.holder + 1, hit.slot, row.owner + 1, link, &candidate.joined)) {
        candidate.fit = Fit::kJoined;
      } else if (object) {
        candidate.fit = Fit::kObject;
      } else if (shape || namer_.IsStore(hit.holder + 1)) {
        candidate.fit = Fit::kSome;
      } else {
        continue;
      }
      if (!best.empty() && candidate.fit < best.front().fit) continue;
      if (!best.empty() && candidate.fit > best.front().fit) best.clear();
      const size_t most = candidate.fit == Fit::kJoined ? kMostOwners : 1;
      if (best.size() < most) best.push_back(std::move(candidate));
    }
    return best;
  }

  Session& session_;
  HeapReader& reader_;
  SlotNamer namer_;
  const ReferrerOptions& options_;
};

// Where in the process a word outside of the heap stands; nothing for a dead part of a stack.
bool Classify(Session& session, RootReferrer* root) {
  using Kind = RootReferrer::Kind;
  for (const IsolateHeap& isolate : session.model().isolates()) {
    const Address table = isolate.roots.address;
    if (root->slot >= table && root->slot < table + 8 * isolate.roots.entries.size()) {
      const size_t index = (root->slot - table) / 8;
      root->kind = Kind::kRoot;
      root->isolate = isolate.number;
      if (session.binary() != nullptr && index < session.binary()->root_names.size())
        root->name = session.binary()->root_names[index];
      return true;
    }
    const Address start = isolate.isolate != 0 ? isolate.isolate : table;
    if (root->slot >= start && root->slot < start + kIsolateBytes) {
      root->kind = Kind::kIsolate;
      root->isolate = isolate.number;
      return true;
    }
  }
  const Region* region = session.memory().RegionAt(root->slot);
  for (const ThreadState& thread : session.memory().Threads()) {
    const Address sp = thread.reg(Register::kRsp);
    if (region == nullptr || !region->contains(sp)) continue;
    if (root->slot + kRedZone < sp) return false;
    root->kind = Kind::kStack;
    root->thread_id = thread.tid;
    return true;
  }
  root->kind = Kind::kNative;
  return true;
}

void AddRoots(Session& session, const NeedleSet& needles, const ReferrerOptions& options, const Cancel& cancel,
              Referrers* result) {
  const OutsideHits outside = FindOutside(session.model(), options.walk.threads, needles, kMostRoots, cancel);
  result->interrupted |= outside.interrupted;
  result->roots_total = outside.total;
  for (const OutsideHit& hit : outside.hits) {
    RootReferrer root{.target = Untag(hit.word) | 1, .weak = IsWeakPointer(hit.word), .slot = hit.slot};
    if (Classify(session, &root)) {
      result->roots.push_back(std::move(root));
    } else {
      --result->roots_total;
    }
  }
  std::ranges::stable_sort(result->roots, {}, &RootReferrer::kind);
}

}  // namespace

void Referrers::Describe(Completeness* completeness) const {
  completeness->bytes_lost += tally.lost_bytes;
  completeness->objects_skipped += tally.lost_places;
  completeness->bytes_unreadable += tally.unreadable_bytes;
  completeness->interrupted |= interrupted;
  completeness->gc_in_progress |= gc_in_progress;
}

Referrers FindReferrers(Session& session, HeapReader* reader, std::span<const Address> targets,
                        const ReferrerOptions& options, const Cancel& cancel, const ProgressFunction& progress) {
  Referrers result;
  const NeedleSet needles(targets);
  HeapHits found = FindInHeap(session.model(), options.walk, needles, options.most, cancel, progress);
  result.heap_total = found.total;
  result.tally = found.tally;
  result.gc_in_progress = found.gc_in_progress;
  result.interrupted = found.interrupted;
  SlotNamer namer(reader);
  for (const HeapHit& hit : found.hits) {
    SlotName name = namer.Name(hit.holder + 1, hit.slot);
    Referrer row{.target = Untag(hit.word) | 1,
                 .weak = IsWeakPointer(hit.word) || name.weak,
                 .holder = hit.holder,
                 .slot = hit.slot,
                 .owner = hit.holder};
    row.path.push_back(std::move(name));
    result.heap.push_back(std::move(row));
  }
  OwnerFinder(session, reader, options).Follow(&result, cancel, progress);
  if (options.roots && !cancel.Cancelled()) AddRoots(session, needles, options, cancel, &result);
  result.interrupted |= cancel.Cancelled();
  return result;
}

}  // namespace corewalk
