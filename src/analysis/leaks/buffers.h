// Memory outside of V8's heap that objects of the heap hold: backing stores of ArrayBuffers (Buffers, typed arrays,
// SharedArrayBuffers, WebAssembly memories) and texts of external strings; how much of each the live views use, and who
// holds it. A store is one block of memory, however many ArrayBuffers, views, strings and isolates share it.
//
// Taken over the graphs of one or more isolates. What cannot be read counts as absent; a store that objects give
// different sizes has the largest of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/leaks/external_stores.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"
#include "layout/binary_facts.h"

namespace corewalk {

struct ExternalStore : StoreFacts {
  Liveness liveness = Liveness::kGarbage;  // that of its best holder
  uint32_t holders = 0;                    // ArrayBuffers or strings, live ones
  uint32_t dead_holders = 0;               // garbage that a collection would have freed
  uint32_t isolates = 0;                   // so many isolates hold it
  uint32_t views = 0;                      // live typed arrays and DataViews
  uint64_t used_bytes = 0;                 // that live views cover; of a string all
  // Nothing but its views holds its ArrayBuffer: bytes that no view covers can never be used again.
  bool only_views = false;
  bool is_pool = false;         // a slab of Node's Buffer pool, as far as sizes tell
  int isolate = 0;              // of the next two
  ObjectId holder = kNoObject;  // an ArrayBuffer or string, a live one when there is one
  ObjectId view = kNoObject;    // a live view: the one on the shortest way from a root to the holder, else the first

  uint64_t pinned_bytes() const { return only_views && bytes > used_bytes ? bytes - used_bytes : 0; }
};

struct BufferCensus {
  std::vector<ExternalStore> stores;  // by rising address
  uint64_t array_buffers = 0;         // live objects, also without memory
  uint64_t views = 0;                 // live objects
  uint64_t detached = 0;              // live ArrayBuffers whose memory was given away
  uint64_t on_heap_views = 0;         // live typed arrays whose elements are in V8's heap
  uint64_t on_heap_bytes = 0;
  uint64_t pool_bytes = 0;     // size of a slab of Node's Buffer pool; 0 = not found
  bool holders_known = false;  // ExternalStore::only_views is known
  int isolates = 0;            // that were merged
  bool interrupted = false;

  struct Sum {
    uint64_t stores = 0, bytes = 0;
  };
  // Live, and garbage that was not yet collected.
  Sum Live(ExternalStoreKind kind) const;
  Sum Garbage(ExternalStoreKind kind) const;
};

// One isolate; add them to one census with MergeCensus. `binary` may be null: then memory of native code is not told
// from Node's. The graph's shapes must be known; with references it is known who holds ArrayBuffers beside views.
BufferCensus TakeBufferCensus(HeapReader* reader, const HeapGraph& graph, const BinaryFacts* binary,
                              const Cancel& cancel);
void MergeCensus(BufferCensus* all, BufferCensus&& one);

// What process.memoryUsage() of one isolate says, by V8's rules, over what was found.
// arrayBuffers: what Node's allocator has handed out (NodeArrayBufferAllocator, src/node_internals.h): ArrayBuffers and
// SharedArrayBuffers, garbage too; neither resizable ones nor WebAssembly memories. Memory that no object of the heap
// holds counts as well (messages under way, buffers of native code): only the counter knows that.
// external: Heap::backing_store_bytes(): what ArrayBuffers account for, as V8 noted it for each of them (nothing when
// shared; a resizable one's first length up to V8 12; no WebAssembly memories from V8 14.6 on), and external strings,
// static ones too: V8 14.6 loses those from its count in collections.
struct MemoryUsage {
  uint64_t array_buffers = 0;
  uint64_t external = 0;
};
MemoryUsage UsageOf(const BufferCensus& census);

// Node's own counter behind memoryUsage().arrayBuffers, from the allocator object that backing stores of this isolate
// name. Nothing without the executable's symbols, and before V8 8.3.
std::optional<uint64_t> AllocatorCounter(HeapReader* reader, const HeapGraph& graph, const BufferCensus& census,
                                         const BinaryFacts* binary);

// The live views of one store, by offset.
struct ViewOfStore {
  ObjectId node = kNoObject;
  uint64_t offset = 0;  // bytes from the start of the store
  uint64_t bytes = 0;
};
std::vector<ViewOfStore> ViewsOfStore(HeapReader* reader, const HeapGraph& graph, Address store, const Cancel& cancel);
// The store that an ArrayBuffer, a view or an external string has; 0 when it has none.
Address StoreOf(HeapReader* reader, uint64_t object);

}  // namespace corewalk
