#include "memory/elf_file.h"

#include <gtest/gtest.h>

#include <random>

#include "memory/testing/library_builder.h"

namespace corewalk {
namespace {

using testing::ByteVector;
using testing::LibraryBuilder;
using testing::Pattern;

std::unique_ptr<ElfFile> MustOpen(const ByteVector& bytes) {
  Result<std::unique_ptr<ElfFile>> file = ElfFile::OpenBytes(bytes, "test file");
  EXPECT_TRUE(file.has_value()) << (file ? "" : file.error().message);
  return file ? std::move(*file) : nullptr;
}

LibraryBuilder Typical() {
  LibraryBuilder builder;
  builder.dynsym = {{"v8dbg_a", LibraryBuilder::kDataVaddr + 8, 4},
                    {"v8dbg_b", LibraryBuilder::kDataVaddr + 12, 4},
                    {"imported", 0, 0, STT_FUNC, STB_GLOBAL, SHN_UNDEF}};
  builder.symtab = {{"v8dbg_a", LibraryBuilder::kDataVaddr + 8, 4},
                    {"twice", 0x400010, 1, STT_FUNC, STB_LOCAL},
                    {"code", 0x401000, 100, STT_FUNC},
                    {"bss", LibraryBuilder::kDataVaddr + LibraryBuilder::kDataSize, 8},
                    {"tls", 0x18, 8, STT_TLS},
                    {"twice", 0x400020, 2, STT_FUNC, STB_GLOBAL},
                    {"absolute", 77, 0, STT_NOTYPE, STB_GLOBAL, SHN_ABS},
                    {"nowhere", 0x10, 8}};
  return builder;
}

TEST(ElfFileTest, HeaderSegmentsAndBuildId) {
  ByteVector bytes = Typical().Build();
  auto file = MustOpen(bytes);
  EXPECT_EQ(file->build_id().size(), 40u);
  EXPECT_EQ(file->build_id().substr(0, 6), "a0a7ae");
  EXPECT_EQ(file->type(), ElfFile::Type::kExecutable);
  EXPECT_FALSE(file->is_pie());
  EXPECT_EQ(file->entry(), 0x401000u);
  ASSERT_EQ(file->loads().size(), 2u);
  EXPECT_TRUE(file->loads()[0].executable);
  EXPECT_EQ(file->loads()[1].memory_size, LibraryBuilder::kDataSize + LibraryBuilder::kBssSize);
  ASSERT_TRUE(file->tls().has_value());
  EXPECT_EQ(file->tls()->file_size, 16u);
  EXPECT_EQ(file->tls()->memory_size, 48u);
  EXPECT_EQ(file->tls()->align, 16u);
  LibraryBuilder library = Typical();
  library.type = ET_DYN;
  bytes = library.Build();
  EXPECT_EQ(MustOpen(bytes)->type(), ElfFile::Type::kSharedLibrary);
  library.dynamic_flags = DF_1_PIE;
  bytes = library.Build();
  EXPECT_TRUE(MustOpen(bytes)->is_pie());
}

TEST(ElfFileTest, Symbols) {
  ByteVector bytes = Typical().Build();
  auto file = MustOpen(bytes);
  EXPECT_TRUE(file->has_symtab());
  std::string_view names[] = {"code",     "v8dbg_b", "bss",      "tls", "absent", "twice",
                              "imported", "code",    "absolute", "",    "nowhere"};
  std::vector<std::optional<Symbol>> found = file->FindSymbols(names);
  ASSERT_EQ(found.size(), std::size(names));
  EXPECT_EQ(found[0]->value, 0x401000u);
  EXPECT_EQ(found[0]->size, 100u);
  EXPECT_EQ(found[0]->section, SectionKind::kCode);
  EXPECT_EQ(found[1]->section, SectionKind::kData);
  EXPECT_TRUE(found[2]->is_bss);
  EXPECT_EQ(found[2]->section, SectionKind::kBss);
  EXPECT_TRUE(found[3]->is_tls);
  EXPECT_EQ(found[3]->value, 0x18u);
  EXPECT_FALSE(found[4]);
  EXPECT_EQ(found[5]->value, 0x400020u) << "the global one wins";
  EXPECT_FALSE(found[6]) << "undefined here";
  EXPECT_EQ(found[7]->value, 0x401000u);
  EXPECT_EQ(found[8]->section, SectionKind::kAbsolute);
  EXPECT_FALSE(found[9]);
  EXPECT_EQ(found[10]->section, SectionKind::kOther);
  EXPECT_EQ(file->FindSymbol("v8dbg_a")->size, 4u);
  EXPECT_TRUE(file->FindSymbols({}).empty());

  std::vector<std::string> seen;
  file->ForEachSymbol("v8dbg_", [&](std::string_view name, const Symbol&) {
    seen.emplace_back(name);
    return true;
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"v8dbg_a", "v8dbg_b", "v8dbg_a"}));
  int calls = 0;
  file->ForEachSymbol("", [&](std::string_view, const Symbol&) { return ++calls < 2; });
  EXPECT_EQ(calls, 2);
}

TEST(ElfFileTest, DynamicSymbolsWithoutSectionHeaders) {
  for (bool gnu_hash : {true, false}) {
    LibraryBuilder builder = Typical();
    builder.with_sections = false;
    builder.gnu_hash = gnu_hash;
    ByteVector bytes = builder.Build();
    auto file = MustOpen(bytes);
    EXPECT_FALSE(file->has_symtab());
    EXPECT_EQ(file->FindSymbol("v8dbg_b")->value, LibraryBuilder::kDataVaddr + 12) << gnu_hash;
    EXPECT_FALSE(file->FindSymbol("code"));
    EXPECT_FALSE(file->build_id().empty());
  }
}

TEST(ElfFileTest, ReadVirtual) {
  ByteVector bytes = Typical().Build();
  auto file = MustOpen(bytes);
  ByteVector data = Pattern(LibraryBuilder::kDataSize, 3);
  std::array<std::byte, 64> buffer;
  Address end = LibraryBuilder::kDataVaddr + LibraryBuilder::kDataSize;
  EXPECT_EQ(file->ReadVirtual(LibraryBuilder::kDataVaddr, buffer), 64u);
  EXPECT_TRUE(std::equal(buffer.begin(), buffer.end(), data.begin()));
  EXPECT_EQ(file->ReadVirtual(end - 10, buffer), 10u);
  EXPECT_EQ(file->ReadVirtual(end - 10, buffer, ElfFile::ZeroFill::kYes), 64u);
  EXPECT_EQ(buffer[9], data.back());
  EXPECT_EQ(buffer[10], std::byte{0});
  EXPECT_EQ(file->ReadVirtual(end + LibraryBuilder::kBssSize - 5, buffer, ElfFile::ZeroFill::kYes), 5u);
  EXPECT_EQ(file->ReadVirtual(end, buffer), 0u);
  EXPECT_EQ(file->ReadVirtual(0, buffer), 0u);
  EXPECT_EQ(file->ReadVirtual(UINT64_MAX, buffer), 0u);
}

TEST(ElfFileTest, FindBytes) {
  ByteVector bytes = Typical().Build();
  auto file = MustOpen(bytes);
  ByteVector data = Pattern(LibraryBuilder::kDataSize, 3);
  std::vector<Address> found = file->FindBytes(std::span(data).subspan(0x40, 0x20));
  EXPECT_EQ(found, std::vector<Address>{LibraryBuilder::kDataVaddr + 0x40});
  ByteVector zeros(8);
  EXPECT_EQ(file->FindBytes(zeros, 5).size(), 5u);
  EXPECT_TRUE(file->FindBytes({}).empty());
  EXPECT_TRUE(file->FindBytes(Pattern(100, 77)).empty());
}

TEST(ElfFileTest, RefusesWhatIsNoExecutable) {
  auto error = [](const ByteVector& bytes) {
    Result<std::unique_ptr<ElfFile>> file = ElfFile::OpenBytes(bytes, "x");
    return file ? "opened" : file.error().message;
  };
  EXPECT_EQ(error(testing::CoreBuilder().Load(0x1000, Pattern(8)).Build()), "x is a core, not an executable");
  LibraryBuilder builder = Typical();
  builder.type = ET_REL;
  EXPECT_EQ(error(builder.Build()), "x is not an executable");
  ByteVector aarch64 = Typical().Build();
  testing::PutAt(aarch64, 18, uint16_t{EM_AARCH64});
  EXPECT_EQ(error(aarch64), "x is a file for an AArch64 machine; corewalk reads x86-64");
  EXPECT_EQ(error(ByteVector(4)), "x is not an ELF file");
  EXPECT_FALSE(ElfFile::Open("/dev/null").has_value());
}

// Everything the class offers, on whatever bytes.
void Exercise(const ByteVector& bytes) {
  Result<std::unique_ptr<ElfFile>> file = ElfFile::OpenBytes(bytes, "damaged");
  if (!file) return;
  std::string_view names[] = {"code", "v8dbg_b", "bss", "absent"};
  (*file)->FindSymbols(names);
  (*file)->ForEachSymbol("v8", [](std::string_view, const Symbol&) { return true; });
  std::array<std::byte, 512> buffer;
  for (const LoadSegment& load : (*file)->loads()) {
    (*file)->ReadVirtual(load.vaddr, buffer, ElfFile::ZeroFill::kYes);
    (*file)->ReadVirtual(load.vaddr + load.file_size - 4, buffer, ElfFile::ZeroFill::kYes);
  }
  (*file)->FindBytes(Pattern(8, 3));
}

TEST(ElfFileTest, DamageNeverBreaksIt) {
  for (bool sections : {true, false}) {
    for (bool gnu_hash : {true, false}) {
      LibraryBuilder builder = Typical();
      builder.with_sections = sections;
      builder.gnu_hash = gnu_hash;
      ByteVector whole = builder.Build();
      for (size_t size = 0; size < whole.size(); size += 64) {
        Exercise(ByteVector(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)));
      }
      std::mt19937 random(2);
      for (int round = 0; round < 1500; ++round) {
        ByteVector bytes = whole;
        for (int i = 0; i < 4; ++i) {
          // Headers and tables are at both ends of the file.
          size_t at = random() % 1024;
          if (random() % 2 == 0) at = bytes.size() - 1 - at;
          bytes[at] = static_cast<std::byte>(random() % 4 == 0 ? 0xff : random());
        }
        Exercise(bytes);
      }
    }
  }
}

TEST(ElfFileTest, ReadsItsOwnProgram) {
  Result<std::unique_ptr<ElfFile>> file = ElfFile::Open("/proc/self/exe");
  ASSERT_TRUE(file.has_value()) << file.error().message;
  std::optional<Symbol> symbol = (*file)->FindSymbol("main");
  ASSERT_TRUE(symbol.has_value());
  EXPECT_EQ(symbol->section, SectionKind::kCode);
}

}  // namespace
}  // namespace corewalk
