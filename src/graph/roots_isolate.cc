// Words of the Isolate itself, and of what hangs on it: builtins, caches, the heap's weak lists.
#include <algorithm>
#include <unordered_set>

#include "graph/roots_builder.h"

namespace corewalk {
namespace {

constexpr size_t kFewestBuiltins = 300;  // in a row; 7.4 has 1500

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

// CompilationCache {Isolate*, CompilationSubCache ...}, each of the four or five subcaches with the Isolate's address
// again and a table, or (up to 9.4 all, later the one of regular expressions) an array of them by age; the number of
// ages stands in front of the array's pointer or nowhere (src/codegen/compilation-cache.h).
bool AddCompilationCache(RootsBuilder* builder, Address address, const std::vector<uint64_t>& fields) {
  constexpr size_t kMostAges = 4;
  const uint64_t start = builder->words().start;
  const auto is_table = [&](uint64_t word) {
    const std::string_view type = builder->TypeOf(word);
    return type.starts_with("COMPILATION_CACHE_TABLE") || type == "HASH_TABLE_TYPE" || type == "ODDBALL_TYPE";
  };
  if (std::ranges::count(fields, start) < 4) return false;
  RootGroupState& state = builder->state(RootGroup::kCompilationCache);
  size_t tables = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (is_table(fields[i])) {
      ++tables;
      builder->Add(address + 8 * i, fields[i], RootGroup::kCompilationCache, RootStrength::kStrong);
    } else if (builder->IsNative(fields[i]) && i > 0) {
      const uint32_t count = static_cast<uint32_t>(fields[i - 1]);  // an int; what is behind it is not set
      if (count == 0 || count > kMostAges) continue;
      const std::vector<uint64_t> ages = ReadWords(builder->memory(), fields[i], count);
      if (!std::ranges::all_of(ages, is_table)) continue;
      tables += ages.size();
      builder->AddAll(fields[i], ages, RootGroup::kCompilationCache, RootStrength::kStrong);
    }
  }
  if (tables == 0) return false;
  state.found = true;
  return true;
}

}  // namespace

void CollectIsolateWords(RootsBuilder* builder) {
  constexpr size_t kChildBytes = 0x1000;      // structs larger than that are caches which V8 clears
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
      lists.found |= in_head;
      if (in_head) {
        builder->Add(slot, word, RootGroup::kHeapLists, RootStrength::kWeak);
      } else {
        builder->Add(slot, word, RootGroup::kIsolate, RootStrength::kStrong, thread_label);
      }
      continue;
    }
    // Structs of V8's that start with the Isolate's address.
    if (!builder->IsNative(word) || (word >= isolate.start && word < isolate.SlotOf(isolate.words.size()))) continue;
    if (memory.ReadWord(word) != isolate.start || !seen.insert(word).second) continue;
    const uint64_t known = MallocSize(memory, word);
    if (known > kChildBytes) continue;
    const std::vector<uint64_t> fields = ReadWords(memory, word, (known != 0 ? known : kChildBytesGuess) / 8);
    if (AddCompilationCache(builder, word, fields)) continue;
    builder->AddAll(word, fields, RootGroup::kIsolate, RootStrength::kMaybe);
  }
  if (!compilation.found) compilation.problem = "the Isolate leads to no compilation cache";
  if (!lists.found) lists.problem = "the Heap has no list of native contexts";
}

}  // namespace corewalk
