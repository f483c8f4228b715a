#include "analysis/leaks/shared_texts.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "graph/edge_rules.h"
#include "heap/views/slots.h"

namespace corewalk {
namespace {

constexpr size_t kMostParts = 64;       // of one container
constexpr size_t kMostTexts = 1 << 24;  // of one container

// By shape: whether it is one of texts in the string table.
class TextShapes {
 public:
  TextShapes(const HeapReader& reader, const HeapGraph& graph) : reader_(reader), graph_(graph) {}
  bool Has(uint32_t shape) {
    const auto [known, is_new] = known_.try_emplace(shape, false);
    if (is_new) {
      const LiveShape& live = graph_.shapes().shapes()[shape];
      known->second = live.space != SpaceKind::kReadOnly && EdgeRuleOf(reader_.layout(), live.map).in_string_table;
    }
    return known->second;
  }

 private:
  const HeapReader& reader_;
  const HeapGraph& graph_;
  std::unordered_map<uint32_t, bool> known_;
};

}  // namespace

uint64_t SharedTextBytes(HeapReader* reader, const HeapGraph& graph, ObjectId container,
                         std::span<const ObjectId> counted, const Cancel& cancel) {
  const References* references = graph.references();
  if (references == nullptr || !graph.has_retained() || !graph.IsObject(container)) return 0;
  SlotNamer namer(reader);
  std::vector<ObjectId> parts = {container};
  references->ForEach(container, [&](ObjectId to) {
    if (graph.IsObject(to) && parts.size() < kMostParts && graph.DominatorOf(to) == container &&
        namer.IsStore(graph.index().AddressOf(to) + 1))
      parts.push_back(to);
  });
  TextShapes shapes(*reader, graph);
  std::vector<ObjectId> texts;
  for (const ObjectId part : parts) {
    if (cancel.Cancelled()) return 0;
    references->ForEach(part, [&](ObjectId to) {
      if (graph.IsObject(to) && graph.DominatorOf(to) == graph.node_count() && texts.size() < kMostTexts &&
          shapes.Has(graph.shapes().ShapeOf(to)))
        texts.push_back(to);
    });
  }
  std::ranges::sort(texts);
  const auto repeated = std::ranges::unique(texts);
  texts.erase(repeated.begin(), repeated.end());
  uint64_t bytes = 0;
  for (const ObjectId text : texts) {
    if (!std::ranges::binary_search(counted, text)) bytes += graph.RetainedOf(text);
  }
  return bytes;
}

}  // namespace corewalk
