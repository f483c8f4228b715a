#include "memory/image_memory.h"

#include <gtest/gtest.h>

#include "memory/fake_memory.h"
#include "memory/testing/library_builder.h"

namespace corewalk {
namespace {

using testing::ByteVector;
using testing::LibraryBuilder;

constexpr Address kBias = 0x10000000;
constexpr Address kText = LibraryBuilder::kTextVaddr + kBias;

TEST(ImageMemoryTest, TargetFirstThenReadOnlySegments) {
  const ByteVector bytes = LibraryBuilder().Build();
  const Result<std::unique_ptr<ElfFile>> file = ElfFile::OpenBytes(bytes, "test file");
  ASSERT_TRUE(file.has_value());
  FakeMemory target;
  target.AddHole(kText, 0x1000);
  target.AddText(kText + 0x1000, "ours");  // a page of the image that the core has
  target.AddHole(LibraryBuilder::kDataVaddr + kBias, 0x1000);
  const ImageMemory memory(target, **file, kBias);

  std::byte read[32] = {};
  EXPECT_EQ(target.Read(kText, read), 0u);
  EXPECT_EQ(memory.Read(kText, read), 32u);
  EXPECT_TRUE(std::equal(read, read + 32, bytes.begin()));
  EXPECT_EQ(memory.Read(kText + 0x1000, std::span(read).first(4)), 4u);
  EXPECT_EQ(read[0], std::byte{'o'});
  // From the file into the target.
  EXPECT_EQ(memory.Read(kText + 0x1000 - 4, std::span(read).first(8)), 8u);
  EXPECT_EQ(read[3], bytes[0xfff]);
  EXPECT_EQ(read[4], std::byte{'o'});
  // Not what the program may have written, nothing beyond the file, nothing elsewhere.
  EXPECT_EQ(memory.Read(LibraryBuilder::kDataVaddr + kBias, read), 0u);
  EXPECT_EQ(memory.Read(kText + LibraryBuilder::kDataOffset - 8, read), 8u);
  EXPECT_EQ(memory.Read(LibraryBuilder::kTextVaddr, read), 0u);
  EXPECT_EQ(memory.Read(0, read), 0u);
  EXPECT_EQ(memory.Read(~Address{0} - 3, read), 0u);
  EXPECT_TRUE(memory.View(kText, 8).empty());
}

}  // namespace
}  // namespace corewalk
