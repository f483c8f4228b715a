// Promises and suspended functions of an isolate, and how they hang together: which promise a suspended async function
// awaits, who settles that promise, and who awaits the function. Only live objects are told: promises that are over
// lie about as garbage by the thousand.
//
// Where a pending promise comes from is found from what could settle it: an async function that has not ended, a
// then() or Promise.all() on another promise, a resolve function that a timer or another object holds, C++. When
// nothing of that is found it says so. Everything is bounded; damaged lists make fewer links.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"
#include "heap/views/promises.h"
#include "heap/views/suspended.h"

namespace corewalk {

inline constexpr uint32_t kNoEntry = 0xffffffff;

enum class PromiseSource : uint8_t {
  kNone,            // it is settled
  kAsyncFunction,   // the call of an async function that has not ended
  kAsyncGenerator,  // a next() that an async generator has not answered
  kThen,            // then(), catch() or finally() of another promise
  kFollows,         // it was resolved with another promise, or is Promise.race()'s
  kCombinator,      // Promise.all, allSettled, any
  kTimer,           // a timer holds its resolve function
  kImmediate,
  kMicrotask,  // a reaction that stands in the queue settles it
  kHeldBy,     // an object of some class holds its resolve function: `holder`
  kProgram,    // a variable, array or Map holds its resolve function
  kNative,     // C++ holds it: `label`
  kModule,     // the evaluation of an ES module that has not ended: `holder`
  kLost,       // the call of an async function that nothing can resume: `lost`
  kNobody,     // nothing was found that could settle it
};

struct AsyncPromise {
  ObjectId node = kNoObject;
  PromiseState state = PromiseState::kUnknown;
  bool has_handler = false;
  bool of_await = false;  // V8's own (see of_awaits): tell it neither as live nor as pending
  PromiseSource source = PromiseSource::kNone;
  uint64_t value = 0;              // tagged result or reason
  uint32_t generator = kNoEntry;   // kAsyncFunction, kAsyncGenerator: index of a suspended function
  uint32_t upstream = kNoEntry;    // kThen, kFollows, kCombinator: a promise that it waits for
  uint32_t lost = kNoEntry;        // kLost: an index of one of these
  uint64_t function = 0;           // kThen: the handler, tagged; kAsyncFunction, kLost: the function
  ObjectId resolver = kNoObject;   // a function that would settle it
  ObjectId listener = kNoObject;   // kHeldBy: the last function on the way from the holder to that; kNoObject = none
  ObjectId holder = kNoObject;     // kTimer, kImmediate, kHeldBy, kProgram, kModule
  uint32_t root = kNoEntry;        // kNative: index into the graph's roots
  uint32_t reactions = 0;          // of them, await's and then()'s
  uint32_t awaiting = 0;           // suspended functions that await it
  uint32_t waiter = kNoEntry;      // one of these
  uint32_t downstream = kNoEntry;  // a promise that a reaction settles
};

struct SuspendedCall {
  ObjectId node = kNoObject;
  SuspendedView view;
  int64_t position = -1;        // of the await or yield, UTF-16 units of the script; -1 = unknown
  uint32_t awaits = kNoEntry;   // index of the promise; kNoEntry: see `ready`
  bool ready = false;           // what it awaits is settled: it goes on with a microtask that is queued
  uint32_t promise = kNoEntry;  // its own: that its caller got
  uint64_t continuation = 0;    // AsyncContextFrame of the await; 0 = none or not known
};

// A suspended call that nothing can resume: see lost_calls.h.
struct LostCall {
  SuspendedCall call;
  uint64_t promise = 0;        // its own, tagged; mostly garbage, too
  uint32_t awaits = kNoEntry;  // another lost one whose end it awaits; else a promise that nobody holds
};

struct QueuedMicrotask {
  uint64_t task = 0;
  MicrotaskView view;
  uint32_t generator = kNoEntry;  // that it resumes
};

struct AsyncCensus {
  std::vector<AsyncPromise> promises;       // by address
  std::vector<SuspendedCall> calls;         // suspended ones, by address; running and ended ones are not in it
  std::vector<LostCall> lost;               // by address
  std::vector<QueuedMicrotask> microtasks;  // in the order in which they will run
  bool microtasks_known = false;            // the queue was found
  uint64_t garbage_promises = 0;            // dead, but not yet collected
  // Each await reacts to a promise, and the reaction settles one of its own, "throwaway", which the program never sees:
  // V8 makes it while promise hooks are on (AsyncLocalStorage up to Node.js 22, async_hooks), so that they have something
  // to name the await by (src/builtins/builtins-async-gen.cc, Await; 7.4 to 14.6).
  uint64_t of_awaits = 0;
  uint64_t damaged = 0;                     // lists that could not be read to their end
  bool interrupted = false;

  uint32_t PromiseAt(const HeapGraph& graph, uint64_t tagged) const;  // kNoEntry
  uint32_t CallAt(const HeapGraph& graph, uint64_t tagged) const;
};

// Needs the graph's shapes; without ways (ParentOf) resolvers' holders are unknown.
AsyncCensus FindAsyncWork(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel);

// The suspended functions that wait for this one, the nearest first, as an async stack trace has them; `promises`: of a
// step that is no function (then, Promise.all) the promise.
struct AwaitStep {
  uint32_t call = kNoEntry;
  uint32_t promise = kNoEntry;
};
inline constexpr size_t kMostAwaitSteps = 64;
std::vector<AwaitStep> WaitersOf(const AsyncCensus& census, uint32_t call);

// The promise at the end of what a promise waits for: that no other promise of the census settles.
uint32_t UltimateSource(const AsyncCensus& census, uint32_t promise);

}  // namespace corewalk
