// The clock by which a process's timers run: libuv's loop of an isolate, and when Node.js began to count on it. The
// loop is found from the isolate's realms: an embedder slot of their native context points to node::Environment, in
// which libuv's handles stand in a row: uv_timer_t, uv_check_t, uv_idle_t, uv_prepare_t, uv_check_t (src/env.h, 12 to
// 26). The offsets in libuv's structs are part of its ABI (deps/uv/include/uv.h, uv/unix.h) and are verified. Nothing
// when anything differs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "heap/views/heap_reader.h"

namespace corewalk {

struct EventLoop {
  Address loop = 0;     // uv_loop_t
  Address handles = 0;  // the timer handle in the Environment
  Address environment = 0;  // node::Environment
  // Milliseconds of CLOCK_MONOTONIC when the loop last looked at the clock: at the begin of each of its rounds, and
  // whenever JavaScript starts a timer. While a callback runs and starts none it stands still.
  uint64_t time = 0;
};

// What the JavaScript side knows, in milliseconds since Node.js began (Environment::timer_base_).
struct TimerTimes {
  double youngest_start = 0;              // no timer started later
  std::span<const double> expiries = {};  // of the lists of timers
};

// `native_contexts`: tagged.
std::optional<EventLoop> FindEventLoop(HeapReader* reader, std::span<const uint64_t> native_contexts);

// The loop's time in milliseconds since Node.js began, by which timers are due; nothing when the beginning is not
// found.
std::optional<double> TimeOfTimers(const Memory& memory, const EventLoop& loop, const TimerTimes& times);

}  // namespace corewalk
