#include "node/malloc_arenas.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "memory/fake_memory.h"

namespace corewalk {
namespace {

constexpr Address kLibc = 0x7f0000000000;        // data of libc
constexpr Address kState = kLibc + 0x800;        // main_arena
constexpr Address kBrk = 0x1000000;              // the main heap
constexpr Address kThreadHeap = 0x7e0000000000;  // a multiple of 64 MB
constexpr uint64_t kMb = 1 << 20;

struct Chunk {
  uint64_t bytes;
  bool in_use;
};

// glibc as it is from 2.26 on: bins 0x70 behind the start of an arena, 2,200 bytes of it.
class MallocTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kBins = 0x70, kTail = kBins + 2032 + 16, kStateBytes = kTail + 40;

  MallocTest() {
    memory_.AddZeros(kLibc, 0x4000);
    memory_.SetMappings({{kLibc, kLibc + 0x4000, 0, "/lib/libc.so.6"}});
    memory_.AddZeros(kBrk, 2 * kMb);
  }

  void PutArena(Address state, Address top, Address next, uint64_t system_bytes) {
    memory_.Put(state + kBins - 16, top);
    for (uint64_t i = 0; i < 127; ++i) {
      const Address self = state + kBins + 16 * i - 16;
      memory_.Put(state + kBins + 16 * i, self);
      memory_.Put(state + kBins + 16 * i + 8, self);
    }
    memory_.Put(state + kTail, next);
    memory_.Put(state + kTail + 24, system_bytes);
    memory_.Put(state + kTail + 32, system_bytes);
  }

  // Chunks from `at` on, then top up to `end`; returns top.
  Address PutChunks(Address at, Address end, const std::vector<Chunk>& chunks, uint64_t flags = 0) {
    bool before = true;
    for (const Chunk& chunk : chunks) {
      memory_.Put(at + 8, chunk.bytes | flags | (before ? 1 : 0));
      before = chunk.in_use;
      at += chunk.bytes;
    }
    memory_.Put(at + 8, (end - at) | flags | (before ? 1 : 0));
    return at;
  }

  static std::map<ChunkUse, uint64_t> Sum(const FakeMemory& memory, const MallocArena& arena, const MallocHeap& heap,
                                          bool* whole) {
    std::map<ChunkUse, uint64_t> sums;
    Address expected = heap.start;
    *whole = WalkMallocHeap(memory, arena, heap, Cancel(), [&](Address start, uint64_t bytes, ChunkUse use) {
      EXPECT_EQ(start, expected) << "a gap";
      expected = start + bytes;
      sums[use] += bytes;
    });
    EXPECT_EQ(expected, heap.end);
    return sums;
  }

  FakeMemory memory_;
};

TEST_F(MallocTest, MainHeapChunkByChunk) {
  const Address top = PutChunks(kBrk, kBrk + 2 * kMb, {{0x290, true}, {64, false}, {128, true}, {0x10000, true}});
  PutArena(kState, top, kState, 2 * kMb);
  const MallocState malloc = FindMallocArenas(memory_, Cancel());
  EXPECT_EQ(malloc.allocator, "glibc");
  ASSERT_EQ(malloc.arenas.size(), 1u);
  EXPECT_EQ(malloc.arenas[0].state, kState);
  ASSERT_EQ(malloc.arenas[0].heaps.size(), 1u);
  const MallocHeap& heap = malloc.arenas[0].heaps[0];
  EXPECT_EQ(heap.start, kBrk);
  EXPECT_EQ(heap.end, kBrk + 2 * kMb);
  bool whole;
  const auto sums = Sum(memory_, malloc.arenas[0], heap, &whole);
  EXPECT_TRUE(whole);
  EXPECT_EQ(sums.at(ChunkUse::kInUse), 0x290u + 128 + 0x10000);
  EXPECT_EQ(sums.at(ChunkUse::kFree), 64u);
  EXPECT_EQ(sums.at(ChunkUse::kTop), kBrk + 2 * kMb - top);
}

TEST_F(MallocTest, HeapBehindZeroedDataOfTheProgram) {
  // Without randomised addresses the heap follows the program's data in one mapping; malloc notes where it began.
  const Address start = kBrk + 0x5000;
  const Address top = PutChunks(start, kBrk + 2 * kMb, {{64, true}, {0x1000, true}});
  memory_.Put(kBrk + 8, uint64_t{0x20}), memory_.Put(kBrk + 0x28, uint64_t{0});
  PutArena(kState, top, kState, 2 * kMb - 0x5000);
  memory_.Put(kLibc + 0x100, start);  // mp_.sbrk_base
  const MallocState malloc = FindMallocArenas(memory_, Cancel());
  ASSERT_EQ(malloc.arenas.size(), 1u);
  EXPECT_EQ(malloc.arenas[0].heaps.at(0).start, start);
}

TEST_F(MallocTest, ThreadArenasAndTheirRing) {
  const Address thread_state = kThreadHeap + 48;
  memory_.AddZeros(kThreadHeap, 0x40000);
  memory_.AddHole(kThreadHeap + 0x40000, 64 * kMb - 0x40000, FakeMemory::kNone);
  for (const auto& [at, word] : std::initializer_list<std::pair<Address, uint64_t>>{
           {kThreadHeap, thread_state}, {kThreadHeap + 8, 0}, {kThreadHeap + 16, 0x40000}, {kThreadHeap + 24, 0x40000}})
    memory_.Put(at, word);
  const Address first = (thread_state + kStateBytes + 15) / 16 * 16;
  const Address top = PutChunks(first, kThreadHeap + 0x40000, {{0x290, true}, {0x100, false}, {0x200, true}}, 4);
  PutArena(thread_state, top, kState, 0x40000);
  PutArena(kState, PutChunks(kBrk, kBrk + 2 * kMb, {{64, true}}), thread_state, 2 * kMb);
  const MallocState malloc = FindMallocArenas(memory_, Cancel());
  ASSERT_EQ(malloc.arenas.size(), 2u);
  EXPECT_TRUE(malloc.arenas[0].is_main);
  EXPECT_EQ(malloc.arenas[0].state, kState);
  EXPECT_EQ(malloc.arenas[1].state, thread_state);
  ASSERT_EQ(malloc.arenas[1].heaps.size(), 1u);
  const MallocHeap& heap = malloc.arenas[1].heaps[0];
  EXPECT_EQ(heap.first_chunk, first);
  EXPECT_EQ(heap.reserved_end, kThreadHeap + 64 * kMb);
  bool whole;
  const auto sums = Sum(memory_, malloc.arenas[1], heap, &whole);
  EXPECT_TRUE(whole);
  EXPECT_EQ(sums.at(ChunkUse::kFree), 0x100u);
  EXPECT_EQ(sums.at(ChunkUse::kInUse), 0x490u);
  EXPECT_EQ(sums.at(ChunkUse::kBookkeeping), first - kThreadHeap);
}

TEST_F(MallocTest, FastBinsOfBothKinds) {
  for (const bool mixed : {false, true}) {
    const Address top = PutChunks(kBrk, kBrk + 2 * kMb, {{64, true}, {32, true}, {32, true}, {32, true}, {64, true}});
    PutArena(kState, top, kState, 2 * kMb);
    const Address first = kBrk + 64, second = kBrk + 128;
    const auto link = [&](Address chunk, Address next) {
      memory_.Put(chunk + 16, mixed ? next ^ ((chunk + 16) >> 12) : next);
    };
    memory_.Put(kState + kBins - 96, second);
    link(second, first), link(first, 0);
    const MallocState malloc = FindMallocArenas(memory_, Cancel());
    EXPECT_EQ(malloc.arenas.at(0).fast_chunks, (std::vector<Address>{first, second}));
    bool whole;
    EXPECT_EQ(Sum(memory_, malloc.arenas[0], malloc.arenas[0].heaps[0], &whole).at(ChunkUse::kFree), 64u);
    link(first, second);  // a cycle
    EXPECT_EQ(FindMallocArenas(memory_, Cancel()).arenas.at(0).fast_chunks.size(), 2u);
  }
}

// brk() was in the way of something, so malloc went on in mappings of its own; one of them lies behind a large block
// that the kernel has joined with it.
TEST_F(MallocTest, SegmentsOfTheMainHeap) {
  constexpr Address kMapped = 0x7f2000000000;
  constexpr uint64_t kBlock = 0x21000;
  memory_.AddZeros(kMapped, kBlock + 2 * kMb);
  memory_.Put(kMapped + 8, kBlock | 2);
  const Address first = kMapped + kBlock, second = first + kMb;
  // Two fence posts behind a free rest in the first, three in the second.
  PutChunks(kBrk, kBrk + 2 * kMb, {{0x290, true}, {2 * kMb - 0x290 - 64 - 32, true}, {64, false}, {16, true}});
  PutChunks(first, second, {{64, true}, {kMb - 64 - 48, true}, {16, true}, {16, true}});
  const Address top = PutChunks(second, second + kMb, {{128, true}, {256, false}, {512, true}});
  PutArena(kState, top, kState, 4 * kMb);
  const MallocState malloc = FindMallocArenas(memory_, Cancel());
  ASSERT_EQ(malloc.arenas.size(), 1u);
  const std::vector<MallocHeap>& heaps = malloc.arenas[0].heaps;
  ASSERT_EQ(heaps.size(), 3u);
  EXPECT_EQ(heaps[0].start, kBrk);
  EXPECT_EQ(heaps[0].end, kBrk + 2 * kMb);
  EXPECT_EQ(heaps[1].start, first);
  EXPECT_EQ(heaps[1].end, second);
  EXPECT_EQ(heaps[2].start, second);
  EXPECT_EQ(heaps[2].end, second + kMb);
  uint64_t free = 0;
  for (const MallocHeap& heap : heaps) {
    bool whole;
    free += Sum(memory_, malloc.arenas[0], heap, &whole)[ChunkUse::kFree];
    EXPECT_TRUE(whole);
  }
  EXPECT_EQ(free, 64u + 256);
  // One whose first chunk is damaged is left out, the others stay.
  memory_.Put(first + 8, uint64_t{0x7777});
  EXPECT_EQ(FindMallocArenas(memory_, Cancel()).arenas.at(0).heaps.size(), 2u);
}

TEST_F(MallocTest, DamagedChunksBreakOffAndAreSaid) {
  std::vector<Chunk> chunks(1000, {256, true});
  const Address top = PutChunks(kBrk, kBrk + 2 * kMb, chunks);
  PutArena(kState, top, kState, 2 * kMb);
  for (const uint64_t bad : {uint64_t{0}, uint64_t{17}, ~uint64_t{0}, uint64_t{0x7fffffff0}, uint64_t{256 | 2}}) {
    memory_.Put(kBrk + 500 * 256 + 8, bad);
    const MallocState malloc = FindMallocArenas(memory_, Cancel());
    ASSERT_EQ(malloc.arenas.size(), 1u);
    // They can be told again from the next chunk on that begins a page.
    ASSERT_EQ(malloc.arenas[0].heaps.size(), 2u);
    bool whole;
    auto sums = Sum(memory_, malloc.arenas[0], malloc.arenas[0].heaps[0], &whole);
    EXPECT_FALSE(whole);
    EXPECT_EQ(sums[ChunkUse::kInUse], 500u * 256);
    EXPECT_EQ(sums[ChunkUse::kUnknown], 12u * 256);
    sums = Sum(memory_, malloc.arenas[0], malloc.arenas[0].heaps[1], &whole);
    EXPECT_TRUE(whole);
    EXPECT_EQ(sums[ChunkUse::kInUse], 488u * 256);
  }
}

TEST_F(MallocTest, NoArenasWithoutBins) {
  EXPECT_TRUE(FindMallocArenas(memory_, Cancel()).arenas.empty());
  EXPECT_EQ(FindMallocArenas(memory_, Cancel()).allocator, "");
  memory_.SetMappings({{kLibc, kLibc + 0x4000, 0, "/usr/lib/libjemalloc.so.2"}});
  EXPECT_EQ(FindMallocArenas(memory_, Cancel()).allocator, "libjemalloc.so.2");
  // A ring that leads nowhere.
  PutArena(kState, PutChunks(kBrk, kBrk + 2 * kMb, {{64, true}}), 0x123450, 2 * kMb);
  EXPECT_EQ(FindMallocArenas(memory_, Cancel()).arenas.size(), 1u);
}

TEST_F(MallocTest, LargeBlocksHaveMappingsOfTheirOwn) {
  constexpr Address kMapped = 0x7f1000000000;
  memory_.AddZeros(kMapped, 0x10000);
  memory_.Put(kMapped + 8, uint64_t{0x3000 | 2});
  // Aligned to 4 KB: the chunk begins so far behind the mapping as its first word says.
  memory_.Put(kMapped + 0x4000 + 4080, uint64_t{4080});
  memory_.Put(kMapped + 0x4000 + 4088, uint64_t{(0x3000 - 4080) | 2});
  memory_.Put(kMapped + 0x8000 + 8, uint64_t{0x100000 | 2});  // reaches beyond the mapping
  memory_.Put(kMapped + 0x9000 + 8, uint64_t{0x1000 | 3});    // wrong flags
  const std::vector<MappedChunk> chunks = FindMappedChunks(memory_, kMapped, kMapped + 0x10000, Cancel());
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(chunks[0].start, kMapped);
  EXPECT_EQ(chunks[0].bytes, 0x3000u);
  EXPECT_EQ(chunks[1].start, kMapped + 0x4000);
  EXPECT_EQ(chunks[1].bytes, 0x3000u);
}

}  // namespace
}  // namespace corewalk
