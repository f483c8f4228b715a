#include "heap/views/buffers.h"

#include "heap/testing/view_test.h"
#include "heap/views/primitives.h"

namespace corewalk {
namespace {

class BuffersTest : public testing::ViewTest {
 protected:
  int Resizable() const { return heap_.offset(ObjectField::kViewFlags); }
  // A resizable buffer of 8 bytes.
  uint64_t NewResizable(Address store) {
    const uint64_t buffer = heap_.ArrayBuffer(store, 8, 1 << 5);
    heap_.Set(buffer, static_cast<uint64_t>(heap_.offset(ObjectField::kArrayBufferByteLength)) + 8, 16);
    return buffer;
  }
};

TEST_P(BuffersTest, Buffer) {
  const auto info = ReadArrayBuffer(*reader_, testing::zoo::Buffer(heap_));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->byte_length, 11u);
  EXPECT_FALSE(info->shared || info->resizable || info->detached);
  EXPECT_TRUE(ReadArrayBuffer(*reader_, heap_.ArrayBuffer(0, 0, 1 << 2))->detached);
  EXPECT_TRUE(ReadArrayBuffer(*reader_, heap_.ArrayBuffer(0, 0, 1u << heap_.facts().shared_buffer_bit))->shared);
  EXPECT_FALSE(ReadArrayBuffer(*reader_, heap_.Object({})));
}

TEST_P(BuffersTest, EveryNumberType) {
  // V8's order of the elements kinds (src/objects/elements-kind.h).
  const std::vector<std::pair<NumberType, double>> old_order = {
      {NumberType::kUint8, 0x80}, {NumberType::kInt8, -128}, {NumberType::kUint16, 0x8180}, {NumberType::kInt16, -32384},
      {NumberType::kUint32, 0x83828180}, {NumberType::kInt32, -2088599168}, {NumberType::kFloat32, -7.671553e-37}};
  const Address store = heap_.MallocText("\x80\x81\x82\x83\x84\x85\x86\x87");
  for (uint8_t kind = 0; kind < 6; ++kind) {
    const uint64_t view = heap_.TypedArray(kind, heap_.ArrayBuffer(store, 8), store, 0, 8, 0);
    const auto info = ReadArrayBufferView(*reader_, view);
    ASSERT_TRUE(info);
    EXPECT_TRUE(info->whole);
    EXPECT_EQ(info->type, old_order[kind].first);
    EXPECT_EQ(info->length, 8 / NumberTypeSize(info->type));
    EXPECT_EQ(ReadTypedElement(*reader_, *info, 0)->number, old_order[kind].second);
  }
  const bool late = heap_.facts().float_kinds_last;
  const auto type_of = [&](uint8_t kind) {
    return ReadArrayBufferView(*reader_, heap_.TypedArray(kind, heap_.ArrayBuffer(store, 8), store, 0, 8, 0))->type;
  };
  EXPECT_EQ(type_of(6), late ? NumberType::kBigUint64 : NumberType::kFloat32);
  EXPECT_EQ(type_of(7), late ? NumberType::kBigInt64 : NumberType::kFloat64);
  EXPECT_EQ(type_of(8), NumberType::kUint8Clamped);
  EXPECT_EQ(type_of(9), late ? NumberType::kFloat32 : NumberType::kBigUint64);
}

TEST_P(BuffersTest, ViewsOfPartsAndOnHeap) {
  const auto bytes = ReadArrayBufferView(*reader_, testing::zoo::Bytes(heap_));
  EXPECT_EQ(bytes->byte_offset, 2u);
  EXPECT_EQ(ReadTypedElement(*reader_, *bytes, 0)->number, '2');
  const auto view = ReadArrayBufferView(*reader_, testing::zoo::DataView(heap_));
  EXPECT_TRUE(view->whole);
  EXPECT_EQ(view->type, NumberType::kNone);
  EXPECT_EQ(heap_.memory().ReadValue<char>(view->data), '1');
  // On the heap the elements stand behind the header of the base; the buffer has neither memory nor length.
  const uint64_t array = heap_.TypedArray(0, heap_.ArrayBuffer(0, 0, 3), 15, 0, 8, 8);
  heap_.Set(array, ObjectField::kTypedArrayBasePointer, heap_.Array({0x0807060504030201}));
  const auto on_heap = ReadArrayBufferView(*reader_, array);
  EXPECT_TRUE(on_heap->on_heap && on_heap->whole);
  EXPECT_EQ(ReadTypedElement(*reader_, *on_heap, 3)->number, 4);
}

TEST_P(BuffersTest, ResizableBuffers) {
  if (Resizable() < 0) GTEST_SKIP() << "not in this line";
  const Address store = heap_.MallocText("01234567");
  const uint64_t buffer = NewResizable(store);
  EXPECT_EQ(ReadArrayBuffer(*reader_, buffer)->max_byte_length, 16u);
  const uint64_t view = heap_.TypedArray(0, buffer, store + 2, 2, 0, 0);
  heap_.Raw(view, static_cast<uint64_t>(Resizable()), uint32_t{3});
  EXPECT_EQ(ReadArrayBufferView(*reader_, view)->length, 6u);
  // The buffer shrank below the view's start.
  heap_.Set(view, ObjectField::kViewByteOffset, 9);
  EXPECT_EQ(ReadArrayBufferView(*reader_, view)->length, 0u);
  // A view that says so of a buffer that has a fixed length.
  heap_.Set(view, ObjectField::kViewBuffer, heap_.ArrayBuffer(store, 8));
  const auto contradiction = ReadArrayBufferView(*reader_, view);
  EXPECT_FALSE(contradiction->whole);
  EXPECT_EQ(contradiction->length, 0u);
}

TEST_P(BuffersTest, ContradictionsAreTold) {
  const auto with = [&](ObjectField field, uint64_t value) {
    const uint64_t view = testing::zoo::Bytes(heap_);
    heap_.Set(view, field, value);
    return ReadArrayBufferView(*reader_, view)->whole;
  };
  EXPECT_FALSE(with(ObjectField::kViewByteLength, 9));
  EXPECT_FALSE(with(ObjectField::kViewByteLength, ~uint64_t{0}));
  EXPECT_FALSE(with(ObjectField::kViewByteOffset, ~uint64_t{0}));
  EXPECT_FALSE(with(ObjectField::kViewBuffer, heap_.empty_array()));
  EXPECT_FALSE(with(ObjectField::kTypedArrayExternalPointer, ~uint64_t{0}));
}

TEST_P(BuffersTest, Numbers) {
  EXPECT_EQ(ReadNumber(*reader_, Smi(-5)), -5.0);
  EXPECT_EQ(ReadNumber(*reader_, heap_.HeapNumber(2.5)), 2.5);
  EXPECT_FALSE(ReadNumber(*reader_, heap_.String("2")));
  EXPECT_EQ(ReadBigInt(*reader_, heap_.BigInt({}, false), 16)->digits, "0");
  EXPECT_EQ(ReadBigInt(*reader_, heap_.BigInt({5}, true), 16)->digits, "-5");
  EXPECT_EQ(ReadBigInt(*reader_, testing::zoo::BigInt(heap_), 16)->digits, "-36893488147419103231");
  const auto cut = ReadBigInt(*reader_, heap_.BigInt({1, 2, 3}, true), 2);
  EXPECT_TRUE(cut->truncated);
  EXPECT_EQ(cut->digits, "-0x00000000000000030000000000000002");
  EXPECT_FALSE(ReadBigInt(*reader_, heap_.HeapNumber(1), 16));
}

TEST_P(BuffersTest, Oddballs) {
  using enum HeapReader::Oddball;
  EXPECT_EQ(reader_->OddballOf(heap_.undefined()), kUndefined);
  EXPECT_EQ(reader_->OddballOf(heap_.null()), kNull);
  EXPECT_EQ(reader_->OddballOf(heap_.boolean(true)), kTrue);
  EXPECT_EQ(reader_->OddballOf(heap_.the_hole()), kHole);
  EXPECT_EQ(reader_->OddballOf(heap_.empty_array()), kNone);
  EXPECT_EQ(reader_->OddballOf(testing::FakeObjects::kNoMemory), kNone);
}

TEST_P(BuffersTest, ContextCells) {
  if (!heap_.facts().context_cells) GTEST_SKIP() << "not in this line";
  const uint64_t cell = heap_.Struct("CONTEXT_CELL_TYPE", {Smi(7), 0, 0, 0});
  EXPECT_EQ(reader_->ThroughCell(cell).value, Smi(7));
  heap_.Raw(cell, 24, int32_t{3});
  heap_.Raw(cell, 32, 0.25);
  EXPECT_EQ(reader_->ThroughCell(cell).raw_double, 0.25);
}

INSTANTIATE_TEST_SUITE_P(Lines, BuffersTest, ::testing::ValuesIn(testing::kTestedLines), testing::LineName);

}  // namespace
}  // namespace corewalk
