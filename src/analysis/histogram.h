// What the heap is made of: the tallies of a walk grouped by class, shape, kind or space. A pure function of the walk
// and of the names.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graph/heap_graph.h"
#include "heap/heap_walk.h"
#include "heap/names.h"

namespace corewalk {

enum class HistogramBy { kConstructor, kShape, kKind, kType, kSpace };
enum class HistogramSort { kShallow, kCount, kName, kRetained };

struct HistogramRow {
  std::string name;  // raw target text
  Category category = Category::kHidden;
  uint64_t count = 0;
  uint64_t bytes = 0;                     // shallow
  uint64_t retained = 0;                  // bytes; 0 when it is not known
  Address sample = 0;                     // one of the objects
  uint64_t shape = 0;                     // address of the Map (kShape), else of one of them
  SpaceKind space = SpaceKind::kUnknown;  // of one of the objects
};

struct Histogram {
  std::vector<HistogramRow> rows;
  std::vector<uint32_t> row_of_shape;  // of each tally, the index of its row
  uint64_t count = 0;
  uint64_t bytes = 0;
};

Histogram MakeHistogram(std::span<const ShapeTally> shapes, NameResolver& names, const Layout& layout, HistogramBy by,
                        HistogramSort sort);

// Which objects of a graph are counted.
enum class HistogramOf { kAll, kLive, kGarbage };
// The same of a graph whose shapes are known; with retained bytes per row when those are known too: the sum over the
// row's objects that no other object of the row dominates.
Result<Histogram> MakeHistogram(const HeapGraph& graph, HistogramOf of, NameResolver& names, const Layout& layout,
                                HistogramBy by, HistogramSort sort, const Cancel& cancel);

}  // namespace corewalk
