// Implementation of verdict.h: from accumulation points to suspects that are not yet judged.
#pragma once

#include <vector>

#include "analysis/leaks/accumulation.h"
#include "analysis/leaks/holder.h"
#include "analysis/leaks/suspect.h"

namespace corewalk {

// Collections, chains and large objects among the points, and groups of objects of one class that several things hold.
// The nodes of no two are the same; one may lie below another.
std::vector<Suspect> SuspectsFromGraph(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders,
                                       uint64_t least_bytes, const Cancel& cancel);

// Entries, elements or properties of a collection.
uint64_t CountEntries(HeapReader* reader, uint64_t tagged);

}  // namespace corewalk
