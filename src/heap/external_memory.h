// Memory outside V8's heap that objects of the heap hold: backing stores of ArrayBuffers and texts of external strings.
// Counted once each, over all objects that a walk meets, dead ones included.
#pragma once

#include "base/cancel.h"
#include "heap/heap_walk.h"

namespace corewalk {

struct ExternalMemory {
  uint64_t buffers = 0;       // ArrayBuffers with a backing store of their own
  uint64_t buffer_bytes = 0;  // bytes of distinct backing stores
  uint64_t strings = 0;
  uint64_t string_bytes = 0;
};

ExternalMemory SumExternalMemory(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel);

}  // namespace corewalk
