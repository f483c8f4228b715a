// Tables of references that V8 keeps in malloc's memory: queued microtasks, caches of snapshot objects, ranges that
// parts of V8 register.
#include <algorithm>
#include <optional>
#include <unordered_set>

#include "graph/roots_builder.h"

namespace corewalk {
namespace {

constexpr size_t kMostEntries = 1 << 22;  // a bound against damaged memory

}  // namespace

// MicrotaskQueue {vtable, size, capacity, start, ring buffer, ..., next, prev}; the queues form a loop
// (src/execution/microtask-queue.h).
void CollectMicrotasks(RootsBuilder* builder) {
  constexpr size_t kQueueWords = 16;
  constexpr size_t kMostQueues = 1 << 16;
  const Memory& memory = builder->memory();
  RootGroupState& state = builder->state(RootGroup::kMicrotasks);
  struct Fields {
    uint64_t size, capacity, start;
    Address ring;
  };
  // The queue's fields start at word `at` of it, the links at word `link`.
  const auto read = [&](Address queue, size_t at, Fields* fields) {
    const std::vector<uint64_t> words = ReadWords(memory, queue + 8 * at, 4);
    if (words.size() < 4) return false;
    *fields = {words[0], words[1], words[2], words[3]};
    if (fields->capacity == 0) return fields->size == 0 && fields->ring == 0 && fields->start == 0;
    return fields->size <= fields->capacity && fields->start < fields->capacity && fields->capacity <= kMostEntries &&
           (fields->capacity & (fields->capacity - 1)) == 0 && fields->capacity >= 8 && builder->IsNative(fields->ring);
  };
  for (const uint64_t word : builder->words().words) {
    if (!builder->IsNative(word)) continue;
    const std::vector<uint64_t> words = ReadWords(memory, word, kQueueWords);
    if (words.size() < kQueueWords) continue;
    Fields fields{};
    constexpr size_t at = 1;
    if (!read(word, at, &fields)) continue;
    size_t link = 0;
    for (size_t i = at + 4; i + 1 < words.size() && link == 0; ++i) {
      if (!builder->IsNative(words[i]) || !builder->IsNative(words[i + 1])) continue;
      const bool loop = memory.ReadWord(words[i] + 8 * i + 8) == word && memory.ReadWord(words[i + 1] + 8 * i) == word;
      if (loop) link = i;
    }
    if (link == 0) continue;
    state.found = true;
    std::unordered_set<Address> seen;
    for (Address queue = word; seen.size() < kMostQueues && builder->IsNative(queue) && seen.insert(queue).second;
         queue = memory.ReadWord(queue + 8 * link).value_or(0)) {
      if (!read(queue, at, &fields)) break;
      for (uint64_t i = 0; i < fields.size; ++i) {
        const Address slot = fields.ring + 8 * ((fields.start + i) & (fields.capacity - 1));
        builder->Add(slot, memory.ReadWord(slot).value_or(0), RootGroup::kMicrotasks, RootStrength::kStrong);
      }
    }
    return;
  }
  state.problem = "the Isolate leads to no queue of microtasks";
}

// StrongRootsEntry {label, start, end, prev, next}; the Heap has the first (src/heap/heap.h, from 8.6 on; before, it
// had only the deoptimizer's code). Identity maps of compilers and of the heap profiler, mostly none. The label is a
// constant of the executable, so it points to no writable memory.
void CollectStrongRoots(RootsBuilder* builder) {
  constexpr size_t kMostRanges = 1 << 16;
  const Memory& memory = builder->memory();
  const IsolateWords& isolate = builder->words();
  struct Entry {
    Address label = 0, start = 0, end = 0, prev = 0, next = 0;
  };
  const auto read = [&](Address at) -> std::optional<Entry> {
    if (!builder->IsNative(at)) return std::nullopt;
    const std::vector<uint64_t> words = ReadWords(memory, at, 5);
    if (words.size() < 5) return std::nullopt;
    const Entry entry{words[0], words[1], words[2], words[3], words[4]};
    const Region* constant = memory.RegionAt(entry.label);
    if (constant == nullptr || constant->writable) return std::nullopt;
    // A block for these five words, or the next larger size.
    if (const uint64_t block = MallocSize(memory, at); block != 40 && block != 56) return std::nullopt;
    if (entry.start > entry.end || ((entry.start | entry.end) & 7) != 0) return std::nullopt;
    if (entry.end - entry.start > 8 * kMostEntries) return std::nullopt;
    if (entry.start != entry.end && !builder->IsNative(entry.start)) return std::nullopt;
    return entry;
  };
  const auto mostly_objects = [&](const Entry& entry) {
    const std::vector<uint64_t> words =
        ReadWords(memory, entry.start, std::min<uint64_t>((entry.end - entry.start) / 8, 1 << 16));
    const size_t objects = std::ranges::count_if(words, [&](uint64_t w) { return w == 0 || builder->IsAnyObject(w); });
    return !words.empty() && 10 * objects > 9 * words.size();
  };
  for (size_t i = (isolate.heap - isolate.start) / 8; i < isolate.words.size(); ++i) {
    if (builder->cancel().Cancelled()) return;
    const std::optional<Entry> head = read(isolate.words[i]);
    if (!head || head->prev != 0 || !mostly_objects(*head)) continue;
    if (head->next != 0) {
      const std::optional<Entry> next = read(head->next);
      if (!next || next->prev != isolate.words[i]) continue;
    }
    builder->state(RootGroup::kStrongRoots).found = true;
    std::unordered_set<Address> seen;
    for (Address at = isolate.words[i]; seen.size() < kMostRanges && seen.insert(at).second;) {
      const std::optional<Entry> entry = read(at);
      if (!entry) break;
      builder->AddAll(entry->start, ReadWords(memory, entry->start, (entry->end - entry->start) / 8),
                      RootGroup::kStrongRoots, RootStrength::kStrong);
      at = entry->next;
    }
    return;
  }
}

// std::vector<Object> of the Isolate, the objects to which V8's snapshots refer by number. A vector with the Heap's
// address in front belongs to the table of external strings, which is weak (src/heap/heap.h, ExternalStringTable).
void CollectStartupCaches(RootsBuilder* builder) {
  constexpr size_t kFewest = 16;
  const std::vector<uint64_t>& words = builder->words().words;
  RootGroupState& state = builder->state(RootGroup::kStartupCaches);
  std::unordered_set<Address> seen;
  for (size_t i = 1; i + 2 < words.size(); ++i) {
    if (builder->cancel().Cancelled()) return;
    const uint64_t begin = words[i], end = words[i + 1], capacity = words[i + 2];
    if (begin >= end || end > capacity || ((begin | end | capacity) & 7) != 0) continue;
    if (capacity - begin > 8 * kMostEntries || end - begin < 8 * kFewest || !builder->IsNative(begin)) continue;
    if (begin >= builder->words().start && begin < builder->words().SlotOf(words.size())) continue;  // builtins
    const size_t count = (end - begin) / 8;
    const std::vector<uint64_t> entries = ReadWords(builder->memory(), begin, count);
    if (entries.size() != count) continue;
    if (!std::ranges::all_of(entries, [&](uint64_t w) { return builder->IsAnyObject(w); })) continue;
    const auto external = [&](uint64_t w) { return builder->TypeOf(w).find("EXTERNAL") != std::string_view::npos; };
    if (std::ranges::all_of(entries, external) || !seen.insert(begin).second) continue;
    state.found = true;
    builder->AddAll(begin, entries, RootGroup::kStartupCaches, RootStrength::kStrong);
  }
  if (!state.found) state.problem = "the Isolate has no cache of snapshot objects";
}

}  // namespace corewalk
