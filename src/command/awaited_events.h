// Which event of an emitter a promise waits for: the one whose listener leads to the function that settles it.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

class AwaitedEvents {
 public:
  AwaitedEvents(HeapReader* reader, const HeapGraph& graph) : reader_(*reader), graph_(graph) {}

  // Safe to print: "'data'", "'end' or 'close'"; "" when the object is no emitter, or none of its events leads there.
  // Listeners for errors are made along with others (events.on(), once()), so that "error" is told only when it is alone.
  std::string Of(ObjectId emitter, ObjectId listener);

 private:
  struct Emitter {
    std::unordered_map<uint64_t, std::vector<std::string>> events;  // raw target text, by listener or its context
  };
  const Emitter& Read(ObjectId node);
  uint64_t ContextOf(uint64_t function);

  HeapReader& reader_;
  const HeapGraph& graph_;
  std::unordered_map<ObjectId, Emitter> emitters_;
};

}  // namespace corewalk
