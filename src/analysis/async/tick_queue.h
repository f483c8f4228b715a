// What process.nextTick() has queued, and rejections that Node.js was about to report. lib/internal/fixed_queue.js, 12
// to 26: FixedQueue {head, tail}; `tail` is the FixedCircularBuffer {bottom, top, list, next} that is read from, `next`
// the one behind it; list[bottom .. top) are TickObjects {callback, args, and ids under symbols}. The ring has a power
// of two of slots (2,048), one of which stays free.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analysis/async/internal_scopes.h"

namespace corewalk {

struct QueuedTick {
  uint64_t object = 0;        // tagged TickObject
  uint64_t callback = 0;      // tagged function, 0 = none
  uint64_t continuation = 0;  // its AsyncContextFrame (24 and later), 0 = none
};

struct TickQueue {
  bool found = false;
  bool whole = true;              // false: a part of it could not be read
  std::vector<QueuedTick> ticks;  // in the order in which they will run
};

inline constexpr const char* kTickScript = "internal/process/task_queues";
// `variables`: of kTickScript.
TickQueue FindTickQueue(HeapReader* reader, const std::vector<InternalVariable>& variables, const Cancel& cancel);

}  // namespace corewalk
