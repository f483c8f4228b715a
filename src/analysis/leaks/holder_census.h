// Who holds many objects, by class and place: "Session.user", "Record.tags[…]", "cache (of handler)[key]". For tables
// in which thousands of objects share a line; who holds a single one is asked of holder.h. Asks the shortest way of
// each object, and of many objects only a sample, the same in every run.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// Up to `most` objects of those that were added, chosen by their numbers alone, and the sums of all.
class ObjectSample {
 public:
  explicit ObjectSample(size_t most) : most_(most) {}
  void Add(ObjectId id, uint64_t bytes);
  void Merge(const ObjectSample& other);
  struct Member {
    uint32_t rank = 0;
    ObjectId id = kNoObject;
    uint64_t bytes = 0;
  };
  const std::vector<Member>& members() const { return members_; }  // in no particular order
  uint64_t count() const { return count_; }
  uint64_t bytes() const { return bytes_; }
  bool whole() const { return members_.size() == count_; }

 private:
  void Keep(const Member& member);

  size_t most_;
  std::vector<Member> members_;  // a heap, the highest rank on top, once it is full
  uint64_t count_ = 0, bytes_ = 0;
};

struct HolderGroup {
  std::string name;    // raw target text
  uint64_t count = 0;  // of the sample
  uint64_t bytes = 0;
  ObjectId example = kNoObject;  // the object held
  ObjectId holder = kNoObject;   // of the example
};

// Groups of the sampled objects by who holds them, those with most bytes first. The graph needs its ways (kPaths).
std::vector<HolderGroup> GroupByHolder(HeapReader* reader, const HeapGraph& graph, const ObjectSample& sample,
                                       const Cancel& cancel);

}  // namespace corewalk
