#include "graph/dominators.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "base/on_threads.h"
#include "base/prefault.h"
#include "graph/semi_nca.h"

namespace corewalk {
namespace {

constexpr size_t kPollNodes = 1 << 18;
constexpr uint32_t kPieceNodes = 1 << 16;  // what a thread takes at a time
constexpr uint32_t kAhead = 16;            // nodes ahead whose neighbours are loaded
constexpr uint32_t kShared = 0x80000000;   // in referrer_: several referrers; the lower bits are a number of its own
// Steps up a tree in search of a common ancestor. Where there is none so near, both referrers are kept: a long way up for
// each of many nodes would make deep trees quadratic.
constexpr int kMostStepsUp = 64;

// The steps of FindDominators; each frees what the next does not need.
class Finder {
 public:
  Finder(const DominatorInput& input, const Cancel& cancel)
      : input_(input),
        live_(*input.live),
        n_(static_cast<uint32_t>((*input.references)->node_count())),
        threads_(ClampThreads(input.threads)),
        cancel_(cancel) {}

  // 1. The only referrer of each live node; nodes with several are numbered.
  bool FindReferrers() {
    referrer_.Reset(n_);
    InParts(n_, threads_, [this](size_t, uint64_t begin, uint64_t end) {
      std::fill(referrer_.begin() + begin, referrer_.begin() + end, kNoObject);
    });
    ForEachRoot([this](ObjectId root) { referrer_[root] = n_; });
    const bool complete = ForEachReference([this](size_t, ObjectId from, ObjectId to) {
      const std::atomic_ref referrer(referrer_[to]);
      uint32_t known = referrer.load(std::memory_order_relaxed);
      if (known == from || known == kShared) return;
      if (known == kNoObject && referrer.compare_exchange_strong(known, from, std::memory_order_relaxed)) return;
      if (known != from) referrer.store(kShared, std::memory_order_relaxed);
    });
    if (!complete) return false;
    for (uint32_t i = 0; i < n_; ++i) {
      if (referrer_[i] == kShared) referrer_[i] = kShared | shared_count_++;
      if (referrer_[i] == kNoObject && live_.Has(i)) referrer_[i] = n_;  // none is, when `live` and `roots` belong together
    }
    return true;
  }

  // 2. The referrers of the nodes that have several.
  bool CollectReferrers() {
    begin_.Reset(size_t{shared_count_} + 1);
    const auto shared_of = [this](ObjectId to) {
      const uint32_t referrer = referrer_[to];
      return IsShared(referrer) ? referrer & ~kShared : kNoObject;
    };
    ForEachRoot([&](ObjectId root) {
      if (const uint32_t k = shared_of(root); k != kNoObject) ++begin_[k];
    });
    {
      std::vector<Batches> batches;
      for (size_t i = 0; i < threads_; ++i) batches.emplace_back(this, false);
      if (!ForEachReference([&](size_t thread, ObjectId from, ObjectId to) {
            if (const uint32_t k = shared_of(to); k != kNoObject) batches[thread].Add(k, from);
          })) {
        return false;
      }
      for (Batches& batch : batches) batch.FlushAll();
    }
    uint32_t sum = 0;
    for (uint32_t k = 0; k < shared_count_; ++k) begin_[k] = sum += begin_[k];
    begin_[shared_count_] = sum;
    list_.Reset(sum);
    {
      std::vector<Batches> batches;
      for (size_t i = 0; i < threads_; ++i) batches.emplace_back(this, true);
      if (!ForEachReference([&](size_t thread, ObjectId from, ObjectId to) {
            if (const uint32_t k = shared_of(to); k != kNoObject) batches[thread].Add(k, from);
          })) {
        return false;
      }
      for (Batches& batch : batches) batch.FlushAll();
    }
    ForEachRoot([&](ObjectId root) {
      if (const uint32_t k = shared_of(root); k != kNoObject) list_[--begin_[k]] = n_;
    });
    if (!input_.keep_references) input_.references->reset();
    return true;
  }

  // 3. Pre-order numbers of the trees of single referrers. Number 0 is the root of all; each shared node is the root of
  // a tree of its own. Nodes come in the order in which they were reached, so that a referrer comes before those that
  // only it refers to: sizes of subtrees are summed up backwards, and numbers are handed out forwards.
  bool NumberTrees() {
    const std::span<const ObjectId> order = input_.order;
    BigArray<uint32_t> end(size_t{n_} + 1);  // size of the subtree; then the first number that is not yet taken in it
    const size_t count = order.size() + 1;
    pre_.Reset(size_t{n_} + 1);
    last_.Reset(count);
    Prefault prefault(threads_ > 1, end, pre_, last_);
    end[n_] = 1;
    for (size_t i = order.size(); i-- > 0;) {
      if (i % kPollNodes == 0 && cancel_.Cancelled()) return false;
      if (i >= kAhead) __builtin_prefetch(&referrer_[order[i - kAhead]]);
      if (i >= kAhead / 2) {
        const uint32_t ahead = referrer_[order[i - kAhead / 2]];
        if (!IsShared(ahead) && ahead <= n_) __builtin_prefetch(&end[ahead], 1);
      }
      const ObjectId node = order[i];
      const uint32_t size = ++end[node];
      if (const uint32_t referrer = referrer_[node]; !IsShared(referrer)) end[referrer] += size;
    }
    roots_.Reset(count / 64 + 1);
    uint32_t next_tree = end[n_];
    pre_[n_] = 0;
    last_[0] = end[n_] - 1;
    end[n_] = 1;
    SetBit(&roots_, 0);
    for (size_t i = 0; i < order.size(); ++i) {
      if (i % kPollNodes == 0 && cancel_.Cancelled()) return false;
      if (i + kAhead < order.size()) __builtin_prefetch(&referrer_[order[i + kAhead]]);
      if (i + kAhead / 2 < order.size()) {
        const uint32_t ahead = referrer_[order[i + kAhead / 2]];
        if (!IsShared(ahead) && ahead <= n_) __builtin_prefetch(&end[ahead], 1), __builtin_prefetch(&pre_[ahead]);
      }
      const ObjectId node = order[i];
      const uint32_t referrer = referrer_[node], size = end[node];
      const bool shared = IsShared(referrer);
      uint32_t& next = shared ? next_tree : end[referrer];
      const uint32_t pre = next;
      next += size;
      pre_[node] = pre;
      end[node] = pre + 1;
      last_[pre] = pre + size - 1;
      if (shared) SetBit(&roots_, pre);
    }
    // Not in the same pass: this is where most memory is in use at a time. What `end` took serves again.
    up_ = std::move(end);
    up_[0] = kNoObject;
    for (size_t i = 0; i < order.size(); ++i) {
      if (i % kPollNodes == 0 && cancel_.Cancelled()) return false;
      if (i + kAhead < order.size()) {
        const ObjectId ahead = order[i + kAhead];
        __builtin_prefetch(&referrer_[ahead]), __builtin_prefetch(&pre_[ahead]);
      }
      const uint32_t referrer = referrer_[order[i]];
      up_[pre_[order[i]]] = IsShared(referrer) ? kNoObject : pre_[referrer];
    }
    return true;
  }

  // 4. Of the referrers that a shared node has inside one tree, the nearest common ancestor takes the place.
  bool MergeReferrers() {
    BuildTreeFinder();
    kept_.Reset(last_.size() / 64 + 1);
    for (size_t i = 0; i < roots_.size(); ++i) kept_[i] = roots_[i];
    std::atomic<uint32_t> next{0};
    OnThreads(threads_, [&](size_t) {
      constexpr uint32_t kPiece = 1 << 10;
      BigArray<uint64_t> seen;  // as bits, where a node has very many referrers
      while (!cancel_.Cancelled()) {
        const uint32_t begin = next.fetch_add(kPiece);
        if (begin >= shared_count_) return;
        for (uint32_t k = begin; k < std::min(begin + kPiece, shared_count_); ++k) {
          if (begin_[k + 1] - begin_[k] > kPieceNodes && cancel_.Cancelled()) return;
          MergeReferrersOf(k, &seen);
        }
      }
    });
    return !cancel_.Cancelled() && KeepForks();
  }

  // 5. Dominators of the nodes that are left, and of all.
  bool Solve() {
    BigArray<uint32_t> before(kept_.size() + 1);  // kept nodes in front of each word of the set
    for (size_t i = 0; i < kept_.size(); ++i) before[i + 1] = before[i] + static_cast<uint32_t>(std::popcount(kept_[i]));
    const auto rank = [&](uint32_t pre) {
      return before[pre / 64] + static_cast<uint32_t>(std::popcount(kept_[pre / 64] & ((uint64_t{1} << pre % 64) - 1)));
    };
    const uint32_t kept_count = before[kept_.size()];
    // The node of each kept number, and which shared node it is.
    BigArray<uint32_t> node_of(kept_count);
    for (uint32_t node = 0; node <= n_; ++node) {
      if (node % kPollNodes == 0 && cancel_.Cancelled()) return false;
      if (node < n_ && (referrer_[node] == kNoObject || !live_.Has(node))) continue;
      if (HasBit(kept_, pre_[node])) node_of[rank(pre_[node])] = node;
    }
    pre_.Reset();
    PredecessorGraph graph;
    graph.pred_begin.Reset(size_t{kept_count} + 1);
    uint64_t pred_count = kept_count;
    for (uint32_t i = 0; i < list_.size(); ++i) pred_count += list_[i] != kNoObject;
    if (pred_count >= kNoObject) return false;
    graph.pred.Reset(pred_count);
    uint32_t at = 0, number = 0;
    std::vector<std::pair<uint32_t, uint32_t>> above;  // kept nodes on the way to the root of the tree: number and last
    for (size_t word = 0; word < kept_.size(); ++word) {
      if (word % kPollNodes == 0 && cancel_.Cancelled()) return false;
      for (uint64_t bits = kept_[word]; bits != 0; bits &= bits - 1, ++number) {
        const uint32_t pre = static_cast<uint32_t>(64 * word + static_cast<size_t>(std::countr_zero(bits)));
        while (!above.empty() && above.back().second < pre) above.pop_back();
        graph.pred_begin[number] = at;
        if (number != 0) {
          const uint32_t referrer = referrer_[node_of[number]];
          if (IsShared(referrer)) {
            const uint32_t k = referrer & ~kShared;
            for (uint32_t i = begin_[k]; i < begin_[k + 1] && list_[i] != kNoObject; ++i) graph.pred[at++] = rank(list_[i]);
          } else if (!above.empty()) {
            graph.pred[at++] = above.back().first;
          }
        }
        above.emplace_back(number, last_[pre]);
      }
    }
    graph.pred_begin[number] = at;
    list_.Reset(), begin_.Reset(), last_.Reset(), up_.Reset(), roots_.Reset();
    const BigArray<uint32_t> dominators = FindDominatorsOf(graph, cancel_);
    if (dominators.empty()) return false;
    // A single referrer is the dominator already; only shared nodes learn theirs.
    for (uint32_t i = 1; i < kept_count; ++i) {
      if (i % kPollNodes == 0 && cancel_.Cancelled()) return false;
      const uint32_t node = node_of[i];
      if (IsShared(referrer_[node])) referrer_[node] = dominators[i] == kNoNode ? kNoObject : node_of[dominators[i]];
    }
    return true;
  }

  BigArray<ObjectId> Take() { return std::move(referrer_); }

 private:
  // Referrers of shared nodes on their way to the counts or to the lists, gathered by one thread: nine of ten references
  // to shared nodes lead to a few hundred of them (Maps), whose counters the threads would tear out of each other's hands.
  class Batches {
   public:
    Batches(Finder* finder, bool fill) : finder_(*finder), fill_(fill), batches_(kBatches) {}
    void Add(uint32_t k, ObjectId from) {
      Batch& batch = batches_[k % kBatches];
      if (batch.k != k || batch.count == kDepth) {
        Flush(&batch);
        batch.k = k;
      }
      batch.from[batch.count++] = from;
    }
    void FlushAll() {
      for (Batch& batch : batches_) Flush(&batch);
    }

   private:
    static constexpr size_t kBatches = 512, kDepth = 14;
    struct Batch {
      uint32_t k = 0, count = 0;
      uint32_t from[kDepth];
    };
    void Flush(Batch* batch) {
      if (batch->count == 0) return;
      const std::atomic_ref counter(finder_.begin_[batch->k]);
      if (fill_) {
        const uint32_t at = counter.fetch_sub(batch->count, std::memory_order_relaxed) - batch->count;
        std::copy_n(batch->from, batch->count, &finder_.list_[at]);
      } else {
        counter.fetch_add(batch->count, std::memory_order_relaxed);
      }
      batch->count = 0;
    }

    Finder& finder_;
    const bool fill_;
    std::vector<Batch> batches_;
  };

  static bool IsShared(uint32_t referrer) { return (referrer & kShared) != 0 && referrer != kNoObject; }
  static void SetBit(BigArray<uint64_t>* bits, uint32_t i) { (*bits)[i / 64] |= uint64_t{1} << i % 64; }
  static bool HasBit(const BigArray<uint64_t>& bits, uint32_t i) { return (bits[i / 64] >> i % 64 & 1) != 0; }
  void Keep(uint32_t pre) {
    const std::atomic_ref word(kept_[pre / 64]);
    const uint64_t bit = uint64_t{1} << pre % 64;
    if ((word.load(std::memory_order_relaxed) & bit) == 0) word.fetch_or(bit, std::memory_order_relaxed);
  }

  // For TreeOf(): which words of roots_ are not empty, and which words of that.
  void BuildTreeFinder() {
    const auto summarize = [](const BigArray<uint64_t>& bits, BigArray<uint64_t>* summary) {
      summary->Reset(bits.size() / 64 + 1);
      for (uint32_t i = 0; i < bits.size(); ++i) {
        if (bits[i] != 0) SetBit(summary, i);
      }
    };
    summarize(roots_, &roots_by_word_);
    summarize(roots_by_word_, &roots_by_block_);
  }

  // The number of the root of the tree that `pre` is in: the nearest root at or in front of it. 0 is one.
  uint32_t TreeOf(uint32_t pre) const {
    const auto last_up_to = [](uint64_t word, uint32_t bit) { return word & (~uint64_t{0} >> (63 - bit)); };
    const auto highest = [](uint64_t word) { return 63 - static_cast<uint32_t>(std::countl_zero(word)); };
    uint32_t word = pre / 64;
    if (const uint64_t bits = last_up_to(roots_[word], pre % 64); bits != 0) return 64 * word + highest(bits);
    const auto below = [](uint64_t bits, uint32_t bit) { return bits & ((uint64_t{1} << bit) - 1); };
    uint32_t block = word / 64;
    uint64_t bits = below(roots_by_word_[block], word % 64);
    if (bits == 0) {
      uint32_t row = block / 64;
      uint64_t blocks = below(roots_by_block_[row], block % 64);
      while (blocks == 0) blocks = roots_by_block_[--row];
      block = 64 * row + highest(blocks);
      bits = roots_by_word_[block];
    }
    word = 64 * block + highest(bits);
    return 64 * word + highest(roots_[word]);
  }

  void MergeReferrersOf(uint32_t k, BigArray<uint64_t>* seen) {
    const uint32_t begin = begin_[k], end = begin_[k + 1];
    for (uint32_t i = begin; i < end; ++i) list_[i] = pre_[list_[i]];
    uint32_t sorted_end = end;
    if (end - begin > last_.size() / 256 && end - begin > 1024) {
      // More than one in 256 of all nodes: marked and read off in order faster than sorted.
      if (seen->empty()) seen->Reset(last_.size() / 64 + 1);
      for (uint32_t i = begin; i < end; ++i) SetBit(seen, list_[i]);
      sorted_end = begin;
      for (size_t word = 0; word < seen->size(); ++word) {
        for (uint64_t bits = (*seen)[word]; bits != 0; bits &= bits - 1)
          list_[sorted_end++] = static_cast<uint32_t>(64 * word + static_cast<size_t>(std::countr_zero(bits)));
        (*seen)[word] = 0;
      }
    } else {
      std::sort(list_.data() + begin, list_.data() + end);
    }
    uint32_t out = begin;
    for (uint32_t i = begin; i < sorted_end;) {
      const uint32_t end_of_tree = last_[TreeOf(list_[i])];
      const uint32_t first = i;
      while (i + 1 < sorted_end && list_[i + 1] <= end_of_tree) ++i;
      const uint32_t farthest = list_[i++];
      uint32_t ancestor = list_[first];
      for (int steps = 0; last_[ancestor] < farthest && steps < kMostStepsUp; ++steps) ancestor = up_[ancestor];
      if (last_[ancestor] >= farthest) {
        Keep(ancestor);
        list_[out++] = ancestor;
        continue;
      }
      uint32_t covered = 0;  // below an ancestor of its own that is in the list
      for (uint32_t j = first; j < i; ++j) {
        const uint32_t pre = list_[j];
        if (j != first && pre <= covered) continue;
        covered = last_[pre];
        Keep(pre);
        list_[out++] = pre;
      }
    }
    if (out < end) list_[out] = kNoObject;  // the end of the list
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
        if (HasBit(roots_, pre)) continue;  // the root of the next tree
        while (last_[fork] < pre) fork = up_[fork];
        Keep(fork);
      }
    }
    return true;
  }

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

  // Every reference between live nodes, on all threads: to_each(thread, from, to). False when cancelled.
  template <typename ToEach>
  bool ForEachReference(ToEach&& to_each) {
    const References& references = **input_.references;
    InPieces((size_t{n_} + kPieceNodes - 1) / kPieceNodes, threads_, cancel_, {}, "", [&](size_t thread, size_t piece) {
      const uint32_t begin = static_cast<uint32_t>(piece * kPieceNodes);
      const uint32_t end = std::min<uint32_t>(n_, begin + kPieceNodes);
      for (uint32_t from = begin; from < end; ++from) {
        if (!live_.Has(from)) continue;
        references.ForEach(from, [&](ObjectId to) {
          if (to != from) to_each(thread, from, to);
        });
      }
    });
    for (const Ephemeron& entry : references.ephemerons()) {
      if (!live_.Has(entry.table)) continue;
      const ObjectId from = entry.key == kNoObject ? entry.table : entry.key;
      if (from != entry.value && live_.Has(from)) to_each(0, from, entry.value);
    }
    for (const ShownReference& shown : references.shown()) {
      if (live_.Has(shown.from) && live_.Has(shown.to)) to_each(0, shown.from, shown.to);
    }
    return !cancel_.Cancelled();
  }

  const DominatorInput& input_;
  const NodeSet& live_;
  const uint32_t n_;
  const size_t threads_;
  const Cancel& cancel_;
  BigArray<uint32_t> referrer_;
  uint32_t shared_count_ = 0;
  BigArray<uint32_t> begin_, list_;  // referrers of each shared node; from step 4 on pre-order numbers, up to kNoObject
  BigArray<uint32_t> pre_;           // node -> pre-order number
  // By pre-order number: the one above, kNoObject for the root of a tree; the last of the subtree.
  BigArray<uint32_t> up_, last_;
  BigArray<uint64_t> roots_, roots_by_word_, roots_by_block_;  // bits: roots of trees
  BigArray<uint64_t> kept_;                                    // bits
};

}  // namespace

Result<BigArray<ObjectId>> FindDominators(const DominatorInput& input, const Cancel& cancel,
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

void PassOverInitialMaps(std::span<const ObjectId> dominators, NodeKinds* kinds) {
  constexpr int kMostSteps = 1000;  // up from a function; those that hang that deep are no builtins
  const uint32_t n = static_cast<uint32_t>(dominators.size());
  std::vector<ObjectId> maps;
  for (const auto& [function, map] : kinds->initial_maps) {
    if (kinds->shapes.Has(map) || dominators[function] == kNoObject) continue;
    ObjectId above = function;
    for (int steps = 0; above < n && above != map && steps < kMostSteps; ++steps) above = dominators[above];
    if (above != map) maps.push_back(map);
  }
  for (const ObjectId map : maps) kinds->shapes.Add(map);
}

bool HoistFromParts(const NodeKinds& kinds, std::span<ObjectId> dominators, const Cancel& cancel) {
  if (kinds.stores.empty()) return true;
  const uint32_t n = static_cast<uint32_t>(dominators.size());
  const uint64_t objects = kinds.stores.capacity();  // external blocks have no kinds, and dominate nothing
  const auto is_part = [&](ObjectId node) { return node < objects && (kinds.stores.Has(node) || kinds.shapes.Has(node)); };
  for (uint32_t node = 0; node < n; ++node) {
    if (node % kPollNodes == 0 && cancel.Cancelled()) return false;
    ObjectId dominator = dominators[node];
    if (!is_part(dominator)) continue;
    const NodeSet& own = kinds.stores.Has(dominator) ? kinds.store_parts : kinds.shape_parts;
    if (node < objects && own.Has(node)) continue;
    // A chain of parts is four long at most: a pair of accessors, its cell, the cell's dictionary; a pair, its descriptor
    // array, the Map.
    while (is_part(dominator)) dominator = dominators[dominator];
    dominators[node] = dominator;
  }
  return true;
}

}  // namespace corewalk
