// A fake heap of random objects over several pages: references near and far, a list against the order of addresses, WeakMap
// tables, memory outside of the heap, and what nothing reaches. Header only; not part of the library.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "graph/testing/graph_heap.h"

namespace corewalk::testing {

class RandomHeap {
 public:
  explicit RandomHeap(uint32_t seed, size_t objects = 600) : random_(seed) {
    for (int i = 0; i < 4; ++i) pages_.push_back(graph.heap.AddPage(FakeHeap::kOldSpace));
    const uint64_t empty = graph.heap.root("empty_fixed_array");
    for (size_t i = 0; i < objects; ++i) {
      const size_t page = pages_[Below(pages_.size())];
      switch (Below(12)) {
        case 0:
          all.push_back(graph.NewOf(kEphemeronHashTableType, {0, 0, 0, 0, empty, empty, empty, empty}, page));
          tables_.push_back(all.back());
          break;
        case 1:
          all.push_back(graph.NewOf(kJSArrayBufferType, {empty, empty, 0, 0, 8 + 8 * Below(50), 0, 0x60000000 + 4096 * Below(30)}, page));
          break;
        default:
          all.push_back(graph.NewOf(kJSObjectType, {empty, empty, empty, empty}, page));
          objects_.push_back(all.back());
      }
    }
    for (size_t i = 0; i < objects_.size(); ++i) {
      for (uint64_t offset = 8; offset <= 24; offset += 8) {
        if (Below(3) != 0) graph.heap.Set(objects_[i], offset, all[Below(all.size())]);
      }
      // Every third is part of a list that leads to and fro.
      if (i % 3 == 0 && i > 0) graph.heap.Set(objects_[i], 32, objects_[i - 3]);
    }
    for (const uint64_t table : tables_) {
      for (uint64_t offset = 40; offset <= 56; offset += 16) {
        graph.heap.Set(table, offset, all[Below(all.size())]);
        graph.heap.Set(table, offset + 8, all[Below(all.size())]);
      }
    }
    for (int i = 0; i < 3; ++i) graph.heap.SetRoot("spare_" + std::to_string(310 + i), all[Below(all.size())]);
  }

  uint64_t Below(uint64_t limit) { return std::uniform_int_distribution<uint64_t>(0, limit - 1)(random_); }

  GraphHeap graph;
  std::vector<uint64_t> all;  // tagged

 private:
  std::mt19937 random_;
  std::vector<size_t> pages_;
  std::vector<uint64_t> objects_, tables_;
};

}  // namespace corewalk::testing
