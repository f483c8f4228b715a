// glibc's malloc as the process left it: its arenas, the heaps they hand memory out of, and every chunk. Of a process
// whose heapUsed is flat this tells native memory in use from memory that was freed and not given back.
//
// Nothing depends on symbols or on a version of glibc (written after 2.17 to 2.41, malloc/malloc.c and arena.c): an
// arena is told by its bins, 127 list heads most of which point to themselves, and the ring of all arenas must close. A
// heap is believed as far as the sizes in its chunks lead from one chunk to the next; where they break off, the rest is
// `unknown`. Chunks in the caches of threads (at most 230 KB each) count as in use, those in fast bins as free. Another
// allocator (jemalloc, mimalloc, ...) is only named. All work is bounded; nothing fails.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "memory/memory.h"

namespace corewalk {

// Memory that chunks fill without a gap.
struct MallocHeap {
  Address start = 0;
  Address end = 0;           // what malloc has of it; behind it is only reserved
  Address reserved_end = 0;  // of a thread's arena: the end of its 64 MB; else end
  Address first_chunk = 0;   // == end when no chunk could be told
};

struct MallocArena {
  Address state = 0;  // struct malloc_state
  bool is_main = false;
  Address top = 0;            // the chunk at the end that was never handed out
  uint64_t system_bytes = 0;  // what the arena says it has from the system
  std::vector<MallocHeap> heaps;
  std::vector<Address> fast_chunks;  // free although their neighbours say otherwise; sorted
};

struct MallocState {
  std::string allocator;  // "glibc", else the file of another allocator that is loaded: target text; "" = none found
  std::vector<MallocArena> arenas;  // the main one first
};

MallocState FindMallocArenas(const Memory& memory, const Cancel& cancel);

enum class ChunkUse : uint8_t {
  kInUse,
  kFree,
  kTop,          // free as well, at the end of the heap
  kBookkeeping,  // malloc's own: heads of heaps, ends
  kUnknown,      // no chunk could be told here
};
// visit(start, bytes, use) for all of [heap.start, heap.end), in order and without gaps. False when the chunks do not
// lead to the end.
using ChunkVisitor = std::function<void(Address start, uint64_t bytes, ChunkUse use)>;
bool WalkMallocHeap(const Memory& memory, const MallocArena& arena, const MallocHeap& heap, const Cancel& cancel,
                    const ChunkVisitor& visit);

// Chunks of large blocks, which malloc maps one by one (128 KB to 32 MB, as the program goes), in [from, end) of
// anonymous memory.
struct MappedChunk {
  Address start = 0;
  uint64_t bytes = 0;  // whole pages
};
std::vector<MappedChunk> FindMappedChunks(const Memory& memory, Address from, Address end, const Cancel& cancel);

}  // namespace corewalk
