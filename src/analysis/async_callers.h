// Who waits for what a thread's stack does: the async functions that go on when the microtask that runs is over, as V8's
// own Error.stack tells them behind "at async" (CaptureAsyncStackTrace(), src/execution/isolate.cc). They are not on the
// stack. As there, only where a single one waits for a promise; a promise that several wait for ends the list.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "heap/views/functions.h"
#include "heap/views/scripts.h"

namespace corewalk {

struct AsyncCaller {
  uint64_t object = 0;          // tagged, of a suspended function
  FunctionView function;        // function.shared == 0: Promise.all or one of its like
  SourcePosition position;      // of the await or yield; line 0 = unknown
  std::string_view combinator;  // "Promise.all", "Promise.allSettled", "Promise.any"; static
  int64_t index = -1;           // which of its promises; -1 = unknown
};
inline constexpr size_t kMostAsyncCallers = 1 << 12;

// The nearest first. `isolate` are the words of the Isolate that runs JavaScript: one of its roots is the microtask that runs
// (kCurrentMicrotask, src/roots/roots.h, 7.4 to 14.6), or undefined. Nothing when there is none, or several could be it.
std::vector<AsyncCaller> FindAsyncCallers(HeapReader& reader, std::span<const uint64_t> isolate);

}  // namespace corewalk
