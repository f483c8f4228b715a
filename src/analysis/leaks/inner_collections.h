// Collections inside of the entries of a collection: of a Map of two hundred tenants, each with an array of events, it is the
// arrays that grow. They are told in its place where they are a property of the entries (`Tenant.events`), which has a
// name of its own, and hold most of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/leaks/suspect.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

struct InnerCollections {
  std::string property;    // of the entries; "" = the entries themselves are these collections. Raw target text
  std::string class_name;  // of most of them
  std::vector<Alike> all;  // by falling bytes
  uint64_t entries = 0, bytes = 0;  // of all of them
};

// Nothing when they hold less than most of what `container` with its `count` entries retains, or have fewer entries each than
// it has: then it is the container that grows. At most kMostOuterEntries are looked at; of more, nothing is said.
inline constexpr uint64_t kMostOuterEntries = 10'000;
std::optional<InnerCollections> FindInnerCollections(HeapReader* reader, const HeapGraph& graph, ObjectId container,
                                                     uint64_t count, const Cancel& cancel);

}  // namespace corewalk
