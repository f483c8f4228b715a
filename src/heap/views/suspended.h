// Generators, async functions and async generators that stand still: in which function, and where in its source they go
// on. A suspended one keeps the offset of its bytecode (src/objects/js-generator.tq, the same from 7.4 to 14.6; an
// async function that has ended looks like one that runs).
#pragma once

#include <cstdint>
#include <optional>

#include "heap/views/functions.h"
#include "heap/views/generators.h"
#include "heap/views/scripts.h"

namespace corewalk {

enum class GeneratorKind : uint8_t { kGenerator, kAsyncFunction, kAsyncGenerator };
enum class GeneratorState : uint8_t {
  kSuspended,
  kRunning,  // or an async function that is over
  kClosed,
  kUnknown,
};

struct SuspendedView {
  uint64_t object = 0;  // tagged
  GeneratorKind kind = GeneratorKind::kGenerator;
  GeneratorState state = GeneratorState::kUnknown;
  uint64_t function = 0;  // tagged JSFunction
  uint64_t shared = 0;
  uint64_t promise = 0;   // of an async function: what its call has returned; 0 = unknown
  uint64_t requests = 0;  // of an async generator: its queue of AsyncGeneratorRequests; 0 = none
  bool awaiting = false;  // an async generator: it stands at an await and not at a yield
  int64_t bytecode = -1;  // index of the bytecode at which it is suspended; -1 = unknown
};

// AsyncGeneratorRequest, src/objects/js-generator.tq.
inline constexpr int kRequestNext = 8, kRequestPromise = 32;

// The promise of whoever waits for it: what the call of an async function has returned, of an async generator that of
// the first next() that it has not answered; 0 = none or unknown.
uint64_t PromiseOfCall(HeapReader& reader, const SuspendedView& view);

// Nothing when `object` is none of these.
std::optional<SuspendedView> ReadSuspended(HeapReader& reader, uint64_t object);

// Where it is suspended, in UTF-16 units of the script's source; -1 when it is not, or its table of positions is not
// there.
int64_t SuspendedPosition(HeapReader& reader, const SuspendedView& view);

}  // namespace corewalk
