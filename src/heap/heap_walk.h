// The walk of whole heaps: every page of the chosen isolates, on several threads, tallied per shape (Map) and space.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "base/cancel.h"
#include "base/completeness.h"
#include "heap/external_memory.h"
#include "heap/heap_model.h"
#include "heap/page_walker.h"

namespace corewalk {

struct ShapeTally {
  MapInfo map;
  SpaceKind space = SpaceKind::kUnknown;
  uint64_t count = 0;
  uint64_t bytes = 0;  // shallow
  Address sample = 0;  // the first of the objects, in the order of the walk
  bool own_name = false;  // a single object whose name is not that of the others with its Map
};

struct SpaceTally {
  PageTally tally;
  uint64_t pages = 0;
  uint64_t area_bytes = 0;  // of the object areas
};

struct HeapWalkResult {
  std::vector<ShapeTally> shapes;  // one per Map and space, in the order of their samples
  std::array<SpaceTally, static_cast<size_t>(SpaceKind::kCount)> spaces{};
  ExternalMemory external;  // only when the options ask for it
  bool interrupted = false;
  bool gc_in_progress = false;

  PageTally Total() const;
  // Fills in what the walk could not read or understand.
  void Describe(Completeness* completeness) const;
};

struct HeapWalkOptions {
  int isolate = -1;  // number, -1 = all
  int threads = 2;
  bool read_only = true;  // the shared read-only pages too
  bool external = false;  // sum up memory outside the heap too
};

// Interrupted walks return what they have.
HeapWalkResult WalkHeap(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel,
                        const ProgressFunction& progress);

// Visits objects one by one, on the calling thread, in the order of spaces and pages. `visit` gets the object's Map,
// its address (untagged), size in bytes and its page, and returns false to stop.
// What a visit could not read or understand, for its answer.
struct VisitGaps {
  uint64_t bytes_lost = 0;
  uint64_t places_lost = 0;
  uint64_t bytes_unreadable = 0;
  bool gc_in_progress = false;
  bool interrupted = false;
  void Describe(Completeness* completeness) const;
};
using ObjectVisitor = std::function<bool(const MapInfo& map, Address address, uint64_t size, const Page& page)>;
VisitGaps VisitObjects(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel,
                  const ObjectVisitor& visit);

// The same for the objects whose Map `wanted` accepts. It is asked once per Map, with the first object that has it, so
// that the others are passed over at the speed of a walk.
using ShapeFilter = std::function<bool(const MapInfo& map, Address first)>;
VisitGaps VisitObjects(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel,
                  const ShapeFilter& wanted, const ObjectVisitor& visit);

// The objects of one page (up to where they reach), for "what is at this address". Empty when the page is not walked.
void VisitPage(const HeapModel& model, const Page& page, const ObjectVisitor& visit, PageTally* tally);

}  // namespace corewalk
