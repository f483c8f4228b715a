#include "memory/build_id.h"

#include <gtest/gtest.h>

#include "memory/fake_memory.h"
#include "memory/testing/library_builder.h"

namespace corewalk {
namespace {

using testing::ByteVector;
using testing::LibraryBuilder;

constexpr Address kBase = 0x7f0000000000;

struct Target {
  ByteVector bytes;
  std::unique_ptr<ElfFile> file;
  FakeMemory memory;
};

// A library mapped at kBase of which the first page was dumped, a data file, and an anonymous region.
void Fill(Target& target, uint16_t type, Address base) {
  LibraryBuilder builder;
  builder.type = type;
  target.bytes = builder.Build();
  target.file = std::move(*ElfFile::OpenBytes(target.bytes, "lib"));
  ByteVector page(target.bytes.begin(), target.bytes.begin() + 0x1000);
  target.memory.AddBlock(base, page, FakeMemory::kRead | FakeMemory::kExecute, 0x2000);
  target.memory.AddZeros(base + 0x202000, 0x1000);
  target.memory.AddText(0x10000, "just data, nothing to run", FakeMemory::kRead);
  target.memory.SetMappings({{0x10000, 0x11000, 0, "/data"},
                             {base, base + 0x2000, 0, "/lib.so"},
                             {base + 0x202000, base + 0x203000, 0x2000, "/lib.so"},
                             {base + 0x90000000, base + 0x90001000, 0x1000, "/lib.so"}});
}

TEST(BuildIdTest, ModulesOfALibrary) {
  Target target;
  Fill(target, ET_DYN, kBase);
  std::vector<Module> modules = Modules(target.memory);
  ASSERT_EQ(modules.size(), 1u);
  EXPECT_EQ(modules[0].path, "/lib.so");
  EXPECT_EQ(modules[0].base, kBase);
  EXPECT_EQ(modules[0].end, kBase + 0x202000 + LibraryBuilder::kDataSize + LibraryBuilder::kBssSize);
  EXPECT_EQ(modules[0].build_id, target.file->build_id());
  EXPECT_EQ(modules[0].bias, kBase - LibraryBuilder::kTextVaddr);
  EXPECT_EQ(LoadBias(target.memory, *target.file, modules[0]), kBase - LibraryBuilder::kTextVaddr);
  EXPECT_EQ(BuildIdInMemory(target.memory, kBase), target.file->build_id());
  EXPECT_EQ(BuildIdInMemory(target.memory, 0x10000), "");
  EXPECT_EQ(BuildIdInMemory(target.memory, 0x999), "");
}

TEST(BuildIdTest, FixedExecutableHasNoBias) {
  Target target;
  Fill(target, ET_EXEC, LibraryBuilder::kTextVaddr);
  std::vector<Module> modules = Modules(target.memory);
  ASSERT_EQ(modules.size(), 1u);
  EXPECT_EQ(modules[0].bias, 0u);
  EXPECT_EQ(LoadBias(target.memory, *target.file, modules[0]), 0u);
}

TEST(BuildIdTest, HeaderNotDumped) {
  FakeMemory memory;
  memory.AddHole(kBase, 0x2000, FakeMemory::kRead | FakeMemory::kExecute);
  memory.SetMappings({{kBase, kBase + 0x2000, 0, "/lib.so"}, {0x5000, 0x6000, 0x1000, "/no-first-page"}});
  std::vector<Module> modules = Modules(memory);
  ASSERT_EQ(modules.size(), 1u);
  EXPECT_EQ(modules[0].build_id, "");
  EXPECT_FALSE(modules[0].bias.has_value());
}

TEST(BuildIdTest, DamagedHeadersInMemory) {
  Target target;
  Fill(target, ET_DYN, kBase);
  for (size_t at = 4; at < 400; ++at) {
    Target damaged;
    Fill(damaged, ET_DYN, kBase);
    damaged.memory.Put<uint8_t>(kBase + at, 0xff);
    EXPECT_LE(Modules(damaged.memory).size(), 1u);
  }
}

}  // namespace
}  // namespace corewalk
