// What each suspect pins: the classes of objects that are freed with it and with nothing else. One pass over the live
// objects in the order in which they were reached, 1 byte per node.
#pragma once

#include <span>

#include "analysis/leaks/suspect.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"

namespace corewalk {

// Fills in `pins` of at most 255 suspects, the `most` largest classes of each. What is below one suspect's nodes inside
// of another's counts for the inner one.
void FindPins(const HeapGraph& graph, NameResolver& names, std::span<Suspect> suspects, size_t most,
              const Cancel& cancel);

}  // namespace corewalk
