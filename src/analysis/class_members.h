// The objects of a class, looked for on the pages: for graphs that do not keep the shape of each object.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "graph/node_set.h"
#include "graph/object_index.h"

namespace corewalk {

// Those of `among` that histogram counts under this name, by rising id. One pass over the heap; kInterrupted when cancelled.
Result<std::vector<ObjectId>> ClassMembers(const ObjectIndex& index, const NodeSet& among, const std::string& class_name,
                                           int threads, const Cancel& cancel, const ProgressFunction& progress);

}  // namespace corewalk
