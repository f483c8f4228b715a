// What emitters of every kind have in common: events, and for each event its listeners, as views of the heap. How they
// are stored is the business of event_emitter.h and event_target.h.
#pragma once

#include <cstdint>
#include <functional>

#include "heap/map_cache.h"

namespace corewalk {

enum class EmitterKind : uint8_t {
  kEventEmitter,   // of Node.js (lib/events.js), and everything that derives from it or mixes it in
  kEventEmitter3,  // of the package eventemitter3: the same property names, other records
  kEventTarget,    // lib/internal/event_target.js, since 14.5
  kAbortSignal,    // an EventTarget too
};

// One event of one emitter that has listeners.
struct EmitterEvent {
  uint64_t key = 0;    // tagged name or symbol; 0 when `is_index`
  uint64_t index = 0;  // the name is a number: emitter.on(5, ...)
  bool is_index = false;
  uint64_t listeners = 0;   // tagged: the array of an EventEmitter, its only listener, or the head of a list
  bool is_list = false;     // `listeners` is an array or a head, not the listener itself
  uint64_t count = 0;       // listeners that are there; what getEventListeners(emitter, event) would have given
  uint64_t told_count = 0;  // what listenerCount(event) would have said: another number only in an EventTarget whose
                            // weak listeners died or whose handler attribute (onabort) was reset
  bool warned = false;      // MaxListenersExceededWarning was given (an EventTarget remembers it for all its events)
};

// One listener.
struct ListenerView {
  uint64_t entry = 0;     // tagged: what the emitter holds: the function, a wrapper around it, a record
  uint64_t given = 0;     // tagged: what the program gave: a function, or an object with handleEvent; 0 = it is gone
  uint64_t function = 0;  // tagged: the function that is called: `given`, or its handleEvent; 0 = gone, or none
  bool once = false;
  bool weak = false;     // the emitter does not keep it alive
  bool capture = false;  // of an EventTarget
  bool passive = false;
};

// Returns false to stop.
using ListenerVisitor = std::function<bool(const ListenerView& listener)>;

}  // namespace corewalk
