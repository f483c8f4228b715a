// Every bound of the reading of process facts, in one place. Sizes are bytes unless the name says otherwise. A bound
// that is met makes a fact incomplete or unknown, never wrong.
#pragma once

#include <cstddef>
#include <cstdint>

namespace corewalk {

struct NodeLimits {
  size_t max_arguments = 4096;                 // argv entries kept
  size_t max_argument_bytes = 16 << 10;        // of one argument; the kernel allows 128 kB
  size_t max_initial_stack_words = 128 << 10;  // argv, envp and auxv together
  size_t max_environment_bytes = 16 << 10;     // of one variable's text
  size_t max_argv_copy_scan = 64 << 20;        // malloc memory searched for libuv's copy of argv
  size_t max_static_data_scan = 32 << 20;      // data and bss searched for the version strings
  size_t max_version_bytes = 64;               // of one version text
  size_t max_stack_above_sp = 64 << 10;        // live frames of the crashing thread that are looked at
  size_t max_stack_below_sp = 32 << 10;        // remains of calls that have returned
  size_t max_literal_bytes = 256;              // of one string literal of the executable
  size_t max_literal_reads = 16 << 10;         // pointers followed into the executable
  size_t max_heap_struct = 64 << 10;           // of the V8 Heap struct
  size_t max_gc_lines = 32;                    // lines of the GC trace
  size_t max_heap_pointers = 2048;             // pointers in the Heap struct followed for the heap limit
  size_t max_threads = 4096;                   // threads listed
};

inline constexpr NodeLimits kNodeLimits;

}  // namespace corewalk
