// The one list of leak patterns that `leaks` asks: what they find becomes suspects. A pattern is worth a line here when
// it knows more than the dominator tree does: that an array is the listeners of an event, that objects are timers.
#pragma once

#include <vector>

#include "analysis/leaks/suspect.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// What retains `least_bytes` or more. Retained sizes must be known.
std::vector<Suspect> SuspectsOfPatterns(HeapReader* reader, const HeapGraph& graph, uint64_t least_bytes,
                                        const Cancel& cancel);

}  // namespace corewalk
