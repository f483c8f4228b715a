#include "analysis/leaks/buffers.h"

#include <gtest/gtest.h>

#include "analysis/leaks/buffer_owners.h"
#include "graph/testing/graph_heap.h"
#include "layout/object_fields.h"

namespace corewalk {
namespace {

using testing::GraphHeap;

constexpr uint16_t kJSTypedArrayType = 1107, kJSDataViewType = 1108;
constexpr Address kStores = 0x30000000;

class BufferCensusTest : public ::testing::Test {
 protected:
  BufferCensusTest() {
    heap_.heap.binary().v8dbg["type_JSTypedArray__JS_TYPED_ARRAY_TYPE"] = kJSTypedArrayType;
    heap_.heap.binary().v8dbg["type_JSDataView__JS_DATA_VIEW_TYPE"] = kJSDataViewType;
    heap_.heap.memory().AddZeros(kStores, 0x10000);
  }

  void Set(uint64_t object, ObjectField field, uint64_t value) {
    heap_.heap.Set(object, static_cast<uint64_t>(offsets_[field]), value);
  }
  uint64_t NewBuffer(Address store, uint64_t bytes, uint64_t flags = 0) {
    const uint64_t empty = heap_.heap.root("empty_fixed_array");
    const uint64_t buffer = heap_.NewOf(testing::kJSArrayBufferType, {empty, empty, 0, 0, 0, 0, 0, 0, 0, 0});
    Set(buffer, ObjectField::kArrayBufferByteLength, bytes);
    Set(buffer, ObjectField::kArrayBufferBackingStore, store);
    Set(buffer, ObjectField::kArrayBufferFlags, flags);
    return buffer;
  }
  uint64_t NewView(uint64_t buffer, uint64_t offset, uint64_t bytes) {
    const uint64_t empty = heap_.heap.root("empty_fixed_array");
    const uint64_t view = heap_.NewOf(kJSDataViewType, {empty, empty, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    Set(view, ObjectField::kViewBuffer, buffer);
    Set(view, ObjectField::kViewByteOffset, offset);
    Set(view, ObjectField::kViewByteLength, bytes);
    return view;
  }
  void Hold(uint64_t object) { heap_.heap.SetRoot("spare_" + std::to_string(100 + held_++), object); }

  const HeapGraph& Graph() {
    if (graph_) return *graph_;
    graph_ = heap_.BuildGraph(2, &heap_.heap.binary());
    if (graph_ == nullptr) std::abort();
    names_ = std::make_unique<NameResolver>(heap_.heap.memory(), heap_.model->layout());
    reader_ = std::make_unique<HeapReader>(heap_.heap.memory(), heap_.model->layout(), names_.get());
    return *graph_;
  }
  BufferCensus Take() {
    const HeapGraph& graph = Graph();
    return TakeBufferCensus(reader_.get(), graph, &heap_.heap.binary(), Cancel());
  }
  const ExternalStore& StoreAt(const BufferCensus& census, Address address) {
    for (const ExternalStore& store : census.stores) {
      if (store.address == address) return store;
    }
    ADD_FAILURE() << "no store";
    static const ExternalStore kNone;
    return kNone;
  }

  GraphHeap heap_;
  ObjectOffsets offsets_{heap_.heap.version()};
  std::unique_ptr<HeapGraph> graph_;
  std::unique_ptr<NameResolver> names_;
  std::unique_ptr<HeapReader> reader_;
  int held_ = 0;
};

TEST_F(BufferCensusTest, WhatViewsCoverIsCountedOnce) {
  const uint64_t buffer = NewBuffer(kStores, 1000);
  const uint64_t first = NewView(buffer, 100, 200), second = NewView(buffer, 200, 200),
                 third = NewView(buffer, 900, 50);
  Hold(heap_.heap.NewArray(1, {first, second, third}));
  NewView(buffer, 500, 100);  // garbage
  const BufferCensus census = Take();
  ASSERT_EQ(census.stores.size(), 1u);
  const ExternalStore& store = census.stores[0];
  EXPECT_EQ(store.bytes, 1000u);
  EXPECT_EQ(store.views, 3u);
  EXPECT_EQ(store.used_bytes, 350u);
  EXPECT_TRUE(store.only_views);
  EXPECT_EQ(store.pinned_bytes(), 650u);
  EXPECT_EQ(store.liveness, Liveness::kLive);
  EXPECT_EQ(census.views, 3u);
  const std::vector<ViewOfStore> views = ViewsOfStore(reader_.get(), Graph(), kStores, Cancel());
  ASSERT_EQ(views.size(), 3u);
  EXPECT_EQ(views[2].offset, 900u);
  EXPECT_EQ(StoreOf(reader_.get(), first), kStores);
  EXPECT_EQ(StoreOf(reader_.get(), buffer), kStores);
}

TEST_F(BufferCensusTest, AnArrayBufferThatSomethingElseHoldsPinsNothing) {
  const uint64_t in_array = NewBuffer(kStores, 1000), in_root = NewBuffer(kStores + 0x1000, 1000);
  Hold(heap_.heap.NewArray(1, {in_array, NewView(in_array, 0, 10)}));
  Hold(in_root);
  Hold(NewView(in_root, 0, 10));
  const BufferCensus census = Take();
  EXPECT_TRUE(census.holders_known);
  for (const ExternalStore& store : census.stores) {
    EXPECT_FALSE(store.only_views);
    EXPECT_EQ(store.pinned_bytes(), 0u);
    EXPECT_EQ(store.used_bytes, 10u);
  }
}

TEST_F(BufferCensusTest, GarbageAndSharedStores) {
  const uint64_t shared = uint64_t{1} << offsets_.facts.shared_buffer_bit;
  Hold(NewBuffer(kStores, 500, shared));
  Hold(NewBuffer(kStores, 500, shared));  // another object, the same memory
  NewBuffer(kStores + 0x1000, 300);
  const BufferCensus census = Take();
  ASSERT_EQ(census.stores.size(), 2u);
  EXPECT_EQ(StoreAt(census, kStores).holders, 2u);
  EXPECT_EQ(census.Live(ExternalStoreKind::kShared).bytes, 500u);
  EXPECT_EQ(census.Garbage(ExternalStoreKind::kBuffer).bytes, 300u);
  EXPECT_EQ(census.Garbage(ExternalStoreKind::kBuffer).stores, 1u);
  EXPECT_EQ(UsageOf(census).array_buffers, 800u);
}

TEST_F(BufferCensusTest, IsolatesShareAStore) {
  Hold(NewBuffer(kStores, 500));
  BufferCensus all, one = Take(), two = Take();
  two.stores[0].isolate = 1;
  two.stores[0].liveness = Liveness::kGarbage;
  ExternalStore& other = two.stores.emplace_back();
  other.address = kStores + 0x2000;
  other.bytes = 70;
  MergeCensus(&all, std::move(two));
  MergeCensus(&all, std::move(one));
  ASSERT_EQ(all.stores.size(), 2u);
  EXPECT_EQ(all.stores[0].isolates, 2u);
  EXPECT_EQ(all.stores[0].isolate, 0);
  EXPECT_EQ(all.stores[0].bytes, 500u);
  EXPECT_EQ(all.isolates, 2);
}

TEST_F(BufferCensusTest, DamagedFieldsAreBounded) {
  const uint64_t buffer = NewBuffer(kStores, 100);
  Hold(NewView(buffer, ~uint64_t{0}, 50));
  Hold(NewView(buffer, 90, ~uint64_t{0}));
  Hold(NewBuffer(kStores + 0x1000, ~uint64_t{0}));
  Hold(NewBuffer(~uint64_t{0}, 10));
  const uint64_t resizable = NewBuffer(kStores + 0x2000, 10, 1 << 5);
  Set(resizable, ObjectField::kArrayBufferExtension, ~uint64_t{0} - 3);
  Hold(resizable);
  const BufferCensus census = Take();
  for (const ExternalStore& store : census.stores) EXPECT_LE(store.used_bytes, store.bytes);
  EXPECT_EQ(StoreAt(census, kStores).bytes, 100u);
  for (const ExternalStore& store : census.stores) EXPECT_NE(store.address, kStores + 0x1000);
}

TEST_F(BufferCensusTest, GroupsOfACollectionAndLoners) {
  std::vector<uint64_t> views;
  for (uint64_t i = 0; i < 20; ++i) views.push_back(NewView(NewBuffer(kStores + 0x100 * i, 0x100), 0, i));
  const uint64_t array = heap_.heap.NewArray(1, views);
  Hold(array);
  Hold(heap_.heap.NewArray(1, {NewView(NewBuffer(kStores + 0x8000, 0x4000), 0, 0x4000)}));
  const BufferCensus census = Take();
  const std::vector<StoreGroup> groups = GroupStores(
      Graph(), census, [](const ExternalStore& store) { return store.bytes > 0; }, Cancel());
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].count, 1u);
  EXPECT_EQ(groups[0].bytes, 0x4000u);
  EXPECT_EQ(groups[1].count, 20u);
  EXPECT_EQ(groups[1].used_bytes, 190u);
  EXPECT_EQ(groups[1].pinned_bytes, 20 * 0x100 - 190u);
  EXPECT_EQ(groups[1].collection, Graph().index().At(array));
}

TEST_F(BufferCensusTest, CancelledMeansCutShort) {
  Hold(NewBuffer(kStores, 100));
  const HeapGraph& graph = Graph();
  Cancel cancel;
  cancel.Request();
  EXPECT_TRUE(TakeBufferCensus(reader_.get(), graph, nullptr, cancel).interrupted);
}

}  // namespace
}  // namespace corewalk
