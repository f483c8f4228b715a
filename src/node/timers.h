// Timers in the heap, as lib/internal/timers.js keeps them since 11: one circular list for each duration, held by
// timerListMap, of Timeouts {_idleTimeout, _idleNext, _idlePrev, _idleStart, _onTimeout, _timerArgs, _repeat,
// _destroyed, Symbol(refed)}, and a list of Immediates {_onImmediate, _argv, _destroyed, ...}. Timers are found by
// their property names, not through the lists: while the lists are processed the rest of one hangs on a local variable.
// What a program enrolled itself (timers.enroll, up to 24) counts too. Times are milliseconds of libuv's clock since
// Node.js began (Environment::timer_base_). Nothing fails; what cannot be read is 0.
#pragma once

#include <cstdint>
#include <optional>

#include "heap/views/heap_reader.h"
#include "heap/views/property_finder.h"

namespace corewalk {

enum class TimerKind : uint8_t { kTimeout, kInterval, kImmediate };

enum class TimerState : uint8_t {
  kActive,   // it stands in a list
  kRunning,  // its callback was being called; an interval goes back into its list afterwards
  kOver,     // it has fired (an Immediate: or was cleared); something still holds the object
  kCleared,  // clearTimeout() and the like; something still holds the object
};

struct TimerView {
  Address address = 0;
  TimerKind kind = TimerKind::kTimeout;
  TimerState state = TimerState::kActive;
  bool refed = true;            // it keeps the event loop alive
  bool enrolled = false;        // an object of the program's own, see timers.enroll()
  double interval = 0;          // ms, of Timeouts and intervals; what it was before it was cleared is lost, but for
                                // an interval's
  std::optional<double> start;  // when it was put into its list
  uint64_t callback = 0;        // tagged function; 0 = none any more
  uint64_t arguments = 0;       // tagged array; 0 = none
  // When it is due; nothing for what does not wait.
  std::optional<double> Due() const;
};

class TimerReader {
 public:
  explicit TimerReader(HeapReader* reader)
      : reader_(*reader),
        idle_timeout_(reader, "_idleTimeout"),
        idle_next_(reader, "_idleNext"),
        idle_start_(reader, "_idleStart"),
        on_timeout_(reader, "_onTimeout"),
        timer_args_(reader, "_timerArgs"),
        repeat_(reader, "_repeat"),
        destroyed_(reader, "_destroyed"),
        refed_(reader, "refed"),
        on_immediate_(reader, "_onImmediate"),
        argv_(reader, "_argv") {}

  // What objects are timers: those with all of these.
  PropertyFinder& timeout_finder() { return idle_timeout_; }
  PropertyFinder& immediate_finder() { return on_immediate_; }
  std::optional<TimerView> ReadTimeout(const MapInfo& map, Address object);
  std::optional<TimerView> ReadImmediate(const MapInfo& map, Address object);

 private:
  std::optional<OwnProperty> Get(PropertyFinder& finder, const MapInfo& map, Address object);
  std::optional<double> Number(PropertyFinder& finder, const MapInfo& map, Address object);
  // An object that is a value of the property; 0 for all else.
  uint64_t Object(PropertyFinder& finder, const MapInfo& map, Address object);
  HeapReader::Oddball Oddball(PropertyFinder& finder, const MapInfo& map, Address object);
  uint64_t CallbackOnPrototype(const MapInfo& map);

  HeapReader& reader_;
  PropertyFinder idle_timeout_, idle_next_, idle_start_, on_timeout_, timer_args_, repeat_, destroyed_, refed_,
      on_immediate_, argv_;
};

}  // namespace corewalk
