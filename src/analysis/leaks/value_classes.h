// What a collection holds, by class, with counts; of large collections told from a sample.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graph/heap_graph.h"
#include "heap/views/collection_store.h"

namespace corewalk {

struct ValueClass {
  std::string name;  // as the histogram names it: "Session", "(string)", "(number)", "undefined"; raw target text
  std::vector<std::string> properties;  // of a plain object the names of its first properties
  uint64_t count = 0;                   // of the sampled entries
  uint64_t example = 0;                 // tagged; 0 for what is no object
};

// Classes of values, those with most first. Looks each object's shape up in the graph, not at the object.
class ValueCensus {
 public:
  // The graph's shapes must be known.
  ValueCensus(HeapReader* reader, const HeapGraph& graph) : reader_(*reader), graph_(graph) {}
  std::vector<ValueClass> Count(std::span<const StoreEntry> entries);
  // The class of one value.
  std::string ClassOf(uint64_t tagged);

 private:
  HeapReader& reader_;
  const HeapGraph& graph_;
};

}  // namespace corewalk
