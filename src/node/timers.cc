#include "node/timers.h"

#include <cmath>

#include "heap/views/primitives.h"

namespace corewalk {

std::optional<double> TimerView::Due() const {
  if (state != TimerState::kActive || kind == TimerKind::kImmediate || !start) return std::nullopt;
  // Sub-millisecond parts do not count: lib/internal/timers.js, insert().
  return *start + std::trunc(interval);
}

std::optional<OwnProperty> TimerReader::Get(PropertyFinder& finder, const MapInfo& map, Address object) {
  std::optional<OwnProperty> property = finder.Find(map, object);
  if (property && (property->accessor || !property->readable)) property.reset();
  return property;
}

std::optional<double> TimerReader::Number(PropertyFinder& finder, const MapInfo& map, Address object) {
  const std::optional<OwnProperty> property = Get(finder, map, object);
  if (!property) return std::nullopt;
  return property->raw_double ? property->raw_double : ReadNumber(reader_, property->value);
}

uint64_t TimerReader::Object(PropertyFinder& finder, const MapInfo& map, Address object) {
  const std::optional<OwnProperty> property = Get(finder, map, object);
  if (!property || property->raw_double || IsSmi(property->value)) return 0;
  const MapInfo* found = reader_.MapOf(property->value);
  return found != nullptr && reader_.layout().types.IsJSReceiver(found->instance_type) ? property->value : 0;
}

HeapReader::Oddball TimerReader::Oddball(PropertyFinder& finder, const MapInfo& map, Address object) {
  const std::optional<OwnProperty> property = Get(finder, map, object);
  if (!property || property->raw_double || IsSmi(property->value)) return HeapReader::Oddball::kNone;
  return reader_.OddballOf(property->value);
}

// What was enrolled may have its callback as a method.
uint64_t TimerReader::CallbackOnPrototype(const MapInfo& map) {
  constexpr int kMostPrototypes = 64;
  uint64_t prototype = map.prototype;
  for (int i = 0; i < kMostPrototypes; ++i) {
    const MapInfo* found = reader_.MapOf(prototype);
    if (found == nullptr || !reader_.layout().types.IsJSReceiver(found->instance_type)) return 0;
    const MapInfo copy = *found;
    if (const uint64_t callback = Object(on_timeout_, copy, Untag(prototype)); callback != 0) return callback;
    prototype = copy.prototype;
  }
  return 0;
}

std::optional<TimerView> TimerReader::ReadTimeout(const MapInfo& map, Address object) {
  using enum HeapReader::Oddball;
  const std::optional<double> idle_timeout = Number(idle_timeout_, map, object);
  const std::optional<OwnProperty> next_property = Get(idle_next_, map, object);
  if (!idle_timeout || !next_property) return std::nullopt;
  TimerView view{.address = object};
  const std::optional<double> repeat = Number(repeat_, map, object);
  view.enrolled = !repeat_.MayHave(map, object);
  view.kind = repeat ? TimerKind::kInterval : TimerKind::kTimeout;
  view.interval = *idle_timeout;
  if (*idle_timeout < 0 && repeat) view.interval = *repeat;
  view.start = Number(idle_start_, map, object);
  view.callback = Object(on_timeout_, map, object);
  if (view.callback == 0 && view.enrolled) view.callback = CallbackOnPrototype(map);
  view.arguments = Object(timer_args_, map, object);
  const HeapReader::Oddball refed = Oddball(refed_, map, object);
  view.refed = refed != kFalse;
  const uint64_t next = Object(idle_next_, map, object);
  if (next != 0 && next != object + 1) {
    view.state = TimerState::kActive;
  } else if (*idle_timeout < 0) {
    view.state = TimerState::kCleared;
  } else if (next == object + 1) {
    view.state = TimerState::kOver;  // enrolled, and never made active
  } else if (Oddball(destroyed_, map, object) == kTrue || refed == kNull || view.enrolled) {
    view.state = TimerState::kOver;  // in 12.0 only Symbol(refed) says so
  } else {
    view.state = TimerState::kRunning;
  }
  return view;
}

std::optional<TimerView> TimerReader::ReadImmediate(const MapInfo& map, Address object) {
  using enum HeapReader::Oddball;
  const std::optional<OwnProperty> callback = Get(on_immediate_, map, object);
  const HeapReader::Oddball destroyed = Oddball(destroyed_, map, object);
  if (!callback || (destroyed != kTrue && destroyed != kFalse)) return std::nullopt;
  TimerView view{.address = object, .kind = TimerKind::kImmediate};
  view.callback = Object(on_immediate_, map, object);
  view.arguments = Object(argv_, map, object);
  view.refed = Oddball(refed_, map, object) != kFalse;
  // What has been called and what was cleared look alike but for the callback, which a cleared one always loses at
  // once.
  view.state = destroyed == kFalse  ? TimerState::kActive
               : view.callback != 0 ? TimerState::kRunning
                                    : TimerState::kOver;
  return view;
}

}  // namespace corewalk
