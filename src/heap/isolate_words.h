// The Isolate struct of an isolate as plain words: where V8 keeps, for its own use, the newest exit frame, the addresses
// of the builtins, the current context. What is at which offset changes with every version, so readers look for what a
// word must be like.
#pragma once

#include <cstdint>
#include <vector>

#include "heap/heap_model.h"

namespace corewalk {

struct IsolateWords {
  Address start = 0;
  Address heap = 0;             // the Heap struct inside
  std::vector<uint64_t> words;  // from start on, as far as the Isolate reaches
  Address SlotOf(size_t i) const { return start + 8 * i; }
};

// No words when the Isolate is not known or cannot be read.
IsolateWords ReadIsolateWords(const Memory& memory, const IsolateHeap& isolate);

// Bytes that a block of glibc's malloc has from `block` on, by the size in front of it; 0 when there is no such size.
uint64_t MallocSize(const Memory& memory, Address block);

}  // namespace corewalk
