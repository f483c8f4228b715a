// Who listens to what: every live EventEmitter, EventTarget and AbortSignal that has listeners, event by event. Taken
// in two steps, so that a heap with a hundred thousand emitters costs little: the census counts; who the listeners are,
// and what they keep alive, is looked up of the events that are asked about.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "analysis/leaks/pinned.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"
#include "node/event_emitter.h"
#include "node/event_target.h"

namespace corewalk {

struct Emitter {
  ObjectId node = kNoObject;
  EmitterKind kind = EmitterKind::kEventEmitter;
  MaxListeners max;
  std::optional<bool> aborted;  // of an AbortSignal
  uint64_t dependants = 0;      // see EventTargetView
  uint64_t listeners = 0;       // of all events
  uint32_t first_event = 0;     // into ListenerCensus::events
  uint32_t event_count = 0;
};

struct ListenedEvent {
  uint32_t emitter = 0;  // into ListenerCensus::emitters
  EmitterEvent event;
  uint64_t retained = 0;  // bytes that would be freed with the listeners of this event: the array or list and all that
                          // it alone holds
  // More than the limit above which Node.js warns.
  bool OverLimit(const Emitter& emitter) const {
    return emitter.max.limits() && static_cast<double>(event.count) > emitter.max.value;
  }
};

struct ListenerCensus {
  std::vector<Emitter> emitters;      // those with listeners, by address
  std::vector<ListenedEvent> events;  // by emitter, then in the order of the program
  uint64_t listeners = 0;
  // Of each 'abort' listener that addEventListener(..., {signal}) made: target and listener, tagged, and event; sorted.
  std::vector<std::tuple<uint64_t, uint64_t, std::string>> bound_to_signal;
  bool interrupted = false;
};

// Listeners of one event that are closures of one source function.
struct ListenerGroup {
  uint64_t shared = 0;    // tagged SharedFunctionInfo; 0 = no function of the program (native, or gone)
  uint64_t function = 0;  // tagged: one of them; 0 = gone
  uint64_t count = 0;
  uint64_t functions = 0;  // distinct ones of them
  uint64_t once = 0, weak = 0, capture = 0, passive = 0;
  uint64_t gone = 0;              // weak ones whose function was collected, handlers that were reset
  uint64_t bound_to_signal = 0;   // removed when an AbortSignal is aborted
  uint64_t retained = 0;          // bytes that the emitter's entries of these listeners retain
  std::vector<uint64_t> members;  // tagged functions, in the order of the emitter
};

class ListenerFinder {
 public:
  // The graph's shapes must be known; retained bytes are 0 until its retained sizes are.
  ListenerFinder(HeapReader* reader, const HeapGraph& graph)
      : reader_(*reader), graph_(graph), emitters_(reader), targets_(reader) {}

  ListenerCensus Take(const Cancel& cancel);
  // Who the listeners of an event are, those with most listeners first.
  std::vector<ListenerGroup> Group(const ListenerCensus& census, const ListenedEvent& event, const Cancel& cancel);

 private:
  void Add(ObjectId node, const Cancel& cancel, ListenerCensus* census);

  HeapReader& reader_;
  const HeapGraph& graph_;
  EventEmitterReader emitters_;
  EventTargetReader targets_;
};

// The event's name: raw target text; of a symbol its description.
struct EventName {
  std::string text;
  bool symbol = false;
};
EventName NameOf(HeapReader* reader, const EmitterEvent& event);

}  // namespace corewalk
