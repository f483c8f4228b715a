#include "analysis/leaks/growth.h"

#include "analysis/leaks/newest_only.h"
#include "heap/testing/view_test.h"

namespace corewalk {
namespace {

StoreView Table(StoreKind kind, uint64_t entries, uint64_t capacity, uint64_t deleted = 0) {
  return {.kind = kind,
          .entries = entries,
          .capacity = capacity,
          .deleted = deleted,
          .positions = entries + deleted,
          .ordered = true};
}

TEST(GrowthOfStoreTest, DeletedEntriesOfAMap) {
  EXPECT_EQ(GrowthOfStore(Table(StoreKind::kMap, 700, 1024, 1)).deleted_from, true);
  const Growth clean = GrowthOfStore(Table(StoreKind::kMap, 700, 1024));
  EXPECT_EQ(clean.deleted_from, false);
  EXPECT_EQ(clean.added_since_growth, 188u);
  EXPECT_FALSE(clean.just_grown);
}

TEST(GrowthOfStoreTest, ATableThatHasJustGrownSaysNothing) {
  const Growth growth = GrowthOfStore(Table(StoreKind::kMap, 513, 1024));
  EXPECT_TRUE(growth.just_grown);
  EXPECT_EQ(growth.deleted_from, std::nullopt);
}

TEST(GrowthOfStoreTest, HalfEmptyTables) {
  EXPECT_EQ(GrowthOfStore(Table(StoreKind::kMap, 512, 1024)).deleted_from, true);
  // A Set may have been made with room.
  const Growth set = GrowthOfStore(Table(StoreKind::kSet, 512, 1024));
  EXPECT_TRUE(set.half_empty);
  EXPECT_EQ(set.deleted_from, std::nullopt);
  EXPECT_EQ(GrowthOfStore(Table(StoreKind::kMap, 1, 4)).deleted_from, std::nullopt);
}

TEST(GrowthOfStoreTest, Dictionaries) {
  StoreView store = Table(StoreKind::kNamed, 100, 256);
  EXPECT_EQ(GrowthOfStore(store).deleted_from, std::nullopt);
  store.ever_added = 100;
  EXPECT_EQ(GrowthOfStore(store).deleted_from, false);
  store.ever_added = 101;
  EXPECT_EQ(GrowthOfStore(store).deleted_from, true);
}

TEST(GrowthOfStoreTest, RoomOfArraysThatArePushedTo) {
  // 17, 43, 82, 140, ... in every V8 from 7.4 to 14.6.
  for (const uint64_t capacity : {17, 43, 82, 140})
    EXPECT_TRUE(GrowthOfStore(Table(StoreKind::kElements, capacity - 1, capacity)).grown_by_push);
  EXPECT_FALSE(GrowthOfStore(Table(StoreKind::kElements, 10, 44)).grown_by_push);
  EXPECT_FALSE(GrowthOfStore(Table(StoreKind::kElements, 17, 17)).grown_by_push);
}

TEST(JudgeTest, NeedsEvidenceOfBothKinds) {
  const StoreView store = Table(StoreKind::kMap, 2000, 2048);
  const KeyPattern ids{.key_class = KeyClass::kUuids, .identifiers = true}, words{.key_class = KeyClass::kTexts};
  const Growth clean = GrowthOfStore(store);
  EXPECT_EQ(Judge(store, 2000, ids, false, clean).bound, Bound::kUnbounded);
  EXPECT_EQ(Judge(store, 2000, words, true, clean).bound, Bound::kUnbounded);
  EXPECT_EQ(Judge(store, 2000, words, false, clean).bound, Bound::kUnknown);
  EXPECT_EQ(Judge(store, 2000, ids, true, Growth{}).bound, Bound::kUnknown);
  EXPECT_EQ(Judge(store, kManyEntries - 1, ids, true, clean).bound, Bound::kUnknown);
  Growth deleted = clean;
  deleted.deleted_from = true;
  EXPECT_EQ(Judge(store, 2000, ids, true, deleted).bound, Bound::kUnknown);
  Growth limited = clean;
  limited.limit = {.name = "max", .value = 2000, .reached = true};
  EXPECT_EQ(Judge(store, 2000, ids, true, limited).bound, Bound::kBounded);
  EXPECT_EQ(Judge(store, 2000, ids, true, limited).reasons, std::vector{Reason::kAtLimit});
}

TEST(JudgeTest, AnArrayMadeAtOnceDoesNotGrow) {
  const StoreView store = Table(StoreKind::kElements, 60000, 60000);
  Growth growth = GrowthOfStore(store);
  EXPECT_TRUE(growth.exact);
  EXPECT_FALSE(GrowthOfStore(Table(StoreKind::kElements, 59999, 60000)).exact);
  EXPECT_FALSE(GrowthOfStore(Table(StoreKind::kElements, 82, 82)).exact);  // pushed to until it was full
  growth.sequence = {.field = "id", .first = 0, .last = 59999, .gapless = true};
  EXPECT_EQ(Judge(store, 60000, {}, true, growth).bound, Bound::kUnknown);
  EXPECT_EQ(Judge(store, 60000, {}, true, growth).reasons, std::vector{Reason::kMadeAtOnce});
  // Made anew for each entry, as concat() does.
  growth.times = {.field = "at", .oldest = 1e12, .newest = 2e12, .per_second = 1};
  EXPECT_EQ(Judge(store, 60000, {}, true, growth).bound, Bound::kUnbounded);
}

TEST(JudgeTest, TheLastFewOfALongSequenceAreBounded) {
  const StoreView store = Table(StoreKind::kMap, 2000, 4096, 100);
  const KeyPattern ids{.key_class = KeyClass::kSequential, .identifiers = true};
  Growth window = GrowthOfStore(store);
  window.sequence = {.of_key = true, .first = 98000, .last = 99999, .gapless = true};
  EXPECT_EQ(Judge(store, 2000, ids, true, window).bound, Bound::kBounded);
  // The same numbers in a table from which nothing was deleted: they began there.
  Growth clean = GrowthOfStore(Table(StoreKind::kMap, 2000, 2048));
  clean.sequence = window.sequence;
  EXPECT_EQ(Judge(store, 2000, ids, true, clean).bound, Bound::kUnbounded);
  // A backlog that holds a good part of what ever came.
  window.sequence = {.of_key = true, .first = 3000, .last = 4999, .gapless = true};
  EXPECT_EQ(Judge(store, 2000, ids, true, window).bound, Bound::kUnknown);
}

TEST(NewestOnlyTest, NumbersAndTimes) {
  Growth growth;
  EXPECT_EQ(NewestOnly(growth, 1000, 60'000), "");
  growth.sequence = {.field = "id", .first = 1, .last = 1000, .gapless = true};
  EXPECT_EQ(NewestOnly(growth, 1000, 60'000), "");
  growth.sequence->first = 1500, growth.sequence->last = 2499;
  EXPECT_EQ(NewestOnly(growth, 1000, 60'000), "") << "a backlog";
  growth.sequence->first = 9001, growth.sequence->last = 10'000;
  EXPECT_EQ(NewestOnly(growth, 1000, 60'000), "its .id begin at 9,001");
  growth.sequence->gapless = false;
  EXPECT_EQ(NewestOnly(growth, 1000, 60'000), "");
  growth.times = {.field = "at", .oldest = 1e12, .newest = 1e12 + 1500, .per_second = 700};
  EXPECT_EQ(NewestOnly(growth, 1000, 60'000), "") << "nothing was deleted: it may have begun late";
  growth.deleted_from = true;
  EXPECT_EQ(NewestOnly(growth, 1000, 60'000), "its entries are of 1,500 ms, and the process lived for 60,000 ms or longer");
  EXPECT_EQ(NewestOnly(growth, 1000, 3000), "");
  EXPECT_EQ(NewestOnly(growth, 1000, 0), "");
}

TEST(JudgeTest, AnArrayThatKeepsTheLastFewIsBounded) {
  Growth growth = GrowthOfStore(Table(StoreKind::kElements, 10000, 15016));  // shifted
  growth.sequence = {.field = "n", .first = 50001, .last = 60000, .gapless = true};
  EXPECT_EQ(Judge(Table(StoreKind::kElements, 10000, 15016), 10000, {}, true, growth).bound, Bound::kBounded);
  // Only pushed to: the numbers began there.
  Growth pushed = growth;
  pushed.grown_by_push = true;
  EXPECT_EQ(Judge(Table(StoreKind::kElements, 10000, 15016), 10000, {}, true, pushed).bound, Bound::kUnbounded);
}

class SpansTest : public testing::ViewTest {
 protected:
  uint64_t Date(double time) {
    return heap_.JSObject("JS_DATE_TYPE",
                          {heap_.facts().raw_date ? std::bit_cast<uint64_t>(time) : heap_.HeapNumber(time)});
  }
  Growth Find(const std::vector<uint64_t>& values, uint64_t entries) {
    std::vector<StoreEntry> sample;
    for (size_t i = 0; i < values.size(); ++i) sample.push_back({.position = i, .order = i, .value = values[i]});
    Growth growth{.ordered = true};
    FindSpans(*reader_, sample, &sample.front(), &sample.back(), entries, {}, &growth);
    return growth;
  }
};

TEST_P(SpansTest, DatesAndNumbersThatRise) {
  const uint64_t at = heap_.String("createdAt"), expires = heap_.String("expiresAt"), id = heap_.String("id");
  std::vector<uint64_t> values;
  for (int i = 0; i < 5; ++i)
    values.push_back(heap_.Object({{expires, Date(1.8e12 + 500 * i)}, {at, Date(1.7e12 + 500 * i)}, {id, Smi(1 + i)}}));
  const Growth growth = Find(values, 5);
  ASSERT_TRUE(growth.times);
  EXPECT_EQ(growth.times->field, "createdAt");
  EXPECT_EQ(growth.times->oldest, 1.7e12);
  EXPECT_DOUBLE_EQ(growth.times->per_second, 2);
  ASSERT_TRUE(growth.sequence);
  EXPECT_EQ(growth.sequence->field, "id");
  EXPECT_TRUE(growth.sequence->gapless);
  EXPECT_EQ(growth.deleted_from, false);
  EXPECT_FALSE(Find(values, 9).sequence->gapless);
}

TEST_P(SpansTest, TimesWithoutOrderSayNothing) {
  const uint64_t at = heap_.String("at");
  std::vector<uint64_t> values;
  for (int i = 0; i < 6; ++i) values.push_back(heap_.Object({{at, Date(1.7e12 + 1000 * (i * 5 % 6))}}));
  EXPECT_FALSE(Find(values, 6).times);
}

TEST_P(SpansTest, TimesThatBeginAnewDoNotRise) {
  const uint64_t at = heap_.String("at");
  std::vector<uint64_t> values;
  for (int i = 0; i < 60; ++i) values.push_back(heap_.Object({{at, Date(1.7e12 + 1000 * (i < 40 ? 20 + i : i - 40))}}));
  EXPECT_FALSE(Find(values, 60).times);
}

TEST_P(SpansTest, Limits) {
  const uint64_t cache = heap_.Object(
      {{heap_.String("max"), Smi(100)}, {heap_.String("maxAge"), Smi(90)}, {heap_.String("size"), Smi(99)}});
  ASSERT_TRUE(FindLimit(*reader_, cache, 99));
  EXPECT_EQ(FindLimit(*reader_, cache, 99)->name, "max");
  EXPECT_TRUE(FindLimit(*reader_, cache, 99)->reached);
  EXPECT_FALSE(FindLimit(*reader_, cache, 50)->reached);
  EXPECT_FALSE(FindLimit(*reader_, cache, 5000));
}

INSTANTIATE_TEST_SUITE_P(Lines, SpansTest, ::testing::ValuesIn(testing::kTestedLines), testing::LineName);

}  // namespace
}  // namespace corewalk
