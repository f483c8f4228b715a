// Collections of the functions that settle promises: a Map of calls that wait for their answers, the queue of a lock. What
// is in the way is not the collection but what nobody answers; so who waits is told.
#pragma once

#include <cstdint>
#include <optional>

#include "analysis/leaks/suspect.h"
#include "base/cancel.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

struct PromiseWaiters {
  uint64_t looked = 0;      // entries
  uint64_t resolvers = 0;   // of which so many are, or have, a function that settles a promise
  SuspectFunction waiting;  // the async function that most of these promises are awaited by, where it waits; count 0 = none
};

PromiseWaiters FindPromiseWaiters(HeapReader* reader, const StoreView& store, const Cancel& cancel);

}  // namespace corewalk
