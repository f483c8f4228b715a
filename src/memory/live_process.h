// A live process of this machine as Memory. It is stopped from Open() to the destructor, so that its heap holds still,
// and then goes on as if nothing had been.
//
// Open() and the destructor must run on the same thread (ptrace is tied to it); reads may come from any. Needs the same
// user or CAP_SYS_PTRACE, and kernel.yama.ptrace_scope to allow it. A process that is killed meanwhile reads as
// missing but for what is remembered of it: Read() returns 0. There is no View(). Nothing is ever written to the process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "memory/memory.h"
#include "memory/page_cache.h"
#include "memory/thread_stopper.h"
#include "memory/used_pages.h"

namespace corewalk {

class LiveProcess : public Memory, public TellsUsedPages {
 public:
  // Errors, one line each: kNotFound (no such process, a zombie), kUsage (a thread id, this very process), kUnreadable
  // (not permitted, traced by a debugger already, cannot be stopped), kBadFormat (not an x86-64 process, a kernel
  // thread). The process goes on when opening fails.
  static Result<std::unique_ptr<LiveProcess>> Open(int pid);
  ~LiveProcess() override;
  // Neither gone nor a zombie.
  static bool IsRunning(int pid);

  size_t Read(Address address, std::span<std::byte> out) const override;
  std::span<const Region> Regions() const override { return regions_; }
  std::span<const FileMapping> FileMappings() const override { return mappings_; }
  std::span<const ThreadState> Threads() const override { return threads_; }
  const ProcessInfo& Process() const override { return process_; }
  const MemoryGaps& Gaps() const override { return gaps_; }
  TargetKind Kind() const override { return TargetKind::kLiveProcess; }
  UsedPages FindUsedPages() const override;
  std::string Describe() const override { return "process " + std::to_string(pid_); }

 private:
  explicit LiveProcess(int pid) : pid_(pid), stopper_(pid) {}
  Result<void> Check() const;
  size_t ReadFromProcess(Address address, std::span<std::byte> out) const;
  size_t ReadTouched(Address address, std::span<std::byte> out) const;
  bool IsAnonymous(Address address) const;

  int pid_;
  int pagemap_ = -1;  // a file descriptor; -1 when it cannot be read
  ThreadStopper stopper_;
  std::vector<Region> regions_;
  std::vector<FileMapping> mappings_;
  std::vector<ThreadState> threads_;
  ProcessInfo process_;
  MemoryGaps gaps_;
  mutable PageCache pages_;
};

}  // namespace corewalk
