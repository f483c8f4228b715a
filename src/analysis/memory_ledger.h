// The ledger of a whole process: every mapped byte stands in exactly one row, so that the rows add up to what the core
// (or the live process) has. It answers why a process is large while heapUsed is not.
//
// V8's pages come from the heap model, memory outside of the heap from the objects that hold it (dead ones too: their
// memory is not free yet), malloc's chunks from malloc's own bookkeeping, stacks from the threads, the rest from the
// memory map. A block that malloc handed out for an ArrayBuffer counts as ArrayBuffer memory, not as malloc's. What
// cannot be told stands in the row `other`. What a truncated core lacks is missing in `resident`, not guessed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/leaks/external_stores.h"
#include "base/cancel.h"
#include "base/completeness.h"
#include "base/error.h"
#include "heap/spaces.h"
#include "node/address_map.h"
#include "node/memory_limits.h"
#include "session/session.h"

namespace corewalk {

enum class LedgerGroup : uint8_t { kHeap, kExternal, kMalloc, kThreads, kFiles, kReserved, kOther, kCount };
// "V8 heap", "Outside the heap", ...; for JSON "v8_heap", ...
std::string_view LedgerGroupTitle(LedgerGroup group);
std::string_view LedgerGroupKey(LedgerGroup group);

struct LedgerRow {
  std::string key;    // "old_space", "array_buffers", "malloc_free", ...
  std::string title;  // for people
  LedgerGroup group = LedgerGroup::kOther;
  uint64_t count = 0;  // pages, stores, chunks, threads, files
  MemorySum sum;
  std::optional<uint64_t> in_use;  // bytes of it that hold something: objects, buffers
};

struct MemoryLedger {
  std::vector<LedgerRow> rows;  // those of a group together; rows without a byte are left out
  MemorySum total;              // equals the sum of the rows
  Residency::Source source = Residency::Source::kFileHoles;
  uint64_t swapped = 0;

  struct IsolateLine {
    int number = 0;
    int thread_id = 0;
    MemorySum pages;
    uint64_t used_bytes = 0;      // objects, dead ones too
    uint64_t external_bytes = 0;  // stores that its objects hold; shared ones count in every isolate
  };
  std::vector<IsolateLine> isolates;
  struct ArenaLine {
    Address state = 0;
    bool is_main = false;
    MemorySum sum;
    uint64_t in_use = 0, in_use_chunks = 0;                // external stores included
    uint64_t free = 0, free_chunks = 0, largest_free = 0;  // the top left out
    uint64_t top = 0;
    uint64_t free_resident = 0;  // of what is free, the top too
    bool whole = true;           // all of it was found, and the chunks lead through it
  };
  std::vector<ArenaLine> arenas;
  std::string allocator;  // "glibc", or the file of another allocator: target text
  struct StackLine {
    int thread_id = 0;
    bool is_main = false;
    Address start = 0, end = 0;
    MemorySum sum;
    uint64_t used_bytes = 0;
  };
  std::vector<StackLine> stacks;
  struct FileLine {
    std::string path;  // target text
    MemorySum sum;     // with the zeroed data behind it
  };
  std::vector<FileLine> files;  // by falling resident bytes
  struct OtherLine {
    Address start = 0, end = 0;
    MemorySum sum;
    bool readable = false, writable = false, executable = false;
  };
  std::vector<OtherLine> others;  // the stretches of `other`, by falling resident bytes

  uint64_t stores = 0, store_bytes = 0;  // of external memory that was found, each once
  bool interrupted = false;

  const LedgerRow* Row(std::string_view key) const;
  MemorySum GroupSum(LedgerGroup group) const;
};

// Fails only when nothing could be read. Cut short when cancelled.
MemoryLedger TakeMemoryLedger(Session& session, const Cancel& cancel, const ProgressFunction& progress,
                              Completeness* completeness);

// What the process mainly consists of.
enum class MemoryVerdict : uint8_t {
  kPlain,          // nothing stands out: about what every Node.js process has
  kHeap,           // objects of the V8 heap
  kHeapFree,       // pages of the V8 heap that hold little
  kBuffers,        // ArrayBuffers, Buffers
  kStrings,        // external strings
  kWasm,           // WebAssembly memories
  kNative,         // memory that native code has from malloc
  kFragmentation,  // memory that malloc has and nobody uses
  kStacks,         // stacks of many threads
  kOther,          // mappings of unknown origin
};
std::string_view MemoryVerdictKey(MemoryVerdict verdict);

struct MemorySplit {
  MemoryVerdict verdict = MemoryVerdict::kPlain;
  uint64_t bytes = 0;     // resident, of what the verdict is about
  uint64_t resident = 0;  // the base of shares: anonymous memory, files left out
  struct Part {
    MemoryVerdict kind = MemoryVerdict::kOther;
    uint64_t bytes = 0;
  };
  std::vector<Part> parts;  // resident bytes, by falling size; they add up to `resident`
  Part outside;             // the largest part that heapUsed does not count
  uint64_t heap_resident = 0, heap_used = 0;
};
MemorySplit SplitOf(const MemoryLedger& ledger);

}  // namespace corewalk
