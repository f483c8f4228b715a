#include "analysis/leaks/promise_waiters.h"

#include <map>
#include <utility>

#include "heap/views/collection_store.h"
#include "heap/views/promises.h"
#include "heap/views/properties.h"
#include "heap/views/suspended.h"

namespace corewalk {
namespace {

constexpr uint64_t kSampled = 4096;  // entries
constexpr int kMostProperties = 32;  // of one
constexpr size_t kPollEntries = 256;

// The promise that an entry, or a function that it has, settles; tagged, 0 = none.
uint64_t PromiseOf(HeapReader& reader, uint64_t value) {
  const MapInfo* map = IsStrongPointer(value) ? reader.MapOf(value) : nullptr;
  if (map == nullptr) return 0;
  const auto settled_by = [&](uint64_t function) -> uint64_t {
    // The program's own functions may see a promise, too.
    const std::optional<FunctionView> view = ReadFunction(reader, function);
    if (!view || view->script != 0) return 0;
    const NativeClosure closure = ReadNativeClosure(reader, function);
    return closure.combinator ? 0 : closure.promise;
  };
  if (map->category == Category::kClosure) return settled_by(value);
  if (!reader.layout().types.IsJSReceiver(map->instance_type)) return 0;
  uint64_t promise = 0;
  int seen = 0;
  ForEachProperty(reader, value, [&](const OwnProperty& property) {
    if (!property.accessor && !property.native && property.readable && !property.raw_double && IsStrongPointer(property.value)) {
      const MapInfo* of_value = reader.MapOf(property.value);
      if (of_value != nullptr && of_value->category == Category::kClosure) promise = settled_by(property.value);
    }
    return promise == 0 && ++seen < kMostProperties;
  });
  return promise;
}

}  // namespace

PromiseWaiters FindPromiseWaiters(HeapReader* reader, const StoreView& store, const Cancel& cancel) {
  struct Place {
    uint64_t count = 0;
    SuspendedView view;
  };
  PromiseWaiters waiters;
  std::map<std::pair<uint64_t, int64_t>, Place> places;  // by function and bytecode
  for (const StoreEntry& entry : ReadEntries(*reader, store, SpreadPositions(store.positions, kSampled))) {
    if (waiters.looked % kPollEntries == 0 && cancel.Cancelled()) break;
    ++waiters.looked;
    if (entry.raw_double || entry.accessor) continue;
    const uint64_t settles = PromiseOf(*reader, entry.value);
    if (settles == 0) continue;
    ++waiters.resolvers;
    const std::optional<PromiseView> promise = ReadPromise(*reader, settles);
    if (!promise || promise->state != PromiseState::kPending) continue;
    ForEachReaction(*reader, *promise, [&](const ReactionView& reaction) {
      const uint64_t generator = IsStrongPointer(reaction.fulfill) ? ReadNativeClosure(*reader, reaction.fulfill).generator : 0;
      const std::optional<SuspendedView> view = generator == 0 ? std::nullopt : ReadSuspended(*reader, generator);
      if (!view || view->state != GeneratorState::kSuspended) return true;
      Place& place = places[{view->shared, view->bytecode}];
      ++place.count;
      place.view = *view;
      return false;
    });
  }
  const Place* most = nullptr;
  for (const auto& [key, place] : places) {
    if (most == nullptr || place.count > most->count) most = &place;
  }
  if (most == nullptr) return waiters;
  const std::optional<FunctionView> view = ReadShared(*reader, most->view.shared);
  if (!view || view->script == 0) return waiters;
  waiters.waiting = {.name = view->name, .file = view->script_name, .line = view->line, .column = view->column, .count = most->count};
  if (const int64_t position = SuspendedPosition(*reader, most->view); position >= 0) {
    const SourcePosition at = PositionIn(*reader, view->script, position);
    waiters.waiting.line = at.line, waiters.waiting.column = at.column;
  }
  return waiters;
}

}  // namespace corewalk
