#include "memory/elf_core.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "memory/testing/elf_builder.h"

namespace corewalk {
namespace {

using testing::ByteVector;
using testing::CoreBuilder;
using testing::Pattern;

std::unique_ptr<ElfCore> MustOpen(const ByteVector& bytes) {
  Result<std::unique_ptr<ElfCore>> core = ElfCore::OpenBytes(bytes, "test core");
  EXPECT_TRUE(core.has_value()) << (core ? "" : core.error().message);
  return core ? std::move(*core) : nullptr;
}

std::string OpenError(const ByteVector& bytes) {
  Result<std::unique_ptr<ElfCore>> core = ElfCore::OpenBytes(bytes, "x");
  return core ? "opened" : core.error().message;
}

// Reads everything there is and checks that Read(), View() and Regions() agree.
void CheckAllReads(const ElfCore& core) {
  std::vector<std::byte> buffer(1 << 16);
  Address last_end = 0;
  for (const Region& region : core.Regions()) {
    ASSERT_LE(last_end, region.start);
    ASSERT_LT(region.start, region.end);
    ASSERT_LE(region.start, region.present_end);
    ASSERT_LE(region.present_end, region.end);
    last_end = region.end;
    size_t present = region.present_end - region.start;
    size_t want = std::min(present, buffer.size());
    ASSERT_EQ(core.Read(region.start, std::span(buffer).first(want)), want);
    if (want == 0) continue;
    std::span<const std::byte> view = core.View(region.start, want);
    ASSERT_EQ(view.size(), want);
    ASSERT_TRUE(std::equal(view.begin(), view.end(), buffer.begin()));
    ASSERT_EQ(core.Read(region.present_end - 1, std::span(buffer).first(1)), 1u);
    if (region.present_end < region.end) {
      ASSERT_EQ(core.Read(region.present_end, std::span(buffer).first(1)), 0u);
      ASSERT_TRUE(core.View(region.present_end - 1, 2).empty());
    }
  }
}

CoreBuilder Typical() {
  CoreBuilder builder;
  builder.Thread(101, 6, 1'500'000, 250'000)
      .ProcessName(100, "node", "node app.js")
      .Siginfo(11, 1, 0xdead0000)
      .Auxv({{9, 0x400123}, {6, 4096}})
      .Files({{0x400000, 0x402000, 0, "/usr/bin/node"}, {0x402000, 0x403000, 0x2000, "/usr/bin/node"}})
      .Thread(102, 6)
      .Load(0x400000, Pattern(0x100), 0x2000, PF_R | PF_X)
      .Load(0x700000, Pattern(0x400, 5))
      .Load(0x700400, Pattern(0x400, 9))
      .Load(0x800000, {}, 0x1000, PF_R)
      .Load(0x900000, {}, 0x1000, 0);
  return builder;
}

TEST(ElfCoreTest, TypicalCore) {
  ByteVector bytes = Typical().Build();
  auto core = MustOpen(bytes);
  ASSERT_TRUE(core);
  ASSERT_EQ(core->Regions().size(), 5u);
  EXPECT_EQ(core->Regions()[0].present_end, 0x400100u);
  EXPECT_TRUE(core->Regions()[0].executable);
  EXPECT_FALSE(core->Regions()[0].writable);
  EXPECT_FALSE(core->Regions()[4].readable);
  EXPECT_FALSE(core->Gaps().truncated);
  EXPECT_EQ(core->Gaps().bytes_not_dumped, 0x1f00u + 0x1000u);
  EXPECT_EQ(core->Gaps().file_bytes, bytes.size());
  EXPECT_EQ(core->Gaps().file_bytes_promised, bytes.size());
  ASSERT_EQ(core->Threads().size(), 2u);
  EXPECT_EQ(core->Threads()[0].tid, 101);
  EXPECT_EQ(core->Threads()[0].signal, 6);
  EXPECT_EQ(core->Threads()[0].cpu_user_us, 1'500'000u);
  EXPECT_EQ(core->Threads()[0].cpu_system_us, 250'000u);
  EXPECT_EQ(core->Threads()[1].reg(Register::kRip), 102'016u);
  EXPECT_EQ(core->Threads()[1].reg(Register::kGs), 102'026u);
  EXPECT_EQ(core->Process().pid, 100);
  EXPECT_EQ(core->Process().name, "node");
  EXPECT_EQ(core->Process().arguments, "node app.js");
  EXPECT_EQ(core->Process().signal, 11);
  EXPECT_EQ(core->Process().fault_address, 0xdead0000u);
  EXPECT_EQ(core->Process().Auxv(9), 0x400123u);
  EXPECT_EQ(core->Process().Auxv(77), std::nullopt);
  ASSERT_EQ(core->FileMappings().size(), 2u);
  EXPECT_EQ(core->FileMappings()[1].file_offset, 0x2000u);
  EXPECT_EQ(core->FileMappings()[1].path, "/usr/bin/node");
  CheckAllReads(*core);
}

TEST(ElfCoreTest, ReadAndViewCrossSegments) {
  ByteVector bytes = Typical().Build();
  auto core = MustOpen(bytes);
  std::array<std::byte, 0x400> buffer;
  EXPECT_EQ(core->Read(0x700200, buffer), 0x400u);
  EXPECT_EQ(buffer[0x1ff], Pattern(0x400, 5)[0x3ff]);
  EXPECT_EQ(buffer[0x200], Pattern(0x400, 9)[0]);
  EXPECT_EQ(core->Read(0x700700, buffer), 0x100u);
  EXPECT_EQ(core->View(0x700200, 0x400).size(), 0x400u);
  EXPECT_TRUE(core->View(0x700000, 0x801).empty());
  EXPECT_TRUE(core->View(0x700000, SIZE_MAX).empty());
  EXPECT_TRUE(core->View(0x700000, 0).empty());
  EXPECT_EQ(core->Read(0x700000, {}), 0u);
  EXPECT_EQ(core->Read(UINT64_MAX, buffer), 0u);
}

TEST(ElfCoreTest, ViewRefusesWhatIsApartInTheFile) {
  ByteVector bytes = CoreBuilder().Load(0x2000, Pattern(0x100)).Load(0x1f00, Pattern(0x100, 9)).Build();
  auto core = MustOpen(bytes);
  std::array<std::byte, 0x200> buffer;
  EXPECT_EQ(core->Read(0x1f00, buffer), 0x200u);
  EXPECT_TRUE(core->View(0x1f00, 0x200).empty());
  EXPECT_EQ(core->View(0x1f00, 0x100).size(), 0x100u);
}

TEST(ElfCoreTest, EveryTruncationOpensOrSaysWhyAndIsExact) {
  ByteVector whole = Typical().Build();
  for (size_t size = 0; size < whole.size(); size += size < 512 ? 1 : 64) {
    ByteVector bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    Result<std::unique_ptr<ElfCore>> core = ElfCore::OpenBytes(bytes, "cut");
    if (size < sizeof(Elf64_Ehdr)) {
      EXPECT_FALSE(core.has_value()) << size;
      continue;
    }
    ASSERT_TRUE(core.has_value()) << size << core.error().message;
    const MemoryGaps& gaps = (*core)->Gaps();
    EXPECT_TRUE(gaps.truncated) << size;
    EXPECT_EQ(gaps.file_bytes, size);
    size_t table_end = sizeof(Elf64_Ehdr) + 6 * sizeof(Elf64_Phdr);
    if (size >= table_end) {
      EXPECT_EQ(gaps.file_bytes_promised, whole.size());
      size_t data_start = whole.size() - 0x900;
      EXPECT_EQ(gaps.bytes_cut_off, std::min<size_t>(0x900, whole.size() - size)) << size;
      uint64_t present = 0;
      for (const Region& region : (*core)->Regions()) present += region.present_end - region.start;
      EXPECT_EQ(present, size > data_start ? size - data_start : 0);
    }
    CheckAllReads(**core);
  }
}

TEST(ElfCoreTest, RefusesWhatIsNoCoreInOneLine) {
  auto text = [](std::string_view s) {
    ByteVector bytes;
    testing::AppendText(bytes, s);
    return bytes;
  };
  EXPECT_EQ(OpenError({}), "x is empty");
  EXPECT_EQ(OpenError(text("#!/bin/sh\necho hello\n")), "x is not an ELF file but looks like text");
  EXPECT_EQ(OpenError(Pattern(1000, 200)), "x is not an ELF file");
  EXPECT_EQ(OpenError(text("\x28\xb5\x2f\xfd....")), "x is compressed with zstd; decompress it first (zstd -d)");
  EXPECT_NE(OpenError(text("MDMP....")).find("minidump"), std::string::npos);
  EXPECT_EQ(OpenError(text("\x7f"
                           "EL")),
            "x ends inside its ELF header");

  auto with = [](auto change) {
    CoreBuilder builder = Typical();
    change(builder.header());
    return OpenError(builder.Build());
  };
  EXPECT_EQ(with([](Elf64_Ehdr& h) { h.e_machine = EM_AARCH64; }),
            "x is a core of an AArch64 process; corewalk reads x86-64");
  EXPECT_EQ(with([](Elf64_Ehdr& h) { h.e_machine = 4711; }),
            "x is a core of a machine 4711 process; corewalk reads x86-64");
  EXPECT_EQ(with([](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32, h.e_machine = EM_386; }),
            "x is a core of a 32-bit x86 process (not a 64-bit ELF file); corewalk reads x86-64");
  EXPECT_EQ(with([](Elf64_Ehdr& h) {
              h.e_ident[EI_DATA] = ELFDATA2MSB;
              h.e_machine = __builtin_bswap16(EM_S390);
              h.e_type = __builtin_bswap16(ET_CORE);
            }),
            "x is a core of an s390 process (big-endian); corewalk reads x86-64");
  EXPECT_EQ(with([](Elf64_Ehdr& h) { h.e_ident[EI_DATA] = 7; }), "x has a damaged ELF header");
  EXPECT_EQ(with([](Elf64_Ehdr& h) { h.e_type = ET_EXEC; }), "x is an executable, not a core");
  EXPECT_EQ(with([](Elf64_Ehdr& h) { h.e_type = ET_DYN; }), "x is an executable or shared library, not a core");
  EXPECT_EQ(with([](Elf64_Ehdr& h) { h.e_phentsize = 3; }), "x has a damaged ELF header (program header size)");

  CoreBuilder kernel = Typical();
  kernel.Note("VMCOREINFO", 0, Pattern(16));
  EXPECT_EQ(OpenError(kernel.Build()), "x is a kernel crash dump, not the core of a process");
}

TEST(ElfCoreTest, RefusesFilesThatAreNotRegular) {
  std::string folder = ::testing::TempDir() + "corewalk_elf_core_" + std::to_string(getpid());
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  std::string fifo = folder + "/fifo", empty = folder + "/empty", good = folder + "/core", locked = folder + "/locked";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::ofstream(empty).close();
  auto error = [](const std::string& path) {
    Result<std::unique_ptr<ElfCore>> core = ElfCore::Open(path);
    return core ? "opened" : core.error().message;
  };
  EXPECT_EQ(error("/dev/null"), "/dev/null is a device, not a file");
  EXPECT_EQ(error("/dev/zero"), "/dev/zero is a device, not a file");
  EXPECT_EQ(error(fifo), fifo + " is a FIFO, not a file");
  EXPECT_EQ(error(folder), folder + " is a directory, not a file");
  EXPECT_EQ(error(empty), empty + " is empty");
  EXPECT_EQ(error("/no/such/file"), "cannot open /no/such/file: No such file or directory");
  EXPECT_EQ(error("/proc/self/exe"), "/proc/self/exe is an executable or shared library, not a core");

  ByteVector bytes = Typical().Build();
  std::ofstream(good, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  Result<std::unique_ptr<ElfCore>> core = ElfCore::Open(good);
  ASSERT_TRUE(core.has_value()) << core.error().message;
  EXPECT_EQ((*core)->Describe(), good);
  EXPECT_EQ((*core)->Kind(), TargetKind::kCoreFile);
  for (AccessPattern p : {AccessPattern::kRandom, AccessPattern::kSequential, AccessPattern::kNormal})
    (*core)->Advise(p);
  CheckAllReads(**core);
  for (const std::string& path : {fifo, empty, good}) unlink(path.c_str());
  rmdir(folder.c_str());
}

TEST(ElfCoreTest, ManyProgramHeaders) {
  constexpr size_t kCount = 70'000;
  CoreBuilder builder;
  builder.Thread(1, 6);
  // Backwards: the table need not be sorted.
  for (size_t i = kCount; i-- > 0;) builder.Load(0x100000 + i * 0x2000, Pattern(16, static_cast<unsigned>(i)), 0x1000);
  ByteVector bytes = builder.Build(/*extended=*/true);
  auto core = MustOpen(bytes);
  ASSERT_TRUE(core);
  ASSERT_EQ(core->Regions().size(), kCount);
  EXPECT_FALSE(core->Gaps().truncated);
  EXPECT_EQ(core->ReadValue<uint8_t>(0x100000 + 69'999 * 0x2000), static_cast<uint8_t>(69'999));
  CheckAllReads(*core);
  // Without the section header at the end, the place of the notes tells the count.
  bytes.resize(bytes.size() - 200);
  core = MustOpen(bytes);
  ASSERT_TRUE(core);
  EXPECT_EQ(core->Regions().size(), kCount);
  EXPECT_TRUE(core->Gaps().truncated);
}

TEST(ElfCoreTest, OverlapsAreResolvedWithoutLosingTheRest) {
  ByteVector bytes = CoreBuilder()
                         .Load(0x1000, Pattern(0x1000, 1))
                         .Load(0x1800, Pattern(0x1000, 2))
                         .Load(0x1800, Pattern(0x10, 3), 0x4000)
                         .Load(0x2400, Pattern(0x10, 4))
                         .Load(0x0, {}, UINT64_MAX)
                         .Build();
  auto core = MustOpen(bytes);
  ASSERT_TRUE(core);
  ASSERT_EQ(core->Regions().size(), 4u);
  EXPECT_EQ(core->Regions()[0].end, 0x1000u);
  EXPECT_EQ(core->Regions()[1].end, 0x1800u);
  EXPECT_EQ(core->Regions()[1].present_end, 0x1800u);
  EXPECT_EQ(core->Regions()[2].end, 0x2400u);
  EXPECT_EQ(core->ReadValue<uint8_t>(0x1800), 2);
  CheckAllReads(*core);
}

TEST(ElfCoreTest, AbsurdProgramHeaders) {
  constexpr uint64_t kValues[] = {0, 1, 0x1000, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffff000, UINT64_MAX};
  CoreBuilder all;
  all.Thread(7, 6);
  for (uint64_t offset : kValues) {
    for (uint64_t vaddr : kValues) {
      for (uint64_t filesz : kValues) {
        for (uint64_t memsz : kValues) {
          Elf64_Phdr program{PT_LOAD, PF_R, offset, vaddr, 0, filesz, memsz, 0};
          all.RawHeader(program);
          ByteVector one = CoreBuilder().RawHeader(program).Load(0x5000, Pattern(64)).Build();
          auto core = MustOpen(one);
          ASSERT_TRUE(core);
          CheckAllReads(*core);
        }
      }
    }
  }
  for (uint64_t offset : kValues) {
    for (uint64_t filesz : kValues) all.RawHeader({PT_NOTE, 0, offset, 0, 0, filesz, 0, 0});
  }
  ByteVector bytes = all.Build();
  auto core = MustOpen(bytes);
  ASSERT_TRUE(core);
  EXPECT_TRUE(core->Gaps().truncated);
  CheckAllReads(*core);
}

TEST(ElfCoreTest, LyingNotes) {
  ByteVector files = CoreBuilder::FilesNote({{0x1000, 0x2000, 0, "/a"}, {0x2000, 0x3000, 0, "/b"}});
  auto mappings = [](const ByteVector& desc) {
    ByteVector bytes = CoreBuilder().Note("CORE", NT_FILE, desc).Thread(5, 6).Load(0x1000, Pattern(8)).Build();
    auto core = MustOpen(bytes);
    EXPECT_EQ(core->Threads().size(), 1u);
    return core->FileMappings().size();
  };
  EXPECT_EQ(mappings(files), 2u);
  for (uint64_t count : {uint64_t{3}, uint64_t{1000}, uint64_t{1} << 60, UINT64_MAX}) {
    ByteVector lying = files;
    testing::PutAt(lying, 0, count);
    EXPECT_LE(mappings(lying), 2u);
  }
  for (size_t size = 0; size < files.size(); ++size) {
    EXPECT_LE(mappings(ByteVector(files.begin(), files.begin() + static_cast<ptrdiff_t>(size))), 2u);
  }
  // A size beyond everything: the note is used as far as it goes and is the last.
  for (uint32_t lie : {337u, 0x7fffffffu, 0xfffffffcu, 0xffffffffu}) {
    ByteVector bytes = CoreBuilder().Note("CORE", NT_PRSTATUS, Pattern(336), lie).Thread(5, 6).Build();
    auto core = MustOpen(bytes);
    EXPECT_GE(core->Threads().size(), 1u);
  }
  ByteVector short_notes = CoreBuilder()
                               .Note("CORE", NT_PRSTATUS, Pattern(100))
                               .Note("CORE", NT_PRPSINFO, Pattern(30))
                               .Note("CORE", NT_SIGINFO, Pattern(4))
                               .Note("CORE", NT_AUXV, Pattern(8))
                               .Note("CORE", NT_FILE, Pattern(8))
                               .Note("LINUX", NT_PRSTATUS, Pattern(336))
                               .Build();
  auto core = MustOpen(short_notes);
  EXPECT_TRUE(core->Threads().empty());
  EXPECT_TRUE(core->FileMappings().empty());
}

TEST(ElfCoreTest, SignalFallsBackToTheFirstThread) {
  ByteVector bytes = CoreBuilder().Thread(55, 6).Thread(56, 0).Build();
  auto core = MustOpen(bytes);
  EXPECT_EQ(core->Process().signal, 6);
  EXPECT_EQ(core->Process().pid, 55);
  // si_code <= 0: sent by a process; the bytes of the address are pid and uid.
  bytes = CoreBuilder().Siginfo(11, 0, 0x1234).Build();
  EXPECT_EQ(MustOpen(bytes)->Process().fault_address, 0u);
}

TEST(ElfCoreTest, FlippedBytesNeverBreakIt) {
  ByteVector whole = Typical().Build();
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    ByteVector bytes = whole;
    size_t headers = whole.size() - 0x900;
    for (int i = 0; i < 4; ++i) bytes[random() % headers] = static_cast<std::byte>(random());
    Result<std::unique_ptr<ElfCore>> core = ElfCore::OpenBytes(bytes, "flipped");
    if (core) CheckAllReads(**core);
  }
}

}  // namespace
}  // namespace corewalk
