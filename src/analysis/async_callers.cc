#include "analysis/async_callers.h"

#include <set>
#include <unordered_set>

#include "heap/views/promises.h"
#include "heap/views/suspended.h"

namespace corewalk {
namespace {

// What one of V8's own functions goes on with; a function of the program may have promises in its variables, too.
NativeClosure NativeOf(HeapReader& reader, uint64_t function) {
  const NativeClosure closure = ReadNativeClosure(reader, function);
  if (closure.generator == 0 && closure.promise == 0) return {};
  const uint64_t shared = reader.Field(function, ObjectField::kFunctionShared).value_or(0);
  return ScriptOf(reader, shared) == 0 ? closure : NativeClosure();
}

// Which of the promises it is for: V8 keeps it as the function's identity hash, from 1 (Promise.all, src/builtins/
// promise-all.tq).
int64_t IndexOf(HeapReader& reader, uint64_t function) {
  constexpr int kPropertiesOrHash = 8;
  const uint64_t hash = reader.Field(function, kPropertiesOrHash).value_or(1);
  return IsSmi(hash) && SmiValue(hash) > 0 ? SmiValue(hash) - 1 : -1;
}

// Adds the suspended function, and says which promise its end settles; 0 = unknown.
uint64_t AddCall(HeapReader& reader, uint64_t generator, bool running, std::vector<AsyncCaller>* callers) {
  const std::optional<SuspendedView> view = ReadSuspended(reader, generator);
  if (!view || view->kind == GeneratorKind::kGenerator) return 0;
  if (running) return PromiseOfCall(reader, *view);
  if (view->state != GeneratorState::kSuspended) return 0;
  AsyncCaller caller{.object = generator, .function = ReadFunction(reader, view->function).value_or(FunctionView())};
  if (caller.function.shared == 0) return 0;
  const int64_t position = SuspendedPosition(reader, *view);
  if (position >= 0 && caller.function.script != 0) caller.position = PositionIn(reader, caller.function.script, position);
  callers->push_back(std::move(caller));
  return PromiseOfCall(reader, *view);
}

void Follow(HeapReader& reader, uint64_t promise, std::vector<AsyncCaller>* callers) {
  std::unordered_set<uint64_t> seen;
  while (promise != 0 && callers->size() < kMostAsyncCallers && seen.insert(promise).second) {
    const std::optional<PromiseView> view = ReadPromise(reader, promise);
    if (!view || view->state != PromiseState::kPending) return;
    size_t count = 0;
    ReactionView reaction;
    const bool whole = ForEachReaction(reader, *view, [&](const ReactionView& found) {
      reaction = found;
      return ++count < 2;
    });
    if (count != 1 || !whole) return;
    const NativeClosure fulfill = NativeOf(reader, reaction.fulfill), reject = NativeOf(reader, reaction.reject);
    if (fulfill.generator != 0) {
      promise = AddCall(reader, fulfill.generator, false, callers);
    } else if (fulfill.combinator || reject.combinator) {
      callers->push_back({.combinator = !fulfill.combinator ? "Promise.any" : reject.combinator ? "Promise.allSettled" : "Promise.all",
                          .index = IndexOf(reader, fulfill.combinator ? reaction.fulfill : reaction.reject)});
      promise = fulfill.combinator ? fulfill.promise : reject.promise;
    } else {
      promise = fulfill.promise != 0 ? fulfill.promise : reaction.promise;
    }
  }
}

}  // namespace

std::vector<AsyncCaller> FindAsyncCallers(HeapReader& reader, std::span<const uint64_t> isolate) {
  std::vector<AsyncCaller> callers;
  std::set<uint64_t> tasks;
  std::optional<MicrotaskView> task;
  for (const uint64_t word : isolate) {
    if (!LooksLikePointer(word)) continue;
    const std::optional<MicrotaskView> view = ReadMicrotask(reader, word);
    if (!view || (view->kind != MicrotaskView::Kind::kFulfilled && view->kind != MicrotaskView::Kind::kRejected)) continue;
    if (tasks.insert(word).second) task = view;
  }
  if (tasks.size() != 1) return callers;
  const NativeClosure handler = NativeOf(reader, task->function);
  Follow(reader, handler.generator != 0 ? AddCall(reader, handler.generator, true, &callers) : task->promise, &callers);
  return callers;
}

}  // namespace corewalk
