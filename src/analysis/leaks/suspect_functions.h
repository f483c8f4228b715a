// The functions behind a suspect: its listeners, the callbacks of its timers, the functions in its array; and what
// their scopes keep alive. Nothing fails; what is no function is left out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/leaks/suspect.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/functions.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// Tagged functions (bound ones too) by the function of the source that they were made of, the most frequent first.
std::vector<SuspectFunction> CountFunctions(HeapReader* reader, std::span<const uint64_t> functions,
                                            const Cancel& cancel);
SuspectFunction FunctionFor(const FunctionView& view, uint64_t count);

// Of a collection whose entries are functions, or objects that each hold one: which functions they are and what these
// keep alive. A sample of large ones.
void DescribeElementFunctions(HeapReader* reader, const HeapGraph& graph, Suspect* suspect, const Cancel& cancel);

}  // namespace corewalk
