// Objects of new space that a collection in progress had not copied yet. A process that dies inside a scavenge or an
// evacuation leaves live objects in from-space, next to objects that have been moved (their map word is the new
// address) and to dead ones. A settled heap has no reference into from-space at all, so references decide: what walked
// objects, roots and stacks refer to there, directly or through other objects there, and has not been moved, is
// counted.
#pragma once

#include <span>
#include <vector>

#include "base/cancel.h"
#include "heap/heap_model.h"

namespace corewalk {

// A page and how far its objects reach, as a walk sees it.
struct WalkedPage {
  const Page* page = nullptr;
  const IsolateHeap* isolate = nullptr;  // null for shared read-only pages
  Address end = 0;
};

// The survivors among the from-space pages of the isolates whose pages are given; empty for a settled heap. A settled
// heap costs a look at a sample of the pages (all of new space, and at most kSampledPages others); a heap in collection
// one more pass over all pages.
std::vector<YoungSurvivor> FindYoungSurvivors(const HeapModel& model, std::span<const WalkedPage> pages,
                                              const Cancel& cancel);

// The pages that a walk visits: shared read-only pages (when `read_only`) and the pages of one isolate (-1 = all) up to
// where their objects reach; from-space pages are left out.
std::vector<WalkedPage> PagesToWalk(const HeapModel& model, int isolate, bool read_only);

}  // namespace corewalk
