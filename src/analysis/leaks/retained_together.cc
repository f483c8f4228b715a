#include "analysis/leaks/retained_together.h"

#include <unordered_map>
#include <vector>

#include "graph/node_set.h"

namespace corewalk {
namespace {

// Of each visited node: whether it or a dominator of it is a member. A few in a hash table, many as bits.
class FewCovers {
 public:
  bool AddMember(ObjectId node) { return covers_.try_emplace(node, true).second; }
  bool Known(ObjectId node, bool* covered) const {
    const auto known = covers_.find(node);
    if (known == covers_.end()) return false;
    *covered = known->second;
    return true;
  }
  void Set(ObjectId node, bool covered) { covers_.emplace(node, covered); }

 private:
  std::unordered_map<ObjectId, bool> covers_;
};

class ManyCovers {
 public:
  explicit ManyCovers(uint64_t nodes) : known_(nodes), covered_(nodes) {}
  bool AddMember(ObjectId node) {
    covered_.Add(node);
    return known_.Add(node);
  }
  bool Known(ObjectId node, bool* covered) const {
    if (!known_.Has(node)) return false;
    *covered = covered_.Has(node);
    return true;
  }
  void Set(ObjectId node, bool covered) {
    known_.Add(node);
    if (covered) covered_.Add(node);
  }

 private:
  NodeSet known_, covered_;
};

template <typename Covers>
uint64_t Sum(const HeapGraph& graph, std::span<const ObjectId> nodes, Covers covers) {
  std::vector<ObjectId> members;
  members.reserve(nodes.size());
  for (const ObjectId node : nodes) {
    if (node < graph.node_count() && graph.DominatorOf(node) != kNoObject && covers.AddMember(node))
      members.push_back(node);
  }
  uint64_t sum = 0;
  std::vector<ObjectId> way;
  for (const ObjectId member : members) {
    way.clear();
    bool covered = false;
    for (ObjectId at = graph.DominatorOf(member); at < graph.node_count(); at = graph.DominatorOf(at)) {
      if (covers.Known(at, &covered)) break;
      way.push_back(at);
    }
    for (const ObjectId node : way) covers.Set(node, covered);
    if (!covered) sum += graph.RetainedOf(member);
  }
  return sum;
}

}  // namespace

uint64_t RetainedTogether(const HeapGraph& graph, std::span<const ObjectId> nodes) {
  constexpr size_t kMany = 10'000;
  return nodes.size() < kMany ? Sum(graph, nodes, FewCovers()) : Sum(graph, nodes, ManyCovers(graph.node_count()));
}

}  // namespace corewalk
