// The largest of many, kept as they come: the same answer whatever the order, so that threads can be merged.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace corewalk {

// T has `uint64_t rank` (more is larger) and `uint64_t number` (of equal ones the lowest is taken).
template <typename T>
class Largest {
 public:
  explicit Largest(size_t most) : most_(most) {}

  void Add(const T& one) {
    if (kept_.size() < most_) {
      kept_.push_back(one);
      if (kept_.size() == most_) std::ranges::make_heap(kept_, Before);
      return;
    }
    if (most_ == 0 || !Before(one, kept_.front())) return;
    std::ranges::pop_heap(kept_, Before);
    kept_.back() = one;
    std::ranges::push_heap(kept_, Before);
  }
  // Whether one with this rank would be kept; a hint that saves the making of it.
  bool Wants(uint64_t rank) const { return kept_.size() < most_ || (most_ > 0 && rank >= kept_.front().rank); }
  void Merge(const Largest& other) {
    for (const T& one : other.kept_) Add(one);
  }
  std::vector<T> Sorted() const {
    std::vector<T> sorted = kept_;
    std::ranges::sort(sorted, Before);
    return sorted;
  }

 private:
  static bool Before(const T& a, const T& b) { return a.rank != b.rank ? a.rank > b.rank : a.number < b.number; }

  size_t most_;
  std::vector<T> kept_;  // a heap, the smallest on top, once it is full
};

}  // namespace corewalk
