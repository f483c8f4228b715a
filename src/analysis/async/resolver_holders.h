// By which name the program holds the functions that settle its promises: "Pool.waiting[]", "jobs". A program has
// thousands of them, of a few kinds: those whose ways from a root lead through objects of the same shapes share a name,
// which some of them are asked for (analysis/leaks/holder.h); when these do not agree, there is none.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "analysis/async/async_census.h"
#include "analysis/leaks/holder.h"

namespace corewalk {

struct ResolverHolder {
  HolderKind kind = HolderKind::kUnknown;
  std::string owner, name;  // raw target text, as in Holder
  std::string property;     // of a plain object that is an element or entry of that: `resolve`; "" = none

  bool operator==(const ResolverHolder&) const = default;
};

// By the index of the promise, of those with the source kProgram; and kHeldBy, when the name is of that object. Needs the
// graph's shapes, ways and references.
std::unordered_map<uint32_t, ResolverHolder> FindResolverHolders(HeapReader* reader, const HeapGraph& graph,
                                                                 const AsyncCensus& census, const Cancel& cancel);

}  // namespace corewalk
