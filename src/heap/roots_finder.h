// Finds V8 isolates without any symbol: an isolate holds its roots table, some 600 to 1160 consecutive tagged pointers
// in malloc'ed memory, and one of them is the meta map, the only object that is its own map. Heap pages are left out of
// the search. A process-wide read-only copy of the table exists from V8 10.2; it is told apart later, because no heap
// lies beside it.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "memory/memory.h"

namespace corewalk {

struct RootsTable {
  Address address = 0;            // of root 0 when the names are known, else of the first pointer of the run
  uint64_t meta_map = 0;          // tagged
  std::vector<uint64_t> entries;  // tagged words, as many as there are names, else the run
};

// True when the 256 KB-aligned `base` looks like the header of a V8 memory chunk of any version. Used only to leave
// heap pages out of searches, so it may err on both sides.
bool LooksLikeChunkHeader(const Memory& memory, Address base);
// The bytes of the chunk whose header stands at `base`, a large object's included; 0 when there is none.
uint64_t ChunkBytesAt(const Memory& memory, Address base);

// `root_names` may be empty (no executable): then the extent of a table is that of the run of pointers.
// Linear in the process's memory outside V8's heap (one word in 256 bytes is looked at).
// `everywhere`: in what looks like chunks, too.
std::vector<RootsTable> FindRootsTables(const Memory& memory, const std::vector<std::string>& root_names,
                                        const Cancel& cancel, bool everywhere = false);

}  // namespace corewalk
