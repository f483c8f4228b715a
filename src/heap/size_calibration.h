// Chooses the size rules of variable-size types from the core itself: objects are met in a walk of pages of every kind,
// each candidate rule is tried on them, and the one that leads to the next valid object wins. V8 changes these rules
// inside a line (FreeSpace between 13.6.233.10 and .17), so the version only breaks ties.
#pragma once

#include <span>

#include "base/cancel.h"
#include "heap/map_cache.h"
#include "heap/spaces.h"

namespace corewalk {

// Fills layout->rules. `pages` should hold pages of every space of all isolates; a bounded number of them is looked at.
void CalibrateSizes(const Memory& memory, std::span<const Page* const> pages, Layout* layout, const Cancel& cancel);

}  // namespace corewalk
