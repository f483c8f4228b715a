// What the process was allowed: the memory of its machine or container as Node told V8, variables of its environment
// that speak of memory, and, of a live process, the limit of its control group. All of it as far as it can be told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/untrusted_text.h"
#include "memory/memory.h"
#include "node/process_facts.h"

namespace corewalk {

struct EnvironmentVariable {
  UntrustedText name;
  UntrustedText value;
};

struct MemoryLimits {
  // Without --max-old-space-size V8 limits the old generation to half of the memory that the embedder names, from 256
  // MB to 2 GB (4 GB from 15 GB of memory on); Node names the smaller of the machine's memory and, from 20 on, the
  // control group's limit (Heap::HeapSizeFromPhysicalMemory, src/heap/heap.cc; ResourceConstraints in
  // src/api/environment.cc). Between these bounds the limit tells the memory.
  std::optional<uint64_t> memory_told_to_v8;     // bytes
  std::vector<EnvironmentVariable> environment;  // at start, at most 32; names with MEM or HEAP whose value is a size
  std::optional<uint64_t> cgroup_bytes;          // of a live process
};

MemoryLimits FindMemoryLimits(const Memory& memory, const ProcessFacts& facts);

}  // namespace corewalk
