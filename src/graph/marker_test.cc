#include "graph/marker.h"

#include <gtest/gtest.h>

#include "graph/reachability.h"
#include "graph/testing/random_heap.h"

namespace corewalk {
namespace {

using testing::RandomHeap;

std::vector<ObjectId> SomeOf(RandomHeap* heap, size_t count) {
  std::vector<ObjectId> ids;
  for (size_t i = 0; i < count; ++i) ids.push_back(heap->graph.Id(heap->all[heap->Below(heap->all.size())]));
  return ids;
}

// Of the objects; blocks outside of the heap are no business of marks.
void ExpectSame(const NodeSet& marked, const NodeSet& reached, uint64_t objects, uint32_t seed) {
  for (ObjectId id = 0; id < objects; ++id) ASSERT_EQ(marked.Has(id), reached.Has(id)) << "object " << id << " of seed " << seed;
}

TEST(MarkerTest, ReachesWhatReferencesReach) {
  uint64_t reached_ones = 0, gone_ones = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    RandomHeap heap(seed);
    ASSERT_TRUE(heap.graph.Refer());
    const uint64_t objects = heap.graph.index->size();
    const std::vector<ObjectId> roots = SomeOf(&heap, 2), more = SomeOf(&heap, 2), gone = SomeOf(&heap, 5);
    const auto marker = Marker::Create(*heap.graph.index, 2, Cancel(), {});
    ASSERT_TRUE(marker);

    Reachability reach(*heap.graph.references, {});
    reach.ReachFrom(roots, Cancel());
    const NodeSet first = reach.reached();
    reach.ReachFrom(more, Cancel());
    NodeSet marked_first, marked;
    ASSERT_TRUE((*marker)->Mark({roots, more}, &marked_first, &marked, Cancel(), {}));
    ExpectSame(marked_first, first, objects, seed);
    ExpectSame(marked, reach.reached(), objects, seed);
    reached_ones += marked.Count();

    NodeSet without(heap.graph.references->node_count());
    for (const ObjectId id : gone) without.Add(id);
    Reachability rest(*heap.graph.references, {.without = &without});
    rest.ReachFrom(roots, Cancel());
    ASSERT_TRUE((*marker)->Mark({roots, {}, &without}, nullptr, &marked, Cancel(), {}));
    ExpectSame(marked, rest.reached(), objects, seed);
    gone_ones += marked.Count();
  }
  // The heaps are neither trivial nor is everything reached.
  EXPECT_GT(reached_ones, 60u * 100);
  EXPECT_GT(gone_ones, 60u * 50);
}

TEST(MarkerTest, AListAgainstTheOrderOfAddressesIsFollowedOnce) {
  testing::GraphHeap graph;
  const uint64_t empty = graph.heap.root("empty_fixed_array");
  std::vector<size_t> pages;
  for (int i = 0; i < 4; ++i) pages.push_back(graph.heap.AddPage(testing::FakeHeap::kOldSpace));
  uint64_t last = empty, first = 0;
  constexpr size_t kLong = 20'000;
  for (size_t i = 0; i < kLong; ++i) {
    last = graph.NewOf(testing::kJSObjectType, {empty, empty, last}, pages[i % pages.size()]);
    if (i == 0) first = last;
  }
  ASSERT_TRUE(graph.Number());
  const ObjectId head = graph.Id(last);
  for (const int threads : {1, 2, 3, 8}) {  // 8: more than pages
    const auto marker = Marker::Create(*graph.index, threads, Cancel(), {});
    ASSERT_TRUE(marker);
    NodeSet marked;
    ASSERT_TRUE((*marker)->Mark({std::span(&head, 1), {}}, nullptr, &marked, Cancel(), {}));
    EXPECT_GE(marked.Count(), kLong);
    EXPECT_TRUE(marked.Has(graph.Id(first)));
  }
}

// Each key is the value of the table before, and tables are met before their keys.
TEST(MarkerTest, AChainOfWeakTables) {
  testing::GraphHeap graph;
  const uint64_t empty = graph.heap.root("empty_fixed_array");
  const std::vector<size_t> pages = {graph.heap.AddPage(testing::FakeHeap::kOldSpace),
                                     graph.heap.AddPage(testing::FakeHeap::kOldSpace)};
  constexpr size_t kLong = 500;
  std::vector<uint64_t> keys;
  for (size_t i = 0; i <= kLong; ++i) keys.push_back(graph.NewOf(testing::kJSObjectType, {empty, empty}, pages[i % 2]));
  const uint64_t apart = graph.NewOf(testing::kJSObjectType, {empty, empty}, pages[0]);
  std::vector<uint64_t> tables;
  for (size_t i = kLong; i-- > 0;)
    tables.push_back(graph.NewOf(testing::kEphemeronHashTableType, {0, 0, 0, 0, keys[i], keys[i + 1]}, pages[i / 2 % 2]));
  const uint64_t dead_key = graph.NewOf(testing::kJSObjectType, {empty, empty}, pages[1]);
  tables.push_back(graph.NewOf(testing::kEphemeronHashTableType, {0, 0, 0, 0, dead_key, apart}, pages[0]));
  ASSERT_TRUE(graph.Number());
  std::vector<ObjectId> roots;
  for (const uint64_t table : tables) roots.push_back(graph.Id(table));
  const std::vector<ObjectId> first_key = {graph.Id(keys[0])}, late_key = {graph.Id(dead_key)};
  for (const int threads : {1, 2}) {
    const auto marker = Marker::Create(*graph.index, threads, Cancel(), {});
    ASSERT_TRUE(marker);
    NodeSet without_key, marked;
    ASSERT_TRUE((*marker)->Mark({roots, first_key}, &without_key, &marked, Cancel(), {}));
    for (const uint64_t key : keys) {
      EXPECT_FALSE(without_key.Has(graph.Id(key)));
      ASSERT_TRUE(marked.Has(graph.Id(key)));
    }
    EXPECT_FALSE(marked.Has(graph.Id(apart)));
    ASSERT_TRUE((*marker)->Mark({roots, late_key}, &without_key, &marked, Cancel(), {}));
    EXPECT_TRUE(marked.Has(graph.Id(apart)));
    EXPECT_FALSE(marked.Has(graph.Id(keys[1])));
  }
}

TEST(MarkerTest, StopsWhenCancelled) {
  RandomHeap heap(1);
  ASSERT_TRUE(heap.graph.Number());
  const auto marker = Marker::Create(*heap.graph.index, 1, Cancel(), {});
  ASSERT_TRUE(marker);
  Cancel cancel;
  cancel.Request();
  NodeSet marked;
  const std::vector<ObjectId> roots = SomeOf(&heap, 2);
  EXPECT_FALSE((*marker)->Mark({roots, {}}, nullptr, &marked, cancel, {}));
  EXPECT_EQ(Marker::Create(*heap.graph.index, 1, cancel, {}).error().code, ErrorCode::kInterrupted);
}

}  // namespace
}  // namespace corewalk
