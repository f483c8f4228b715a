// The dominators of random graphs are those of Boost.Graph and of the definition itself.
#include "graph/dominators.h"

#include <gtest/gtest.h>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dominator_tree.hpp>
#include <cstdlib>
#include <random>

#include "graph/retained.h"
#include "graph/semi_nca.h"

namespace corewalk {
namespace {

using Lists = std::vector<std::vector<ObjectId>>;

struct RandomGraph {
  Lists edges;
  std::vector<ObjectId> roots;
};

// Of several makes: sparse and dense, local references (as heaps have them) and far ones, chains, trees, hubs.
RandomGraph MakeGraph(uint32_t seed, uint32_t most_nodes) {
  std::mt19937 random(seed);
  const auto below = [&random](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  const uint32_t n = 1 + below(most_nodes);
  RandomGraph graph;
  graph.edges.resize(n);
  const uint32_t hubs = 1 + below(4);
  const uint32_t kind = below(6);
  const uint32_t edges = kind == 0 ? n / 2 : n * (1 + below(4));
  if (kind >= 3) {  // a tree or a chain below the rest
    for (uint32_t i = 1; i < n; ++i) graph.edges[kind == 3 ? i - 1 : below(i)].push_back(i);
  }
  for (uint32_t e = 0; e < (kind == 5 ? edges / 8 : edges); ++e) {
    const uint32_t from = below(n);
    uint32_t to = below(n);
    if (kind == 1 || kind == 4) to = std::min(n - 1, from + below(8));
    if (below(4) == 0) to = below(std::min(n, hubs));
    graph.edges[from].push_back(to);
  }
  const uint32_t roots = 1 + below(kind == 2 ? n : 4);
  for (uint32_t i = 0; i < roots; ++i) graph.roots.push_back(kind == 3 ? 0 : below(n));
  return graph;
}

std::vector<ObjectId> Ours(const RandomGraph& graph, std::vector<ObjectId>* order = nullptr) {
  std::unique_ptr<References> references = References::FromLists(graph.edges);
  const Cancel cancel;
  Reachability reach(*references, {});
  reach.ReachFrom(graph.roots, cancel);
  const BigArray<ObjectId> dominators = FindDominators(
      {.references = &references, .live = &reach.reached(), .order = reach.order(), .roots = graph.roots, .threads = 2},
      cancel, {}).value();
  if (order != nullptr) order->assign(reach.order().begin(), reach.order().end());
  return {dominators.begin(), dominators.end()};
}

// What of the graph is reached when `without` is gone.
std::vector<bool> Reached(const RandomGraph& graph, ObjectId without) {
  std::vector<bool> reached(graph.edges.size());
  std::vector<ObjectId> stack;
  const auto visit = [&](ObjectId node) {
    if (node == without || reached[node]) return;
    reached[node] = true;
    stack.push_back(node);
  };
  for (const ObjectId root : graph.roots) visit(root);
  while (!stack.empty()) {
    const ObjectId node = stack.back();
    stack.pop_back();
    for (const ObjectId to : graph.edges[node]) visit(to);
  }
  return reached;
}

// Boost 1.74 gives wrong answers where nodes cannot be reached (it takes their places in its list for node 0): it gets
// the others only.
std::vector<ObjectId> OfBoost(const RandomGraph& graph) {
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;
  const ObjectId n = static_cast<ObjectId>(graph.edges.size());
  const std::vector<bool> live = Reached(graph, kNoObject);
  std::vector<ObjectId> node_of = {n}, number_of(n);
  for (ObjectId i = 0; i < n; ++i) {
    if (!live[i]) continue;
    number_of[i] = static_cast<ObjectId>(node_of.size());
    node_of.push_back(i);
  }
  Graph boost_graph(node_of.size());
  for (ObjectId from = 0; from < n; ++from) {
    if (!live[from]) continue;
    for (const ObjectId to : graph.edges[from]) {
      if (to != from) add_edge(number_of[from], number_of[to], boost_graph);
    }
  }
  for (const ObjectId root : graph.roots) add_edge(0, number_of[root], boost_graph);
  std::vector<Graph::vertex_descriptor> dominators(node_of.size(), 0);
  boost::lengauer_tarjan_dominator_tree(
      boost_graph, 0, make_iterator_property_map(dominators.begin(), get(boost::vertex_index, boost_graph)));
  std::vector<ObjectId> result(n, kNoObject);
  for (size_t i = 1; i < node_of.size(); ++i) result[node_of[i]] = node_of[dominators[i]];
  return result;
}

uint32_t Seeds(uint32_t otherwise) {
  const char* const given = std::getenv("COREWALK_TEST_SEEDS");
  return given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : otherwise;
}

TEST(DominatorsTest, EqualThoseOfBoost) {
  const uint32_t seeds = Seeds(1500);
  for (uint32_t seed = 0; seed < seeds; ++seed) {
    const RandomGraph graph = MakeGraph(seed, 2000);
    ASSERT_EQ(Ours(graph), OfBoost(graph)) << "seed " << seed;
  }
}

TEST(DominatorsTest, RetainedSizesAreWhatIsFreed) {
  const uint32_t seeds = Seeds(300);
  for (uint32_t seed = 0; seed < seeds; ++seed) {
    const RandomGraph graph = MakeGraph(seed, 80);
    std::vector<ObjectId> order;
    const std::vector<ObjectId> dominators = Ours(graph, &order);
    const size_t n = graph.edges.size();
    std::vector<uint32_t> sizes(n);
    for (size_t i = 0; i < n; ++i) sizes[i] = static_cast<uint32_t>(i % 7 + 1);
    std::vector<uint32_t> retained = sizes;
    SumRetained(dominators, order, retained);
    const std::vector<bool> all = Reached(graph, kNoObject);
    for (ObjectId node = 0; node < n; ++node) {
      ASSERT_EQ(all[node], dominators[node] != kNoObject) << "seed " << seed;
      if (!all[node]) continue;
      const std::vector<bool> rest = Reached(graph, node);
      uint32_t freed = 0;
      for (size_t i = 0; i < n; ++i) freed += all[i] && !rest[i] ? sizes[i] : 0;
      ASSERT_EQ(retained[node], freed) << "seed " << seed << " node " << node;
    }
  }
}

TEST(DominatorsTest, BothWaysAgree) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    const RandomGraph random = MakeGraph(seed, 500);
    const uint32_t n = static_cast<uint32_t>(random.edges.size());
    Lists preds(n + 1);
    for (const ObjectId root : random.roots) preds[root + 1].push_back(0);
    for (uint32_t from = 0; from < n; ++from) {
      for (const ObjectId to : random.edges[from]) preds[to + 1].push_back(from + 1);
    }
    PredecessorGraph graph;
    graph.pred_begin.Reset(preds.size() + 1);
    for (size_t i = 0; i < preds.size(); ++i)
      graph.pred_begin[i + 1] = graph.pred_begin[i] + static_cast<uint32_t>(preds[i].size());
    graph.pred.Reset(graph.pred_begin[preds.size()]);
    for (size_t i = 0; i < preds.size(); ++i) std::ranges::copy(preds[i], &graph.pred[graph.pred_begin[i]]);
    const BigArray<uint32_t> one = FindDominatorsOf(graph, Cancel(), true), other = FindDominatorsOf(graph, Cancel(), false);
    ASSERT_TRUE(std::ranges::equal(one, other)) << "seed " << seed;
  }
}

TEST(DominatorsTest, LongShapesTakeNoStackAndNoSquare) {
  constexpr uint32_t kNodes = 1'000'000;
  RandomGraph list{Lists(kNodes), {0}}, doubly{Lists(kNodes), {0}}, star{Lists(kNodes), {0}};
  for (uint32_t i = 0; i + 1 < kNodes; ++i) {
    list.edges[i].push_back(i + 1);
    doubly.edges[i].push_back(i + 1);
    doubly.edges[i + 1].push_back(i);
    star.edges[0].push_back(i + 1);
    star.edges[i + 1].push_back(0);
  }
  for (const RandomGraph* graph : {&list, &doubly, &star}) {
    const std::vector<ObjectId> dominators = Ours(*graph);
    EXPECT_EQ(dominators[0], kNodes);
    for (uint32_t i = 1; i < kNodes; ++i) ASSERT_EQ(dominators[i], graph == &star ? 0 : i - 1);
  }
}

TEST(DominatorsTest, ValueOfAWeakMapIsHeldByItsKeyWhileTheTableLives) {
  // 0 holds the table 1 and the key 2; 3 is the value. The key 4 is not held: its value 5 is garbage. 6 is a dead table.
  const std::vector<Ephemeron> ephemerons = {{1, 2, 3}, {1, 4, 5}, {6, 2, 7}};
  std::unique_ptr<References> references = References::FromLists({{1, 2}, {}, {}, {}, {}, {}, {}, {}}, ephemerons);
  const std::vector<ObjectId> roots = {0};
  Reachability reach(*references, {.tree = true});
  reach.ReachFrom(roots, Cancel());
  EXPECT_EQ(reach.count(), 4);
  const BigArray<ObjectId> parents = reach.tree().Parents(reach.order(), 8);
  EXPECT_EQ(std::vector<ObjectId>(parents.begin(), parents.end()),
            (std::vector<ObjectId>{kNoObject, 0, 0, 2, kNoObject, kNoObject, kNoObject, kNoObject}));
  const BigArray<ObjectId> dominators =
      FindDominators({.references = &references, .live = &reach.reached(), .order = reach.order(), .roots = roots},
                     Cancel(), {}).value();
  EXPECT_EQ(std::vector<ObjectId>(dominators.begin(), dominators.end()),
            (std::vector<ObjectId>{8, 0, 0, 2, kNoObject, kNoObject, kNoObject, kNoObject}));
}

TEST(RetainedTest, GroupsCountMembersUnderMembersOnce) {
  // 0 -> 1 -> 2 and 0 -> 3; groups: 0 and 2 and 3 are of group 0, 1 is of group 1.
  const std::vector<ObjectId> dominators = {4, 0, 1, 0};
  std::vector<uint32_t> retained = {1, 2, 4, 8};
  SumRetained(dominators, std::vector<ObjectId>{0, 1, 2, 3}, retained);
  EXPECT_EQ(retained, (std::vector<uint32_t>{15, 6, 4, 8}));
  const auto sums = SumRetainedOfGroups(dominators, retained, 2, [](ObjectId id) { return id == 1 ? 1u : 0u; }, Cancel());
  EXPECT_EQ(sums, (std::vector<uint64_t>{15, 6}));
}

}  // namespace
}  // namespace corewalk
