// What functions keep alive: the variables of their contexts, the bound `this` and arguments of bound functions. Of
// many closures of one source function it tells the variables by name, with what they retain in all of them.
//
// A context that only these functions lead to is theirs; outer contexts that they share with the rest of the program (a
// module's variables) are not told. Needs the graph's retained sizes. Nothing fails on damaged contexts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

struct PinnedVariable {
  std::string name;  // raw target text; "this" and "arguments" of a bound function with `bound`
  bool bound = false;
  uint64_t count = 0;     // contexts in which it holds an object
  uint64_t retained = 0;  // bytes that would be freed with the contexts; values that others hold too are not in it
  ObjectId largest = kNoObject;  // the value that retains most, be it held by others or not
  uint64_t largest_retained = 0;
  uint64_t scope_info = 0;  // tagged; 0 when bound
};

struct ClosurePins {
  uint64_t contexts = 0;                  // distinct ones
  uint64_t context_bytes = 0;             // shallow
  std::vector<PinnedVariable> variables;  // those that retain most first
};

// `functions`: tagged JSFunctions and JSBoundFunctions. Interrupted it has less.
ClosurePins FindClosurePins(HeapReader* reader, const HeapGraph& graph, std::span<const uint64_t> functions,
                  const Cancel& cancel);

// A bound function's innermost target, else the function itself; 0 when that is no JSFunction.
uint64_t TargetOfBound(HeapReader* reader, uint64_t function);

}  // namespace corewalk
