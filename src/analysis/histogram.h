// What the heap is made of: the tallies of a walk grouped by class, shape, kind or space. A pure function of the walk
// and of the names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heap/heap_walk.h"
#include "heap/names.h"

namespace corewalk {

enum class HistogramBy { kConstructor, kShape, kKind, kType, kSpace };
enum class HistogramSort { kShallow, kCount, kName };

struct HistogramRow {
  std::string name;  // raw target text
  Category category = Category::kHidden;
  uint64_t count = 0;
  uint64_t bytes = 0;                     // shallow
  Address sample = 0;                     // one of the objects
  uint64_t shape = 0;                     // address of the Map (kShape), else of one of them
  SpaceKind space = SpaceKind::kUnknown;  // of one of the objects
};

struct Histogram {
  std::vector<HistogramRow> rows;
  uint64_t count = 0;
  uint64_t bytes = 0;
};

Histogram MakeHistogram(const HeapWalkResult& walk, NameResolver& names, const Layout& layout, HistogramBy by,
                        HistogramSort sort);

}  // namespace corewalk
