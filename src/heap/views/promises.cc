#include "heap/views/promises.h"

#include <algorithm>

#include "heap/views/functions.h"
#include "heap/views/generators.h"

namespace corewalk {
namespace {

constexpr int kReactionsOrResult = 24, kFlags = 32;  // JSPromise
constexpr int64_t kStateMask = 3, kHasHandler = 4;
constexpr int kCapabilityPromise = 8;           // PromiseCapability
constexpr int kContinuation = 8;  // where there is one: the word in front of the fields of reactions and microtasks
constexpr int kFulfillWithout = 24;
constexpr uint64_t kMostReactions = uint64_t{1} << 28;
constexpr uint64_t kMostSlots = 12;  // of the contexts of V8's own closures

bool HasContinuation(HeapReader& reader) {
  return reader.offset(ObjectField::kReactionFulfill) > kFulfillWithout;
}

uint64_t Continuation(HeapReader& reader, uint64_t object) {
  if (!HasContinuation(reader)) return 0;
  const uint64_t value = reader.Field(object, kContinuation).value_or(0);
  return LooksLikePointer(value) && !reader.IsUndefined(value) ? value : 0;
}

}  // namespace

std::optional<PromiseView> ReadPromise(HeapReader& reader, uint64_t promise) {
  if (!reader.IsType(promise, "JS_PROMISE_TYPE")) return std::nullopt;
  PromiseView view{.promise = promise};
  view.value = reader.Field(promise, kReactionsOrResult).value_or(0);
  const std::optional<uint64_t> flags = reader.Field(promise, kFlags);
  if (!flags || !IsSmi(*flags)) return view;
  const int64_t bits = SmiValue(*flags);
  view.has_handler = (bits & kHasHandler) != 0;
  view.state = static_cast<PromiseState>(bits & kStateMask);
  return view;
}

bool ForEachReaction(HeapReader& reader, const PromiseView& promise,
                     const std::function<bool(const ReactionView&)>& visit) {
  if (promise.state != PromiseState::kPending) return true;
  uint64_t at = promise.value, landmark = 0;
  for (uint64_t count = 0; count < kMostReactions; ++count) {
    if (IsSmi(at)) return true;
    if (at == landmark || !reader.IsType(at, "PROMISE_REACTION_TYPE")) return false;
    if ((count & (count - 1)) == 0) landmark = at;  // a damaged list may be a ring (Brent)
    ReactionView view{.reaction = at};
    view.fulfill = reader.Field(at, ObjectField::kReactionFulfill).value_or(0);
    view.reject = reader.Field(at, ObjectField::kReactionReject).value_or(0);
    view.promise = PromiseOfCapability(reader, reader.Field(at, ObjectField::kReactionPromise).value_or(0));
    view.continuation = Continuation(reader, at);
    if (!visit(view)) return true;
    at = reader.Field(at, ObjectField::kReactionNext).value_or(1);
  }
  return false;
}

uint64_t PromiseOfCapability(HeapReader& reader, uint64_t capability) {
  if (!LooksLikePointer(capability)) return 0;
  std::string_view type = reader.TypeOf(capability);
  if (type == "JS_PROMISE_TYPE") return capability;
  if (type != "PROMISE_CAPABILITY_TYPE") return 0;
  const uint64_t promise = reader.Field(capability, kCapabilityPromise).value_or(0);
  return reader.IsType(promise, "JS_PROMISE_TYPE") ? promise : 0;
}

NativeClosure ReadNativeClosure(HeapReader& reader, uint64_t function) {
  NativeClosure closure;
  const MapInfo* map = LooksLikePointer(function) ? reader.MapOf(function) : nullptr;
  if (map == nullptr || map->category != Category::kClosure || reader.IsType(function, "JS_BOUND_FUNCTION_TYPE"))
    return closure;
  const uint64_t context = reader.Field(function, ObjectField::kFunctionContext).value_or(0);
  const MapInfo* of_context = reader.MapOf(context);
  if (of_context == nullptr || !reader.layout().types.IsContext(of_context->instance_type) ||
      reader.layout().types.IsNativeContext(of_context->instance_type))
    return closure;
  const uint64_t slots = std::min(reader.ArrayLength(context).value_or(0), kMostSlots);
  for (uint64_t i = 0; i < slots; ++i) {
    const uint64_t value = reader.ArrayElement(context, i).value_or(0);
    if (!LooksLikePointer(value)) continue;
    const std::string_view type = reader.TypeOf(value);
    if (IsGeneratorType(type)) {
      closure.generator = value;
      return closure;
    }
    if (closure.promise != 0) continue;
    if (type == "JS_PROMISE_TYPE") closure.promise = value;
    if (type == "PROMISE_CAPABILITY_TYPE") {
      closure.promise = PromiseOfCapability(reader, value);
      // The functions that Promise's constructor makes for a capability know only that; those of Promise.all and its
      // like count as well.
      const uint64_t first = reader.facts().context_locals == 0 ? 2 : reader.facts().context_locals;
      closure.combinator = slots > first + 1;
    }
  }
  return closure;
}

std::optional<MicrotaskView> ReadMicrotask(HeapReader& reader, uint64_t task) {
  const std::string_view type = reader.TypeOf(task);
  MicrotaskView view;
  const int base = HasContinuation(reader) ? 16 : 8;
  const auto field = [&](int index) { return reader.Field(task, base + 8 * index).value_or(0); };
  if (type == "CALLABLE_TASK_TYPE") {
    view.kind = MicrotaskView::Kind::kCallback;
    view.function = field(0);
  } else if (type == "CALLBACK_TASK_TYPE") {
    view.kind = MicrotaskView::Kind::kNative;
  } else if (type == "PROMISE_FULFILL_REACTION_JOB_TASK_TYPE" || type == "PROMISE_REJECT_REACTION_JOB_TASK_TYPE") {
    view.kind = type.find("FULFILL") != std::string_view::npos ? MicrotaskView::Kind::kFulfilled
                                                               : MicrotaskView::Kind::kRejected;
    view.argument = field(0);
    view.function = field(2);
    view.promise = PromiseOfCapability(reader, field(3));
  } else if (type == "PROMISE_RESOLVE_THENABLE_JOB_TASK_TYPE") {
    view.kind = MicrotaskView::Kind::kThenable;
    view.promise = PromiseOfCapability(reader, field(1));
    view.argument = field(2);
    view.function = field(3);
  } else {
    return std::nullopt;
  }
  const MapInfo* map = LooksLikePointer(view.function) ? reader.MapOf(view.function) : nullptr;
  if (map == nullptr || !reader.layout().types.IsJSReceiver(map->instance_type)) view.function = 0;
  view.continuation = Continuation(reader, task);
  return view;
}

}  // namespace corewalk
