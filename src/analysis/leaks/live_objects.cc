#include "analysis/leaks/live_objects.h"

#include "base/on_threads.h"

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
  std::vector<std::vector<ObjectId>> parts(graph.threads());
  InParts(graph.object_count(), parts.size(), [&](size_t part, uint64_t begin, uint64_t end) {
    std::vector<ObjectId>& found = parts[part];
    for (ObjectId id = static_cast<ObjectId>(begin); id < end; ++id) {
      if (id % kPollObjects == 0 && cancel.Cancelled()) return;
      if (is_wanted[graph.shapes().ShapeOf(id)] && graph.IsLive(id)) found.push_back(id);
    }
  });
  objects.reserve(expected);
  for (const std::vector<ObjectId>& part : parts) objects.insert(objects.end(), part.begin(), part.end());
  return objects;
}

}  // namespace corewalk
