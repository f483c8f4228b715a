// The live objects that have an own property of some name. What has a fast shape is told by the shape; only objects in
// dictionary mode, which share their shapes, are looked at one by one, and there only for the name's address.
#pragma once

#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/property_finder.h"

namespace corewalk {

// By rising id. `finder` looks for the property; some of the objects may lack it (a dictionary that holds the name as a
// value). Objects without a prototype are left out when they are in dictionary mode: those are maps, not instances. The
// graph's shapes must be known. Cut short when cancelled.
std::vector<ObjectId> LiveObjectsWith(HeapReader* reader, const HeapGraph& graph, PropertyFinder* finder,
                                      const Cancel& cancel);

}  // namespace corewalk
