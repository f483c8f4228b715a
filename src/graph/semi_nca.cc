#include "graph/semi_nca.h"

#include <algorithm>
#include <vector>

namespace corewalk {
namespace {

constexpr size_t kPollNodes = 1 << 16;
constexpr uint64_t kMostStepsPerNode = 50;

// All arrays below are indexed by the number of a node in depth-first pre-order, so that passes over them are sequential.
class Solver {
 public:
  Solver(const PredecessorGraph& graph, const Cancel& cancel) : graph_(graph), cancel_(cancel) {}

  bool Number() {
    const size_t n = graph_.size();
    number_ = BigArray<uint32_t>(n, kNoNode);
    node_.Reset(n);
    parent_.Reset(n);
    // Successors, from the predecessors.
    BigArray<uint32_t> begin(n + 1), successor(graph_.pred.size());
    for (const uint32_t from : graph_.pred) ++begin[from];
    uint32_t sum = 0;
    for (size_t i = 0; i <= n; ++i) {
      const uint32_t count = i < n ? begin[i] : 0;
      sum += count;
      begin[i] = sum;
    }
    for (size_t to = n; to-- > 0;) {
      for (uint32_t k = graph_.pred_begin[to]; k < graph_.pred_begin[to + 1]; ++k) {
        successor[--begin[graph_.pred[k]]] = static_cast<uint32_t>(to);
      }
    }
    if (n == 0 || cancel_.Cancelled()) return false;
    BigArray<uint32_t> next(n);  // of each node, the successor to look at next
    std::copy_n(begin.begin(), n, next.begin());
    number_[0] = 0;
    count_ = 1;
    uint32_t at = 0;  // a number
    size_t steps = 0;
    while (true) {
      if (++steps % kPollNodes == 0 && cancel_.Cancelled()) return false;
      const uint32_t node = node_[at];
      if (next[node] == begin[node + 1]) {
        if (at == 0) return true;
        at = parent_[at];
        continue;
      }
      const uint32_t to = successor[next[node]++];
      if (number_[to] != kNoNode) continue;
      number_[to] = count_;
      node_[count_] = to;
      parent_[count_] = at;
      at = count_++;
    }
  }

  bool Solve(bool semi_nca) {
    const uint32_t n = count_;
    ancestor_.Reset(n), semi_.Reset(n), label_.Reset(n), dominator_.Reset(n);
    std::copy_n(parent_.begin(), n, ancestor_.begin());
    for (uint32_t i = 0; i < n; ++i) semi_[i] = label_[i] = i;
    BigArray<uint32_t> bucket_first, bucket_next;
    if (!semi_nca) {
      bucket_first = BigArray<uint32_t>(n, kNoNode);
      bucket_next = BigArray<uint32_t>(n, kNoNode);
    }
    for (uint32_t w = n; w-- > 1;) {
      if (w % kPollNodes == 0 && cancel_.Cancelled()) return false;
      const uint32_t node = node_[w];
      uint32_t semi = w;
      for (uint32_t k = graph_.pred_begin[node]; k < graph_.pred_begin[node + 1]; ++k) {
        const uint32_t v = number_[graph_.pred[k]];
        if (v == kNoNode) continue;
        semi = std::min(semi, v <= w ? v : semi_[Eval(v, w)]);
      }
      semi_[w] = semi;
      label_[w] = w;
      if (!semi_nca) {
        // Lengauer and Tarjan: what has its semi-dominator at w's parent can now be decided, or deferred.
        bucket_next[w] = bucket_first[semi];
        bucket_first[semi] = w;
        const uint32_t parent = parent_[w];
        for (uint32_t v = bucket_first[parent]; v != kNoNode; v = bucket_next[v]) {
          const uint32_t u = Eval(v, w - 1);
          dominator_[v] = semi_[u] < semi_[v] ? u : parent;
        }
        bucket_first[parent] = kNoNode;
      }
    }
    if (!semi_nca) {
      for (uint32_t w = 1; w < n; ++w) {
        if (dominator_[w] != semi_[w]) dominator_[w] = dominator_[dominator_[w]];
      }
      return true;
    }
    uint64_t steps = 0;
    for (uint32_t w = 1; w < n; ++w) {
      uint32_t dominator = parent_[w];
      while (dominator > semi_[w]) {
        dominator = dominator_[dominator];
        ++steps;
      }
      dominator_[w] = dominator;
      if (steps > kMostStepsPerNode * n) return Solve(false);
      if (w % kPollNodes == 0 && cancel_.Cancelled()) return false;
    }
    return true;
  }

  BigArray<uint32_t> Result() const {
    BigArray<uint32_t> result(graph_.size(), kNoNode);
    for (uint32_t w = 1; w < count_; ++w) result[node_[w]] = node_[dominator_[w]];
    return result;
  }

 private:
  // The node with the least semi-dominator on the way from v up, as long as the numbers are greater than w (those nodes
  // are done); compresses the way.
  uint32_t Eval(uint32_t v, uint32_t w) {
    if (ancestor_[v] <= w) return label_[v];
    stack_.clear();
    uint32_t at = v;
    while (ancestor_[at] > w) {
      stack_.push_back(at);
      at = ancestor_[at];
    }
    // `at` is the topmost of them; those below it get its ancestor, from the top down.
    uint32_t top = at;
    while (!stack_.empty()) {
      const uint32_t u = stack_.back();
      stack_.pop_back();
      if (semi_[label_[top]] < semi_[label_[u]]) label_[u] = label_[top];
      ancestor_[u] = ancestor_[top];
      top = u;
    }
    return label_[v];
  }

  const PredecessorGraph& graph_;
  const Cancel& cancel_;
  uint32_t count_ = 0;                // of the nodes that can be reached
  BigArray<uint32_t> number_, node_;  // node -> number and back
  BigArray<uint32_t> parent_, ancestor_, semi_, label_, dominator_;
  std::vector<uint32_t> stack_;
};

}  // namespace

BigArray<uint32_t> FindDominatorsOf(const PredecessorGraph& graph, const Cancel& cancel, bool semi_nca) {
  Solver solver(graph, cancel);
  if (!solver.Number() || !solver.Solve(semi_nca)) return {};
  return solver.Result();
}

}  // namespace corewalk
