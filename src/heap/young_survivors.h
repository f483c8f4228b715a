// Objects of new space that a collection in progress had not copied yet. A process that dies inside a scavenge or an
// evacuation leaves live objects in from-space; a settled heap has no reference into from-space at all. So: references
// from walked objects into from-space pages are followed, and what they reach there and has not been moved is counted.
#pragma once

#include "base/cancel.h"
#include "heap/heap_walk.h"

namespace corewalk {

// Adds the survivors to result->shapes and to new space's tally, and sets result->gc_in_progress when there are any. One
// more pass over the heap's words, made only when from-space pages hold anything.
void AddYoungSurvivors(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel, HeapWalkResult* result);

}  // namespace corewalk
