#include "heap/heap_model.h"

#include <gtest/gtest.h>

#include "heap/heap_walk.h"
#include "heap/testing/fake_heap.h"

namespace corewalk {
namespace {

using testing::FakeHeap;

Result<std::unique_ptr<HeapModel>> Build(FakeHeap& heap) {
  return HeapModel::Build({.memory = &heap.memory(),
                           .binary = &heap.binary(),
                           .version = heap.version(),
                           .version_source = LayoutSource::kBinary,
                           .hide_tables = true},
                          Cancel());
}

const Space* Find(const HeapModel& model, SpaceKind kind) {
  for (const Space& space : model.isolates().front().spaces) {
    if (space.kind == kind && !space.pages.empty()) return &space;
  }
  return nullptr;
}

// Both shapes of page headers.
class HeapModelTest : public ::testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<HeapModel> BuildSealed() {
    Result<std::unique_ptr<HeapModel>> model = Build(heap_);
    EXPECT_TRUE(model.has_value()) << model.error().message;
    return model ? std::move(*model) : nullptr;
  }

  FakeHeap heap_{GetParam()};
};

TEST_P(HeapModelTest, FindsIsolateLayoutAndSpaces) {
  heap_.Seal();
  const std::unique_ptr<HeapModel> model = BuildSealed();
  ASSERT_NE(model, nullptr);
  const PageLayout& page = model->layout().page;
  EXPECT_EQ(page.split, GetParam());
  EXPECT_EQ(page.page_size, FakeHeap::kPageSize);
  EXPECT_EQ(page.heap, GetParam() ? 0x40u : 0x10u);
  EXPECT_EQ(page.area_start, GetParam() ? 0x48u : 0x18u);
  EXPECT_EQ(page.area_end, GetParam() ? 0x38u : 0x20u);
  EXPECT_EQ(page.owner, GetParam() ? 0x50u : 0x40u);
  EXPECT_EQ(page.list_next, heap_.list_offset());
  ASSERT_EQ(model->isolates().size(), 1u);
  const IsolateHeap& isolate = model->isolates().front();
  EXPECT_EQ(isolate.heap, FakeHeap::kHeap);
  EXPECT_EQ(isolate.isolate, FakeHeap::kIsolate);
  EXPECT_EQ(isolate.roots.address, FakeHeap::kRoots);
  EXPECT_TRUE(isolate.is_main);
  const Space* old_space = Find(*model, SpaceKind::kOld);
  ASSERT_NE(old_space, nullptr);
  EXPECT_EQ(old_space->pages.size(), 2u);
  EXPECT_TRUE(old_space->pages[0].listed);
  EXPECT_FALSE(old_space->list_broken);
}

TEST_P(HeapModelTest, WalkCountsEveryObjectOnce) {
  const uint64_t map = heap_.NewMap(1, testing::kJSObjectType, 4);
  for (int i = 0; i < 1000; ++i) heap_.New(1 + i % 2, map, 32);
  heap_.Seal();
  const std::unique_ptr<HeapModel> model = BuildSealed();
  ASSERT_NE(model, nullptr);
  for (int threads : {1, 4}) {
    const HeapWalkResult result = WalkHeap(*model, {.threads = threads}, Cancel(), {});
    uint64_t count = 0, bytes = 0;
    for (const ShapeTally& shape : result.shapes) {
      if (shape.map.word == map) count += shape.count, bytes += shape.bytes;
    }
    EXPECT_EQ(count, 1000u);
    EXPECT_EQ(bytes, 32000u);
    EXPECT_EQ(result.Total().lost_bytes, 0u);
    Completeness completeness;
    result.Describe(&completeness);
    EXPECT_TRUE(completeness.complete());
  }
  size_t visited = 0;
  VisitObjects(*model, {}, Cancel(), [&](const MapInfo&, Address, uint64_t, const Page&) { return ++visited < 10; });
  EXPECT_EQ(visited, 10u);
}

TEST_P(HeapModelTest, LargePageAndWhatLooksLikeAPageInsideIt) {
  const size_t page = heap_.AddPage(FakeHeap::kLargeSpace, 16 + 8 * 100'000);
  heap_.NewArray(page, std::vector<uint64_t>(100'000, heap_.Smi(1)));
  heap_.Seal();
  const std::unique_ptr<HeapModel> model = BuildSealed();
  ASSERT_NE(model, nullptr);
  const Space* large = Find(*model, SpaceKind::kLargeObject);
  ASSERT_NE(large, nullptr);
  EXPECT_EQ(large->pages.size(), 1u);
  const HeapWalkResult result = WalkHeap(*model, {.threads = 1}, Cancel(), {});
  EXPECT_EQ(result.spaces[static_cast<size_t>(SpaceKind::kLargeObject)].tally.largest_object, 800'016u);
}

TEST_P(HeapModelTest, ListsWithCyclesFallBackToTheScan) {
  heap_.Seal();
  // next of the first page is the first page itself; the second is never reached.
  heap_.memory().Put(heap_.page(1).descriptor + heap_.list_offset(), heap_.page(1).descriptor);
  Result<std::unique_ptr<HeapModel>> model = Build(heap_);
  ASSERT_TRUE(model.has_value()) << model.error().message;
  const Space* old_space = Find(**model, SpaceKind::kOld);
  ASSERT_NE(old_space, nullptr);
  EXPECT_EQ(old_space->pages.size(), 2u);
}

TEST_P(HeapModelTest, LostPagesAreTold) {
  heap_.AddPage(FakeHeap::kOldSpace);
  heap_.AddPage(FakeHeap::kToSpace);
  heap_.Seal();
  // The second page of old space has a header without sense.
  heap_.memory().Put(heap_.page(2).descriptor + (GetParam() ? 0x48 : 0x18), uint64_t{7});
  Result<std::unique_ptr<HeapModel>> model = Build(heap_);
  if (!model) return;  // too little is left to calibrate by: also an honest answer
  const Space* old_space = Find(**model, SpaceKind::kOld);
  ASSERT_NE(old_space, nullptr);
  EXPECT_TRUE(old_space->list_broken);
}

TEST_P(HeapModelTest, AreaThatEndsFarAwayIsCut) {
  heap_.AddPage(FakeHeap::kOldSpace);
  heap_.Seal();
  heap_.memory().Put(heap_.page(5).descriptor + (GetParam() ? 0x38 : 0x20), heap_.page(5).chunk + (Address{1} << 38));
  const std::unique_ptr<HeapModel> model = BuildSealed();
  ASSERT_NE(model, nullptr);
  const HeapWalkResult result = WalkHeap(*model, {.threads = 1}, Cancel(), {});
  EXPECT_EQ(result.Total().unreadable_bytes, 0u);
  EXPECT_EQ(result.Total().lost_bytes, 0u);
}

TEST_P(HeapModelTest, OwnersThatAreNoSpaces) {
  heap_.Seal();
  for (Address owner : {Address{0}, heap_.page(1).descriptor, Address{0x7f0000000000}, ~Address{0}}) {
    heap_.memory().Put(heap_.page(1).descriptor + (GetParam() ? 0x50 : 0x40), owner);
    Result<std::unique_ptr<HeapModel>> model = Build(heap_);
    EXPECT_TRUE(model.has_value() || !model.error().message.empty());
  }
}

TEST_P(HeapModelTest, OneDamagedSpaceObject) {
  heap_.Seal();
  // Read-only roots are plenty and from-space has one page; its space object is overwritten.
  const Address object = heap_.space_object(FakeHeap::kFromSpace);
  for (int i = 1; i < 24; ++i) heap_.memory().Put(object + 8 * i, object);
  const std::unique_ptr<HeapModel> model = BuildSealed();
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->layout().page.owner, GetParam() ? 0x50u : 0x40u);
  const Space* old_space = Find(*model, SpaceKind::kOld);
  ASSERT_NE(old_space, nullptr);
  EXPECT_EQ(old_space->pages.size(), 2u);
}

TEST_P(HeapModelTest, CopiesOfTheRootsTable) {
  heap_.Seal();
  // V8 keeps a copy of the read-only part from 10.2 on; here the whole table, in memory of its own.
  std::vector<uint64_t> words(heap_.binary().root_names.size());
  for (size_t i = 0; i < words.size(); ++i) words[i] = *heap_.memory().ReadWord(FakeHeap::kRoots + 8 * i);
  std::vector<std::byte> bytes(words.size() * 8);
  std::memcpy(bytes.data(), words.data(), bytes.size());
  heap_.memory().AddZeros(0x30000000, 4096);
  heap_.memory().AddBlock(0x30001000, bytes);
  const std::vector<RootsTable> tables = FindRootsTables(heap_.memory(), heap_.binary().root_names, Cancel());
  EXPECT_EQ(tables.size(), 2u);
  const std::unique_ptr<HeapModel> model = BuildSealed();
  ASSERT_NE(model, nullptr);
  ASSERT_EQ(model->isolates().size(), 1u);
  EXPECT_EQ(model->isolates().front().roots.address, FakeHeap::kRoots);
}

// A record of OpenSSL in malloc's memory, seen at a chunk's alignment: {flags, pointer near by, flags, ..., its own
// address, pointer near by}.
TEST_P(HeapModelTest, ARecordThatPointsToItselfIsNoChunk) {
  static_assert(FakeHeap::kArena % 0x40000 == 0);
  heap_.Seal();
  heap_.memory().Put(FakeHeap::kArena, 1);
  heap_.memory().Put(FakeHeap::kArena + 0x08, FakeHeap::kArena + 0x290);
  heap_.memory().Put(FakeHeap::kArena + 0x10, 0x400000000);
  heap_.memory().Put(FakeHeap::kArena + 0x58, FakeHeap::kArena);
  heap_.memory().Put(FakeHeap::kArena + 0x60, FakeHeap::kArena + 0x70);
  EXPECT_FALSE(LooksLikeChunkHeader(heap_.memory(), FakeHeap::kArena));
  ASSERT_NE(BuildSealed(), nullptr);
}

// However much looks like one: the Isolate is found.
TEST_P(HeapModelTest, WhatLooksLikeAChunkDoesNotHideTheIsolate) {
  heap_.Seal();
  heap_.memory().Put(FakeHeap::kArena, 1);
  heap_.memory().Put(FakeHeap::kArena + 0x10, FakeHeap::kArena + 0x100);
  heap_.memory().Put(FakeHeap::kArena + 0x18, FakeHeap::kArena + 0x40000);
  heap_.memory().Put(FakeHeap::kArena + 0x20, FakeHeap::kArena);
  heap_.memory().Put(FakeHeap::kArena + 0x28, 0x40000);
  ASSERT_TRUE(LooksLikeChunkHeader(heap_.memory(), FakeHeap::kArena));
  ASSERT_NE(BuildSealed(), nullptr);
}

TEST_P(HeapModelTest, NoIsolateIsAnError) {
  FakeMemory empty;
  empty.AddZeros(0x10000000, 1 << 20);
  const auto none = HeapModel::Build({.memory = &empty, .binary = &heap_.binary()}, Cancel());
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, ErrorCode::kBadFormat);
  // All of memory one run of pointers: no table is that long.
  FakeMemory full;
  std::vector<std::byte> bytes(4 << 20);
  for (size_t i = 0; i < bytes.size(); i += 8) std::memcpy(bytes.data() + i, "\x01\x00\x00\x10\x00\x00\x00\x00", 8);
  full.AddBlock(0x10000000, bytes);
  EXPECT_FALSE(HeapModel::Build({.memory = &full, .binary = &heap_.binary()}, Cancel()).has_value());
}

TEST_P(HeapModelTest, EveryWordOfTheHeaderMayBeWrong) {
  heap_.AddPage(FakeHeap::kOldSpace);
  heap_.Seal();
  for (size_t offset = 0; offset < 0x120; offset += 8) {
    const Address at = heap_.page(1).descriptor + offset;
    const uint64_t before = *heap_.memory().ReadWord(at);
    for (uint64_t value :
         {uint64_t{0}, uint64_t{8}, ~uint64_t{0}, heap_.page(1).start, heap_.page(1).start + (uint64_t{1} << 39),
          FakeHeap::kHeap, heap_.page(1).descriptor, uint64_t{1} << 63}) {
      heap_.memory().Put(at, value);
      Result<std::unique_ptr<HeapModel>> model = Build(heap_);
      if (model) WalkHeap(**model, {.threads = 1}, Cancel(), {});
    }
    heap_.memory().Put(at, before);
  }
}

INSTANTIATE_TEST_SUITE_P(Headers, HeapModelTest, ::testing::Bool(),
                         [](const auto& info) { return std::string(info.param ? "Split" : "InPage"); });

}  // namespace
}  // namespace corewalk
