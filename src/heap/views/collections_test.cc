#include "heap/views/collections.h"

#include <chrono>

#include "heap/testing/view_test.h"

namespace corewalk {
namespace {

using Pairs = std::vector<std::pair<uint64_t, uint64_t>>;

class CollectionsTest : public testing::ViewTest {
 protected:
  Pairs Entries(uint64_t object, bool whole = true) {
    Pairs found;
    const auto view = ForEachEntry(*reader_, object, [&](uint64_t k, uint64_t v, Address) { return found.emplace_back(k, v), true; });
    EXPECT_TRUE(view.has_value());
    EXPECT_TRUE(view && view->whole == whole);
    return found;
  }
  std::string IteratorType() const { return "JS_MAP_KEY_VALUE_ITERATOR_TYPE"; }
};

TEST_P(CollectionsTest, InOrderOfInsertionWithoutDeletedOnes) {
  const Pairs map = Entries(testing::zoo::JSMap(heap_));
  ASSERT_EQ(map.size(), 2u);
  EXPECT_EQ(map[0].second, Smi(1));
  EXPECT_EQ(map[1].first, Smi(3));
  const Pairs set = Entries(testing::zoo::JSSet(heap_));
  ASSERT_EQ(set.size(), 2u);
  EXPECT_EQ(set[0].first, Smi(1));
  EXPECT_EQ(TableOf(*reader_, testing::zoo::JSMap(heap_))->size, 2u);
  EXPECT_FALSE(TableOf(*reader_, heap_.Object({})));
}

TEST_P(CollectionsTest, IteratorsGoOnInTheNextTable) {
  const Pairs rest = Entries(testing::zoo::MapIterator(heap_));
  ASSERT_EQ(rest.size(), 1u);  // entry 0 was removed, so the third stands at 1 now
  EXPECT_EQ(rest[0].first, Smi(3));
  const uint64_t now = heap_.OrderedTable(true, {{Smi(1), Smi(1)}, {Smi(2), Smi(2)}});
  const uint64_t cleared = heap_.OrderedTable(true, {{Smi(8), Smi(8)}});
  heap_.Obsolete(cleared, now, {}, true);
  EXPECT_EQ(Entries(heap_.JSObject(IteratorType(), {cleared, Smi(1)})).size(), 2u);
}

TEST_P(CollectionsTest, RingsOfTablesEnd) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<uint64_t> tables;
  for (int i = 0; i < 3; ++i) tables.push_back(heap_.OrderedTable(true, {{Smi(i), Smi(i)}}));
  for (size_t i = 0; i < 3; ++i) {
    heap_.Obsolete(tables[i], tables[(i + 1) % 3], {});
    heap_.Set(tables[i], 24, Smi(0x7fffffff));  // holes without end
  }
  const uint64_t itself = heap_.OrderedTable(false, {});
  heap_.Obsolete(itself, itself, {});
  EXPECT_FALSE(TableOf(*reader_, heap_.JSObject(IteratorType(), {tables[0], Smi(0x7fffffff)})));
  EXPECT_FALSE(TableOf(*reader_, heap_.JSObject("JS_SET_TYPE", {itself})));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST_P(CollectionsTest, CountsThatDoNotFitAreTold) {
  for (const auto& [at, value] : std::vector<std::pair<uint64_t, int64_t>>{{16, 99}, {16, -1}, {24, 99}, {24, -1}, {32, 1}, {32, 50}, {8, 6}}) {
    const uint64_t object = testing::zoo::JSMap(heap_);
    heap_.Set(heap_.Get(object, 24), at, Smi(value));
    const auto view = ForEachEntry(*reader_, object, [](uint64_t, uint64_t, Address) { return true; });
    EXPECT_TRUE(!view || !view->whole) << at << " " << value;
  }
}

TEST_P(CollectionsTest, Weak) {
  Pairs found;
  const EntryVisitor collect = [&](uint64_t k, uint64_t v, Address) { return found.emplace_back(k, v), true; };
  const auto map = ForEachWeakEntry(*reader_, testing::zoo::WeakMap(heap_), collect);
  ASSERT_TRUE(map);
  EXPECT_TRUE(map->whole && map->is_map);
  EXPECT_EQ(map->size, 1u);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].second, Smi(1));
  const uint64_t damaged = testing::zoo::WeakMap(heap_);
  heap_.Set(heap_.Get(damaged, 24), 16 + 8 * 7, testing::FakeObjects::kNoMemory);
  EXPECT_FALSE(ForEachWeakEntry(*reader_, damaged, collect)->whole);
}

TEST_P(CollectionsTest, Registry) {
  const uint64_t registry = testing::zoo::Registry(heap_);
  if (registry == 0) GTEST_SKIP();
  Pairs found;
  const EntryVisitor collect = [&](uint64_t k, uint64_t v, Address) { return found.emplace_back(k, v), true; };
  EXPECT_TRUE(ForEachCell(*reader_, registry, collect)->whole);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].second, Smi(2));
  EXPECT_EQ(reader_->TypeOf(found[0].first), "JS_OBJECT_TYPE");
  const uint64_t first = heap_.Get(registry, 40);
  heap_.Set(heap_.Get(first, 48), 48, first);  // a ring
  EXPECT_FALSE(ForEachCell(*reader_, registry, collect)->whole);
}

INSTANTIATE_TEST_SUITE_P(Lines, CollectionsTest, ::testing::ValuesIn(testing::kTestedLines), testing::LineName);

}  // namespace
}  // namespace corewalk
