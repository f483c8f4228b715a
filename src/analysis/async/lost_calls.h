// Async functions that were suspended when the last reference to them went: nobody holds the promise that they await, so
// nothing can ever resume them, and the next collection takes them away without a word. They are garbage that had not
// ended: one that is over, or has not come to its first await, is not suspended. A generator that nobody asks any more is
// normal and not told; an async generator is when it stands at an await. Garbage may be damaged: what does not look whole
// is left out.
#pragma once

#include <vector>

#include "analysis/async/async_census.h"

namespace corewalk {

// By address. `call.promise` is set when its promise lives (somebody holds it in vain); `call.awaits` never. Needs the
// graph's shapes.
std::vector<LostCall> FindLostCalls(HeapReader* reader, const HeapGraph& graph, const AsyncCensus& census,
                                    const Cancel& cancel);

}  // namespace corewalk
