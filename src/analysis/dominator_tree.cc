#include "analysis/dominator_tree.h"

#include <algorithm>
#include <queue>
#include <unordered_map>

namespace corewalk {
namespace {

constexpr double kChainShare = 0.5;   // of a node's retained size that its child of the same class has
constexpr uint64_t kAlike = 3;        // so many of one class have lines of their own
constexpr double kBigShare = 0.1;     // of the parent's: one that has its own line however many are alike
constexpr size_t kMostLooked = 2'000'000;  // children of one node whose classes are asked for one by one

}  // namespace

DominatorTreeText ReadDominatorTree(const HeapGraph& graph, ObjectId start, const DominatorTreeOptions& options,
                                    const std::function<std::string(ObjectId)>& class_of,
                                    const std::function<uint64_t(ObjectId)>& shallow_of, const Cancel& cancel) {
  DominatorTreeText text;
  const DominatorChildren children(graph.dominators());
  const ObjectId root = static_cast<ObjectId>(graph.node_count());
  const auto retained_of = [&](ObjectId node) -> uint64_t {
    if (node != root) return graph.RetainedOf(node);
    uint64_t sum = 0;
    for (const ObjectId child : children.Of(root)) sum += graph.RetainedOf(child);
    return sum;
  };
  DominatorLine first{.node = start, .retained = retained_of(start)};
  if (start != root) {
    first.class_name = class_of(start);
    first.shallow = shallow_of(start);
  }
  const double least = options.least_share * static_cast<double>(first.retained);
  std::vector<DominatorLine> open = {std::move(first)};
  while (!open.empty() && !cancel.Cancelled()) {
    DominatorLine line = std::move(open.back());
    open.pop_back();
    // Down a chain of one class (a linked list) as far as it goes.
    ObjectId end = line.node;
    while (line.count == 1 && end != root) {
      const std::span<const ObjectId> below = children.Of(end);
      if (below.empty()) break;
      const ObjectId largest = *std::ranges::max_element(below, {}, [&](ObjectId c) { return graph.RetainedOf(c); });
      if (static_cast<double>(graph.RetainedOf(largest)) < kChainShare * static_cast<double>(graph.RetainedOf(end))) break;
      if (class_of(largest) != line.class_name) break;
      end = largest;
      ++line.chain;
      if (line.chain % 65536 == 0 && cancel.Cancelled()) break;
    }
    const uint64_t depth = line.depth;
    const bool expand = line.count == 1 && depth < options.depth;
    text.lines.push_back(std::move(line));
    if (!expand) continue;
    const std::span<const ObjectId> below = children.Of(end);
    const uint64_t parent_bytes = retained_of(end);
    struct Group {
      DominatorLine line;
      std::vector<ObjectId> single;
    };
    std::unordered_map<std::string, Group> groups;
    std::vector<DominatorLine> lines;
    size_t looked = 0;
    for (const ObjectId child : below) {
      if (++looked % 8192 == 0 && cancel.Cancelled()) break;
      if (looked > kMostLooked) {
        ++text.left_out;
        continue;
      }
      const uint64_t retained = graph.RetainedOf(child);
      DominatorLine own{.node = child, .depth = depth + 1, .shallow = shallow_of(child), .retained = retained,
                        .class_name = class_of(child)};
      if (static_cast<double>(retained) >= kBigShare * static_cast<double>(parent_bytes)) {
        lines.push_back(std::move(own));
        continue;
      }
      Group& group = groups[own.class_name];
      if (group.single.size() < kAlike) group.single.push_back(child);
      if (group.line.node == kNoObject) {
        group.line = std::move(own);
        continue;
      }
      if (retained > graph.RetainedOf(group.line.node)) group.line.node = child;
      group.line.retained += retained;
      group.line.shallow += own.shallow;
      ++group.line.count;
    }
    for (auto& [name, group] : groups) {
      if (group.line.count > kAlike || group.single.size() == 1) {
        lines.push_back(std::move(group.line));
        continue;
      }
      for (const ObjectId child : group.single) {
        lines.push_back({.node = child, .depth = depth + 1, .shallow = shallow_of(child),
                         .retained = graph.RetainedOf(child), .class_name = name});
      }
    }
    std::ranges::sort(lines, [](const DominatorLine& a, const DominatorLine& b) {
      return std::tie(b.retained, a.node) < std::tie(a.retained, b.node);
    });
    size_t kept = 0;
    while (kept < lines.size() && kept < options.per_level && static_cast<double>(lines[kept].retained) >= least) ++kept;
    for (size_t i = kept; i < lines.size(); ++i) text.left_out += lines[i].count;
    lines.resize(kept);
    for (size_t i = lines.size(); i-- > 0;) open.push_back(std::move(lines[i]));
  }
  return text;
}

std::vector<ObjectId> LargestRetained(const HeapGraph& graph, size_t most, const Cancel& cancel) {
  const auto larger = [&](ObjectId a, ObjectId b) {
    return std::pair(graph.RetainedOf(a), b) > std::pair(graph.RetainedOf(b), a);
  };
  std::priority_queue<ObjectId, std::vector<ObjectId>, decltype(larger)> queue(larger);  // the smallest on top
  for (ObjectId node = 0; node < graph.object_count(); ++node) {
    if (node % (1 << 20) == 0 && cancel.Cancelled()) break;
    if (!graph.IsLive(node)) continue;
    if (queue.size() < most) {
      queue.push(node);
    } else if (!queue.empty() && larger(node, queue.top())) {
      queue.pop();
      queue.push(node);
    }
  }
  std::vector<ObjectId> nodes;
  for (; !queue.empty(); queue.pop()) nodes.push_back(queue.top());
  std::ranges::reverse(nodes);
  return nodes;
}

void VisitDominated(const HeapGraph& graph, ObjectId node, const Cancel& cancel,
                    const std::function<void(ObjectId, std::span<const ObjectId>)>& visit) {
  const DominatorChildren children(graph.dominators());
  std::vector<ObjectId> open = {node};
  // Each once; should the tree be damaged, it ends all the same.
  for (uint64_t visited = 0; !open.empty() && visited <= graph.node_count(); ++visited) {
    if (visited % 65536 == 0 && cancel.Cancelled()) return;
    const ObjectId at = open.back();
    open.pop_back();
    const std::span<const ObjectId> below = children.Of(at);
    visit(at, below);
    open.insert(open.end(), below.begin(), below.end());
  }
}

}  // namespace corewalk
