#include "memory/live_process.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "memory/elf_format.h"
#include "memory/mapped_file.h"
#include "memory/proc_files.h"

namespace corewalk {
namespace {

constexpr uint64_t kPageSize = 4096;
constexpr size_t kMaxBytesPerCall = size_t{1} << 30;

// One system call; how many bytes it copied, 0 on any failure. Copies whole pages up to the first missing one, but may
// also fail as a whole.
size_t ReadOnce(int pid, Address address, std::span<std::byte> out) {
  iovec local{out.data(), std::min(out.size(), kMaxBytesPerCall)};
  iovec remote{reinterpret_cast<void*>(address), local.iov_len};
  ssize_t count = process_vm_readv(pid, &local, 1, &remote, 1, 0);
  return count > 0 ? static_cast<size_t>(count) : 0;
}

}  // namespace

Result<std::unique_ptr<LiveProcess>> LiveProcess::Open(int pid) {
  std::unique_ptr<LiveProcess> process(new LiveProcess(pid));
  if (Result<void> check = process->Check(); !check) return std::unexpected(check.error());
  if (Result<void> stop = process->stopper_.Stop(); !stop) return std::unexpected(stop.error());
  if (Result<void> maps = proc::ReadMaps(pid, process->regions_, process->mappings_); !maps) {
    return std::unexpected(maps.error());
  }
  process->pagemap_ = open(("/proc/" + std::to_string(pid) + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC);
  process->threads_ = process->stopper_.States();
  process->process_ = proc::ReadProcessInfo(pid);
  return process;
}

LiveProcess::~LiveProcess() {
  if (pagemap_ >= 0) close(pagemap_);
}

bool LiveProcess::IsRunning(int pid) {
  const Result<proc::Status> status = proc::ReadStatus(pid);
  return status && status->state != 'Z' && status->state != 'X';
}

Result<void> LiveProcess::Check() const {
  std::string who = "process " + std::to_string(pid_);
  if (pid_ <= 0) return Fail(ErrorCode::kUsage, std::to_string(pid_) + " is not a process id");
  if (pid_ == getpid()) return Fail(ErrorCode::kUsage, who + " is corewalk itself");
  Result<proc::Status> status = proc::ReadStatus(pid_);
  if (!status) return std::unexpected(status.error());
  if (status->thread_group != pid_) {
    return Fail(ErrorCode::kUsage, std::to_string(pid_) + " is a thread of process " +
                                       std::to_string(status->thread_group) + "; give the process id");
  }
  if (status->state == 'Z' || status->state == 'X') return Fail(ErrorCode::kNotFound, who + " has ended (zombie)");
  if (status->tracer != 0) {
    return Fail(ErrorCode::kUnreadable,
                who + " is being debugged by process " + std::to_string(status->tracer) + "; detach that first");
  }
  std::string exe = "/proc/" + std::to_string(pid_) + "/exe";
  char target[2];
  if (readlink(exe.c_str(), target, sizeof(target)) < 0) {
    if (errno == ENOENT) return Fail(ErrorCode::kBadFormat, who + " is a kernel thread or has just ended");
    return Fail(ErrorCode::kUnreadable, who + " may not be read: " + ErrnoText(errno) +
                                            "; be the same user or have CAP_SYS_PTRACE, and see "
                                            "/proc/sys/kernel/yama/ptrace_scope (0 allows it)");
  }
  std::string head = proc::ReadFile(exe, sizeof(Elf64_Ehdr));
  // Unreadable although we may trace it (an execute-only file): the registers would tell, but no Node.js is like that.
  if (head.empty()) return Fail(ErrorCode::kUnreadable, "cannot read the executable of " + who);
  Result<Elf64_Ehdr> header = elf::ReadElfHeader(std::as_bytes(std::span(head)), "the executable of " + who);
  if (!header) return std::unexpected(header.error());
  return {};
}

UsedPages LiveProcess::FindUsedPages() const {
  return proc::ReadUsedPages(pid_, regions_);
}

size_t LiveProcess::Read(Address address, std::span<std::byte> out) const {
  return pages_.Read(address, out, [this](Address from, std::span<std::byte> to) { return ReadFromProcess(from, to); });
}

bool LiveProcess::IsAnonymous(Address address) const {
  const auto behind = std::ranges::upper_bound(mappings_, address, {}, &FileMapping::start);
  return RegionAt(address) != nullptr && (behind == mappings_.begin() || std::prev(behind)->end <= address);
}

// Anonymous memory that the process never touched is zeros, and is not read: the kernel would give the process a page for
// each page that is (40 MB for the stacks of a Node.js process with seven threads).
size_t LiveProcess::ReadFromProcess(Address address, std::span<std::byte> out) const {
  constexpr uint64_t kThere = uint64_t{3} << 62;  // present or swapped (Documentation/admin-guide/mm/pagemap.rst)
  constexpr size_t kEntries = 512;
  if (pagemap_ < 0) return ReadTouched(address, out);
  std::array<uint64_t, kEntries> entries;
  size_t done = 0;
  while (done < out.size()) {
    const Address at = address + done, first = at / kPageSize;
    const size_t pages = std::min<size_t>(kEntries, (address + out.size() - 1) / kPageSize - first + 1);
    const ssize_t got = pread(pagemap_, entries.data(), pages * 8, static_cast<off_t>(first * 8));
    if (got < 8) return done + ReadTouched(at, out.subspan(done));
    const size_t known = static_cast<size_t>(got) / 8;
    for (size_t i = 0; i < known;) {
      const auto untouched = [&](size_t page) {
        return (entries[page] & kThere) == 0 && IsAnonymous((first + page) * kPageSize);
      };
      const bool zeros = untouched(i);
      size_t end = i + 1;
      while (end < known && untouched(end) == zeros) ++end;
      const Address from = address + done;
      const size_t bytes = std::min<size_t>(out.size() - done, (first + end) * kPageSize - from);
      const size_t count = zeros ? bytes : ReadTouched(from, out.subspan(done, bytes));
      if (zeros) std::ranges::fill(out.subspan(done, bytes), std::byte{0});
      done += count;
      if (count < bytes) return done;
      i = end;
    }
  }
  return done;
}

size_t LiveProcess::ReadTouched(Address address, std::span<std::byte> out) const {
  size_t done = 0;
  while (done < out.size()) {
    std::span<std::byte> rest = out.subspan(done);
    size_t count = ReadOnce(pid_, address + done, rest);
    if (count == 0) {
      // A missing page further on can fail the whole call: only the first page decides.
      size_t to_page_end = kPageSize - (address + done) % kPageSize;
      if (to_page_end >= rest.size()) break;
      count = ReadOnce(pid_, address + done, rest.first(to_page_end));
    }
    if (count == 0) break;
    done += count;
  }
  return done;
}

}  // namespace corewalk
