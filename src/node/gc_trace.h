// The "Last few GCs" that V8 prints when it runs out of memory, and that it always keeps: a ring buffer of 512
// characters inside the Heap struct (Heap::trace_ring_buffer_), written at the end of every garbage collection. Seen in
// V8 7.4-14.6: 512 characters at a multiple of 8, and 520 bytes after its start the offset at which the next line will
// be written.
//
// The buffer is found by that shape; nothing depends on where in the struct it stands. At out of memory V8 copies it,
// unrolled, to the stack of the dying thread; that copy serves when the Heap struct is not known or not readable.
// V8 cuts a line after 255 characters, and the oldest one loses its head when the buffer goes round: a line without its
// head is dropped.
#pragma once

#include <optional>
#include <vector>

#include "base/untrusted_text.h"
#include "memory/memory.h"

namespace corewalk {

struct GcLine {
  UntrustedText text;  // "[5237:0x8377000]      437 ms: Mark-Compact (reduce) 59.6 (60.3) -> 59.1 (60.8) MB, ..."
  int pid = 0;
  Address isolate = 0;  // as printed in the line
  uint64_t ms = 0;      // milliseconds since the isolate was made
};

struct GcTrace {
  std::vector<GcLine> lines;  // oldest first
  Address address = 0;        // of the buffer
  bool from_stack = false;    // V8's copy on the stack, made at out of memory

  // Milliseconds from the making of the isolate to its last recorded garbage collection.
  std::optional<uint64_t> last_ms() const {
    if (lines.empty()) return std::nullopt;
    return lines.back().ms;
  }
};

// Searches the Heap struct at [heap_begin, heap_end); nothing when no buffer is met there or no GC has been recorded.
std::optional<GcTrace> FindGcTrace(const Memory& memory, Address heap_begin, Address heap_end);

// Searches the live part of the stack of `thread` for the copy. Only meaningful after out of memory.
std::optional<GcTrace> FindGcTraceOnStack(const Memory& memory, const ThreadState& thread);

}  // namespace corewalk
