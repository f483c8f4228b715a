// The leak pattern "queue": callbacks of process.nextTick() and microtasks that wait by the thousand, because something
// queues more than runs and never lets the event loop turn. They are Node.js's and V8's own structures (rings of 2,048
// TickObjects linked by `next`; a ring outside of the heap), so a person is told the queue and the callback that most have.
#pragma once

#include <vector>

#include "analysis/leaks/suspect.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// Queues that retain at least so many bytes and have a hundred or more waiting. Nothing fails. Needs dominators.
std::vector<Suspect> FindQueueSuspects(HeapReader* reader, const HeapGraph& graph, uint64_t least_bytes,
                                       const Cancel& cancel);

}  // namespace corewalk
