// EventTargets in the heap, as lib/internal/event_target.js keeps them since 14.5: an own property under
// Symbol(kEvents), a Map (undefined until it is needed, from 24 on) from the event's name to {size, next}, the head of
// a list of Listeners {next, previous, listener, callback, and `flags` (16 and later) or `once`, `capture`, `passive`,
// `weak`}. AbortSignals are told by Symbol(kAborted). Found by these names alone; nothing fails on what is damaged:
// there are fewer listeners.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/cancel.h"
#include "heap/views/heap_reader.h"
#include "heap/views/property_finder.h"
#include "node/event_emitter.h"
#include "node/listener_view.h"

namespace corewalk {

struct EventTargetView {
  EmitterKind kind = EmitterKind::kEventTarget;
  std::vector<EmitterEvent> events;
  std::optional<bool> aborted;  // of an AbortSignal
  // AbortSignals that AbortSignal.any() made of this one and that have listeners (20 and later).
  uint64_t dependants = 0;
};

// What a listener of 'abort' is that addEventListener(..., {signal}) put there: which listener of which target goes
// when the signal is aborted.
struct SignalBinding {
  uint64_t target = 0;    // tagged; 0 = unknown
  uint64_t listener = 0;  // tagged
  std::string type;       // the event's name
};

class EventTargetReader {
 public:
  explicit EventTargetReader(HeapReader* reader)
      : reader_(*reader),
        events_(reader, "kEvents"),
        aborted_(reader, "kAborted"),
        dependants_(reader, "kDependantSignals"),
        max_(reader, "events.maxEventTargetListeners"),
        warned_(reader, "events.maxEventTargetListenersWarned"),
        size_(reader, "size"),
        next_(reader, "next"),
        listener_(reader, "listener"),
        callback_(reader, "callback"),
        flags_(reader, "flags"),
        once_(reader, "once"),
        capture_(reader, "capture"),
        passive_(reader, "passive"),
        handler_(reader, "handler"),
        handle_event_(reader, "handleEvent") {}

  PropertyFinder& events_finder() { return events_; }
  std::optional<EventTargetView> Read(const MapInfo& map, Address object, const Cancel& cancel);
  // In the order in which they are called.
  void ForEachListener(const EmitterEvent& event, const Cancel& cancel, const ListenerVisitor& visit);
  MaxListeners MaxOf(const MapInfo& map, Address object);
  // Of a listener of an AbortSignal's 'abort'; nothing when it is an ordinary one.
  std::optional<SignalBinding> BindingOf(const ListenerView& listener);

 private:
  // The own property of a JavaScript object; 0 when there is none.
  uint64_t Value(PropertyFinder& finder, uint64_t object);
  bool IsTrue(PropertyFinder& finder, uint64_t object);
  uint64_t FunctionOf(uint64_t listener);
  ListenerView ReadListener(uint64_t record);

  HeapReader& reader_;
  PropertyFinder events_, aborted_, dependants_, max_, warned_, size_, next_, listener_, callback_, flags_, once_,
      capture_, passive_, handler_, handle_event_;
  std::unordered_map<uint64_t, bool> event_target_code_;  // by SharedFunctionInfo
  bool InEventTargetScript(uint64_t function);
};

}  // namespace corewalk
