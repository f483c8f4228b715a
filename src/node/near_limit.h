// Who asked V8 to be called before it runs out of memory: Heap::near_heap_limit_callbacks_, a std::vector of {function,
// data} in the Heap struct (src/heap/heap.h, 7.4 to 14.6). Node.js registers one for each worker (its data is the
// node::worker::Worker, which then ends the thread); that is told by its data. A vector is believed only when every entry is
// a function of the executable with such data: that of --heapsnapshot-near-heap-limit, whose data other lists of callbacks
// have as well, is not. Without the executable's vtables nothing is found.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layout/binary_facts.h"
#include "memory/memory.h"

namespace corewalk {

struct NearLimitCallback {
  Address function = 0, data = 0;
  std::string owner;  // class of the data: "node::worker::Worker", "node::Environment"
};

std::vector<NearLimitCallback> FindNearLimitCallbacks(const Memory& memory, Address heap, const BinaryFacts& binary);

}  // namespace corewalk
