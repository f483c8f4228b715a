// Which of a target's pages had memory behind them when it stopped: what top calls RES, page by page. A mapping of 512
// MB of which 40 KB were ever touched costs 40 KB.
//
// A core tells by the holes of its file: the kernel skips pages that were never touched (fs/coredump.c,
// dump_emit_page). A core that was copied without holes, or written by gdb, has zeros in their place: there, pages of
// zeros count as untouched. A live process tells through /proc/PID/pagemap.
//
// How much of mapped files was resident no core tells: of their text it holds the first page, or all of it when a
// debugger had set a breakpoint there (the mapping counts as changed then) or when it was told to (coredump_filter). So
// of what the process could not write nothing counts, except data that became read-only after the start.
#pragma once

#include <cstdint>
#include <vector>

#include "base/cancel.h"
#include "memory/memory.h"

namespace corewalk {

class Residency {
 public:
  enum class Source {
    kFileHoles,  // pages for which the core file has bytes
    kZeroPages,  // pages that hold a byte that is not zero
    kPagemap,    // the kernel's own table
  };

  // The first question costs a look at the file's holes, or at every page. Cut short when cancelled.
  static Residency Find(const Memory& memory, const Cancel& cancel, const ProgressFunction& progress);

  Source source() const { return source_; }
  // Bytes of [from, end) that were resident. Logarithmic.
  uint64_t Bytes(Address from, Address end) const { return end > from ? Below(end) - Below(from) : 0; }
  uint64_t total() const { return ranges_.empty() ? 0 : ranges_.back().before + ranges_.back().size(); }
  // Bytes that the kernel had swapped out; only a live process tells.
  uint64_t swapped() const { return swapped_; }

 private:
  struct Range {
    Address start, end;
    uint64_t before;  // resident bytes at lower addresses
    uint64_t size() const { return end - start; }
  };
  uint64_t Below(Address address) const;
  void Add(Address start, Address end);

  Source source_ = Source::kFileHoles;
  uint64_t swapped_ = 0;
  std::vector<Range> ranges_;  // by rising address, disjoint
};

}  // namespace corewalk
