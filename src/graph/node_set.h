// A set of nodes of the graph: one bit per node.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/object_index.h"

namespace corewalk {

class NodeSet {
 public:
  NodeSet() = default;
  explicit NodeSet(uint64_t nodes) : words_((nodes + 63) / 64) {}
  static NodeSet FromWords(std::span<const uint64_t> words) {
    NodeSet set;
    set.words_.assign(words.begin(), words.end());
    return set;
  }
  std::span<const uint64_t> words() const { return words_; }  // node i is bit i % 64 of word i / 64
  bool Has(ObjectId id) const { return (words_[id / 64] >> id % 64 & 1) != 0; }
  // False when it was there already.
  bool Add(ObjectId id) {
    const uint64_t bit = uint64_t{1} << id % 64;
    const bool is_new = (words_[id / 64] & bit) == 0;
    words_[id / 64] |= bit;
    return is_new;
  }
  // The same from several threads at once, as long as none reads.
  void AddShared(ObjectId id) {
    const std::atomic_ref word(words_[id / 64]);
    const uint64_t bit = uint64_t{1} << id % 64;
    if ((word.load(std::memory_order_relaxed) & bit) == 0) word.fetch_or(bit, std::memory_order_relaxed);
  }
  // From several threads at once, in one order for all of them: Add(), Has() and its contrary, false when it was not
  // there.
  bool AddFirst(ObjectId id) {
    const std::atomic_ref word(words_[id / 64]);
    const uint64_t bit = uint64_t{1} << id % 64;
    return (word.load() & bit) == 0 && (word.fetch_or(bit) & bit) == 0;
  }
  // AddFirst() and its contrary by the only thread that changes this word; others may read it.
  bool AddOwned(ObjectId id) {
    const std::atomic_ref word(words_[id / 64]);
    const uint64_t before = word.load(std::memory_order_relaxed), bit = uint64_t{1} << id % 64;
    if ((before & bit) != 0) return false;
    word.store(before | bit, std::memory_order_relaxed);
    return true;
  }
  bool RemoveOwned(ObjectId id) {
    const std::atomic_ref word(words_[id / 64]);
    const uint64_t before = word.load(std::memory_order_relaxed), bit = uint64_t{1} << id % 64;
    word.store(before & ~bit, std::memory_order_relaxed);
    return (before & bit) != 0;
  }
  void Prefetch(ObjectId id) const { __builtin_prefetch(&words_[id / 64]); }
  bool RemoveShared(ObjectId id) {
    const uint64_t bit = uint64_t{1} << id % 64;
    return (std::atomic_ref(words_[id / 64]).fetch_and(~bit) & bit) != 0;
  }
  // The nodes 64 * word and up, while other threads add and remove.
  uint64_t SharedWord(size_t word) const { return std::atomic_ref(const_cast<uint64_t&>(words_[word])).load(); }
  bool HasShared(ObjectId id) const { return (SharedWord(id / 64) >> id % 64 & 1) != 0; }
  void AddWord(size_t word, uint64_t bits) { std::atomic_ref(words_[word]).fetch_or(bits, std::memory_order_relaxed); }
  void Remove(ObjectId id) { words_[id / 64] &= ~(uint64_t{1} << id % 64); }
  uint64_t Count() const {
    uint64_t count = 0;
    for (const uint64_t word : words_) count += static_cast<uint64_t>(std::popcount(word));
    return count;
  }
  // What is in both stays.
  void Intersect(const NodeSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  }
  uint64_t capacity() const { return 64 * words_.size(); }
  // By rising id.
  template <typename ToEach>
  void ForEach(ToEach&& to_each) const {
    for (size_t i = 0; i < words_.size(); ++i) {
      for (uint64_t bits = words_[i]; bits != 0; bits &= bits - 1)
        to_each(static_cast<ObjectId>(64 * i + static_cast<size_t>(std::countr_zero(bits))));
    }
  }
  bool empty() const { return words_.empty(); }
  uint64_t MemoryBytes() const { return 8 * words_.size(); }

 private:
  std::vector<uint64_t> words_;
};

// Adds ids that mostly rise, from one of several threads: one locked operation for 64 of them.
class RisingAdder {
 public:
  explicit RisingAdder(NodeSet* set) : set_(*set) {}
  void Add(ObjectId id) {
    if (id / 64 != word_) {
      Flush();
      word_ = id / 64;
    }
    bits_ |= uint64_t{1} << id % 64;
  }
  // Before this, the last ones may not be in the set.
  void Flush() {
    if (bits_ != 0) set_.AddWord(word_, bits_);
    bits_ = 0;
  }

 private:
  NodeSet& set_;
  size_t word_ = 0;
  uint64_t bits_ = 0;
};

}  // namespace corewalk
