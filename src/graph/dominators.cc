#include "graph/dominators.h"

#include <algorithm>
#include <bit>

#include "graph/semi_nca.h"

namespace corewalk {
namespace {

constexpr size_t kPollNodes = 1 << 18;
constexpr uint32_t kShared = 0x80000000;  // in referrer_: several referrers; the lower bits are a number of its own

// The steps of FindDominators; each frees what the next does not need.
class Finder {
 public:
  Finder(const DominatorInput& input, const Cancel& cancel)
      : input_(input), live_(*input.live), n_(static_cast<uint32_t>((*input.references)->node_count())), cancel_(cancel) {}

  // 1. The only referrer of each live node; nodes with several are numbered.
  bool FindReferrers() {
    referrer_.assign(n_, kNoObject);
    ForEachRoot([this](ObjectId root) { referrer_[root] = n_; });
    if (!ForEachReference([this](ObjectId from, ObjectId to) {
          uint32_t& referrer = referrer_[to];
          if (referrer == from || referrer == kShared) return;
          referrer = referrer == kNoObject ? from : kShared;
        })) {
      return false;
    }
    for (uint32_t i = 0; i < n_; ++i) {
      if (referrer_[i] == kShared) referrer_[i] = kShared | shared_count_++;
    }
    return true;
  }

  // 2. The referrers of the nodes that have several.
  bool CollectReferrers() {
    begin_.assign(shared_count_ + 1, 0);
    const auto count = [this](ObjectId to) {
      if (const uint32_t referrer = referrer_[to]; IsShared(referrer)) ++begin_[referrer & ~kShared];
    };
    const auto fill = [this](ObjectId from, ObjectId to) {
      if (const uint32_t referrer = referrer_[to]; IsShared(referrer)) list_[--begin_[referrer & ~kShared]] = from;
    };
    ForEachRoot(count);
    if (!ForEachReference([&](ObjectId, ObjectId to) { count(to); })) return false;
    uint32_t sum = 0;
    for (uint32_t k = 0; k < shared_count_; ++k) begin_[k] = sum += begin_[k];
    begin_[shared_count_] = sum;
    list_.resize(sum);
    if (!ForEachReference(fill)) return false;
    ForEachRoot([&](ObjectId root) { fill(n_, root); });
    if (!input_.keep_references) input_.references->reset();
    return true;
  }

  // 3. Pre-order numbers of the trees of single referrers. Number 0 is the root of all; each shared node is the root of
  // a tree of its own.
  bool NumberTrees() {
    std::vector<uint32_t> first_child(n_ + 1, kNoObject), next_sibling(n_, kNoObject);
    for (uint32_t i = n_; i-- > 0;) {
      const uint32_t referrer = referrer_[i];
      if (referrer == kNoObject || IsShared(referrer)) continue;
      next_sibling[i] = first_child[referrer];
      first_child[referrer] = i;
    }
    pre_.assign(n_ + 1, kNoObject);
    last_.reserve(n_ + 1);
    node_.reserve(n_ + 1);
    size_t steps = 0;
    const auto number_tree = [&](uint32_t root) {
      uint32_t at = root;
      const auto enter = [&](uint32_t node) {
        pre_[node] = static_cast<uint32_t>(node_.size());
        node_.push_back(node);
        last_.push_back(0);
        at = node;
      };
      enter(root);
      while (true) {
        if (++steps % kPollNodes == 0 && cancel_.Cancelled()) return false;
        const uint32_t child = first_child[at];
        if (child != kNoObject) {
          first_child[at] = next_sibling[child];  // each child once
          enter(child);
          continue;
        }
        last_[pre_[at]] = static_cast<uint32_t>(node_.size() - 1);
        if (at == root) return true;
        at = referrer_[at];
      }
    };
    if (!number_tree(n_)) return false;
    tree_roots_.push_back(0);
    for (uint32_t i = 0; i < n_; ++i) {
      if (referrer_[i] == kNoObject || !IsShared(referrer_[i])) continue;
      tree_roots_.push_back(static_cast<uint32_t>(node_.size()));
      if (!number_tree(i)) return false;
    }
    return true;
  }

  // 4. Of the referrers that a shared node has inside one tree, the nearest common ancestor takes the place.
  bool MergeReferrers() {
    kept_.assign(node_.size() / 64 + 1, 0);
    for (const uint32_t root : tree_roots_) Keep(root);
    uint32_t out = 0;
    for (uint32_t k = 0; k < shared_count_; ++k) {
      if (k % kPollNodes == 0 && cancel_.Cancelled()) return false;
      const uint32_t begin = begin_[k], end = begin_[k + 1];
      for (uint32_t i = begin; i < end; ++i) list_[i] = pre_[list_[i]];
      std::sort(list_.begin() + begin, list_.begin() + end);
      begin_[k] = out;
      for (uint32_t i = begin; i < end;) {
        const uint32_t root = *(std::ranges::upper_bound(tree_roots_, list_[i]) - 1);
        uint32_t ancestor = list_[i];
        while (i + 1 < end && list_[i + 1] <= last_[root]) ++i;
        const uint32_t farthest = list_[i++];
        while (last_[ancestor] < farthest) ancestor = pre_[referrer_[node_[ancestor]]];
        Keep(ancestor);
        list_[out++] = ancestor;
      }
    }
    begin_[shared_count_] = out;
    list_.resize(out);
    return KeepForks();
  }

  // Where the ways to two kept nodes part, the node in which they do is kept too. Neighbours in pre-order suffice.
  bool KeepForks() {
    uint32_t before = 0;
    for (size_t word = 0; word < kept_.size(); ++word) {
      if (word % kPollNodes == 0 && cancel_.Cancelled()) return false;
      for (uint64_t bits = kept_[word]; bits != 0; bits &= bits - 1) {
        const uint32_t pre = static_cast<uint32_t>(64 * word + static_cast<size_t>(std::countr_zero(bits)));
        uint32_t fork = before;
        before = pre;
        const uint32_t referrer = pre == 0 ? kNoObject : referrer_[node_[pre]];
        if (pre == 0 || IsShared(referrer)) continue;  // the root of the next tree
        while (last_[fork] < pre) fork = pre_[referrer_[node_[fork]]];
        Keep(fork);
      }
    }
    return true;
  }

  // 5. Dominators of the nodes that are left, and 6. of all.
  bool Solve() {
    std::vector<uint32_t> before(kept_.size() + 1);  // kept nodes in front of each word of the set
    for (size_t i = 0; i < kept_.size(); ++i) before[i + 1] = before[i] + static_cast<uint32_t>(std::popcount(kept_[i]));
    const auto rank = [&](uint32_t pre) {
      return before[pre / 64] + static_cast<uint32_t>(std::popcount(kept_[pre / 64] & ((uint64_t{1} << pre % 64) - 1)));
    };
    PredecessorGraph graph;
    std::vector<uint32_t> kept;  // pre-order numbers
    kept.reserve(before.back());
    graph.pred_begin.reserve(before.back() + 1);
    std::vector<uint32_t> above;  // kept nodes on the way to the root of the tree
    for (size_t word = 0; word < kept_.size(); ++word) {
      for (uint64_t bits = kept_[word]; bits != 0; bits &= bits - 1) {
        const uint32_t pre = static_cast<uint32_t>(64 * word + static_cast<size_t>(std::countr_zero(bits)));
        while (!above.empty() && last_[kept[above.back()]] < pre) above.pop_back();
        const uint32_t number = static_cast<uint32_t>(kept.size());
        graph.pred_begin.push_back(static_cast<uint32_t>(graph.pred.size()));
        const uint32_t referrer = pre == 0 ? kNoObject : referrer_[node_[pre]];
        if (pre != 0 && IsShared(referrer)) {
          const uint32_t k = referrer & ~kShared;
          for (uint32_t i = begin_[k]; i < begin_[k + 1]; ++i) graph.pred.push_back(rank(list_[i]));
        } else if (!above.empty()) {
          graph.pred.push_back(above.back());
        }
        above.push_back(number);
        kept.push_back(pre);
      }
    }
    graph.pred_begin.push_back(static_cast<uint32_t>(graph.pred.size()));
    list_ = {}, begin_ = {}, last_ = {}, pre_ = {};
    const std::vector<uint32_t> dominators = FindDominatorsOf(graph, cancel_);
    if (dominators.empty()) return false;
    // A single referrer is the dominator already; only shared nodes learn theirs.
    for (size_t i = 1; i < kept.size(); ++i) {
      const uint32_t node = node_[kept[i]];
      if (IsShared(referrer_[node])) {
        referrer_[node] = dominators[i] == kNoNode ? kNoObject : node_[kept[dominators[i]]];
      }
    }
    return true;
  }

  std::vector<ObjectId> Take() { return std::move(referrer_); }

 private:
  static bool IsShared(uint32_t referrer) { return (referrer & kShared) != 0 && referrer != kNoObject; }
  void Keep(uint32_t pre) { kept_[pre / 64] |= uint64_t{1} << pre % 64; }

  template <typename ToEach>
  void ForEachRoot(ToEach&& to_each) {
    for (const ObjectId root : input_.roots) {
      if (root < n_ && live_.Has(root)) to_each(root);
    }
    if (input_.rooted == nullptr) return;
    input_.rooted->ForEach([&](ObjectId root) {
      if (live_.Has(root)) to_each(root);
    });
  }

  // Every reference between live nodes that counts. False when cancelled.
  template <typename ToEach>
  bool ForEachReference(ToEach&& to_each) {
    const References& references = **input_.references;
    const NodeSet* const inner = input_.inner;
    for (uint32_t from = 0; from < n_; ++from) {
      if (from % kPollNodes == 0 && cancel_.Cancelled()) return false;
      if (!live_.Has(from)) continue;
      const bool outside = inner != nullptr && !inner->Has(from);
      references.ForEach(from, [&](ObjectId to) {
        if (to != from && (!outside || !inner->Has(to))) to_each(from, to);
      });
    }
    for (const Ephemeron& entry : references.ephemerons()) {
      if (!live_.Has(entry.table)) continue;
      const ObjectId from = entry.key == kNoObject ? entry.table : entry.key;
      if (from == entry.value || !live_.Has(from)) continue;
      if (inner == nullptr || inner->Has(from) || !inner->Has(entry.value)) to_each(from, entry.value);
    }
    return true;
  }

  const DominatorInput& input_;
  const NodeSet& live_;
  const uint32_t n_;
  const Cancel& cancel_;
  std::vector<uint32_t> referrer_;
  uint32_t shared_count_ = 0;
  std::vector<uint32_t> begin_, list_;       // referrers of each shared node; from step 4 on pre-order numbers
  std::vector<uint32_t> pre_, node_, last_;  // node -> pre-order number and back; the last number of its subtree
  std::vector<uint32_t> tree_roots_;         // pre-order numbers, rising
  std::vector<uint64_t> kept_;               // bits, by pre-order number
};

}  // namespace

Result<std::vector<ObjectId>> FindDominators(const DominatorInput& input, const Cancel& cancel,
                                             const ProgressFunction& progress) {
  Finder finder(input, cancel);
  bool (Finder::*const steps[])() = {&Finder::FindReferrers, &Finder::CollectReferrers, &Finder::NumberTrees,
                                     &Finder::MergeReferrers, &Finder::Solve};
  for (size_t i = 0; i < std::size(steps); ++i) {
    if (progress) progress("finding dominators", i, std::size(steps));
    if (!(finder.*steps[i])()) return Fail(ErrorCode::kInterrupted, "interrupted while dominators were computed");
  }
  return finder.Take();
}

void HoistFromParts(const NodeKinds& kinds, std::span<ObjectId> dominators) {
  if (kinds.stores.empty()) return;
  const uint32_t n = static_cast<uint32_t>(dominators.size());
  const uint64_t objects = kinds.stores.capacity();  // external blocks have no kinds, and dominate nothing
  for (uint32_t node = 0; node < n; ++node) {
    const bool receiver = node < objects && kinds.receivers.Has(node);
    ObjectId dominator = dominators[node];
    // A chain of parts is three long at most: cell, dictionary, object; a Map may have shapes above it.
    while (dominator < objects && (kinds.stores.Has(dominator) || (receiver && kinds.shapes.Has(dominator)))) {
      dominator = dominators[dominator];
    }
    dominators[node] = dominator;
  }
}

}  // namespace corewalk
