// Slices of strings and the parents they keep alive; ropes.
#pragma once

#include <vector>

#include "analysis/leaks/string_walk.h"
#include "analysis/leaks/strings.h"

namespace corewalk {

struct Slice {
  ObjectId parent = kNoObject;
  ObjectId slice = kNoObject;
  uint32_t offset = 0, length = 0;  // characters
};
inline constexpr size_t kMostSlices = size_t{1} << 24;  // 256 MB

// Fills in what the report says of slices. `slices` are sorted here.
void ReportSlices(const HeapGraph& graph, const StringWalk& walk, std::vector<Slice>* slices, const StringQuery& query,
                  const Cancel& cancel, StringReport* report);

// Counts the parts of a rope from its top.
Rope MeasureRope(HeapReader* reader, const HeapGraph& graph, ObjectId top, const Cancel& cancel);

}  // namespace corewalk
