#include "heap/views/suspended.h"

#include "heap/views/source_positions.h"

namespace corewalk {
namespace {

// src/objects/js-generator.tq.
constexpr int kInputOrPosition = 48;
constexpr int kAsyncPromise = 80;                     // JSAsyncFunctionObject
constexpr int kAsyncQueue = 80, kAsyncAwaiting = 88;  // JSAsyncGeneratorObject
constexpr int64_t kExecuting = -2, kClosed = -1;      // JSGeneratorObject::kGeneratorExecuting, kGeneratorClosed

}  // namespace

std::optional<SuspendedView> ReadSuspended(HeapReader& reader, uint64_t object) {
  const std::string_view type = reader.TypeOf(object);
  if (!IsGeneratorType(type)) return std::nullopt;
  SuspendedView view{.object = object};
  view.kind = type == "JS_GENERATOR_OBJECT_TYPE"        ? GeneratorKind::kGenerator
              : type == "JS_ASYNC_FUNCTION_OBJECT_TYPE" ? GeneratorKind::kAsyncFunction
                                                        : GeneratorKind::kAsyncGenerator;
  view.function = reader.Field(object, kGeneratorFunction).value_or(0);
  view.shared = reader.Field(view.function, ObjectField::kFunctionShared).value_or(0);
  if (view.kind == GeneratorKind::kAsyncFunction) {
    const uint64_t promise = reader.Field(object, kAsyncPromise).value_or(0);
    if (reader.IsType(promise, "JS_PROMISE_TYPE")) view.promise = promise;
  } else if (view.kind == GeneratorKind::kAsyncGenerator) {
    const uint64_t queue = reader.Field(object, kAsyncQueue).value_or(0);
    if (reader.IsType(queue, "ASYNC_GENERATOR_REQUEST_TYPE")) view.requests = queue;
    const uint64_t awaiting = reader.Field(object, kAsyncAwaiting).value_or(0);
    view.awaiting = IsSmi(awaiting) && SmiValue(awaiting) != 0;
  }
  const std::optional<uint64_t> continuation = reader.Field(object, kGeneratorContinuation);
  if (!continuation || !IsSmi(*continuation)) return view;
  const int64_t at = SmiValue(*continuation);
  view.state = at >= 0            ? GeneratorState::kSuspended
               : at == kExecuting ? GeneratorState::kRunning
               : at == kClosed    ? GeneratorState::kClosed
                                  : GeneratorState::kUnknown;
  if (view.state != GeneratorState::kSuspended) return view;
  const std::optional<uint64_t> position = reader.Field(object, kInputOrPosition);
  const int64_t header = BytecodeHeader(reader.layout());
  if (position && IsSmi(*position) && header > 0) view.bytecode = SmiValue(*position) - (header - 1);
  if (view.bytecode < 0) view.bytecode = -1;
  return view;
}

uint64_t PromiseOfCall(HeapReader& reader, const SuspendedView& view) {
  if (view.kind == GeneratorKind::kAsyncFunction) return view.promise;
  const uint64_t promise = view.requests == 0 ? 0 : reader.Field(view.requests, kRequestPromise).value_or(0);
  return reader.IsType(promise, "JS_PROMISE_TYPE") ? promise : 0;
}

int64_t SuspendedPosition(HeapReader& reader, const SuspendedView& view) {
  if (view.bytecode < 0) return -1;
  const uint64_t bytecode = BytecodeOf(reader, view.shared);
  if (bytecode == 0) return -1;
  const std::optional<TablePosition> position = PositionOfBytecode(reader, bytecode, view.bytecode);
  return position ? position->position : -1;
}

}  // namespace corewalk
