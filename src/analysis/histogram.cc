#include "analysis/histogram.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace corewalk {

Histogram MakeHistogram(const HeapWalkResult& walk, NameResolver& names, const Layout& layout, HistogramBy by,
                        HistogramSort sort) {
  Histogram histogram;
  std::unordered_map<std::string, size_t> at;
  for (const ShapeTally& shape : walk.shapes) {
    std::string name, key;
    switch (by) {
      case HistogramBy::kConstructor:
        name = names.ClassName(shape.map, shape.sample);
        // A user's class may be called "(array)" too: it is told apart by its kind.
        key = name + '\0' + (shape.map.category == Category::kObject ? 'o' : 'e');
        break;
      case HistogramBy::kShape:
        name = names.ClassName(shape.map, shape.sample);
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
  }
  std::ranges::sort(histogram.rows, [sort](const HistogramRow& a, const HistogramRow& b) {
    switch (sort) {
      case HistogramSort::kCount:
        return std::tie(b.count, b.bytes, a.name, a.shape) < std::tie(a.count, a.bytes, b.name, b.shape);
      case HistogramSort::kName:
        return std::tie(a.name, a.shape) < std::tie(b.name, b.shape);
      case HistogramSort::kShallow:
        break;
    }
    return std::tie(b.bytes, b.count, a.name, a.shape) < std::tie(a.bytes, a.count, b.name, b.shape);
  });
  return histogram;
}

}  // namespace corewalk
