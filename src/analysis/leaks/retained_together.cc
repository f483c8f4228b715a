#include "analysis/leaks/retained_together.h"

#include <unordered_map>
#include <vector>

namespace corewalk {

uint64_t RetainedTogether(const HeapGraph& graph, std::span<const ObjectId> nodes) {
  const auto usable = [&](ObjectId node) { return node < graph.node_count() && graph.DominatorOf(node) != kNoObject; };
  if (nodes.size() == 1) return usable(nodes[0]) ? graph.RetainedOf(nodes[0]) : 0;
  // Of each visited node: whether it or a dominator of it is one of `nodes`.
  std::unordered_map<ObjectId, bool> covers;
  std::vector<ObjectId> members;
  for (const ObjectId node : nodes) {
    if (usable(node) && covers.try_emplace(node, true).second) members.push_back(node);
  }
  uint64_t sum = 0;
  std::vector<ObjectId> way;
  for (const ObjectId member : members) {
    way.clear();
    bool covered = false;
    for (ObjectId at = graph.DominatorOf(member); at < graph.node_count(); at = graph.DominatorOf(at)) {
      if (const auto known = covers.find(at); known != covers.end()) {
        covered = known->second;
        break;
      }
      way.push_back(at);
    }
    for (const ObjectId node : way) covers.emplace(node, covered);
    if (!covered) sum += graph.RetainedOf(member);
  }
  return sum;
}

}  // namespace corewalk
