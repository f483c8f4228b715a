// Finds, by content, where a page descriptor keeps its fields and where each isolate's Heap is. V8's page header moved
// three times between 7.4 and 14.6, but it always holds the heap, the object area's start and end and the owning space
// (src/heap/memory-chunk-layout.h, src/heap/mutable-page-metadata.h).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "heap/roots_finder.h"
#include "layout/layout.h"
#include "memory/memory.h"

namespace corewalk {

// The descriptor of one chunk, read through a PageLayout.
struct PageDescriptor {
  Address chunk = 0;       // base of the chunk, aligned to the page size
  Address descriptor = 0;  // the chunk itself, or its metadata struct
  uint64_t flags = 0;
  Address heap = 0;  // 0 on read-only pages from 10.2 on
  Address area_start = 0;
  Address area_end = 0;
  Address owner = 0;  // the space object; 0 on read-only and on freed pages
};

// Where the descriptor of the chunk at `base` would be: `base`, or what its second word points to.
std::optional<Address> DescriptorOf(const Memory& memory, const PageLayout& layout, Address base);
// Reads and checks the descriptor of the chunk at `base`; nothing when the fields make no sense.
std::optional<PageDescriptor> ReadPageDescriptor(const Memory& memory, const PageLayout& layout, Address base);

// A roots table that belongs to a real isolate, with the Heap struct of that isolate.
struct IsolateRoots {
  RootsTable roots;
  Address heap = 0;
};

struct PageCalibration {
  PageLayout layout;
  std::vector<IsolateRoots> isolates;  // copies of the table are already left out; by rising address
};

// Fails when no isolate's pages can be understood.
Result<PageCalibration> CalibratePages(const Memory& memory, std::vector<RootsTable> tables);

}  // namespace corewalk
