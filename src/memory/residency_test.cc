#include "memory/residency.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "memory/elf_core.h"
#include "memory/fake_memory.h"
#include "memory/live_process.h"
#include "memory/testing/elf_builder.h"

namespace corewalk {
namespace {

constexpr uint64_t kPage = 4096;
constexpr Address kBase = 0x7f0000000000;

// Writes only the 4 KB blocks that hold something, as the kernel and `cp --sparse=always` do.
std::string WriteSparse(const testing::ByteVector& bytes, bool sparse) {
  std::string path = (std::filesystem::temp_directory_path() / "corewalk-residency-XXXXXX").string();
  const int fd = mkstemp(path.data());
  EXPECT_GE(fd, 0);
  EXPECT_EQ(ftruncate(fd, static_cast<off_t>(bytes.size())), 0);
  for (size_t at = 0; at < bytes.size(); at += kPage) {
    const size_t size = std::min<size_t>(kPage, bytes.size() - at);
    bool zero = true;
    for (size_t i = 0; i < size; ++i) zero &= bytes[at + i] == std::byte{0};
    if (zero && sparse) continue;
    EXPECT_EQ(pwrite(fd, bytes.data() + at, size, static_cast<off_t>(at)), static_cast<ssize_t>(size));
  }
  close(fd);
  return path;
}

// 16 pages of data, 256 untouched ones, 16 of data, and a region of which nothing was dumped.
testing::ByteVector SparseCore() {
  testing::ByteVector memory((16 + 256 + 16) * kPage);
  for (size_t i = 0; i < memory.size(); ++i) {
    const size_t page = i / kPage;
    if (page < 16 || page >= 272) memory[i] = std::byte{7};
  }
  return testing::CoreBuilder().Thread(1, 6).Load(kBase, memory).Load(kBase + (1 << 24), {}, 1 << 20).Build();
}

TEST(ResidencyTest, HolesOfACoreAreUntouchedPages) {
  for (const bool sparse : {true, false}) {
    const std::string path = WriteSparse(SparseCore(), sparse);
    const auto core = ElfCore::Open(path);
    ASSERT_TRUE(core);
    const Residency residency = Residency::Find(**core, Cancel(), {});
    if (sparse && residency.source() != Residency::Source::kFileHoles) GTEST_SKIP() << "this file system has no holes";
    EXPECT_EQ(residency.source(), sparse ? Residency::Source::kFileHoles : Residency::Source::kZeroPages);
    EXPECT_EQ(residency.Bytes(kBase, kBase + 15 * kPage), 15 * kPage);
    EXPECT_EQ(residency.Bytes(kBase + 100 * kPage, kBase + 200 * kPage), 0u);
    EXPECT_EQ(residency.Bytes(kBase + (1 << 24), kBase + (1 << 25)), 0u);
    // The segment does not begin at a block of the file.
    EXPECT_NEAR(static_cast<double>(residency.total()), 32.0 * kPage, 2.0 * kPage);
    std::filesystem::remove(path);
  }
}

TEST(ResidencyTest, PagesOfZerosCountAsUntouched) {
  FakeMemory memory;
  std::vector<std::byte> bytes(10 * kPage + 100);
  bytes[3 * kPage + 5] = bytes[4 * kPage] = bytes[10 * kPage + 99] = std::byte{1};
  memory.AddBlock(kBase, bytes, FakeMemory::kReadWrite, 20 * kPage);
  memory.AddHole(kBase + (1 << 20), kPage);
  const Residency residency = Residency::Find(memory, Cancel(), {});
  EXPECT_EQ(residency.source(), Residency::Source::kZeroPages);
  EXPECT_EQ(residency.total(), 2 * kPage + 100);
  EXPECT_EQ(residency.Bytes(kBase + 3 * kPage + 1000, kBase + 4 * kPage + 24), kPage - 1000 + 24);
  EXPECT_EQ(residency.Bytes(0, ~Address{0}), residency.total());
  EXPECT_EQ(residency.Bytes(kBase + 4, kBase + 4), 0u);
  EXPECT_EQ(residency.Bytes(kBase + 5 * kPage, kBase), 0u);
}

TEST(ResidencyTest, TextOfFilesDoesNotCountButProtectedDataDoes) {
  FakeMemory memory;
  const std::vector<std::byte> pages(4 * kPage, std::byte{1});
  memory.AddBlock(kBase, pages, FakeMemory::kRead | FakeMemory::kExecute);
  memory.AddBlock(kBase + 4 * kPage, pages, FakeMemory::kRead);
  memory.AddBlock(kBase + 8 * kPage, pages);
  memory.AddBlock(kBase + 12 * kPage, pages);  // zeroed data of no file
  // Unsorted, overlapping, empty and wrapping, as a forged core may have them.
  memory.SetMappings({{kBase + 8 * kPage, kBase + 12 * kPage, 0, "/node"},
                      {kBase, kBase + 4 * kPage, 0, "/node"},
                      {kBase + kPage, kBase + 3 * kPage, 0, "/other"},
                      {kBase + 4 * kPage, kBase + 8 * kPage, 0, "/node"},
                      {kBase + 5 * kPage, kBase + 5 * kPage, 0, "/node"},
                      {~Address{0} - 5, 7, 0, "/node"}});
  const Residency residency = Residency::Find(memory, Cancel(), {});
  EXPECT_EQ(residency.Bytes(kBase, kBase + 4 * kPage), 0u);
  EXPECT_EQ(residency.Bytes(kBase + 4 * kPage, kBase + 8 * kPage), 4 * kPage);
  EXPECT_EQ(residency.total(), 12 * kPage);
}

TEST(ResidencyTest, UnreadablePagesAreNotThere) {
  FakeMemory memory;
  memory.AddBlock(kBase, std::vector<std::byte>(8 * kPage, std::byte{1}));
  memory.FailReads(kBase + 2 * kPage, kPage);
  EXPECT_EQ(Residency::Find(memory, Cancel(), {}).total(), 7 * kPage);
}

TEST(ResidencyTest, ALiveProcessTellsByItsPageTable) {
  constexpr size_t kPages = 64;
  std::byte* const pages = static_cast<std::byte*>(
      mmap(nullptr, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  pages[0] = std::byte{1};
  memset(pages + 10 * kPage, 0, 5 * kPage);  // zeros, but touched
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    pages[20 * kPage] = std::byte{2};
    (void)!write(ready[1], "x", 1);
    while (true) pause();
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  {
    const auto process = LiveProcess::Open(child);
    if (process) {
      const Residency residency = Residency::Find(**process, Cancel(), {});
      if (residency.source() == Residency::Source::kPagemap) {
        const Address base = reinterpret_cast<Address>(pages);
        EXPECT_EQ(residency.Bytes(base, base + kPages * kPage), 7 * kPage);
        EXPECT_EQ(residency.Bytes(base + 10 * kPage, base + 15 * kPage), 5 * kPage);
      }
    }
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  munmap(pages, kPages * kPage);
}

TEST(ResidencyTest, CancelledMeansCutShort) {
  FakeMemory memory;
  memory.AddBlock(kBase, std::vector<std::byte>(kPage, std::byte{1}));
  Cancel cancel;
  cancel.Request();
  EXPECT_EQ(Residency::Find(memory, cancel, {}).total(), 0u);
}

}  // namespace
}  // namespace corewalk
