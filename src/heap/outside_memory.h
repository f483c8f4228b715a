// Memory around V8's pages: stacks, the Isolate, what C++ allocated. Cut into pieces that threads can share, and read
// in place where the target allows it. Stale chunks that V8 gave up but did not unmap are left out: they hold old
// objects, not references.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/on_threads.h"
#include "heap/linear_areas.h"
#include "memory/memory.h"

namespace corewalk {

struct MemoryPiece {
  Address from = 0;
  Address end = 0;
};

// All readable and writable memory that is no page of `index`, by address, in pieces of about a megabyte. Cut short
// when cancelled.
std::vector<MemoryPiece> OutsidePieces(const Memory& memory, const PageIndex& index, const Cancel& cancel);

// Reads [from, end): in place where that is possible. `look` gets the address of the first byte and the bytes, a
// multiple of 8 long. Returns the bytes that could not be read.
template <typename Look>
uint64_t ForEachPiece(const Memory& memory, Address from, Address end, std::vector<std::byte>* buffer,
                      const Cancel& cancel, Look&& look) {
  constexpr size_t kReadBytes = 1 << 20;  // of memory that cannot be viewed in place
  constexpr uint64_t kPollBytes = 16 << 20;
  uint64_t missing = 0;
  while (from + 8 <= end && !cancel.Cancelled()) {
    const size_t wanted = std::min<uint64_t>(end - from, kPollBytes) & ~uint64_t{7};
    if (const std::span<const std::byte> view = memory.View(from, wanted); !view.empty()) {
      look(from, view);
      from += wanted;
      continue;
    }
    buffer->resize(std::min(wanted, kReadBytes));
    const size_t read = memory.Read(from, *buffer) & ~size_t{7};
    if (read > 0) {
      look(from, std::span<const std::byte>(buffer->data(), read));
      from += read;
      continue;
    }
    // A hole: to the next page, or to where the region is present again.
    const Region* region = memory.RegionAt(from);
    Address next = (from & ~Address{4095}) + 4096;
    if (region != nullptr && from >= region->present_end) next = std::max(next, region->end);
    next = std::min(next, end);
    // Memory that nobody may read (guards inside pages) is no loss.
    if (region == nullptr || region->readable) missing += next - from;
    from = next;
  }
  return missing;
}

// look(index of the piece, address, bytes) over all pieces, on several threads; a piece belongs to one thread.
template <typename Look>
void ReadPieces(const Memory& memory, const std::vector<MemoryPiece>& pieces, int threads, const Cancel& cancel,
                Look&& look) {
  std::atomic<size_t> next{0};
  OnThreads(ClampThreads(threads), [&](size_t) {
    std::vector<std::byte> buffer;
    for (size_t i = next++; i < pieces.size() && !cancel.Cancelled(); i = next++) {
      ForEachPiece(memory, pieces[i].from, pieces[i].end, &buffer, cancel,
                   [&](Address at, std::span<const std::byte> bytes) { look(i, at, bytes); });
    }
  });
}

}  // namespace corewalk
