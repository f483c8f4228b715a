#include "analysis/leaks/live_objects.h"

namespace corewalk {

std::vector<ObjectId> LiveObjects(const HeapGraph& graph, const std::function<bool(const LiveShape&)>& wanted,
                                  const Cancel& cancel) {
  constexpr ObjectId kPollObjects = 1 << 20;
  const std::span<const LiveShape> shapes = graph.shapes().shapes();
  std::vector<bool> is_wanted(shapes.size());
  uint64_t expected = 0;
  for (size_t i = 0; i < shapes.size(); ++i) {
    // Read-only objects have shapes but no numbers.
    if (shapes[i].live_count == 0 || shapes[i].space == SpaceKind::kReadOnly || !wanted(shapes[i])) continue;
    is_wanted[i] = true;
    expected += shapes[i].live_count;
  }
  std::vector<ObjectId> objects;
  if (expected == 0) return objects;
  objects.reserve(expected);
  for (ObjectId id = 0; id < graph.object_count(); ++id) {
    if (id % kPollObjects == 0 && cancel.Cancelled()) break;
    if (is_wanted[graph.shapes().ShapeOf(id)] && graph.IsLive(id)) objects.push_back(id);
  }
  return objects;
}

}  // namespace corewalk
