#include "heap/views/translations.h"

#include <gtest/gtest.h>

namespace corewalk {
namespace {

class Bytes {
 public:
  Bytes& Raw(std::initializer_list<int> values) {
    for (const int value : values) bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  Bytes& Unsigned(uint32_t value) {
    for (; value > 127; value >>= 7) bytes_.push_back(static_cast<std::byte>((value & 127) | 128));
    bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  Bytes& Signed(std::initializer_list<int> values) {
    for (const int value : values) Unsigned(value < 0 ? static_cast<uint32_t>(-value) << 1 | 1 : static_cast<uint32_t>(value) << 1);
    return *this;
  }
  size_t size() const { return bytes_.size(); }
  operator std::span<const std::byte>() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// The opcodes of the newest line.
constexpr int kInterpreted = 1, kContinuation = 2, kBuiltin = 6, kBegin = 14, kLiteral = 38, kSlot = 40, kMatch = 44, kShortMatch = 45;
const TranslationFormat& Newest() {
  return TranslationFormatOf({});
}

Bytes Begin(uint32_t back, int frames, int functions) {
  return Bytes().Raw({kBegin}).Unsigned(back).Signed({frames, functions});
}

TEST(Translations, NamesFunctionsOutermostFirst) {
  Bytes bytes = Begin(0, 3, 2);
  bytes.Raw({kInterpreted}).Signed({130, 3, 4, 5}).Raw({kLiteral}).Signed({7}).Raw({kSlot}).Signed({2});
  bytes.Raw({kContinuation}).Signed({90, 8, 3}).Raw({kSlot}).Signed({-3});
  bytes.Raw({kBuiltin}).Signed({2000, 1, 1}).Raw({kLiteral}).Signed({1});
  const auto found = ReadTranslation(bytes, 0, Newest());
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].bytecode_offset, 130);
  EXPECT_EQ((*found)[0].shared, 3);
  EXPECT_EQ((*found)[0].closure, 7);
  EXPECT_FALSE((*found)[0].continuation);
  EXPECT_TRUE((*found)[1].continuation);
  EXPECT_EQ((*found)[1].shared, 8);
  EXPECT_EQ((*found)[1].closure, -1);
  EXPECT_EQ((*found)[1].closure_slot, -3);
}

TEST(Translations, RepeatsThoseOfAnother) {
  Bytes bytes = Begin(0, 2, 2);
  bytes.Raw({kInterpreted}).Signed({10, 3, 4, 5}).Raw({kLiteral}).Signed({7});
  bytes.Raw({kInterpreted}).Signed({20, 4, 4, 5}).Raw({kLiteral}).Signed({8});
  for (const bool is_short : {false, true}) {
    Bytes both = bytes;
    const size_t second = both.size();
    both.Raw({kBegin}).Unsigned(static_cast<uint32_t>(second)).Signed({2, 2});
    if (is_short) both.Raw({kShortMatch + 2});
    if (!is_short) both.Raw({kMatch}).Unsigned(2);
    both.Raw({kInterpreted}).Signed({33, 4, 4, 5}).Raw({kShortMatch + 1});
    const auto found = ReadTranslation(both, second, Newest());
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 2u);
    EXPECT_EQ((*found)[0].bytecode_offset, 10);
    EXPECT_EQ((*found)[0].closure, 7);
    EXPECT_EQ((*found)[1].bytecode_offset, 33);
    EXPECT_EQ((*found)[1].closure, 8);
  }
}

TEST(Translations, OfOldLinesHaveSignedOpcodes) {
  const TranslationFormat& old = TranslationFormatOf({9, 4});
  Bytes bytes;
  bytes.Signed({3, 1, 1, 0, 18, 5, 2, 1, 0, 0, 22, 9});
  const auto found = ReadTranslation(bytes, 0, old);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().bytecode_offset, 5);
  EXPECT_EQ(found->front().closure, 9);
}

TEST(Translations, WhatDoesNotHoldTogetherIsNone) {
  Bytes bytes = Begin(0, 2, 1);
  bytes.Raw({kInterpreted}).Signed({130, 3, 4, 5}).Raw({kLiteral}).Signed({7});
  EXPECT_FALSE(ReadTranslation(bytes, 0, Newest())) << "a frame is missing";
  EXPECT_FALSE(ReadTranslation(bytes, 1, Newest())) << "no beginning";
  EXPECT_FALSE(ReadTranslation(bytes, 1000, Newest()));
  EXPECT_FALSE(ReadTranslation(Begin(50, 1, 1), 0, Newest())) << "nothing lies so far back";
  EXPECT_FALSE(ReadTranslation(Begin(0, 1, 1).Raw({kMatch}).Unsigned(100000000), 0, Newest())) << "nothing to repeat";
  EXPECT_FALSE(ReadTranslation(bytes, 0, TranslationFormatOf({10, 4}))) << "a line whose opcodes are not known";
}

}  // namespace
}  // namespace corewalk
