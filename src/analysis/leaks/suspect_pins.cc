#include "analysis/leaks/suspect_pins.h"

#include <algorithm>
#include <unordered_map>

#include "analysis/leaks/accumulation.h"

namespace corewalk {
namespace {

constexpr uint64_t kPollNodes = 1 << 20;
constexpr uint32_t kExternalShape = 0xffffffff;

struct Sum {
  uint64_t count = 0;
  int64_t bytes = 0;
  ObjectId example = kNoObject;
};

}  // namespace

void FindPins(const HeapGraph& graph, NameResolver& names, std::span<Suspect> suspects, size_t most,
              const Cancel& cancel) {
  suspects = suspects.first(std::min<size_t>(suspects.size(), 255));
  if (suspects.empty() || !graph.has_retained()) return;
  std::vector<uint8_t> below(graph.node_count());
  for (size_t s = suspects.size(); s-- > 0;) {
    for (const ObjectId node : suspects[s].nodes) below[node] = static_cast<uint8_t>(s + 1);
  }
  std::vector<std::unordered_map<uint32_t, Sum>> sums(suspects.size());
  const auto shape_of = [&](ObjectId node) {
    return graph.IsObject(node) ? graph.shapes().ShapeOf(node) : kExternalShape;
  };
  uint64_t seen = 0;
  for (const ObjectId node : graph.order()) {
    if (++seen % kPollNodes == 0 && cancel.Cancelled()) return;
    const ObjectId dominator = graph.DominatorOf(node);
    const uint8_t above = dominator < graph.node_count() ? below[dominator] : uint8_t{0};
    uint8_t& own = below[node];
    if (own == 0) own = above;
    if (own == 0) continue;
    const uint64_t retained = graph.RetainedOf(node);
    Sum& sum = sums[own - 1][shape_of(node)];
    ++sum.count;
    sum.bytes += static_cast<int64_t>(retained);
    if (sum.example == kNoObject || retained > graph.RetainedOf(sum.example)) sum.example = node;
    // What is left of an object's retained size without its children's is its own.
    if (above != 0) sums[above - 1][shape_of(dominator)].bytes -= static_cast<int64_t>(retained);
  }
  for (size_t s = 0; s < suspects.size(); ++s) {
    std::unordered_map<std::string, Pinned> classes;
    for (const auto& [shape, sum] : sums[s]) {
      std::string name = ClassOfNode(names, graph, sum.example);
      Pinned& pinned = classes[name];
      pinned.class_name = std::move(name);
      pinned.count += sum.count;
      pinned.bytes += static_cast<uint64_t>(std::max<int64_t>(sum.bytes, 0));
      if (pinned.example == kNoObject || std::pair(graph.RetainedOf(sum.example), pinned.example) >
                                             std::pair(graph.RetainedOf(pinned.example), sum.example))
        pinned.example = sum.example;
    }
    std::vector<Pinned>& pins = suspects[s].pins;
    pins.clear();
    for (auto& [name, pinned] : classes) pins.push_back(std::move(pinned));
    std::ranges::sort(pins, [](const Pinned& a, const Pinned& b) {
      return std::tie(b.bytes, a.class_name) < std::tie(a.bytes, b.class_name);
    });
    if (pins.size() > most) pins.resize(most);
  }
}

}  // namespace corewalk
