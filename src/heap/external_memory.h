// Memory outside V8's heap that objects of the heap hold: backing stores of ArrayBuffers and texts of external strings.
// Counted once each, over all objects that a walk meets, dead ones included. A walk collects them on the way (see
// HeapWalkOptions::external), so that they cost no pass of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "layout/layout.h"
#include "memory/memory.h"

namespace corewalk {

struct ExternalMemory {
  uint64_t buffers = 0;       // ArrayBuffers with a backing store of their own
  uint64_t buffer_bytes = 0;  // bytes of distinct backing stores
  uint64_t strings = 0;
  uint64_t string_bytes = 0;
};

// What one thread of a walk has met. 24 bytes per buffer or external string.
class ExternalMemoryCollector {
 public:
  explicit ExternalMemoryCollector(const Layout& layout);

  // Whether objects of this type can hold memory outside the heap; only those need to be added.
  bool Holds(uint16_t instance_type) const;
  // Adds one object of `size` bytes, which stand at `bytes`. Fields beyond them count as absent.
  void Add(uint16_t instance_type, const std::byte* bytes, uint64_t size);
  // Takes over what another thread has met.
  void Take(ExternalMemoryCollector&& other);
  // Each block once; of a block that objects give different sizes (buffers that were resized or cut off), the largest.
  ExternalMemory Sum();
  // The same of the blocks that `others` has not met.
  ExternalMemory SumWithout(const ExternalMemoryCollector& others);

 private:
  struct Block {
    Address address;
    uint64_t bytes;
    bool is_string;
  };

  const Layout& layout_;
  uint64_t length_offset_;
  uint64_t store_offset_;
  std::vector<Block> blocks_;
};

}  // namespace corewalk
