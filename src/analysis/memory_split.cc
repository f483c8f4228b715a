// What a process mainly consists of, from its ledger.
#include <algorithm>

#include "analysis/memory_ledger.h"

namespace corewalk {
namespace {

// What a Node.js process has when it has done nothing: 30 to 60 MB of anonymous memory in Node 12 to 26. Below this no
// part of it is worth an accusation.
constexpr uint64_t kPlainBytes = 100 << 20;
constexpr double kMostly = 0.4;  // of all resident memory

uint64_t ResidentOf(const MemoryLedger& ledger, std::string_view key) {
  const LedgerRow* row = ledger.Row(key);
  return row == nullptr ? 0 : row->sum.resident;
}

}  // namespace

std::string_view MemoryVerdictKey(MemoryVerdict verdict) {
  static constexpr std::string_view kKeys[] = {"plain", "heap",   "heap_free",     "buffers", "strings",
                                               "wasm",  "native", "fragmentation", "stacks",  "other"};
  return kKeys[static_cast<size_t>(verdict)];
}

MemorySplit SplitOf(const MemoryLedger& ledger) {
  MemorySplit split;
  // Text of files can be dropped and read again; it is no growth.
  split.resident = ledger.total.resident - ledger.GroupSum(LedgerGroup::kFiles).resident;
  split.heap_resident = ledger.GroupSum(LedgerGroup::kHeap).resident;
  for (const LedgerRow& row : ledger.rows) {
    if (row.group == LedgerGroup::kHeap && row.in_use) split.heap_used += *row.in_use;
  }
  const uint64_t used = std::min(split.heap_used, split.heap_resident);
  using enum MemoryVerdict;
  split.parts = {{kHeap, used},
                 {kHeapFree, split.heap_resident - used},
                 {kBuffers, ResidentOf(ledger, "array_buffers")},
                 {kStrings, ResidentOf(ledger, "external_strings")},
                 {kWasm, ResidentOf(ledger, "wasm_memories")},
                 {kNative, ResidentOf(ledger, "malloc_in_use") + ResidentOf(ledger, "malloc_mapped") +
                               ResidentOf(ledger, "other_allocator") + ResidentOf(ledger, "malloc_unknown")},
                 {kFragmentation, ResidentOf(ledger, "malloc_free")},
                 {kStacks, ResidentOf(ledger, "stacks")},
                 {kOther, 0}};
  // What no row above has: mappings of unknown origin, and what was touched of reservations.
  uint64_t told = 0;
  for (const MemorySplit::Part& part : split.parts) told += part.bytes;
  split.parts.back().bytes = split.resident - std::min(told, split.resident);
  std::ranges::stable_sort(split.parts, std::ranges::greater(), &MemorySplit::Part::bytes);
  const MemorySplit::Part& largest = split.parts.front();
  split.bytes = largest.bytes;
  split.outside = largest.kind == kHeap ? split.parts[1] : largest;
  const bool mostly = static_cast<double>(largest.bytes) >= kMostly * static_cast<double>(split.resident);
  split.verdict = split.resident < kPlainBytes && !mostly ? kPlain : largest.kind;
  if (split.resident < kPlainBytes / 2) split.verdict = kPlain;
  return split;
}

}  // namespace corewalk
