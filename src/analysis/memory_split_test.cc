#include <gtest/gtest.h>

#include "analysis/memory_ledger.h"

namespace corewalk {
namespace {

constexpr uint64_t kMb = 1 << 20;

struct Given {
  std::string key;
  LedgerGroup group;
  uint64_t resident;
  std::optional<uint64_t> in_use = std::nullopt;
};

MemorySplit SplitOfRows(const std::vector<Given>& rows) {
  MemoryLedger ledger;
  for (const Given& given : rows) {
    const MemorySum sum{given.resident, given.resident, given.resident};
    ledger.rows.push_back({given.key, given.key, given.group, 1, sum, given.in_use});
    ledger.total += sum;
  }
  return SplitOf(ledger);
}

uint64_t PartOf(const MemorySplit& split, MemoryVerdict kind) {
  uint64_t bytes = 0;
  for (const MemorySplit::Part& part : split.parts) bytes += part.kind == kind ? part.bytes : 0;
  return bytes;
}

TEST(MemorySplitTest, PartsAddUpWithoutFiles) {
  const MemorySplit split = SplitOfRows({{"old_space", LedgerGroup::kHeap, 100 * kMb, 60 * kMb},
                                         {"code_range", LedgerGroup::kHeap, 3 * kMb},
                                         {"array_buffers", LedgerGroup::kExternal, 20 * kMb, 20 * kMb},
                                         {"malloc_in_use", LedgerGroup::kMalloc, 5 * kMb},
                                         {"malloc_free", LedgerGroup::kMalloc, 7 * kMb},
                                         {"stacks", LedgerGroup::kThreads, kMb},
                                         {"executable", LedgerGroup::kFiles, 500 * kMb},
                                         {"reserved", LedgerGroup::kReserved, 2 * kMb},
                                         {"kernel", LedgerGroup::kOther, 8192},
                                         {"other", LedgerGroup::kOther, kMb}});
  EXPECT_EQ(split.resident, 139 * kMb + 8192);
  uint64_t sum = 0;
  for (const MemorySplit::Part& part : split.parts) sum += part.bytes;
  EXPECT_EQ(sum, split.resident);
  EXPECT_EQ(PartOf(split, MemoryVerdict::kHeap), 60 * kMb);
  EXPECT_EQ(PartOf(split, MemoryVerdict::kHeapFree), 43 * kMb);
  EXPECT_EQ(PartOf(split, MemoryVerdict::kOther), 3 * kMb + 8192);
  EXPECT_EQ(split.verdict, MemoryVerdict::kHeap);
  EXPECT_EQ(split.outside.kind, MemoryVerdict::kHeapFree);
}

TEST(MemorySplitTest, LargestPartIsTheVerdict) {
  const auto with = [](const std::string& key, LedgerGroup group, uint64_t resident) {
    return SplitOfRows({{"old_space", LedgerGroup::kHeap, 10 * kMb, 8 * kMb}, {key, group, resident}});
  };
  using enum MemoryVerdict;
  EXPECT_EQ(with("array_buffers", LedgerGroup::kExternal, 200 * kMb).verdict, kBuffers);
  EXPECT_EQ(with("external_strings", LedgerGroup::kExternal, 200 * kMb).verdict, kStrings);
  EXPECT_EQ(with("wasm_memories", LedgerGroup::kExternal, 200 * kMb).verdict, kWasm);
  EXPECT_EQ(with("malloc_mapped", LedgerGroup::kMalloc, 200 * kMb).verdict, kNative);
  EXPECT_EQ(with("malloc_free", LedgerGroup::kMalloc, 200 * kMb).verdict, kFragmentation);
  EXPECT_EQ(with("stacks", LedgerGroup::kThreads, 200 * kMb).verdict, kStacks);
  EXPECT_EQ(with("other", LedgerGroup::kOther, 200 * kMb).verdict, kOther);
  EXPECT_EQ(with("executable", LedgerGroup::kFiles, 200 * kMb).verdict, kPlain);
  EXPECT_EQ(with("array_buffers", LedgerGroup::kExternal, 20 * kMb).verdict, kPlain);
}

TEST(MemorySplitTest, NothingAndMoreUsedThanResident) {
  EXPECT_EQ(SplitOfRows({}).verdict, MemoryVerdict::kPlain);
  EXPECT_EQ(SplitOfRows({}).outside.bytes, 0u);
  // Objects on pages that a cut core lacks.
  const MemorySplit split = SplitOfRows({{"old_space", LedgerGroup::kHeap, kMb, 500 * kMb}});
  EXPECT_EQ(PartOf(split, MemoryVerdict::kHeap), kMb);
  EXPECT_EQ(PartOf(split, MemoryVerdict::kHeapFree), 0u);
}

}  // namespace
}  // namespace corewalk
