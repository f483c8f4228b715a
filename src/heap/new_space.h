// How far the objects of new space reach: V8 hands out the pages of the active semispace one after the other, and the
// page in use up to its top. What lies behind is what earlier collections left there, and reads like objects.
#pragma once

#include <span>

#include "heap/linear_areas.h"
#include "heap/spaces.h"
#include "memory/memory.h"

namespace corewalk {

// Fills in space->current_page and space->allocation_end of a new-space semispace. `areas` are the isolate's own linear
// areas, without those of collector threads.
void FindAllocationEnd(const Memory& memory, std::span<const LinearArea> areas, Space* space);

}  // namespace corewalk
