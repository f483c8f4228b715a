// Message ports and workers of Node.js, their C++ side: node::worker::MessagePort, MessagePortData, Message and Worker
// (src/node_messaging.h, src/node_worker.h). Told by what stands in them, so that nothing depends on offsets:
//   the API object of JavaScript has the C++ object in one of its first fields;
//   a MessagePort points to its MessagePortData, which points back (owner_) and holds its messages as shared_ptrs in a
//   std::deque of libstdc++ (up to 14 a std::list of the old ABI, which does not count its nodes, with the owner behind
//   it); a Message begins with a vtable and the block of malloc's that holds the serialised text: {data, size}; a
//   Worker points to its Isolate, and holds its four resource limits as doubles (MB).
// What does not fit is unknown, never guessed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "heap/views/heap_reader.h"

namespace corewalk {

struct PortQueue {
  Address port = 0, data = 0;
  uint64_t messages = 0;
  std::optional<uint64_t> bytes;  // of their serialised texts; nothing when a message was not understood
  bool whole = true;              // false: the list is damaged or was being changed
};

// `port`: a tagged API object of class MessagePort. Nothing when no queue is found: closed ports have none.
std::optional<PortQueue> ReadPortQueue(HeapReader& reader, uint64_t port);

struct WorkerThreadView {
  Address worker = 0;
  Address isolate = 0;  // one of those given
  // MB: of the young generation, of the old one, of the code range, of the stack; 0 = V8's default.
  std::optional<std::array<double, 4>> limits;
};
// `handle`: a tagged API object, Symbol(kHandle) of a Worker in JavaScript. Nothing when it leads to none of the
// isolates.
std::optional<WorkerThreadView> ReadWorkerThread(HeapReader& reader, uint64_t handle,
                                                 std::span<const Address> isolates);

}  // namespace corewalk
