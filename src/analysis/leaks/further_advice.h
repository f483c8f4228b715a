// What other searches know that helps with a suspect: that small slices keep large memory outside of the heap (buffers),
// that a variable is captured which no function uses (closures), that promises wait. Adds to the advice of suspects;
// searches only where a suspect is of such things. Needs references and retained sizes.
#pragma once

#include <span>

#include "analysis/leaks/suspect.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

void AddFurtherAdvice(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders, std::span<Suspect> suspects,
                      const Cancel& cancel);

}  // namespace corewalk
