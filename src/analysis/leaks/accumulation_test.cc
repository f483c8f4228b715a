#include "analysis/leaks/accumulation.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "analysis/leaks/group_holders.h"
#include "analysis/leaks/suspect_pins.h"
#include "graph/testing/graph_heap.h"
#include "heap/names.h"

namespace corewalk {
namespace {

using testing::GraphHeap;

// A heap with roots of its own, and the graph over it.
class AccumulationTest : public ::testing::Test {
 protected:
  uint64_t Array(const std::vector<uint64_t>& elements) { return heap_.heap.NewArray(1, elements); }
  // An object of its own kind of shape, with these fields behind its header of three words.
  uint64_t Object(std::initializer_list<uint64_t> fields) {
    const uint8_t count = static_cast<uint8_t>(3 + fields.size());
    uint64_t& map = maps_[count];
    if (map == 0) map = heap_.heap.NewMap(0, testing::kJSObjectType, count);
    const uint64_t object = heap_.heap.New(1, map, uint64_t{8} * count);
    heap_.heap.Set(object, 8, heap_.heap.root("empty_fixed_array"));
    heap_.heap.Set(object, 16, heap_.heap.root("empty_fixed_array"));
    uint64_t offset = 24;
    for (const uint64_t field : fields) heap_.heap.Set(object, offset, field), offset += 8;
    return object;
  }
  void Root(uint64_t object) { heap_.heap.SetRoot("array_on_page_" + std::to_string(++roots_), object); }

  bool Build() {
    graph_ = heap_.BuildGraph(1, &heap_.heap.binary());
    if (graph_ == nullptr || !graph_->EnsureRetained(Cancel(), {})) return false;
    names_.emplace(heap_.heap.memory(), heap_.model->layout());
    reader_.emplace(heap_.heap.memory(), heap_.model->layout(), &*names_);
    return true;
  }
  ObjectId Id(uint64_t object) const { return graph_->index().At(object); }
  std::vector<Accumulation> Find(uint64_t least) { return FindAccumulations(*graph_, &*reader_, least, Cancel()); }
  static const Accumulation* At(const std::vector<Accumulation>& points, ObjectId node) {
    for (const Accumulation& point : points) {
      if (point.node == node) return &point;
    }
    return nullptr;
  }

  // A chain of 1,000 links, of which one is held by something else, too.
  void MiddleHeld(int before) {
    uint64_t last = heap_.heap.root("undefined_value"), middle = 0;
    for (int i = 0; i < 1000; ++i) {
      last = Object({last});
      if (i == 999 - before) middle = last;
    }
    Root(Array({last, Array({middle})}));
    ASSERT_TRUE(Build());
    const std::vector<Accumulation> points = Find(3'200);
    const Accumulation* point = At(points, Id(middle));
    ASSERT_NE(point, nullptr);
    EXPECT_EQ(At(points, Id(last)), nullptr) << "its links are told once";
    EXPECT_EQ(point->groups[0].count, 1000u);
    ASSERT_FALSE(point->top.empty());
    EXPECT_EQ(point->top.front(), Id(last));
    std::vector<ObjectId> pieces = {Id(last), Id(middle)};
    std::ranges::sort(pieces);
    EXPECT_EQ(point->pieces, pieces);
  }

  GraphHeap heap_{false};
  std::unique_ptr<HeapGraph> graph_;
  std::optional<NameResolver> names_;
  std::optional<HeapReader> reader_;

 private:
  std::map<uint8_t, uint64_t> maps_;
  int roots_ = 0;
};

TEST_F(AccumulationTest, AnArrayOfMany) {
  std::vector<uint64_t> objects;
  for (int i = 0; i < 500; ++i) objects.push_back(Object({Array({0, 0, 0, 0})}));
  const uint64_t list = Array(objects);
  const uint64_t holder = Object({list});
  Root(holder);
  ASSERT_TRUE(Build());
  const std::vector<Accumulation> points = Find(10'000);
  const Accumulation* point = At(points, Id(list));
  ASSERT_NE(point, nullptr);
  EXPECT_TRUE(point->collection);
  EXPECT_EQ(point->chain, 0u);
  EXPECT_EQ(point->scattered, 500u * (32 + 48));
  EXPECT_EQ(point->retained, 500u * (32 + 48) + 16 + 500 * 8);
  ASSERT_EQ(point->groups.size(), 1u);
  EXPECT_EQ(point->groups[0].count, 500u);
  EXPECT_EQ(At(points, Id(holder)), nullptr) << "it only leads there";
}

TEST_F(AccumulationTest, AChainIsOnePoint) {
  uint64_t last = heap_.heap.root("undefined_value");
  for (int i = 0; i < 1000; ++i) last = Object({last});
  const uint64_t holder = Array({last});
  Root(holder);
  ASSERT_TRUE(Build());
  const std::vector<Accumulation> points = Find(3'200);
  const Accumulation* point = At(points, Id(last));
  ASSERT_NE(point, nullptr);
  EXPECT_EQ(point->chain, 901u) << "links that retain at least the least size";
  EXPECT_EQ(point->retained, 32'000u);
  size_t others = 0;
  for (const Accumulation& one : points) others += one.node != Id(last) && one.node != graph_->node_count();
  EXPECT_EQ(others, 0u);
}

TEST_F(AccumulationTest, TheEndOfAChainIsCountedThoughItsLinksAreSmall) {
  uint64_t last = heap_.heap.root("undefined_value");
  const uint64_t tail = last = Object({last});
  for (int i = 1; i < 1000; ++i) last = Object({last});
  Root(Array({last, tail}));  // a queue that knows its tail: that link is not the others' alone
  ASSERT_TRUE(Build());
  const std::vector<Accumulation> points = Find(3'200);
  const Accumulation* point = At(points, Id(last));
  ASSERT_NE(point, nullptr);
  EXPECT_EQ(point->retained, 999u * 32);
  ASSERT_EQ(point->groups.size(), 1u);
  EXPECT_EQ(point->groups[0].count, 1000u);
}

TEST_F(AccumulationTest, AChainHeldInTheMiddleIsToldFromItsFirstLink) {
  MiddleHeld(10);  // links before that one: too few to be a chain of their own
}

TEST_F(AccumulationTest, TwoPartsOfAChainAreOneChain) {
  MiddleHeld(500);
}

TEST_F(AccumulationTest, TwoThingsAreTwoPoints) {
  std::vector<uint64_t> first, second;
  for (int i = 0; i < 300; ++i) first.push_back(Object({Array({0, 0, 0, 0})}));
  for (int i = 0; i < 200; ++i) second.push_back(Object({Array({0, 0, 0, 0})}));
  const uint64_t one = Array(first), two = Array(second), both = Object({one, two});
  Root(both);
  ASSERT_TRUE(Build());
  const std::vector<Accumulation> points = Find(5'000);
  ASSERT_NE(At(points, Id(one)), nullptr);
  ASSERT_NE(At(points, Id(two)), nullptr);
  EXPECT_EQ(At(points, Id(both)), nullptr);
  EXPECT_GT(At(points, Id(one))->scattered, At(points, Id(two))->scattered);
}

TEST_F(AccumulationTest, WhatTwoCollectionsHoldIsAGroupOfBoth) {
  std::vector<uint64_t> objects;
  for (int i = 0; i < 400; ++i) objects.push_back(Object({Array({0, 0, 0, 0})}));
  const uint64_t one = Array(objects), two = Array(objects);
  Root(one);
  Root(two);
  ASSERT_TRUE(Build());
  const std::vector<Accumulation> points = Find(5'000);
  const Accumulation* roots = At(points, static_cast<ObjectId>(graph_->node_count()));
  ASSERT_NE(roots, nullptr);
  uint64_t most = 0;
  for (const ChildGroup& group : roots->groups) most = std::max(most, group.count);
  EXPECT_EQ(most, 400u);

  std::vector<MemberGroup> groups(1);
  for (const uint64_t object : objects) groups[0].members.push_back(Id(object));
  FindGroupHolders(*graph_, &*reader_, groups, Cancel());
  ASSERT_EQ(groups[0].holders.containers.size(), 2u);
  EXPECT_EQ(groups[0].holders.containers[0].members, 400u);
  EXPECT_EQ(groups[0].holders.containers[1].members, 400u);
  EXPECT_TRUE(groups[0].holders.kinds.empty());
}

TEST_F(AccumulationTest, HoldersOfOneMemberEachAreAKind) {
  std::vector<uint64_t> objects, holders;
  for (int i = 0; i < 100; ++i) objects.push_back(Object({}));
  for (int i = 0; i < 100; ++i)
    holders.push_back(Object({objects[static_cast<size_t>(i)], objects[static_cast<size_t>(i)]}));
  Root(Array(objects));
  Root(Array(holders));
  ASSERT_TRUE(Build());
  std::vector<MemberGroup> groups(1);
  for (const uint64_t object : objects) groups[0].members.push_back(Id(object));
  FindGroupHolders(*graph_, &*reader_, groups, Cancel());
  EXPECT_EQ(groups[0].holders.containers.size(), 1u);
  ASSERT_EQ(groups[0].holders.kinds.size(), 1u);
  EXPECT_EQ(groups[0].holders.kinds[0].holders, 100u);
  EXPECT_EQ(groups[0].holders.kinds[0].references, 100u) << "both properties of a holder lead to the same member";
}

TEST_F(AccumulationTest, PinsAreShallowAndCountOnce) {
  std::vector<uint64_t> objects;
  for (int i = 0; i < 50; ++i) objects.push_back(Object({Array({0, 0, 0, 0})}));
  const uint64_t list = Array(objects);
  Root(list);
  ASSERT_TRUE(Build());
  std::vector<Suspect> suspects(2);
  suspects[0].nodes = {Id(list)};
  suspects[1].nodes = {Id(objects[0])};
  FindPins(*graph_, *names_, suspects, 10, Cancel());
  uint64_t bytes = 0;
  for (const Pinned& pinned : suspects[0].pins) bytes += pinned.bytes;
  EXPECT_EQ(bytes, 49u * (32 + 48) + 16 + 50 * 8) << "what is below the second suspect is its own";
  ASSERT_EQ(suspects[1].pins.size(), 2u);
  EXPECT_EQ(suspects[1].pins[0].bytes, 48u);
  EXPECT_EQ(suspects[1].pins[1].bytes, 32u);
}

TEST_F(AccumulationTest, Interrupted) {
  std::vector<uint64_t> objects;
  for (int i = 0; i < 50; ++i) objects.push_back(Object({}));
  Root(Array(objects));
  ASSERT_TRUE(Build());
  Cancel cancel;
  cancel.Request();
  FindAccumulations(*graph_, &*reader_, 100, cancel);
}

}  // namespace
}  // namespace corewalk
