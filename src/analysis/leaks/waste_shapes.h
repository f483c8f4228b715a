// Waste that shapes tell without a look at the objects: unused slots, and shapes that are too many.
#pragma once

#include <vector>

#include "analysis/leaks/waste.h"

namespace corewalk {

// Fills in kObjectRoom.
void FindObjectRoom(HeapReader* reader, const HeapGraph& graph, const WasteQuery& query, WasteCategory* category);
// Fills in kShapes from all live Maps of objects (untagged).
void FindManyShapes(HeapReader* reader, const HeapGraph& graph, const std::vector<Address>& maps,
                    const WasteQuery& query, const Cancel& cancel, WasteCategory* category);

}  // namespace corewalk
