// All functions of the source: how many closures each has, and which script it stands in. One pass over the heap.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/cancel.h"
#include "heap/heap_walk.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// One SharedFunctionInfo: a function as it stands in the source, or a builtin.
struct FunctionTally {
  uint64_t shared = 0;    // tagged
  uint64_t closures = 0;  // JSFunctions made of it
  uint64_t bytes = 0;     // shallow, of the closures
  Address sample = 0;     // the first of the closures, untagged; 0 = none
  bool met = false;       // the SharedFunctionInfo itself was met by the walk, not only named by closures
};

struct FunctionCensus {
  std::vector<FunctionTally> functions;  // in the order of the walk
  std::vector<uint64_t> scripts;         // tagged, in the order of the walk
  uint64_t closures_without = 0;         // closures whose SharedFunctionInfo is unreadable or none
  uint64_t closures_without_bytes = 0;
  VisitGaps gaps;  // of the walk
};

// An interrupted census has what was met until then.
FunctionCensus TakeFunctionCensus(const HeapModel& model, HeapReader& reader, const HeapWalkOptions& options,
                                  const Cancel& cancel);

}  // namespace corewalk
