// EventEmitters in the heap, as lib/events.js keeps them since 0.10: own properties `_events` (an object without
// prototype: event -> function or array of functions; streams of 20 and later keep keys whose value is undefined),
// `_eventsCount` and `_maxListeners`. Found by these names alone, so that subclasses, mixins (express's app is a
// function) and emitters made with Object.create count too. once() keeps a wrapper: up to 22 a bound `onceWrapper`,
// later a closure, both with the wrapped function as own property `listener`.
//
// Nothing fails: what is damaged has no events, or fewer; arrays are read as far as they reach.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/cancel.h"
#include "heap/views/heap_reader.h"
#include "heap/views/property_finder.h"
#include "node/listener_view.h"

namespace corewalk {

struct EmitterView {
  EmitterKind kind = EmitterKind::kEventEmitter;
  uint64_t events_object = 0;  // tagged
  std::vector<EmitterEvent> events;
};

struct MaxListeners {
  enum class Source : uint8_t { kOwn, kPrototype, kDefault, kUnknown };
  double value = 0;  // 0 and Infinity: no limit
  Source source = Source::kUnknown;
  bool limits() const { return source != Source::kUnknown && value > 0 && value <= 4294967295.0; }
};

class EventEmitterReader {
 public:
  explicit EventEmitterReader(HeapReader* reader)
      : reader_(*reader),
        events_(reader, "_events"),
        max_(reader, "_maxListeners"),
        wrapped_(reader, "listener"),
        warned_(reader, "warned"),
        record_(reader, "fn"),
        record_once_(reader, "once") {}

  PropertyFinder& events_finder() { return events_; }
  // The emitter at `object` (untagged), which may be no emitter at all. `poll` is asked during long ones.
  std::optional<EmitterView> Read(const MapInfo& map, Address object);
  // The listeners of one of its events, in the order in which they are called.
  void ForEachListener(const EmitterView& emitter, const EmitterEvent& event, const Cancel& cancel,
                       const ListenerVisitor& visit);
  // The limit above which lib/events.js warns: the emitter's own, that of a prototype, or EventEmitter's default, which
  // is a variable of lib/events.js that every method of EventEmitter closes over.
  MaxListeners MaxOf(const MapInfo& map, Address object);

 private:
  // What a value of `_events` is.
  enum class ValueKind : uint8_t { kNothing, kFunction, kArray, kRecord };
  ValueKind KindOf(uint64_t value);
  bool IsFunction(uint64_t value);
  std::optional<EmitterEvent> EventOf(uint64_t value, EmitterKind* kind);
  // The function inside of a wrapper of once(), and whether it is one.
  ListenerView Unwrap(uint64_t entry);
  ListenerView ReadRecord(uint64_t record);
  bool IsOnceWrapper(uint64_t function);
  std::optional<double> DefaultMax(uint64_t methods);

  HeapReader& reader_;
  PropertyFinder events_, max_, wrapped_, warned_, record_, record_once_;
  std::unordered_map<uint64_t, bool> once_wrappers_;      // by SharedFunctionInfo
  std::unordered_map<uint64_t, MaxListeners> inherited_;  // by Map: of emitters without a limit of their own
  std::optional<double> default_max_;
};

}  // namespace corewalk
