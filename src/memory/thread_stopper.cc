#include "memory/thread_stopper.h"

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <unordered_set>

#include "memory/mapped_file.h"
#include "memory/proc_files.h"

namespace corewalk {
namespace {

constexpr int kMaxPasses = 100;  // a process may start threads faster than we list them, but not for ever
constexpr int kStopTimeoutMs = 5000;
constexpr int kGiveUpTimeoutMs = 100;
constexpr int kDeathTimeoutMs = 1000;

static_assert(sizeof(user_regs_struct) == kRegisterCount * sizeof(uint64_t));

void Pause() {
  timespec millisecond{0, 1'000'000};
  nanosleep(&millisecond, nullptr);
}

bool IsZombie(int pid, int tid) {
  char state = proc::ReadCpuTime(pid, tid).state;
  return state == 'Z' || state == 'X' || state == '?';
}

}  // namespace

ThreadStopper::~ThreadStopper() {
  // Only a stopped thread can be detached: after a failed Stop() some may still run. Those the kernel detaches when the
  // tracing thread ends.
  WaitForStops(kGiveUpTimeoutMs);
  std::vector<int> dying;
  for (const Thread& thread : threads_) {
    if (thread.stopped && ptrace(PTRACE_DETACH, thread.tid, nullptr, thread.signal) != 0) dying.push_back(thread.tid);
  }
  if (dying.empty()) return;
  // Killed meanwhile. The real parent hears of it only after the tracer has taken the death notice of every thread; the
  // main thread's comes last. When we are the parent ourselves, that one is for whoever waits for the child.
  Result<proc::Status> status = proc::ReadStatus(pid_);
  bool is_own_child = status && status->parent == getpid();
  for (int waited_ms = 0; waited_ms < kDeathTimeoutMs; ++waited_ms) {
    std::erase_if(
        dying, [&](int tid) { return (tid == pid_ && is_own_child) || waitpid(tid, nullptr, __WALL | WNOHANG) != 0; });
    if (dying.empty()) return;
    Pause();
  }
}

Result<void> ThreadStopper::Seize(int tid) {
  if (ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) == 0) {
    threads_.push_back({.tid = tid});
    ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
    return {};
  }
  int error = errno;
  if (IsZombie(pid_, tid)) return {};
  std::string what = "cannot stop process " + std::to_string(pid_) + ": ";
  if (error == EPERM) {
    what +=
        "not permitted; be the same user or have CAP_SYS_PTRACE, and see /proc/sys/kernel/yama/ptrace_scope (0 allows "
        "it)";
  } else {
    what += ErrnoText(error);
  }
  return Fail(ErrorCode::kUnreadable, what);
}

// Looks, without waiting, whether the thread has stopped or ended.
bool ThreadStopper::Poll(Thread& thread) {
  int status = 0;
  pid_t result = waitpid(thread.tid, &status, __WALL | WNOHANG);
  if (result == 0) return false;
  if (result != thread.tid || !WIFSTOPPED(status)) {
    thread.tid = 0;
    return true;
  }
  thread.stopped = true;
  // Either our PTRACE_EVENT_STOP, or the thread was just about to take a signal, which must not get lost.
  if (status >> 16 == 0) thread.signal = WSTOPSIG(status);
  return true;
}

// Waits for all at once: the end of the main thread is reported only after that of all others. False when a thread
// neither stopped nor ended in time.
bool ThreadStopper::WaitForStops(int timeout_ms) {
  for (int waited_ms = 0;; ++waited_ms) {
    bool pending = false;
    for (Thread& thread : threads_) {
      if (!thread.stopped && thread.tid != 0 && !Poll(thread)) pending = true;
    }
    if (!pending) return true;
    if (waited_ms >= timeout_ms) return false;
    Pause();
  }
}

Result<void> ThreadStopper::Stop() {
  std::unordered_set<int> seen;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    size_t before = seen.size();
    for (int tid : proc::ListThreads(pid_)) {
      if (!seen.insert(tid).second) continue;
      if (Result<void> seized = Seize(tid); !seized) return seized;
    }
    if (!WaitForStops(kStopTimeoutMs)) {
      return Fail(ErrorCode::kUnreadable,
                  "process " + std::to_string(pid_) + " does not stop (a thread is in uninterruptible sleep)");
    }
    std::erase_if(threads_, [](const Thread& thread) { return thread.tid == 0; });
    if (seen.size() == before) {
      if (threads_.empty()) return Fail(ErrorCode::kNotFound, "process " + std::to_string(pid_) + " is gone");
      return {};
    }
  }
  return Fail(ErrorCode::kUnreadable,
              "process " + std::to_string(pid_) + " starts threads faster than they can be stopped");
}

std::vector<ThreadState> ThreadStopper::States() const {
  std::vector<ThreadState> states;
  for (const Thread& thread : threads_) {
    ThreadState state;
    state.tid = thread.tid;
    proc::CpuTime time = proc::ReadCpuTime(pid_, thread.tid);
    state.cpu_user_us = time.user_us;
    state.cpu_system_us = time.system_us;
    // Registers stay zero when the thread was killed meanwhile.
    user_regs_struct registers{};
    if (ptrace(PTRACE_GETREGS, thread.tid, nullptr, &registers) == 0) {
      std::memcpy(state.registers.data(), &registers, sizeof(registers));
    }
    states.push_back(state);
  }
  std::ranges::stable_sort(states, {}, [this](const ThreadState& s) { return s.tid != pid_; });
  return states;
}

}  // namespace corewalk
