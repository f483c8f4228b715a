#include "analysis/leaks/live_objects.h"

#include <algorithm>

#include "base/on_threads.h"

namespace corewalk {
namespace {

constexpr ObjectId kPollObjects = 1 << 20;
constexpr uint64_t kFewObjects = 1 << 12;  // of a rare shape

bool IsRare(const LiveShape& shape) {
  return shape.live_count <= kFewObjects;
}

// One pass over all objects for those of the shapes that are marked, live ones or garbage; of each part of the heap a list
// of its own.
std::vector<std::vector<ObjectId>> Scan(const HeapGraph& graph, const std::vector<uint8_t>& is_marked,
                                        const Cancel& cancel, bool live = true) {
  std::vector<std::vector<ObjectId>> parts(graph.threads());
  InParts(graph.object_count(), parts.size(), [&](size_t part, uint64_t begin, uint64_t end) {
    std::vector<ObjectId>& found = parts[part];
    for (ObjectId id = static_cast<ObjectId>(begin); id < end; ++id) {
      if (id % kPollObjects == 0 && cancel.Cancelled()) return;
      if (is_marked[graph.shapes().ShapeOf(id)] != 0 && graph.IsLive(id) == live) found.push_back(id);
    }
  });
  return parts;
}

// All searches but few want rare shapes, so the first one lists the objects of all of them.
void ListRareObjects(const HeapGraph& graph, const Cancel& cancel) {
  const std::span<const LiveShape> shapes = graph.shapes().shapes();
  std::vector<uint8_t> is_rare(shapes.size());
  for (size_t i = 0; i < shapes.size(); ++i) is_rare[i] = shapes[i].live_count > 0 && IsRare(shapes[i]);
  const std::vector<std::vector<ObjectId>> parts = Scan(graph, is_rare, cancel);
  if (cancel.Cancelled()) return;
  HeapGraph::RareObjects rare{.ends = std::vector<uint64_t>(shapes.size() + 1)};
  for (const std::vector<ObjectId>& part : parts) {
    for (const ObjectId id : part) ++rare.ends[graph.shapes().ShapeOf(id) + 1];
  }
  for (size_t i = 1; i < rare.ends.size(); ++i) rare.ends[i] += rare.ends[i - 1];
  rare.objects.resize(rare.ends.back());
  for (const std::vector<ObjectId>& part : parts) {
    for (const ObjectId id : part) rare.objects[rare.ends[graph.shapes().ShapeOf(id)]++] = id;
  }
  graph.KeepRareObjects(std::move(rare));
}

}  // namespace

std::vector<ObjectId> LiveObjects(const HeapGraph& graph, const std::function<bool(const LiveShape&)>& wanted,
                                  const Cancel& cancel) {
  const std::span<const LiveShape> shapes = graph.shapes().shapes();
  std::vector<uint8_t> is_wanted(shapes.size());
  std::vector<size_t> chosen;
  uint64_t expected = 0;
  bool all_rare = true;
  for (size_t i = 0; i < shapes.size(); ++i) {
    // Read-only objects have shapes but no numbers.
    if (shapes[i].live_count == 0 || shapes[i].space == SpaceKind::kReadOnly || !wanted(shapes[i])) continue;
    is_wanted[i] = 1;
    expected += shapes[i].live_count;
    all_rare &= IsRare(shapes[i]);
    chosen.push_back(i);
  }
  std::vector<ObjectId> objects;
  if (expected == 0) return objects;
  if (all_rare && graph.rare_objects() == nullptr) ListRareObjects(graph, cancel);
  objects.reserve(expected);
  if (all_rare && graph.rare_objects() != nullptr) {
    for (const size_t shape : chosen) {
      const std::span<const ObjectId> few = graph.rare_objects()->Of(shape);
      objects.insert(objects.end(), few.begin(), few.end());
    }
    std::ranges::sort(objects);
    return objects;
  }
  for (const std::vector<ObjectId>& part : Scan(graph, is_wanted, cancel))
    objects.insert(objects.end(), part.begin(), part.end());
  return objects;
}

std::vector<ObjectId> GarbageObjects(const HeapGraph& graph, const std::function<bool(const LiveShape&)>& wanted,
                                     const Cancel& cancel) {
  const std::span<const LiveShape> shapes = graph.shapes().shapes();
  std::vector<uint8_t> is_wanted(shapes.size());
  bool any = false;
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (shapes[i].garbage_count == 0 || shapes[i].space == SpaceKind::kReadOnly || !wanted(shapes[i])) continue;
    is_wanted[i] = 1;
    any = true;
  }
  std::vector<ObjectId> objects;
  if (!any) return objects;
  for (const std::vector<ObjectId>& part : Scan(graph, is_wanted, cancel, false))
    objects.insert(objects.end(), part.begin(), part.end());
  return objects;
}

std::vector<uint64_t> WordOfEach(const HeapReader& reader, const HeapGraph& graph, std::span<const ObjectId> nodes,
                                 int offset, const Cancel& cancel) {
  std::vector<uint64_t> words(nodes.size());
  InParts(nodes.size(), graph.threads(), [&](size_t, uint64_t begin, uint64_t end) {
    AddressCursor addresses(graph.index());
    for (uint64_t i = begin; i < end; ++i) {
      if (i % kPollObjects == 0 && cancel.Cancelled()) return;
      words[i] = reader.Field(addresses.AddressOf(nodes[i]) + 1, offset).value_or(0);
    }
  });
  return words;
}

}  // namespace corewalk
