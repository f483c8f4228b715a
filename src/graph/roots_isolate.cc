// Words of the Isolate itself, and of what hangs on it: builtins, caches, the heap's weak lists.
#include <algorithm>
#include <unordered_set>

#include "graph/roots_builder.h"

namespace corewalk {
namespace {

constexpr size_t kFewestBuiltins = 300;  // in a row; 7.4 has 1500
constexpr size_t kMostCached = 1 << 22;

// [begin, end) of words that are consecutive Code objects: the table of builtins. Empty when there is none.
std::pair<size_t, size_t> FindBuiltins(RootsBuilder* builder) {
  const std::vector<uint64_t>& words = builder->words().words;
  for (size_t i = 0; i < words.size(); ++i) {
    if (builder->TypeOf(words[i]) != "CODE_TYPE") continue;
    size_t end = i + 1;
    while (end < words.size() && builder->TypeOf(words[end]) == "CODE_TYPE") ++end;
    if (end - i >= kFewestBuiltins) return {i, end};
    i = end;
  }
  return {0, 0};
}

}  // namespace

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
    if (capacity - begin > 8 * kMostCached || end - begin < 8 * kFewest || !builder->IsNative(begin)) continue;
    const size_t count = (end - begin) / 8;
    const std::vector<uint64_t> entries = ReadWords(builder->memory(), begin, count);
    if (entries.size() != count) continue;
    const size_t objects = std::ranges::count_if(entries, [&](uint64_t w) { return builder->IsAnyObject(w); });
    if (objects != count) continue;
    const auto external = [&](uint64_t w) { return builder->TypeOf(w).find("EXTERNAL") != std::string_view::npos; };
    if (std::ranges::all_of(entries, external) || !seen.insert(begin).second) continue;
    state.found = true;
    builder->AddAll(begin, entries, RootGroup::kStartupCaches, RootStrength::kStrong);
  }
  if (!state.found) state.problem = "the Isolate has no cache of snapshot objects";
}

void CollectIsolateWords(RootsBuilder* builder) {
  constexpr size_t kChildBytes = 0x1000;     // structs larger than that are caches which V8 clears
  constexpr size_t kChildBytesGuess = 0x200;  // when the allocator does not say
  constexpr uint64_t kHeadOfHeap = 0x1000;
  const Memory& memory = builder->memory();
  const IsolateWords& isolate = builder->words();
  RootGroupState& state = builder->state(RootGroup::kIsolate);
  RootGroupState& lists = builder->state(RootGroup::kHeapLists);
  RootGroupState& builtins = builder->state(RootGroup::kBuiltins);
  RootGroupState& compilation = builder->state(RootGroup::kCompilationCache);
  state.conservative = true;
  state.found = !isolate.words.empty();
  if (!state.found) {
    state.problem = "the Isolate struct was not found";
    return;
  }
  const auto [first_builtin, end_of_builtins] = FindBuiltins(builder);
  builtins.found = end_of_builtins > first_builtin;
  if (!builtins.found) builtins.problem = "the Isolate has no table of builtins";
  const RootsTable& table = builder->isolate().roots;
  const Address table_end = table.address + 8 * table.entries.size();
  std::unordered_set<Address> seen;
  const uint32_t thread_label = builder->Label("Isolate");
  size_t list_end = 0;  // behind the weak lists of the Heap
  for (size_t i = 0; i < isolate.words.size(); ++i) {
    const uint64_t word = isolate.words[i];
    const Address slot = isolate.SlotOf(i);
    if (slot >= table.address && slot < table_end) continue;
    if (i >= first_builtin && i < end_of_builtins) {
      builder->Add(slot, word, RootGroup::kBuiltins, RootStrength::kStrong);
      continue;
    }
    if (builder->PointsIntoHeap(word)) {
      // The Heap has its lists {native contexts, allocation sites, dirty finalization registries, their tail} in a row
      // near its start, each the head of a chain or undefined; it has no strong fields (src/heap/heap.h).
      const bool in_head = slot >= isolate.heap && slot < isolate.heap + kHeadOfHeap;
      if (in_head && list_end == 0 && builder->TypeOf(word) == "NATIVE_CONTEXT_TYPE") list_end = i + 4, lists.found = true;
      if (in_head) {
        builder->Add(slot, word, RootGroup::kHeapLists, RootStrength::kWeak);
      } else {
        builder->Add(slot, word, RootGroup::kIsolate, RootStrength::kStrong, thread_label);
      }
      continue;
    }
    // Structs of V8's that start with the Isolate's address, possibly behind a vtable.
    if (!builder->IsNative(word) || (word >= isolate.start && word < isolate.SlotOf(isolate.words.size()))) continue;
    const std::vector<uint64_t> head = ReadWords(memory, word, 2);
    if (head.size() < 2 || (head[0] != isolate.start && head[1] != isolate.start) || !seen.insert(word).second) continue;
    const uint64_t known = MallocSize(memory, word);
    if (known > kChildBytes) continue;
    const std::vector<uint64_t> fields = ReadWords(memory, word, (known != 0 ? known : kChildBytesGuess) / 8);
    const bool is_cache = std::ranges::any_of(
        fields, [&](uint64_t w) { return builder->TypeOf(w).starts_with("COMPILATION_CACHE_TABLE"); });
    const RootGroup group = is_cache ? RootGroup::kCompilationCache : RootGroup::kIsolate;
    if (is_cache) compilation.found = true;
    builder->AddAll(word, fields, group, is_cache ? RootStrength::kStrong : RootStrength::kMaybe);
  }
  if (!compilation.found) compilation.problem = "the Isolate leads to no compilation cache";
  if (!lists.found) lists.problem = "the Heap has no list of native contexts";
}

}  // namespace corewalk
