#include "graph/reach_tree.h"

#include <gtest/gtest.h>

#include <vector>

namespace corewalk {
namespace {

std::vector<ObjectId> ParentsOf(const ReachTree& tree, const std::vector<ObjectId>& order, uint64_t nodes) {
  const BigArray<ObjectId> parents = tree.Parents(order, nodes);
  return {parents.begin(), parents.end()};
}

TEST(ReachTreeTest, ParentsComeBackFromCounts) {
  // The roots 4 and 2; 4 reaches 0 and 1, 2 reaches nothing, 0 reaches 5; 3 is not reached.
  ReachTree tree(6);
  tree.AddException(0, kNoObject);
  tree.AddException(1, kNoObject);
  tree.AddChildren(2);
  tree.AddNode(2);
  tree.AddNode(0);
  tree.AddNode(1);
  tree.AddNode(0);
  tree.AddNode(0);
  EXPECT_EQ(ParentsOf(tree, {4, 2, 0, 1, 5}, 6), (std::vector<ObjectId>{4, 4, kNoObject, kNoObject, kNoObject, 0}));
}

TEST(ReachTreeTest, MoreRootsMayComeLaterAndAnotherNodeMayBeTheParent) {
  // The root 0 reaches 1; then the root 2, which makes 3 live although 1 holds it.
  ReachTree tree(4);
  tree.AddException(0, kNoObject);
  tree.AddChildren(1);
  tree.AddNode(1);
  tree.AddNode(0);
  tree.AddException(2, kNoObject);
  tree.AddChildren(1);
  tree.AddException(3, 1);
  tree.AddNode(1);
  tree.AddNode(0);
  EXPECT_EQ(ParentsOf(tree, {0, 1, 2, 3}, 4), (std::vector<ObjectId>{kNoObject, 0, kNoObject, 1}));
}

TEST(ReachTreeTest, OneNodeMayReachVeryMany) {
  constexpr ObjectId kNodes = 100'000;
  ReachTree tree(kNodes);
  tree.AddException(0, kNoObject);
  tree.AddChildren(1);
  tree.AddNode(kNodes - 1);
  std::vector<ObjectId> order(kNodes), expected(kNodes, 0);
  for (ObjectId i = 0; i < kNodes; ++i) order[i] = i;
  for (ObjectId i = 1; i < kNodes; ++i) tree.AddNode(0);
  expected[0] = kNoObject;
  EXPECT_EQ(ParentsOf(tree, order, kNodes), expected);
}

}  // namespace
}  // namespace corewalk
