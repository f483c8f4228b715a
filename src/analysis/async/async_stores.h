// AsyncLocalStorage: which values are carried along, by how many objects. Up to 22 (and in 22 without
// --experimental-async-context-frame) each store hangs on every resource of async_hooks, under a symbol that the
// instance keeps as `kResourceStore` (lib/async_hooks.js); from 24 on an AsyncContextFrame, a Map from the instance to
// the store, hangs on timers, on what the microtask queue and promises will run, and on handles of C++
// (lib/internal/async_context_frame.js). Both are told by these names. Only live objects are counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

struct AsyncStoreUse {
  uint64_t instance = 0;                     // tagged AsyncLocalStorage
  std::string name;                          // raw target text: the option `name` (24 and later), "" = none
  bool frames = false;                       // it uses AsyncContextFrames
  uint64_t carried = 0;                      // objects that carry one of its stores
  uint64_t stores = 0;                       // distinct values that are no numbers
  std::map<std::string, uint64_t> by_class;  // raw target text: class of what carries -> number
  uint64_t sample = 0;                       // one store, tagged; 0 = none
  ObjectId sample_carrier = kNoObject;
};

struct AsyncStores {
  std::vector<AsyncStoreUse> instances;  // by what is carried most
  uint64_t frames = 0;                   // AsyncContextFrames
  bool holders_known = true;             // false: the graph has no references, so who holds frames is unknown
  bool interrupted = false;
};

// Needs the graph's shapes, and for frames its references.
AsyncStores FindAsyncStores(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel);

}  // namespace corewalk
