// The stacks of the threads: where each begins and ends, and how deep it was when the process stopped.
//
// Of the main thread it is the mapping that its stack pointer points into. Of the others it is what glibc keeps in
// struct pthread behind the thread pointer (stackblock, stackblock_size, guardsize; nptl/descr.h), found as the pair of
// words that describes a block around the stack pointer; else the mapping, when that looks like a stack alone. The
// block holds the guard, the stack, the thread's variables and struct pthread. A thread whose registers are unknown has
// none.
#pragma once

#include <vector>

#include "memory/memory.h"

namespace corewalk {

struct ThreadStack {
  int tid = 0;
  bool is_main = false;
  Address start = 0;  // lowest address, above the guard
  Address end = 0;
  Address guard_start = 0;  // == start when no guard is known
  Address pointer = 0;      // rsp
  uint64_t used() const { return end - pointer; }
};

// By rising address; threads that share a block (they never should) are told once.
std::vector<ThreadStack> FindThreadStacks(const Memory& memory);

}  // namespace corewalk
