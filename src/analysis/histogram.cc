#include "analysis/histogram.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <unordered_map>

namespace corewalk {
namespace {

void Sort(HistogramSort sort, Histogram* histogram) {
  std::vector<uint32_t> order(histogram->rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](uint32_t i, uint32_t k) {
    const HistogramRow& a = histogram->rows[i];
    const HistogramRow& b = histogram->rows[k];
    switch (sort) {
      case HistogramSort::kCount:
        return std::tie(b.count, b.bytes, a.name, a.shape) < std::tie(a.count, a.bytes, b.name, b.shape);
      case HistogramSort::kName:
        return std::tie(a.name, a.shape) < std::tie(b.name, b.shape);
      case HistogramSort::kRetained:
        return std::tie(b.retained, b.bytes, b.count, a.name, a.shape) <
               std::tie(a.retained, a.bytes, a.count, b.name, b.shape);
      case HistogramSort::kShallow:
        break;
    }
    return std::tie(b.bytes, b.count, a.name, a.shape) < std::tie(a.bytes, a.count, b.name, b.shape);
  });
  std::vector<HistogramRow> rows;
  std::vector<uint32_t> place(order.size());
  for (const uint32_t i : order) {
    place[i] = static_cast<uint32_t>(rows.size());
    rows.push_back(std::move(histogram->rows[i]));
  }
  histogram->rows = std::move(rows);
  for (uint32_t& row : histogram->row_of_shape) row = place[row];
}

}  // namespace

Histogram MakeHistogram(std::span<const ShapeTally> shapes, NameResolver& names, const Layout& layout, HistogramBy by,
                        HistogramSort sort) {
  Histogram histogram;
  std::unordered_map<std::string, size_t> at;
  for (const ShapeTally& shape : shapes) {
    std::string name, key;
    switch (by) {
      case HistogramBy::kConstructor:
        name = shape.own_name ? names.ClassNameOf(shape.map, shape.sample) : names.ClassName(shape.map, shape.sample);
        // A user's class may be called "(array)" too: it is told apart by its kind.
        key = name + '\0' + (shape.map.category == Category::kObject ? 'o' : 'e');
        break;
      case HistogramBy::kShape:
        name = shape.own_name ? names.ClassNameOf(shape.map, shape.sample) : names.ClassName(shape.map, shape.sample);
        key = std::to_string(shape.map.word);
        break;
      case HistogramBy::kKind:
        key = name = CategoryName(shape.map.category);
        break;
      case HistogramBy::kType:
        name = layout.types.at(shape.map.instance_type).name;
        if (name.empty()) name = "type " + std::to_string(shape.map.instance_type);
        key = name;
        break;
      case HistogramBy::kSpace:
        key = name = SpaceName(shape.space);
        break;
    }
    const auto [slot, is_new] = at.try_emplace(std::move(key), histogram.rows.size());
    if (is_new) {
      histogram.rows.push_back({.name = std::move(name),
                                .category = shape.map.category,
                                .sample = shape.sample,
                                .shape = shape.map.word - 1,
                                .space = shape.space});
    }
    HistogramRow& row = histogram.rows[slot->second];
    row.count += shape.count;
    row.bytes += shape.bytes;
    histogram.count += shape.count;
    histogram.bytes += shape.bytes;
    histogram.row_of_shape.push_back(static_cast<uint32_t>(slot->second));
  }
  Sort(sort, &histogram);
  return histogram;
}


Result<Histogram> MakeHistogram(const HeapGraph& graph, HistogramOf of, NameResolver& names, const Layout& layout,
                                HistogramBy by, HistogramSort sort, const Cancel& cancel) {
  const std::span<const LiveShape> shapes = graph.shapes().shapes();
  std::vector<ShapeTally> tallies;
  std::vector<uint32_t> tally_of_shape(shapes.size(), kNoObject);
  // By their samples: the numbers of shapes depend on threads.
  std::vector<uint32_t> order(shapes.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](uint32_t i) { return std::pair(shapes[i].space, shapes[i].sample); });
  for (const uint32_t i : order) {
    const LiveShape& shape = shapes[i];
    ShapeTally tally{.map = shape.map, .space = shape.space, .sample = shape.sample, .own_name = shape.own_name};
    if (of != HistogramOf::kGarbage) tally.count += shape.live_count, tally.bytes += shape.live_bytes;
    if (of != HistogramOf::kLive) tally.count += shape.garbage_count, tally.bytes += shape.garbage_bytes;
    if (tally.count == 0) continue;
    // One that the user may go on with: `path` leads to no garbage.
    if (of == HistogramOf::kLive) tally.sample = shape.live_sample;
    if (of == HistogramOf::kGarbage) tally.sample = shape.garbage_sample;
    tally_of_shape[i] = static_cast<uint32_t>(tallies.size());
    tallies.push_back(std::move(tally));
  }
  Histogram histogram = MakeHistogram(tallies, names, layout, by, sort);
  if (!graph.has_retained() || of == HistogramOf::kGarbage) return histogram;
  const uint32_t rows = static_cast<uint32_t>(histogram.rows.size());
  std::vector<uint32_t> row_of(shapes.size(), rows);  // the last group is of what has no row
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (tally_of_shape[i] != kNoObject) row_of[i] = histogram.row_of_shape[tally_of_shape[i]];
  }
  const std::vector<uint64_t> sums = SumRetainedOfGroups(
      graph.dominators(), graph.retained(), rows + 1,
      [&](ObjectId node) { return graph.IsObject(node) ? row_of[graph.shapes().ShapeOf(node)] : rows; }, cancel);
  if (sums.empty()) return Fail(ErrorCode::kInterrupted, "interrupted while retained sizes were summed up");
  for (uint32_t row = 0; row < rows; ++row) histogram.rows[row].retained = sums[row] * kSizeUnit;
  // Read-only objects, which are not part of the graph, retain themselves.
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (shapes[i].space == SpaceKind::kReadOnly && row_of[i] < rows) histogram.rows[row_of[i]].retained += shapes[i].live_bytes;
  }
  Sort(sort, &histogram);
  return histogram;
}

}  // namespace corewalk
