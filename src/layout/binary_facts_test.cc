#include "layout/binary_facts.h"

#include <gtest/gtest.h>

#include "memory/fake_memory.h"
#include "memory/testing/library_builder.h"

namespace corewalk {
namespace {

using testing::LibraryBuilder;

TEST(BinaryFactsTest, ClassesOfNodeByTheirVtables) {
  LibraryBuilder library;
  library.dynsym = {{"_ZTVN4node7TCPWrapE", 0x602000, 64},
                    {"_ZTVN4node2fs10FileHandleE", 0x602040, 40},
                    {"_ZTVN4node7ReqWrapI7uv_fs_sEE", 0x602080, 40},
                    {"_ZTVN4node12_GLOBAL__N_13FooE", 0x6020b0, 40},
                    {"_ZTVN4node99999WrongE", 0x6020e0, 24},
                    {"_ZTVN4node6SmallE", 0x6020f8, 8},
                    {"_ZTVN4nodeE", 0x602200, 24},
                    {"_ZTVN2v88internal8OldSpaceE", 0x602300, 24}};
  library.symtab = {{"_ZTVN4node7TCPWrapE", 0x602000, 64}};
  const auto bytes = library.Build();
  const Result<std::unique_ptr<ElfFile>> file = ElfFile::OpenBytes(bytes, "test file");
  ASSERT_TRUE(file.has_value());
  const BinaryFacts facts = ReadBinaryFacts(**file, FakeMemory(), 0x1000);
  EXPECT_EQ(facts.NodeClass(0x603010), "node::TCPWrap");
  EXPECT_EQ(facts.NodeClass(0x603038), "node::TCPWrap");  // of a second base class
  EXPECT_EQ(facts.NodeClass(0x603008), "");               // no object points to a vtable's head
  EXPECT_EQ(facts.NodeClass(0x603050), "node::fs::FileHandle");
  EXPECT_EQ(facts.NodeClass(0x603068), "");
  EXPECT_EQ(facts.NodeClass(0x603090), "node::ReqWrap");
  EXPECT_EQ(facts.NodeClass(0x6030c0), "node::Foo");
  EXPECT_EQ(facts.NodeClass(0x6030f0), "");
  EXPECT_EQ(facts.NodeClass(0), "");
  EXPECT_EQ(facts.NodeClass(~uint64_t{0}), "");
  EXPECT_EQ(facts.SpaceClass(0x603310), "OldSpace");
  EXPECT_EQ(facts.SpaceClass(0x603010), "");
}

}  // namespace
}  // namespace corewalk
