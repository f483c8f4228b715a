#include "memory/live_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "memory/build_id.h"
#include "memory/proc_files.h"

namespace corewalk {
namespace {

constexpr size_t kPage = 4096;

// Shared with the child: where its memory is, and a counter that each of its threads drives while it runs.
struct Shared {
  std::atomic<uint64_t> ready{0};
  std::atomic<uint64_t> ticks{0};
  std::atomic<uint64_t> signals{0};
};

// A child with four pages of known bytes of which the third is inaccessible, and two threads that count.
class LiveProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pages_ =
        static_cast<std::byte*>(mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    shared_ = static_cast<Shared*>(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    new (shared_) Shared;
    child_ = fork();
    if (child_ == 0) RunChild();
    ASSERT_TRUE(Wait([this] { return shared_->ready == 1; }));
  }

  void TearDown() override {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    munmap(pages_, 4 * kPage);
    munmap(shared_, kPage);
  }

  [[noreturn]] void RunChild() {
    for (size_t i = 0; i < 4 * kPage; ++i) pages_[i] = static_cast<std::byte>(i / 16);
    mprotect(pages_ + 2 * kPage, kPage, PROT_NONE);
    static Shared* shared = shared_;
    struct sigaction action {};
    action.sa_handler = [](int) { ++shared->signals; };
    sigaction(SIGUSR1, &action, nullptr);
    std::thread second([] {
      for (;;) ++shared->ticks;
    });
    shared->ready = 1;
    for (;;) usleep(1000);
  }

  template <typename Condition>
  static bool Wait(Condition condition) {
    for (int i = 0; i < 5000; ++i) {
      if (condition()) return true;
      usleep(1000);
    }
    return false;
  }

  bool Counts() {
    uint64_t before = shared_->ticks;
    return Wait([&] { return shared_->ticks != before; });
  }

  Address At(size_t offset) const { return reinterpret_cast<Address>(pages_) + offset; }

  std::byte* pages_ = nullptr;
  Shared* shared_ = nullptr;
  pid_t child_ = -1;
};

TEST_F(LiveProcessTest, StopsReadsAndLetsGo) {
  // The second thread spins; its first clock tick may take a while.
  ASSERT_TRUE(Wait([this] { return proc::ReadCpuTime(child_, proc::ListThreads(child_).back()).user_us > 0; }));
  {
    Result<std::unique_ptr<LiveProcess>> process = LiveProcess::Open(child_);
    ASSERT_TRUE(process.has_value()) << process.error().message;
    const LiveProcess& p = **process;
    uint64_t ticks = shared_->ticks;
    usleep(20'000);
    EXPECT_EQ(shared_->ticks, ticks) << "stands still";

    std::vector<std::byte> buffer(4 * kPage);
    EXPECT_EQ(p.Read(At(0), buffer), 2 * kPage) << "up to the missing page";
    EXPECT_EQ(buffer[100], std::byte{100 / 16});
    EXPECT_EQ(p.Read(At(kPage + 5), buffer), kPage - 5);
    EXPECT_EQ(p.Read(At(2 * kPage), buffer), 0u);
    EXPECT_GE(p.Read(At(3 * kPage), std::span(buffer).first(kPage)), kPage);
    EXPECT_EQ(p.Read(At(2 * kPage - 4), std::span(buffer).first(8)), 4u);
    EXPECT_EQ(p.Read(0, buffer), 0u);
    EXPECT_EQ(p.Read(UINT64_MAX - 2, buffer), 0u);
    EXPECT_EQ(p.Read(At(0), {}), 0u);
    EXPECT_TRUE(p.View(At(0), 8).empty());

    EXPECT_FALSE(p.RegionAt(At(2 * kPage))->readable);
    EXPECT_EQ(p.RegionAt(At(2 * kPage))->present_end, At(2 * kPage));
    EXPECT_EQ(p.Kind(), TargetKind::kLiveProcess);
    EXPECT_EQ(p.Process().pid, child_);
    EXPECT_EQ(p.Process().name, "live_process_te");
    EXPECT_TRUE(p.Process().Auxv(9).has_value());
    ASSERT_EQ(p.Threads().size(), 2u);
    EXPECT_EQ(p.Threads()[0].tid, child_);
    for (const ThreadState& thread : p.Threads()) {
      const Region* stack = p.RegionAt(thread.reg(Register::kRsp));
      const Region* code = p.RegionAt(thread.reg(Register::kRip));
      ASSERT_NE(stack, nullptr);
      ASSERT_NE(code, nullptr);
      EXPECT_TRUE(stack->writable);
      EXPECT_TRUE(code->executable);
    }
    EXPECT_GT(p.Threads()[1].cpu_user_us, 0u);
    std::string exe = std::filesystem::read_symlink("/proc/self/exe");
    std::vector<Module> modules = Modules(p);
    auto self = std::ranges::find(modules, exe, &Module::path);
    ASSERT_NE(self, modules.end());
    Result<std::unique_ptr<ElfFile>> file = ElfFile::Open(exe);
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(self->build_id, (*file)->build_id());
    // The child is a fork: main() is where it is here.
    EXPECT_EQ(LoadBias(p, **file, *self) + (*file)->entry(), *p.Process().Auxv(9));
  }
  EXPECT_TRUE(Counts()) << "goes on";
  EXPECT_EQ(proc::ReadStatus(child_)->tracer, 0);
}

TEST_F(LiveProcessTest, SignalsAreNotLost) {
  for (int i = 0; i < 50; ++i) {
    uint64_t before = shared_->signals;
    kill(child_, SIGUSR1);
    Result<std::unique_ptr<LiveProcess>> process = LiveProcess::Open(child_);
    ASSERT_TRUE(process.has_value()) << process.error().message;
    process->reset();
    ASSERT_TRUE(Wait([&] { return shared_->signals == before + 1; })) << i;
  }
}

TEST_F(LiveProcessTest, StoppedProcessStaysStopped) {
  kill(child_, SIGSTOP);
  ASSERT_TRUE(Wait([&] { return proc::ReadStatus(child_)->state == 'T'; }));
  {
    Result<std::unique_ptr<LiveProcess>> process = LiveProcess::Open(child_);
    ASSERT_TRUE(process.has_value()) << process.error().message;
    EXPECT_EQ((*process)->ReadValue<uint8_t>(At(32)), 2);
  }
  usleep(20'000);
  EXPECT_EQ(proc::ReadStatus(child_)->state, 'T');
  kill(child_, SIGCONT);
  EXPECT_TRUE(Counts());
}

TEST_F(LiveProcessTest, KilledMeanwhileReadsAsMissing) {
  Result<std::unique_ptr<LiveProcess>> process = LiveProcess::Open(child_);
  ASSERT_TRUE(process.has_value()) << process.error().message;
  EXPECT_EQ((*process)->ReadValue<uint8_t>(At(16)), 1);
  kill(child_, SIGKILL);
  // But for the page that was read before; what is larger than a page is not remembered.
  std::vector<std::byte> two(2 * kPage);
  EXPECT_TRUE(Wait([&] { return (*process)->Read(At(0), two) == 0; }));
  EXPECT_EQ((*process)->ReadValue<uint8_t>(At(16)), 1);
  process->reset();
  EXPECT_EQ(waitpid(child_, nullptr, 0), child_) << "its parent still gets it";
  child_ = -1;
}

TEST_F(LiveProcessTest, SaysWhoTracesItAlready) {
  Result<std::unique_ptr<LiveProcess>> first = LiveProcess::Open(child_);
  ASSERT_TRUE(first.has_value());
  Result<std::unique_ptr<LiveProcess>> second = LiveProcess::Open(child_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message, "process " + std::to_string(child_) + " is being debugged by process " +
                                        std::to_string(getpid()) + "; detach that first");
}

TEST_F(LiveProcessTest, ClearErrors) {
  auto error = [](int pid) {
    Result<std::unique_ptr<LiveProcess>> process = LiveProcess::Open(pid);
    return process ? "opened" : process.error().message;
  };
  EXPECT_EQ(error(0), "0 is not a process id");
  EXPECT_EQ(error(-1), "-1 is not a process id");
  EXPECT_EQ(error(0x7ffffffe), "there is no process 2147483646");
  EXPECT_EQ(error(getpid()), "process " + std::to_string(getpid()) + " is corewalk itself");
  int second = proc::ListThreads(child_)[1];
  EXPECT_EQ(error(second),
            std::to_string(second) + " is a thread of process " + std::to_string(child_) + "; give the process id");
  kill(child_, SIGKILL);
  ASSERT_TRUE(Wait([&] { return proc::ReadStatus(child_)->state == 'Z'; }));
  EXPECT_EQ(error(child_), "process " + std::to_string(child_) + " has ended (zombie)");
}

TEST(ProcFilesTest, MapsOfThisProcess) {
  std::vector<Region> regions;
  std::vector<FileMapping> mappings;
  ASSERT_TRUE(proc::ReadMaps(getpid(), regions, mappings).has_value());
  EXPECT_GT(regions.size(), 5u);
  EXPECT_TRUE(std::ranges::is_sorted(regions, {}, &Region::start));
  std::string exe = std::filesystem::read_symlink("/proc/self/exe");
  EXPECT_NE(std::ranges::find(mappings, exe, &FileMapping::path), mappings.end());
  EXPECT_FALSE(proc::ReadMaps(0x7ffffffe, regions, mappings).has_value());
}

}  // namespace
}  // namespace corewalk
