// The garbage collector's roots of one isolate, read from a core: where V8 starts to mark. Nothing here depends on
// offsets of a V8 version: the tables are told by their content (a struct that starts with the Isolate's address,
// blocks whose nodes carry their own number, ...). What stands where in V8: src/heap/heap.cc, Heap::IterateRoots.
//
// Read-only objects need no root and are left out. On bad input groups are missing: `found` is false and `problem` says
// why. Roots that point to no object start (stale words on stacks) are dropped as far as the word there tells; callers
// with an object index check the rest.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "heap/heap_model.h"
#include "layout/binary_facts.h"

namespace corewalk {

enum class RootGroup : uint8_t {
  kStrongRootList,  // the roots table
  kGlobalHandles,   // v8::Global and v8::Persistent: what C++ holds
  kEternalHandles,  // v8::Eternal
  kHandleScopes,    // v8::Local, the contexts that were entered, and handles that compiler threads hold
  kTracedHandles,   // v8::TracedReference: what objects of cppgc refer to; they are no roots, so all are weak
  kMicrotasks,      // promise reactions and the like that were queued but had not run
  kCompilationCache,
  kStrongRoots,    // ranges that parts of V8 register while they work
  kStartupCaches,  // objects that V8's snapshots share
  kBuiltins,
  kIsolate,    // words of the Isolate struct, and of structs that belong to it
  kHeapLists,  // weak lists of the Heap: native contexts, allocation sites
  kStacks,     // found conservatively
  kCount
};
// As heap snapshots in DevTools name it: "(Strong root list)", "(Global handles)", ...
std::string_view RootGroupName(RootGroup group);

enum class RootStrength : uint8_t {
  kStrong,
  kWeak,   // keeps nothing alive
  kMaybe,  // a word that looks like a reference
};

struct Root {
  Address slot = 0;     // where it stands; 0 for a register
  uint64_t object = 0;  // tagged
  RootGroup group = RootGroup::kIsolate;
  RootStrength strength = RootStrength::kStrong;
  uint32_t label = 0;  // index into Roots::labels
};

struct RootGroupState {
  // False with a problem: there may be such roots, but they could not be located. False without one: none was seen,
  // and the group is often empty (traced handles, registered strong roots).
  bool found = false;
  bool conservative = false;  // words are taken for references by their looks
  uint64_t count = 0;         // of all roots of the group, weak ones too
  uint64_t weak = 0;
  std::string problem;  // one line; "" when all is well
};

struct Roots {
  std::vector<Root> roots;          // by groups
  std::vector<std::string> labels;  // "native_context_map", "Node / TCPWrap", "thread 1234"; the first is ""
  std::array<RootGroupState, static_cast<size_t>(RootGroup::kCount)> groups;
  bool interrupted = false;

  const RootGroupState& group(RootGroup g) const { return groups[static_cast<size_t>(g)]; }
};

// `binary` may be null: then global handles have no owners' names.
Roots CollectRoots(const HeapModel& model, const IsolateHeap& isolate, const BinaryFacts* binary, const Cancel& cancel,
                   int threads = 2);

// The tagged words, each once and sorted, that stand anywhere in writable memory outside of V8's pages and point into
// the isolate's pages: what might be held by native code. Most of it is stale; no roots.
std::vector<uint64_t> MaybeHeldByNative(const HeapModel& model, const IsolateHeap& isolate, const Cancel& cancel,
                                        int threads = 2);

}  // namespace corewalk
