#include "node/event_loop.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "heap/tagged.h"

namespace corewalk {
namespace {

// uv_handle_t: data, loop, type, close_cb, handle_queue {next, prev}, u[4], next_closing, flags.
constexpr uint64_t kHandleLoop = 8, kHandleType = 16, kHandleQueue = 32;
// uv_timer_t behind that: timer_cb, heap_node[3], timeout, repeat, start_id.
constexpr uint64_t kTimerNode = 104, kTimerTimeout = 128, kTimerBytes = 152;
constexpr uint64_t kSmallHandleBytes = 120;  // uv_check_t, uv_idle_t, uv_prepare_t
// uv_handle_type.
constexpr uint32_t kCheck = 2, kIdle = 6, kPrepare = 9, kTimer = 13;
// uv_loop_t.
constexpr uint64_t kLoopHandles = 16, kLoopTimerHeap = 520, kLoopTime = 544;

constexpr uint64_t kEnvironmentBytes = 1 << 14;
constexpr uint64_t kBehindHandles = kTimerBytes + 4 * kSmallHandleBytes;
constexpr uint64_t kBaseWithin = 0x1000;  // of the timer handle: where timer_base_ is searched
constexpr uint64_t kMostSlots = 256;      // of an EmbedderDataArray
constexpr uint64_t kSlotsOfContext = 32;

uint64_t Word(const Memory& memory, Address address) {
  return memory.ReadWord(address).value_or(0);
}
uint32_t TypeOfHandle(const Memory& memory, Address handle) {
  return static_cast<uint32_t>(Word(memory, handle + kHandleType));
}

bool IsHandle(const Memory& memory, Address handle, Address loop, uint32_t type) {
  return Word(memory, handle + kHandleLoop) == loop && TypeOfHandle(memory, handle) == type;
}

// Whether a queue's node stands in a ring.
bool InRing(const Memory& memory, Address node) {
  const Address next = Word(memory, node);
  return next != 0 && next % 8 == 0 && Word(memory, next + 8) == node;
}

std::optional<EventLoop> LoopOf(const Memory& memory, Address timer) {
  const Address loop = Word(memory, timer + kHandleLoop);
  if (loop == 0 || loop % 8 != 0 || !IsHandle(memory, timer, loop, kTimer)) return std::nullopt;
  Address at = timer + kTimerBytes;
  for (const uint32_t type : {kCheck, kIdle, kPrepare, kCheck}) {
    if (!IsHandle(memory, at, loop, type)) return std::nullopt;
    at += kSmallHandleBytes;
  }
  if (!InRing(memory, timer + kHandleQueue) || !InRing(memory, loop + kLoopHandles)) return std::nullopt;
  // The heap of timers leads to one of this loop, or is empty.
  const Address first = Word(memory, loop + kLoopTimerHeap);
  const uint64_t count = Word(memory, loop + kLoopTimerHeap + 8) & 0xffffffff;
  if ((first == 0) != (count == 0) || (first != 0 && !IsHandle(memory, first - kTimerNode, loop, kTimer)))
    return std::nullopt;
  return EventLoop{.loop = loop, .handles = timer, .time = Word(memory, loop + kLoopTime)};
}

}  // namespace

std::optional<EventLoop> FindEventLoop(HeapReader* reader, std::span<const uint64_t> native_contexts) {
  const Memory& memory = reader->memory();
  for (const uint64_t context : native_contexts) {
    for (uint64_t i = 0; i < kSlotsOfContext; ++i) {
      const uint64_t data = reader->ArrayElement(context, i).value_or(0);
      if (IsSmi(data) || !reader->IsType(data, "EMBEDDER_DATA_ARRAY_TYPE")) continue;
      const uint64_t slots = std::min(reader->ArrayLength(data).value_or(0), kMostSlots);
      for (uint64_t slot = 0; slot < slots; ++slot) {
        const Address environment = reader->ArrayElement(data, slot).value_or(1);
        if (environment == 0 || environment % 8 != 0 || environment >= kUserAddressEnd) continue;
        const std::vector<uint64_t> words = ReadWords(memory, environment, kEnvironmentBytes / 8);
        for (size_t at = 0; at + kBehindHandles / 8 < words.size(); ++at) {
          if (static_cast<uint32_t>(words[at + kHandleType / 8]) != kTimer) continue;
          if (std::optional<EventLoop> found = LoopOf(memory, environment + 8 * at)) {
            found->environment = environment;
            return found;
          }
        }
      }
    }
  }
  return std::nullopt;
}

std::optional<double> TimeOfTimers(const Memory& memory, const EventLoop& loop, const TimerTimes& times) {
  const std::vector<uint64_t> words =
      ReadWords(memory, loop.handles + kBehindHandles, (kBaseWithin - kBehindHandles) / 8);
  const double now = static_cast<double>(loop.time);
  // Timers cannot have started after the loop's time, so it began so long before.
  const auto possible = [&](uint64_t base) {
    return base != 0 && base <= loop.time && now - static_cast<double>(base) >= times.youngest_start;
  };
  // The timer handle was set to go off at the beginning plus when a list expires: lib/internal/timers.js, insert(), and
  // Environment::RunTimers.
  const double timeout = static_cast<double>(Word(memory, loop.handles + kTimerTimeout));
  for (const uint64_t word : words) {
    if (!possible(word)) continue;
    if (std::ranges::find(times.expiries, timeout - static_cast<double>(word)) != times.expiries.end())
      return now - static_cast<double>(word);
  }
  // That list is gone. No other number there is as near to the time of the youngest timer.
  uint64_t best = 0;
  for (const uint64_t word : words) {
    if (possible(word)) best = std::max(best, word);
  }
  // An hour, in which many programs start a timer: beyond that, what was found may be something else.
  constexpr double kPlausible = 3'600'000;
  if (best == 0 || now - static_cast<double>(best) - times.youngest_start > kPlausible) return std::nullopt;
  return now - static_cast<double>(best);
}

}  // namespace corewalk
