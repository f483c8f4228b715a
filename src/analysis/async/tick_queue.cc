#include "analysis/async/tick_queue.h"

#include <unordered_set>

#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr size_t kMostBuffers = 1 << 18;
constexpr uint64_t kMostSlots = 1 << 20;  // of a ring

bool IsJsObject(HeapReader& reader, uint64_t value) {
  const MapInfo* map = LooksLikePointer(value) ? reader.MapOf(value) : nullptr;
  return map != nullptr && reader.layout().types.IsJSReceiver(map->instance_type);
}

// One ring; false when it is none.
bool ReadRing(HeapReader& reader, uint64_t buffer, TickQueue* queue) {
  const uint64_t bottom = OwnValue(reader, buffer, "bottom"), top = OwnValue(reader, buffer, "top");
  const uint64_t list = OwnValue(reader, buffer, "list");
  if (!IsSmi(bottom) || !IsSmi(top) || !IsJsObject(reader, list)) return false;
  const std::optional<double> length = ArrayLengthOf(reader, list);
  if (!length || *length < 2 || *length > kMostSlots) return false;
  const uint64_t slots = static_cast<uint64_t>(*length);
  if ((slots & (slots - 1)) != 0 || SmiValue(bottom) < 0 || SmiValue(top) < 0 ||
      static_cast<uint64_t>(SmiValue(bottom)) >= slots || static_cast<uint64_t>(SmiValue(top)) >= slots)
    return false;
  std::vector<uint64_t> entries(slots);
  ForEachElement(reader, list, [&](const OwnProperty& element) {
    if (element.index < slots && element.readable && !element.raw_double) entries[element.index] = element.value;
    return true;
  });
  for (uint64_t i = static_cast<uint64_t>(SmiValue(bottom)); i != static_cast<uint64_t>(SmiValue(top));
       i = (i + 1) & (slots - 1)) {
    if (!IsJsObject(reader, entries[i])) {
      queue->whole = false;
      continue;
    }
    QueuedTick tick{.object = entries[i]};
    tick.callback = OwnValue(reader, entries[i], "callback");
    if (!IsJsObject(reader, tick.callback)) tick.callback = 0;
    tick.continuation = OwnValue(reader, entries[i], "async_context_frame");
    queue->ticks.push_back(tick);
  }
  return true;
}

}  // namespace

TickQueue FindTickQueue(HeapReader* reader, const std::vector<InternalVariable>& variables, const Cancel& cancel) {
  TickQueue queue;
  std::unordered_set<uint64_t> seen;
  for (const InternalVariable& variable : variables) {
    if (variable.script != kTickScript || variable.name != "queue" || !IsJsObject(*reader, variable.value)) continue;
    uint64_t buffer = OwnValue(*reader, variable.value, "tail");
    for (size_t i = 0; i < kMostBuffers && IsJsObject(*reader, buffer) && seen.insert(buffer).second; ++i) {
      if (cancel.Cancelled()) return queue;
      if (!ReadRing(*reader, buffer, &queue)) {
        queue.whole = false;
        break;
      }
      queue.found = true;
      buffer = OwnValue(*reader, buffer, "next");
    }
  }
  return queue;
}

}  // namespace corewalk
