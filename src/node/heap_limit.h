// The limit of V8's old generation, from the Heap struct: Heap::max_old_generation_size_, in V8 14.6 the same field of
// a small struct of limits that the Heap points to. Beyond it V8 gives up with "JavaScript heap out of memory".
//
// It is found by content: these fields stand together in every V8 seen (7.4-14.6), checked with and without
// --max-old-space-size and --max-semi-space-size:
//   V8 7.7-14.1   max semi-space, initial semi-space, min old (0), MAX OLD, min global (0), 2 * MAX OLD, initial max
//   old V8 14.6       Heap*, x, initial max old, initial old, flag, min old (0), MAX OLD, min global (0), 2 * MAX OLD
//   V8 7.4-7.6    max semi-space, initial semi-space, MAX OLD, [constant,] initial max old, 0, initial old
// A near-heap-limit callback raises MAX OLD alone up to V8 11.3; the doubled word then stays twice the initial one.
// All are multiples of V8's page size. When no place, or more than one value, fits, nothing is returned.
#pragma once

#include <optional>

#include "memory/memory.h"

namespace corewalk {

struct HeapLimits {
  uint64_t old_generation = 0;             // bytes; what --max-old-space-size sets, raised by near-heap-limit callbacks
  uint64_t initial_old_generation = 0;     // bytes; as configured at start
  std::optional<uint64_t> max_semi_space;  // bytes
  Address address = 0;                     // of the word old_generation was read from

  // What v8.getHeapStatistics().heap_size_limit reports (Heap::MaxReserved): three semi-spaces more.
  std::optional<uint64_t> heap_size_limit() const {
    if (!max_semi_space) return std::nullopt;
    return old_generation + 3 * *max_semi_space;
  }
};

// `heap` is the address of the Heap struct, `size` the bytes of it to search (0 = the usual 12 kB).
std::optional<HeapLimits> FindHeapLimits(const Memory& memory, Address heap, uint64_t size = 0);

// Only the limit of the old generation in bytes.
std::optional<uint64_t> HeapLimit(const Memory& memory, Address heap);

}  // namespace corewalk
