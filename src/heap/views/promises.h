// Promises: their state, who waits for them, and which native function of V8 goes on or settles one. Offsets: JSPromise
// (src/objects/js-promise.tq) and PromiseCapability (src/objects/promise.tq) are the same from 7.4 to 14.6; reactions
// and microtasks got a word in front in 12.4 (continuation_preserved_embedder_data). Nothing fails: damaged lists are
// shorter.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "heap/views/heap_reader.h"

namespace corewalk {

enum class PromiseState : uint8_t { kPending, kFulfilled, kRejected, kUnknown };

struct PromiseView {
  uint64_t promise = 0;  // tagged
  PromiseState state = PromiseState::kUnknown;
  bool has_handler = false;  // somebody reacts to it, or did
  uint64_t value = 0;        // the result or the reason, tagged; of a pending one its first reaction (0 = none)
};
// Nothing when `promise` is no JSPromise.
std::optional<PromiseView> ReadPromise(HeapReader& reader, uint64_t promise);

struct ReactionView {
  uint64_t reaction = 0;
  uint64_t fulfill = 0, reject = 0;  // tagged handlers, undefined for none
  uint64_t promise = 0;              // that is settled with what the handler returns; 0 = none
  uint64_t continuation = 0;         // the AsyncContextFrame; 0 = none, or V8 has no such word
};
// Of a pending promise, the newest first; returns false when the list is damaged. `visit` returns false to stop.
bool ForEachReaction(HeapReader& reader, const PromiseView& promise,
                     const std::function<bool(const ReactionView&)>& visit);

// The JSPromise that a promise or a PromiseCapability stands for, tagged; 0 for anything else.
uint64_t PromiseOfCapability(HeapReader& reader, uint64_t capability);

// What a function of V8's own does with the few variables of its context.
struct NativeClosure {
  uint64_t generator = 0;   // that it resumes: behind an await
  uint64_t promise = 0;     // that it settles
  bool combinator = false;  // by the rules of Promise.all and the like: when the last one is settled
};
NativeClosure ReadNativeClosure(HeapReader& reader, uint64_t function);

struct MicrotaskView {
  enum class Kind : uint8_t { kCallback, kNative, kFulfilled, kRejected, kThenable, kUnknown };
  Kind kind = Kind::kUnknown;
  uint64_t function = 0;  // queueMicrotask's, the handler of a reaction, the then() of a thenable; 0 = none
  uint64_t promise = 0;   // that it settles
  uint64_t argument = 0;
  uint64_t continuation = 0;  // as in ReactionView
};
// src/objects/microtask.tq, promise.tq. Nothing when it is none.
std::optional<MicrotaskView> ReadMicrotask(HeapReader& reader, uint64_t task);

}  // namespace corewalk
