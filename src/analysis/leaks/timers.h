// All timers of a process: setTimeout, setInterval, setImmediate, those of timers/promises, of AbortSignal.timeout()
// and of Node.js itself, with what they call and when they were due.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"
#include "node/timers.h"

namespace corewalk {

// Who made a timer, as its callback tells.
enum class TimerMaker : uint8_t {
  kProgram,
  kPromise,      // timers/promises, promisified timers: the callback resolves a promise
  kAbortSignal,  // AbortSignal.timeout()
  kNode,         // Node.js's own: of sockets, servers, ...
};

struct Timer {
  ObjectId node = kNoObject;
  TimerView view;
  TimerMaker maker = TimerMaker::kProgram;
  // The function that it calls, looked through bind(); of kPromise the function that waits for the promise. Tagged; 0 =
  // unknown.
  uint64_t function = 0;
  uint64_t shared = 0;  // its SharedFunctionInfo
  // It will call its callback, as far as the program knows: it stands in a list, or is an interval that was running.
  bool IsPending() const {
    return view.state == TimerState::kActive ||
           (view.state == TimerState::kRunning && view.kind == TimerKind::kInterval);
  }
};

// The time of death on the clock of the timers: milliseconds since Node.js began.
struct TimerClock {
  enum class Source : uint8_t {
    kLoop,      // libuv's; it stands still while a callback runs
    kYoungest,  // when the last timer was started: it died then or later
    kUnknown,
  };
  double now = 0;
  Source source = Source::kUnknown;
};

struct TimerCensus {
  std::vector<Timer> timers;  // by address; those that are over, too
  TimerClock clock;
  uint64_t lists = 0;  // of timers, one for each duration
  bool interrupted = false;
};

// Needs the graph's shapes.
TimerCensus FindTimers(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel);

// Timers of one kind, state, maker, function and, unless asked otherwise, duration.
struct TimerGroup {
  std::vector<uint32_t> members;                 // indexes into TimerCensus::timers
  double least_interval = 0, most_interval = 0;  // ms
  std::optional<double> first_due, last_due;     // ms on the clock
  uint64_t unrefed = 0;
  uint64_t retained = 0;  // bytes, when the graph knows
};

struct TimerGroupOptions {
  bool by_interval = true;
  bool over = false;  // cleared and fired ones too
};
// Those that retain most first.
std::vector<TimerGroup> GroupTimers(const HeapGraph& graph, const TimerCensus& census, const TimerGroupOptions& options,
                                    const Cancel& cancel);

}  // namespace corewalk
