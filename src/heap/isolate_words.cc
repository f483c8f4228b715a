#include "heap/isolate_words.h"

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr uint64_t kMostIsolateBytes = 0x40000;  // 14.6 has about 0x11000
constexpr uint64_t kBehindHeap = 0x3000;         // bytes that are read behind the Heap's start when the end is unknown
constexpr uint64_t kMostMallocBytes = 1 << 30;

}  // namespace

// glibc: struct malloc_chunk, the size with three flag bits stands in front of the block (malloc/malloc.c).
uint64_t MallocSize(const Memory& memory, Address block) {
  if (block < 16 || (block & 15) != 0) return 0;
  const uint64_t header = memory.ReadWord(block - 8).value_or(0);
  const uint64_t size = header & ~uint64_t{7};
  if (size < 32 || size > kMostMallocBytes || (size & 15) != 0) return 0;
  return size - 8;
}

IsolateWords ReadIsolateWords(const Memory& memory, const IsolateHeap& isolate) {
  IsolateWords result{.start = isolate.isolate != 0 ? isolate.isolate : isolate.roots.address, .heap = isolate.heap, .words = {}};
  if (isolate.heap < result.start || isolate.heap - result.start > kMostIsolateBytes) return result;
  const uint64_t known = MallocSize(memory, result.start);
  const uint64_t least = isolate.heap - result.start + kBehindHeap / 4;
  const uint64_t bytes = known > least && known < kMostIsolateBytes ? known : isolate.heap - result.start + kBehindHeap;
  result.words = ReadWords(memory, result.start, bytes / 8);
  return result;
}

}  // namespace corewalk
