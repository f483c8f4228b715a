// Who refers to an object: each word that points to it, named as a programmer would, and the roots. A word in a backing
// store (the array of an Array, the table of a Map, a dictionary, a cell) is told with the object that owns the store.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/completeness.h"
#include "heap/heap_walk.h"
#include "heap/views/slots.h"
#include "session/session.h"

namespace corewalk {

struct Referrer {
  uint64_t target = 0;  // tagged, strong
  bool weak = false;    // by its tag, or by what the field is
  Address holder = 0;   // the object that holds the word; untagged
  Address slot = 0;     // the word
  Address owner = 0;    // the object that a person would name; the holder itself when it is no part of another
  // From the owner to the target: mostly one name. More where the parts between have no names of their own:
  // "(reactions or result)", "(fulfill handler)".
  std::vector<SlotName> path;
};

struct RootReferrer {
  enum class Kind : uint8_t { kRoot, kIsolate, kStack, kNative };
  Kind kind = Kind::kNative;
  uint64_t target = 0;  // tagged, strong
  bool weak = false;
  Address slot = 0;
  std::string name;   // of a root, "" = unknown
  int isolate = -1;   // number
  int thread_id = 0;  // whose stack
};

struct Referrers {
  std::vector<Referrer> heap;
  uint64_t heap_total = 0;  // words in all; more than `heap` has when it was cut (an owner may be told more than once)
  std::vector<RootReferrer> roots;  // roots tables, Isolates, stacks, then other memory
  uint64_t roots_total = 0;
  PageTally tally;
  bool gc_in_progress = false;
  bool interrupted = false;
  void Describe(Completeness* completeness) const;
};

struct ReferrerOptions {
  HeapWalkOptions walk;
  uint64_t most = 256;  // words that are told
  bool roots = true;
  int passes = 2;  // over the heap, to find the owners of stores
};

// `targets`: tagged or not.
Referrers FindReferrers(Session& session, HeapReader* reader, std::span<const Address> targets,
                        const ReferrerOptions& options, const Cancel& cancel, const ProgressFunction& progress);

}  // namespace corewalk
