// The memory of a target: a core file, a live process, LLDB's view of either, or a fake in tests.
//
// It says what it does not do: it never writes the target, never interprets what it reads, and never invents bytes. A
// read that meets a missing page returns the count of bytes before it; callers judge by the count. Addresses are those
// of the target (x86-64, little endian). All functions are const and may be called from several threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace corewalk {

using Address = uint64_t;

// One mapping of the target. Sorted by start, never overlapping.
struct Region {
  Address start = 0;
  Address end = 0;
  // Bytes [start, present_end) can be read. The rest was not dumped (the kernel left it out) or lies beyond the end of
  // a truncated core; present_end == start when nothing of the region can be read.
  Address present_end = 0;
  bool readable = false;
  bool writable = false;
  bool executable = false;

  uint64_t size() const { return end - start; }
  bool contains(Address a) const { return a >= start && a < end; }
};

// A file mapped by the target (NT_FILE, /proc/PID/maps). `path` is as the target saw it.
struct FileMapping {
  Address start = 0;
  Address end = 0;
  uint64_t file_offset = 0;  // bytes
  std::string path;
};

// General registers in the order of struct user_regs_struct (sys/user.h).
enum class Register {
  kR15,
  kR14,
  kR13,
  kR12,
  kRbp,
  kRbx,
  kR11,
  kR10,
  kR9,
  kR8,
  kRax,
  kRcx,
  kRdx,
  kRsi,
  kRdi,
  kOrigRax,
  kRip,
  kCs,
  kEflags,
  kRsp,
  kSs,
  kFsBase,
  kGsBase,
  kDs,
  kEs,
  kFs,
  kGs
};
inline constexpr size_t kRegisterCount = 27;

struct ThreadState {
  int tid = 0;
  int signal = 0;            // signal that stopped this thread, 0 when none is known
  uint64_t cpu_user_us = 0;  // microseconds of CPU time, 0 when unknown
  uint64_t cpu_system_us = 0;
  std::array<uint64_t, kRegisterCount> registers{};

  uint64_t reg(Register r) const { return registers[static_cast<size_t>(r)]; }
};

struct ProcessInfo {
  int pid = 0;
  int signal = 0;       // signal that ended the process (si_signo, else the first thread's), 0 for a live process
  int signal_code = 0;  // si_code
  bool signal_code_known = false;
  int sender_pid = 0;   // of a signal that a process sent (si_code <= 0), 0 when that is another namespace's or unknown
  Address fault_address = 0;
  std::string name;                                 // pr_fname / comm, at most 15 bytes; target text
  std::string arguments;                            // pr_psargs, at most 80 bytes; target text
  std::vector<std::pair<uint64_t, uint64_t>> auxv;  // AT_* type, value

  std::optional<uint64_t> Auxv(uint64_t type) const {
    for (const auto& [t, v] : auxv) {
      if (t == type) return v;
    }
    return std::nullopt;
  }
};

// What of the target's memory cannot be read, and why.
struct MemoryGaps {
  bool truncated = false;            // the file ends before the last byte that its program headers promise
  uint64_t file_bytes = 0;           // size of the core file
  uint64_t file_bytes_promised = 0;  // end of the last segment according to the program headers
  uint64_t bytes_cut_off = 0;        // bytes of segments beyond the end of the file
  uint64_t bytes_not_dumped = 0;     // bytes of readable mappings that the kernel left out
};

enum class TargetKind { kCoreFile, kLiveProcess, kDebugger, kFake };

// How the next reads will go; a hint for read-ahead.
enum class AccessPattern { kNormal, kRandom, kSequential };

class Memory {
 public:
  virtual ~Memory() = default;

  // Copies up to out.size() bytes from `address`; returns how many bytes could be read before the first missing one
  // (0 when the first byte is missing). Never throws.
  virtual size_t Read(Address address, std::span<std::byte> out) const = 0;

  // The bytes [address, address + size) without a copy, valid as long as this Memory; empty when the memory cannot do
  // that (live process, debugger) or the bytes are not contiguous in the file or not all present. Fall back to Read().
  virtual std::span<const std::byte> View(Address address, size_t size) const {
    (void)address, (void)size;
    return {};
  }

  virtual std::span<const Region> Regions() const = 0;
  virtual std::span<const FileMapping> FileMappings() const = 0;
  virtual std::span<const ThreadState> Threads() const = 0;  // the crashing thread first
  virtual const ProcessInfo& Process() const = 0;
  virtual const MemoryGaps& Gaps() const = 0;
  virtual TargetKind Kind() const = 0;
  // Where it comes from, for messages: a path or "process 1234". Not target text.
  virtual std::string Describe() const = 0;
  // Hints the access pattern of the coming reads of all memory; a no-op where it means nothing.
  virtual void Advise(AccessPattern pattern) const { (void)pattern; }

  // Hints that the bytes at `address` will soon be read: starts to fetch them and does not wait. A no-op where it means
  // nothing.
  virtual void Prefetch(Address address, size_t size) const { (void)address, (void)size; }

  // The region that contains `address`, or null. Logarithmic.
  const Region* RegionAt(Address address) const;

  // One little-endian value, or nothing when any byte is missing.
  template <typename T>
  std::optional<T> ReadValue(Address address) const {
    T value;
    if (Read(address, std::as_writable_bytes(std::span(&value, 1))) != sizeof(T)) return std::nullopt;
    return value;
  }
  std::optional<uint64_t> ReadWord(Address address) const { return ReadValue<uint64_t>(address); }

  // A NUL-terminated string of at most `limit` bytes; nothing when the first byte is missing or no NUL is met.
  std::optional<std::string> ReadCString(Address address, size_t limit) const;
};

}  // namespace corewalk
