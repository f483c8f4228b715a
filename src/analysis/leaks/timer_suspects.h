// Timers that pile up, as suspects: one for each callback whose timers retain much. Node.js's own are left out.
#pragma once

#include <vector>

#include "analysis/leaks/suspect.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// Those that retain `least_bytes` or more. Retained sizes must be known.
std::vector<Suspect> FindTimerSuspects(HeapReader* reader, const HeapGraph& graph, uint64_t least_bytes,
                                       const Cancel& cancel);

}  // namespace corewalk
