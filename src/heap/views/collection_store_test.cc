#include "heap/views/collection_store.h"

#include "heap/testing/view_test.h"

namespace corewalk {
namespace {

class CollectionStoreTest : public testing::ViewTest {
 protected:
  StoreView Only(uint64_t object) {
    const std::vector<StoreView> stores = StoresOf(*reader_, object);
    EXPECT_EQ(stores.size(), 1u);
    return stores.empty() ? StoreView() : stores[0];
  }
  std::vector<StoreEntry> All(const StoreView& store) {
    return ReadEntries(*reader_, store, SpreadPositions(store.positions, 1000));
  }
};

TEST_P(CollectionStoreTest, MapsAndSetsCountTheirDeletedEntries) {
  const uint64_t hole = heap_.the_hole();
  const uint64_t map =
      heap_.JSObject("JS_MAP_TYPE", {heap_.OrderedTable(true, {{hole, hole}, {Smi(5), Smi(50)}, {Smi(6), Smi(60)}})});
  StoreView store = Only(map);
  EXPECT_EQ(store.kind, StoreKind::kMap);
  EXPECT_EQ(store.entries, 2u);
  EXPECT_EQ(store.deleted, 1u);
  EXPECT_EQ(store.capacity, 4u);
  EXPECT_EQ(store.positions, 3u);
  EXPECT_TRUE(store.ordered && store.whole);
  const std::vector<StoreEntry> entries = All(store);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].key, Smi(5));
  EXPECT_EQ(entries[1].value, Smi(60));
  EXPECT_EQ(entries[1].order, 2u);
  const StoreEnds ends = FindEnds(*reader_, store, 3, 1000, Cancel());
  EXPECT_EQ(ends.first, (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(ends.last, (std::vector<uint64_t>{1, 2}));
  store = Only(testing::zoo::JSSet(heap_));
  EXPECT_EQ(store.kind, StoreKind::kSet);
  EXPECT_EQ(All(store)[0].value, Smi(1));
  // The table itself.
  EXPECT_EQ(Only(heap_.Get(map, 24)).entries, 2u);
}

TEST_P(CollectionStoreTest, DictionariesSayHowManyWereAdded) {
  std::vector<testing::FakeObjects::Property> properties;
  for (int i = 0; i < 5; ++i) properties.push_back({heap_.String("k" + std::to_string(i)), Smi(i)});
  const uint64_t object = heap_.DictionaryObject(properties);
  const uint64_t table = heap_.Get(object, 8);
  heap_.Set(table, 16 + 8 * 3, Smi(9));  // the next enumeration index
  const StoreView store = Only(object);
  EXPECT_EQ(store.kind, StoreKind::kNamed);
  EXPECT_EQ(store.entries, 5u);
  EXPECT_EQ(store.deleted, 1u);
  EXPECT_EQ(store.capacity, 7u);
  EXPECT_EQ(store.ever_added, 8u);
  EXPECT_TRUE(store.whole);
  std::vector<StoreEntry> entries = All(store);
  ASSERT_EQ(entries.size(), 5u);
  // The order in the table is not that of insertion.
  EXPECT_EQ(entries[0].value, Smi(4));
  const StoreEnds ends = FindEnds(*reader_, store, 2, 1000, Cancel());
  ASSERT_EQ(ends.first.size(), 2u);
  EXPECT_EQ(ReadEntries(*reader_, store, std::span(ends.first).first(1))[0].value, Smi(0));
  EXPECT_EQ(ReadEntries(*reader_, store, std::span(ends.last).last(1))[0].value, Smi(4));
  EXPECT_FALSE(FindEnds(*reader_, store, 2, 6, Cancel()).exact);
}

TEST_P(CollectionStoreTest, ArraysAndTheirHoles) {
  const uint64_t elements = heap_.Array({Smi(1), heap_.the_hole(), Smi(3), heap_.the_hole(), heap_.the_hole()});
  const StoreView store = Only(heap_.JSArray(3, elements, Smi(4)));
  EXPECT_EQ(store.kind, StoreKind::kElements);
  EXPECT_EQ(store.entries, 4u);
  EXPECT_EQ(store.capacity, 5u);
  EXPECT_EQ(CountHoles(*reader_, store, 100, Cancel()), 2u);
  EXPECT_EQ(CountHoles(*reader_, store, 3, Cancel()), std::nullopt);
  EXPECT_EQ(All(store).size(), 2u);
  EXPECT_EQ(CountHoles(*reader_, Only(heap_.JSArray(2, elements, Smi(1))), 100, Cancel()), 0u);
  const uint64_t sparse = heap_.NumberDictionary({{Smi(7), {.value = Smi(70)}}, {Smi(1000000), {.value = Smi(1)}}});
  const StoreView numbered = Only(heap_.JSArray(heap_.facts().dictionary_elements, sparse, Smi(1000001)));
  EXPECT_EQ(numbered.kind, StoreKind::kNumbered);
  EXPECT_EQ(numbered.entries, 2u);
  const StoreEnds ends = FindEnds(*reader_, numbered, 1, 1000, Cancel());
  ASSERT_EQ(ends.first.size(), 1u);
  EXPECT_EQ(ReadEntries(*reader_, numbered, ends.first)[0].index, 7u);
  EXPECT_EQ(ReadEntries(*reader_, numbered, ends.last)[0].index, 1000000u);
}

TEST_P(CollectionStoreTest, FieldsOfFastObjects) {
  const uint64_t object = heap_.Object({{heap_.String("a"), Smi(1)}, {heap_.String("b"), Smi(2)}});
  EXPECT_TRUE(StoresOf(*reader_, object, 3).empty());
  const StoreView store = StoresOf(*reader_, object, 2).at(0);
  EXPECT_EQ(store.kind, StoreKind::kFields);
  EXPECT_EQ(All(store).size(), 2u);
}

TEST_P(CollectionStoreTest, SpreadPositionsReachBothEnds) {
  EXPECT_EQ(SpreadPositions(0, 5).size(), 0u);
  EXPECT_EQ(SpreadPositions(3, 5), (std::vector<uint64_t>{0, 1, 2}));
  const std::vector<uint64_t> spread = SpreadPositions(uint64_t{1} << 28, 4096);
  EXPECT_EQ(spread.size(), 4096u);
  EXPECT_EQ(spread.back(), (uint64_t{1} << 28) - 1);
  EXPECT_TRUE(std::ranges::is_sorted(spread));
}

// Every word of every kind of object damaged: counts stay within the memory, and it ends.
TEST_P(CollectionStoreTest, DamageIsBounded) {
  for (const testing::ZooAnimal& animal : testing::kZoo) {
    for (const uint64_t word : {uint64_t{0}, Smi(-1), Smi(0x7fffffff), testing::FakeObjects::kNoMemory, ~uint64_t{0}}) {
      testing::FakeObjects heap(GetParam());
      const uint64_t object = animal.make(heap);
      if (object == 0) continue;
      const std::vector<testing::FakeObjects::Made> made(heap.made().begin(), heap.made().end());
      NameResolver names(heap.memory(), heap.layout());
      for (const auto& [at, words, type] : made) {
        for (uint64_t i = 0; i < words; ++i) {
          const uint64_t before = heap.Get(at, 8 * i);
          heap.Set(at, 8 * i, word);
          HeapReader reader(heap.memory(), heap.layout(), &names);
          for (const StoreView& store : StoresOf(reader, object)) {
            EXPECT_LE(store.entries + store.deleted, testing::FakeObjects::kSize / 8)
                << animal.name << " " << type << " " << i;
            EXPECT_LE(ReadEntries(reader, store, SpreadPositions(store.positions, 100)).size(), 100u);
            (void)FindEnds(reader, store, 3, 1 << 16, Cancel());
            (void)CountHoles(reader, store, 1 << 16, Cancel());
          }
          heap.Set(at, 8 * i, before);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lines, CollectionStoreTest, ::testing::ValuesIn(testing::kTestedLines), testing::LineName);

}  // namespace
}  // namespace corewalk
