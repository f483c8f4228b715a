// The few collections of a heap that most likely leak, as suspects.
#pragma once

#include <vector>

#include "analysis/leaks/collections.h"
#include "analysis/leaks/suspect.h"

namespace corewalk {

// What is known of one collection, in the form of a suspect (all fields marked P).
Suspect CollectionSuspect(HeapReader* reader, const CollectionFacts& facts);

struct CollectionSuspectOptions {
  double least_share = 0.01;  // of the live bytes, external memory included; smaller ones are not looked at
  uint64_t most = 20;
};

// Collections that retain so much, those that retain most first. Those of which something inside retains nearly all (an
// array of one large Map) are left out: it is in the list itself. Retained sizes must be known.
std::vector<Suspect> FindCollectionSuspects(HeapReader* reader, const HeapGraph& graph,
                                            const CollectionSuspectOptions& options, const Cancel& cancel);

}  // namespace corewalk
