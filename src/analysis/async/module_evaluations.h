// ES modules whose evaluation has not ended: V8 settles the promise of it (SourceTextModule's top_level_capability), which
// only modules that something imports by itself have; the others are evaluated with those that import them. What it waits
// for is a module that stands at a top-level await: itself, or one that it imports, directly or not.
#pragma once

#include <cstdint>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

struct ModuleEvaluation {
  ObjectId module = kNoObject;
  uint64_t promise = 0;   // tagged
  uint64_t awaiting = 0;  // the async function, tagged, that runs the first module found at an await; 0 = none
};

// By the module's address. Needs the graph's shapes.
std::vector<ModuleEvaluation> FindModuleEvaluations(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel);

}  // namespace corewalk
