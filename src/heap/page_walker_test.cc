#include "heap/page_walker.h"

#include <gtest/gtest.h>

#include <set>

#include "heap/testing/fake_heap.h"

namespace corewalk {
namespace {

using testing::FakeHeap;

struct Found {
  Address address;
  uint64_t size;
};

class PageWalkerTest : public ::testing::Test {
 protected:
  static constexpr size_t kPage = 1;  // of old space

  std::vector<Found> Walk(std::vector<LinearArea> areas = {}, HiddenLinearAreas* hidden = nullptr) {
    heap_.Seal();
    return WalkSealed(std::move(areas), hidden);
  }
  std::vector<Found> WalkSealed(std::vector<LinearArea> areas = {}, HiddenLinearAreas* hidden = nullptr) {
    const Layout layout = heap_.MakeLayout();
    MapCache maps(heap_.memory(), layout);
    PageWalker walker(heap_.memory(), layout, &maps, hidden);
    std::vector<Found> found;
    tally_ = {};
    const Page page = heap_.MakePage(kPage);
    walker.Walk(
        page, page.descriptor.area_end, areas,
        [&](MapCache::Slot&, Address address, uint64_t size, const std::byte*) {
          found.push_back({address, size});
        },
        &tally_);
    return found;
  }
  // Every byte of the area is accounted for exactly once.
  void ExpectAccountedFor() {
    const FakeHeap::FakePage& page = heap_.page(kPage);
    EXPECT_EQ(tally_.object_bytes + tally_.free_bytes + tally_.filler_bytes + tally_.linear_area_bytes +
                  tally_.lost_bytes + tally_.unreadable_bytes + tally_.forwarded_bytes,
              page.end - page.start);
  }
  bool Has(const std::vector<Found>& found, uint64_t tagged) {
    return std::ranges::find(found, tagged - 1, &Found::address) != found.end();
  }

  FakeHeap heap_;
  PageTally tally_;
};

TEST_F(PageWalkerTest, FindsAllObjects) {
  const uint64_t map = heap_.NewMap(kPage, testing::kJSObjectType, 3);
  const uint64_t object = heap_.New(kPage, map, 24);
  const uint64_t text = heap_.NewString(kPage, "hello");
  const uint64_t array = heap_.NewArray(kPage, {0, 0, 0});
  const std::vector<Found> found = Walk();
  ASSERT_EQ(found.size(), 5u);  // and the array of the roots table
  for (uint64_t tagged : {map, object, text, array}) EXPECT_TRUE(Has(found, tagged));
  EXPECT_EQ(tally_.objects, 5u);
  EXPECT_EQ(tally_.object_bytes, 32u + 80 + 24 + 24 + 40);
  EXPECT_EQ(tally_.largest_object, 80u);
  EXPECT_EQ(tally_.lost_bytes, 0u);
  ExpectAccountedFor();
}

TEST_F(PageWalkerTest, FreeSpaceAndFillersAreNoObjects) {
  heap_.NewFreeSpace(kPage, 64);
  heap_.NewFreeSpace(kPage, 8);
  const uint64_t text = heap_.NewString(kPage, "x");
  const std::vector<Found> found = Walk();
  EXPECT_EQ(found.size(), 2u);
  EXPECT_TRUE(Has(found, text));
  EXPECT_EQ(tally_.filler_bytes, 8u);
  EXPECT_GE(tally_.free_bytes, 64u);
  ExpectAccountedFor();
}

TEST_F(PageWalkerTest, LinearAreasAreSteppedOver) {
  const uint64_t hole = heap_.New(kPage, 0, 160) - 1;
  const uint64_t behind = heap_.NewString(kPage, "behind");
  // Its end is unaligned up to V8 8.4.
  const std::vector<Found> found = Walk({{hole, hole + 157}});
  EXPECT_TRUE(Has(found, behind));
  EXPECT_EQ(tally_.linear_area_bytes, 160u);
  EXPECT_EQ(tally_.lost_bytes, 0u);
  ExpectAccountedFor();
}

TEST_F(PageWalkerTest, AbsurdLinearAreasDoNoHarm) {
  const FakeHeap::FakePage& page = heap_.page(kPage);
  heap_.NewString(kPage, "x");
  for (const LinearArea area : {LinearArea{page.start, 0}, LinearArea{page.start, ~Address{0}},
                                LinearArea{page.start + 8, page.start}, LinearArea{0, ~Address{0}}}) {
    Walk({area});
    EXPECT_LE(tally_.linear_area_bytes, page.end - page.start);
  }
}

TEST_F(PageWalkerTest, HiddenAreasAreFoundInOtherMemory) {
  const uint64_t hole = heap_.New(kPage, 0, 160) - 1;
  const uint64_t behind = heap_.NewString(kPage, "behind");
  heap_.memory().AddWords(0x30000000, {1, 2, hole, hole + 160, 3});
  heap_.Seal();
  const Page page = heap_.MakePage(kPage);
  PageIndex index;
  index.Add(&page);
  index.Finish();
  HiddenLinearAreas hidden(heap_.memory(), index, {});
  const std::vector<Found> found = WalkSealed({}, &hidden);
  EXPECT_TRUE(Has(found, behind));
  EXPECT_EQ(tally_.linear_area_bytes, 160u);
  EXPECT_EQ(tally_.lost_places, 0u);
  ExpectAccountedFor();
}

// The words in front of an area tell whose it is; then its stale, well-formed content is not walked either.
TEST_F(PageWalkerTest, AreasOfKnownStructsAreKnownBeforehand) {
  constexpr Address kHeap = 0x30001000, kBuffer = 0x30000000, kAllocator = 0x30000100, kOlder = 0x30000200;
  heap_.NewString(kPage, "before");
  const uint64_t stale = heap_.NewString(kPage, "stale") - 1;
  const uint64_t end = heap_.NewString(kPage, "behind") - 1;
  const uint64_t page_end = heap_.page(kPage).end;
  heap_.memory().AddWords(kBuffer, {kHeap, stale - 16, stale, end, 0});
  heap_.memory().AddWords(kAllocator, {kAllocator + 8, end + 32, end + 64, page_end});
  heap_.memory().AddWords(kOlder, {kHeap, end + 128, end + 160, 0});
  // A closed area, one of another heap, and the record of an area's first bounds.
  heap_.memory().AddWords(0x30000300, {kHeap, end, end, end, kHeap + 8, stale, end, 1, stale, end, 2});
  heap_.Seal();
  const Page page = heap_.MakePage(kPage);
  PageIndex index;
  index.Add(&page);
  index.Finish();
  HiddenLinearAreas hidden(heap_.memory(), index, {kHeap});
  const std::span<const LinearArea> known = hidden.Known(nullptr);
  ASSERT_EQ(known.size(), 3u);
  EXPECT_EQ(std::pair(known[0].top, known[0].limit), std::pair(stale, end));
  EXPECT_EQ(std::pair(known[1].top, known[1].limit), std::pair(end + 64, page_end));
  EXPECT_EQ(std::pair(known[2].top, known[2].limit), std::pair(end + 128, end + 160));
}

TEST_F(PageWalkerTest, ForwardedObjectsAreCountedApart) {
  const uint64_t copy = heap_.NewString(2, std::string(100, 'c'));
  const uint64_t moved = heap_.New(kPage, copy - 1, 120);
  const uint64_t fixed_copy = heap_.New(2, heap_.map_of(testing::kHeapNumberType), 16);
  heap_.New(kPage, fixed_copy - 1, 16);
  const uint64_t behind = heap_.NewString(kPage, "behind");
  const std::vector<Found> found = Walk();
  EXPECT_FALSE(Has(found, moved));
  EXPECT_TRUE(Has(found, behind));
  EXPECT_EQ(tally_.forwarded, 2u);
  EXPECT_EQ(tally_.forwarded_bytes, 120u + 16);
  ExpectAccountedFor();
}

// Thousands of moved objects whose copies claim to be huge must not cost a look at the whole page each.
TEST_F(PageWalkerTest, ManyForwardingAddressesToAHugeObject) {
  const uint64_t huge = heap_.NewArray(2, {});
  heap_.Set(huge, 8, heap_.Smi(0x7fffffff));
  for (int i = 0; i < 20000; ++i) heap_.New(kPage, huge - 1, 8);
  const uint64_t behind = heap_.NewString(kPage, "behind");
  const std::vector<Found> found = Walk();
  EXPECT_TRUE(Has(found, behind));
  EXPECT_EQ(tally_.lost_bytes, 160000u);
  ExpectAccountedFor();
}

TEST_F(PageWalkerTest, ResynchronisesAndCountsWhatIsLost) {
  for (int i = 0; i < 10; ++i) heap_.NewString(kPage, "before");
  const uint64_t damaged = heap_.NewString(kPage, std::string(200, 'd'));
  std::vector<uint64_t> behind;
  for (int i = 0; i < 10; ++i) behind.push_back(heap_.NewString(kPage, "behind"));
  heap_.Set(damaged, 0, 0xdeadbeefdeadbeef);
  const std::vector<Found> found = Walk();
  for (uint64_t tagged : behind) EXPECT_TRUE(Has(found, tagged));
  EXPECT_EQ(tally_.lost_bytes, 216u);
  EXPECT_EQ(tally_.lost_places, 1u);
  ExpectAccountedFor();
}

TEST_F(PageWalkerTest, WrongMapWords) {
  const uint64_t damaged = heap_.NewString(kPage, std::string(32, 'd'));
  std::vector<uint64_t> behind;
  for (int i = 0; i < 5; ++i) behind.push_back(heap_.NewString(kPage, "behind"));
  const uint64_t no_map = heap_.NewString(2, "no map");
  heap_.Seal();
  for (uint64_t word : {no_map, damaged + 8, uint64_t{0x7f0000000001}, uint64_t{1}, uint64_t{3}, ~uint64_t{0},
                        uint64_t{0}, heap_.meta_map() + 2, (uint64_t{1} << 47) + 1}) {
    heap_.Set(damaged, 0, word);
    const std::vector<Found> found = WalkSealed();
    for (uint64_t tagged : behind) EXPECT_TRUE(Has(found, tagged)) << std::hex << word;
    EXPECT_EQ(tally_.lost_bytes, 48u) << std::hex << word;
    ExpectAccountedFor();
  }
  // A word that points to its own object makes that a meta map, one that is its own Map: believed, but the page goes
  // on.
  heap_.Set(damaged, 0, damaged);
  WalkSealed();
  ExpectAccountedFor();
}

TEST_F(PageWalkerTest, AbsurdLengths) {
  const uint64_t array = heap_.NewArray(kPage, {1, 2, 3});
  const uint64_t text = heap_.NewString(kPage, "damaged");
  std::vector<uint64_t> behind;
  for (int i = 0; i < 5; ++i) behind.push_back(heap_.NewString(kPage, "behind"));
  heap_.Seal();
  heap_.memory().Put(text - 1 + 12, uint32_t{0x7fffffff});
  for (const int32_t length : {0x7fffffff, -1, -0x7fffffff, 1 << 20}) {
    heap_.Set(array, 8, heap_.Smi(length));
    const std::vector<Found> found = WalkSealed();
    for (uint64_t tagged : behind) EXPECT_TRUE(Has(found, tagged)) << length;
    EXPECT_GE(tally_.lost_bytes, 24u);
    ExpectAccountedFor();
  }
  // Not a Smi at all.
  heap_.Set(array, 8, 0x300000007);
  WalkSealed();
  EXPECT_GE(tally_.lost_bytes, 40u);
  ExpectAccountedFor();
}

TEST_F(PageWalkerTest, ObjectThatCrossesTheEndOfTheArea) {
  const FakeHeap::FakePage& page = heap_.page(kPage);
  while (heap_.page(kPage).top + 64 < page.end) heap_.NewString(kPage, std::string(32, 'x'));
  const uint64_t last = heap_.NewArray(kPage, {});
  heap_.Seal();
  heap_.Set(last, 8, heap_.Smi(100));
  WalkSealed();
  EXPECT_GT(tally_.lost_bytes, 0u);
  ExpectAccountedFor();
}

TEST_F(PageWalkerTest, MapsOfUnknownTypesEndAtTheNextMap) {
  const uint64_t map = heap_.NewMap(2, testing::kUnknownVariableType, 0);
  const uint64_t odd = heap_.New(kPage, map, 72);
  const uint64_t behind = heap_.NewString(kPage, "behind");
  const std::vector<Found> found = Walk();
  EXPECT_TRUE(Has(found, odd));
  EXPECT_TRUE(Has(found, behind));
  EXPECT_EQ(tally_.lost_bytes, 0u);
  ExpectAccountedFor();
}

TEST_F(PageWalkerTest, UnreadableParts) {
  for (int i = 0; i < 2000; ++i) heap_.NewString(kPage, std::string(16, 'x'));
  heap_.Seal();
  const Address hole = (heap_.page(kPage).start + 8192) & ~Address{4095};
  heap_.memory().FailReads(hole, 4096);
  heap_.memory().RefuseView();
  const std::vector<Found> found = WalkSealed();
  EXPECT_GE(tally_.unreadable_bytes, 4096u);
  EXPECT_LE(tally_.unreadable_bytes, 8192u);
  EXPECT_GT(found.size(), 1700u);
  ExpectAccountedFor();
}

// A damaged header: the area ends a terabyte behind its page. Neither time nor memory may follow.
TEST_F(PageWalkerTest, AreaThatEndsFarAway) {
  heap_.NewString(kPage, "x");
  heap_.Seal();
  const Layout layout = heap_.MakeLayout();
  MapCache maps(heap_.memory(), layout);
  PageWalker walker(heap_.memory(), layout, &maps, nullptr);
  Page page = heap_.MakePage(kPage);
  page.descriptor.area_end = page.descriptor.chunk + (Address{1} << 40);
  uint64_t objects = 0;
  walker.Walk(
      page, page.descriptor.area_end, {}, [&](MapCache::Slot&, Address, uint64_t, const std::byte*) { ++objects; },
      &tally_);
  EXPECT_GE(objects, 2u);
  EXPECT_GT(tally_.unreadable_bytes, uint64_t{1} << 39);
}

TEST(MapCache, GrowsAndKeepsWhatItKnows) {
  FakeHeap heap;
  std::vector<uint64_t> words;
  for (int i = 0; i < 3000; ++i) words.push_back(heap.NewMap(1, testing::kJSObjectType, 3));
  for (int i = 0; i < 3000; ++i) words.push_back(heap.NewMap(2, testing::kJSArrayType, 4));
  heap.Seal();
  const Layout layout = heap.MakeLayout();
  MapCache maps(heap.memory(), layout);
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < words.size(); ++i) {
      MapCache::Slot* slot = maps.Find(words[i]);
      ASSERT_NE(slot, nullptr);
      EXPECT_EQ(slot->fixed_size, i < 3000 ? 24 : 32);
      slot->count += 1;
      slot->bytes += slot->fixed_size;
    }
  }
  EXPECT_EQ(maps.size(), words.size());
  EXPECT_EQ(maps.Find(0), nullptr);
  EXPECT_EQ(maps.Find(~uint64_t{0}), nullptr);
  uint64_t count = 0, bytes = 0;
  maps.Drain([&](const MapInfo&, uint64_t c, uint64_t b) { count += c, bytes += b; });
  EXPECT_EQ(count, 12000u);
  EXPECT_EQ(bytes, 2u * 3000 * (24 + 32));
  maps.Drain([](const MapInfo&, uint64_t, uint64_t) { ADD_FAILURE(); });
}

}  // namespace
}  // namespace corewalk
