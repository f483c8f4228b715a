#include "heap/views/flat_text.h"

#include <gtest/gtest.h>

#include "heap/testing/fake_heap.h"

namespace corewalk {
namespace {

using testing::FakeHeap;

class FlatTextTest : public ::testing::Test {
 protected:
  FlatTextTest() : reader_(heap_.memory()) {}

  std::optional<FlatText> At(StringForm form, uint64_t tagged, int slot = 1) {
    return reader_.ReadAt(form, tagged - 1, slot);
  }
  uint64_t Hash(const FlatText& text) { return hasher_.Hash(text, FitsOneByte(text)); }
  uint64_t External(uint64_t data, uint32_t length) {
    return heap_.NewIndirectString(1, testing::kExternalOneByteString, length, 0, data);
  }

  FakeHeap heap_;
  FlatTextReader reader_;
  TextHasher hasher_;
};

TEST_F(FlatTextTest, FormsAreThoseOfTheInstanceType) {
  const Layout layout = heap_.MakeLayout();
  const auto form = [&](uint32_t type) { return StringFormOf(layout.types, type); };
  EXPECT_EQ(form(testing::kSeqOneByteString), StringForm::kOneByte);
  EXPECT_EQ(form(testing::kInternalizedOneByte), StringForm::kOneByte);
  EXPECT_EQ(form(testing::kSeqTwoByteString), StringForm::kTwoByte);
  EXPECT_EQ(form(testing::kConsTwoByteString), StringForm::kCons);
  EXPECT_EQ(form(testing::kSlicedOneByteString), StringForm::kSliced);
  EXPECT_EQ(form(testing::kThinOneByteString), StringForm::kThin);
  EXPECT_EQ(form(testing::kExternalOneByteString), StringForm::kExternalOneByte);
  EXPECT_EQ(form(testing::kExternalTwoByteString), StringForm::kExternalTwoByte);
  EXPECT_EQ(form(testing::kExternalOneByteString | 0x10), StringForm::kNone);  // its characters are in C++
  EXPECT_EQ(form(testing::kJSObjectType), StringForm::kNone);
}

TEST_F(FlatTextTest, OneTextInBothWidthsIsTheSame) {
  const std::optional<FlatText> narrow = At(StringForm::kOneByte, heap_.NewString(1, "caf\xe9 au lait, twice"), 0);
  const std::optional<FlatText> wide =
      At(StringForm::kTwoByte, heap_.NewTwoByteString(1, u"caf\u00e9 au lait, twice"), 1);
  ASSERT_TRUE(narrow && wide);
  EXPECT_TRUE(FitsOneByte(*wide));
  EXPECT_EQ(narrow->length(), wide->length());
  EXPECT_EQ(Hash(*narrow), Hash(*wide));
  EXPECT_TRUE(EqualTexts(*narrow, *wide));
  EXPECT_TRUE(EqualTexts(*wide, *narrow));
}

TEST_F(FlatTextTest, OneCharacterMoreOrLessIsAnother) {
  const uint64_t one = heap_.NewString(1, "0123456789abcdef0");
  for (const char* other : {"0123456789abcdef", "0123456789abcdef1", "1123456789abcdef0", "0123456789abcdef00"}) {
    const std::optional<FlatText> a = At(StringForm::kOneByte, one, 0),
                                  b = At(StringForm::kOneByte, heap_.NewString(1, other), 1);
    ASSERT_TRUE(a && b);
    EXPECT_NE(Hash(*a), Hash(*b)) << other;
    EXPECT_FALSE(EqualTexts(*a, *b)) << other;
  }
}

TEST_F(FlatTextTest, TheOddCharacterIsFoundWhereverItStands) {
  for (size_t length = 1; length < 20; ++length) {
    for (size_t at = 0; at < length; ++at) {
      std::u16string text(length, u'\u00ff');
      text[at] = u'\u0100';
      const std::optional<FlatText> wide = At(StringForm::kTwoByte, heap_.NewTwoByteString(2, text));
      ASSERT_TRUE(wide);
      EXPECT_FALSE(FitsOneByte(*wide));
      const std::optional<FlatText> narrow =
          At(StringForm::kOneByte, heap_.NewString(2, std::string(length, '\xff')), 0);
      EXPECT_FALSE(EqualTexts(*narrow, *wide));
    }
  }
  const std::optional<FlatText> empty = At(StringForm::kTwoByte, heap_.NewTwoByteString(2, u""));
  ASSERT_TRUE(empty);
  EXPECT_TRUE(FitsOneByte(*empty));
}

TEST_F(FlatTextTest, ExternalTextIsReadFromOutside) {
  const Address outside = FakeHeap::kArena + 0x38000;
  for (size_t i = 0; i < 5; ++i) heap_.memory().Put(outside + i, "outer"[i]);
  const std::optional<FlatText> text = At(StringForm::kExternalOneByte, External(outside, 5), 0);
  ASSERT_TRUE(text);
  const std::optional<FlatText> inside = At(StringForm::kOneByte, heap_.NewString(1, "outer"), 1);
  EXPECT_TRUE(EqualTexts(*text, *inside));
}

TEST_F(FlatTextTest, WhatIsNotThereIsNoText) {
  EXPECT_FALSE(At(StringForm::kExternalOneByte, External(0x7e0000001000, 5)));            // nothing there
  EXPECT_FALSE(At(StringForm::kExternalOneByte, External(FakeHeap::kArena, 0xfffffff)));  // longer than what is there
  EXPECT_FALSE(At(StringForm::kExternalOneByte, External(FakeHeap::kArena, 0xffffffff)));
  EXPECT_FALSE(At(StringForm::kOneByte, 0x7e0000001001));
  EXPECT_FALSE(At(StringForm::kCons, heap_.NewString(1, "no text of its own")));
  const uint64_t lying = heap_.NewString(1, "short");
  heap_.memory().Put(lying - 1 + 12, uint32_t{0x3fffffff});
  EXPECT_FALSE(At(StringForm::kOneByte, lying));
  // A walk knows how large the object is: its text ends there.
  std::vector<std::byte> object(24);
  ASSERT_EQ(heap_.memory().Read(lying - 1, object), object.size());
  EXPECT_FALSE(reader_.Read(StringForm::kOneByte, object));
  EXPECT_FALSE(reader_.Read(StringForm::kExternalOneByte, object));
  EXPECT_FALSE(reader_.Read(StringForm::kOneByte, std::span(object).first(8)));
}

}  // namespace
}  // namespace corewalk
