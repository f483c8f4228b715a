// LLDB's view of a stopped process as Memory: the way for live processes, minidumps and cores whose file is not at
// hand.
//
// Assumes that the process stays at the stop it is at. SBProcess::ReadMemory has traps, the same in LLDB 14 to 22:
// bytes that are not in the file read as 0 bytes without an error, one missing page makes the whole request fail, and
// an error passed in is not cleared; so every read has a fresh SBError, is judged by its count and repeated page by
// page. Reads may come from several threads (LLDB locks the process). A process that has gone away reads as missing.
#pragma once

#include <lldb/API/LLDB.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "memory/local_process.h"
#include "memory/memory.h"
#include "memory/page_cache.h"
#include "memory/proc_files.h"
#include "memory/used_pages.h"

namespace corewalk {

class SbMemory final : public Memory, public TellsUsedPages, public TellsLocalProcess {
 public:
  // kUnreadable when the process is not stopped or has no memory map.
  static Result<std::unique_ptr<SbMemory>> Open(lldb::SBTarget target, lldb::SBProcess process);

  size_t Read(Address address, std::span<std::byte> out) const override;
  std::span<const Region> Regions() const override { return regions_; }
  std::span<const FileMapping> FileMappings() const override { return mappings_; }
  std::span<const ThreadState> Threads() const override { return threads_; }
  const ProcessInfo& Process() const override { return process_info_; }
  const MemoryGaps& Gaps() const override { return gaps_; }
  TargetKind Kind() const override { return TargetKind::kDebugger; }
  UsedPages FindUsedPages() const override {
    return local_pid_ != 0 ? proc::ReadUsedPages(local_pid_, regions_) : UsedPages();
  }
  int LocalProcess() const override { return local_pid_; }
  std::string Describe() const override { return "process " + std::to_string(process_info_.pid) + " in the debugger"; }

 private:
  explicit SbMemory(lldb::SBProcess process) : process_(process) {}
  void FindRegions();
  void FindFileMappings(lldb::SBTarget& target);
  void FindThreads();
  void FindLocalProcess(lldb::SBTarget& target);
  Address PresentEnd(Address start, Address end) const;
  size_t ReadFromTarget(Address address, std::span<std::byte> out) const;
  size_t ReadThroughLldb(Address address, std::span<std::byte> out) const;

  mutable lldb::SBProcess process_;  // a handle; LLDB's functions are not const
  int local_pid_ = 0;                // read with process_vm_readv when not 0
  bool is_live_ = false;
  std::vector<Region> regions_;
  std::vector<FileMapping> mappings_;
  std::vector<ThreadState> threads_;
  ProcessInfo process_info_;
  MemoryGaps gaps_;
  mutable PageCache pages_;
};

}  // namespace corewalk
