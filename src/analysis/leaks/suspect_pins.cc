#include "analysis/leaks/suspect_pins.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "analysis/leaks/accumulation.h"
#include "base/big_array.h"
#include "base/on_threads.h"

namespace corewalk {
namespace {

constexpr uint64_t kPollNodes = 1 << 20;
constexpr size_t kAhead = 32;  // nodes, whose memory is asked for
constexpr uint32_t kExternalShape = 0xffffffff;

struct Sum {
  uint64_t count = 0;
  int64_t bytes = 0;
  ObjectId example = kNoObject;  // the one that retains most
};

uint32_t ShapeOf(const HeapGraph& graph, ObjectId node) {
  return graph.IsObject(node) ? graph.shapes().ShapeOf(node) : kExternalShape;
}

bool IsLarger(const HeapGraph& graph, ObjectId node, ObjectId than) {
  if (than == kNoObject) return true;
  const uint64_t retained = graph.RetainedOf(node), other = graph.RetainedOf(than);
  return retained != other ? retained > other : node < than;
}

// By suspect and shape. Neighbours are mostly of few shapes, whose places are remembered.
class Sums {
 public:
  explicit Sums(size_t suspects) : by_suspect_(suspects) {}
  Sum& Of(size_t suspect, uint32_t shape) {
    One& one = by_suspect_[suspect];
    Recent& recent = one.recent[shape % kRecent];
    if (recent.shape != shape || recent.place == kNoPlace) {
      const auto [known, is_new] = one.places.try_emplace(shape, static_cast<uint32_t>(one.sums.size()));
      if (is_new) one.sums.emplace_back();
      recent = {shape, known->second};
    }
    return one.sums[recent.place];
  }
  void Add(const HeapGraph& graph, const Sums& other) {
    for (size_t s = 0; s < by_suspect_.size(); ++s) {
      for (const auto& [shape, place] : other.by_suspect_[s].places) {
        const Sum& more = other.by_suspect_[s].sums[place];
        Sum& sum = Of(s, shape);
        sum.count += more.count;
        sum.bytes += more.bytes;
        if (more.example != kNoObject && IsLarger(graph, more.example, sum.example)) sum.example = more.example;
      }
    }
  }
  const std::vector<Sum>& AllOf(size_t suspect) const { return by_suspect_[suspect].sums; }

 private:
  static constexpr size_t kRecent = 64;
  static constexpr uint32_t kNoPlace = 0xffffffff;
  struct Recent {
    uint32_t shape = 0, place = kNoPlace;
  };
  struct One {
    std::array<Recent, kRecent> recent{};
    std::unordered_map<uint32_t, uint32_t> places;  // by shape, in `sums`
    std::vector<Sum> sums;
  };
  std::vector<One> by_suspect_;
};

}  // namespace

void FindPins(const HeapGraph& graph, NameResolver& names, std::span<Suspect> suspects, size_t most,
              const Cancel& cancel) {
  suspects = suspects.first(std::min<size_t>(suspects.size(), 255));
  if (suspects.empty() || !graph.has_retained()) return;
  BigArray<uint8_t> below(graph.node_count());
  for (size_t s = suspects.size(); s-- > 0;) {
    for (const ObjectId node : suspects[s].nodes) below[node] = static_cast<uint8_t>(s + 1);
  }
  const std::span<const ObjectId> order = graph.order(), dominators = graph.dominators();
  for (size_t i = 0; i < order.size(); ++i) {
    if (i % kPollNodes == 0 && cancel.Cancelled()) return;
    if (i + kAhead < order.size()) __builtin_prefetch(&dominators[order[i + kAhead]]);
    if (i + kAhead / 2 < order.size()) {
      const ObjectId ahead = order[i + kAhead / 2];
      __builtin_prefetch(&below[ahead], 1);
      if (dominators[ahead] < graph.node_count()) __builtin_prefetch(&below[dominators[ahead]]);
    }
    const ObjectId node = order[i], dominator = dominators[node];
    if (below[node] == 0 && dominator < graph.node_count()) below[node] = below[dominator];
  }
  std::vector<Sums> parts(graph.threads(), Sums(suspects.size()));
  InParts(graph.node_count(), parts.size(), [&](size_t part, uint64_t begin, uint64_t end) {
    Sums& sums = parts[part];
    for (ObjectId node = static_cast<ObjectId>(begin); node < end; ++node) {
      if (node % kPollNodes == 0 && cancel.Cancelled()) return;
      if (below[node] == 0 || !graph.IsLive(node)) continue;
      const uint64_t retained = graph.RetainedOf(node);
      Sum& sum = sums.Of(below[node] - 1, ShapeOf(graph, node));
      ++sum.count;
      sum.bytes += static_cast<int64_t>(retained);
      if (IsLarger(graph, node, sum.example)) sum.example = node;
      // What is left of an object's retained size without its children's is its own.
      const ObjectId dominator = graph.DominatorOf(node);
      if (dominator < graph.node_count() && below[dominator] != 0)
        sums.Of(below[dominator] - 1, ShapeOf(graph, dominator)).bytes -= static_cast<int64_t>(retained);
    }
  });
  if (cancel.Cancelled()) return;
  Sums sums(suspects.size());
  for (const Sums& part : parts) sums.Add(graph, part);
  for (size_t s = 0; s < suspects.size(); ++s) {
    std::unordered_map<std::string, Pinned> classes;
    for (const Sum& sum : sums.AllOf(s)) {
      if (sum.example == kNoObject) continue;  // only what it dominates was met, in a damaged tree
      std::string name = ClassOfNode(names, graph, sum.example);
      Pinned& pinned = classes[name];
      pinned.class_name = std::move(name);
      pinned.count += sum.count;
      pinned.bytes += static_cast<uint64_t>(std::max<int64_t>(sum.bytes, 0));
      if (IsLarger(graph, sum.example, pinned.example)) pinned.example = sum.example;
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
