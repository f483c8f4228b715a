// The files of /proc/PID that describe a live process, parsed.
//
// They are written by the kernel, but names and paths in them are target text. Every function returns what it could
// read; a process that is gone gives empty results. Sizes are bounded.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "memory/memory.h"
#include "memory/used_pages.h"

namespace corewalk::proc {

// A small file as a whole: at most `limit` bytes of it. Empty when it cannot be read.
std::string ReadFile(const std::string& path, size_t limit);

struct Status {
  int thread_group = 0;  // Tgid: the process a thread id belongs to
  int parent = 0;        // PPid
  int tracer = 0;        // TracerPid, 0 when nobody traces it
  char state = '?';      // R, S, D, T, t, Z, X
};

// /proc/PID/status. kNotFound when there is no such process.
Result<Status> ReadStatus(int pid);

struct CpuTime {
  uint64_t user_us = 0;
  uint64_t system_us = 0;
  char state = '?';
};

// /proc/PID/task/TID/stat; zeros when the thread is gone.
CpuTime ReadCpuTime(int pid, int tid);

// The thread ids of a process, ascending but the main thread first.
std::vector<int> ListThreads(int pid);

// /proc/PID/maps without [vvar] and [vsyscall], which cannot be read from outside. Sorted by address. Fails when the
// file cannot be read.
Result<void> ReadMaps(int pid, std::vector<Region>& regions, std::vector<FileMapping>& mappings);

// Which pages of `regions` are in memory, from /proc/PID/pagemap; source kUnknown when that may not be read. Pages that
// are only reserved may be left out when there are too many (a terabyte).
UsedPages ReadUsedPages(int pid, std::span<const Region> regions);

// The memory limit of the process's control group (v2 or v1), the smallest of its ancestors' that can be read; nothing
// when there is none.
std::optional<uint64_t> ReadCgroupLimit(int pid);

// comm, cmdline and auxv of a process, in the sizes that a core has (15 and 80 bytes).
ProcessInfo ReadProcessInfo(int pid);

}  // namespace corewalk::proc
