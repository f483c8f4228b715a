// What is found of worker threads in the heap of one isolate: the script that its thread runs, the Workers that it has
// started, its message ports with what they have not yet delivered, and its SharedArrayBuffers. Live objects only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"
#include "node/message_ports.h"

namespace corewalk {

// What Node.js puts into process.argv of a worker that was started with {eval: true}.
inline constexpr std::string_view kEvalScript = "[worker eval]";

struct StartedWorker {
  uint64_t object = 0;               // tagged Worker of JavaScript
  std::optional<int64_t> thread_id;  // Node.js's number, worker.threadId; nothing when unknown or over
  std::string name;                  // raw target text; "" = unknown or none
  WorkerThreadView native;           // isolate 0: it has none (any more), or is unknown
};

// What Node.js itself has a port for; those of a program's own MessageChannels are kOther.
enum class PortUse : uint8_t {
  kOther,
  kParentPort,      // of the worker's own thread
  kInternal,        // of the worker's own thread: how it is told what to do, its standard streams
  kWorker,          // of a Worker: what worker.postMessage() and its 'message' use
  kWorkerInternal,  // the other end of kInternal
  kBroadcast,
};

struct PortEntry {
  uint64_t object = 0;             // tagged MessagePort
  bool closed = false;             // or given away: its C++ side is gone
  std::optional<PortQueue> queue;  // nothing: closed, or not understood
  PortUse use = PortUse::kOther;
  std::string channel;             // kBroadcast: its name, raw target text
  std::optional<int64_t> worker;   // kWorker, kWorkerInternal: that one's threadId, while it runs
};

struct SharedBuffer {
  Address store = 0;
  uint64_t bytes = 0;
};

struct IsolateThreads {
  std::vector<std::string> argv;  // raw target texts: process.argv; empty when not found
  // Raw target texts. A worker that was started with code has "[worker eval]" in its argv, and one with a data: URL
  // nothing: the code is in their scripts (lib/internal/worker.js; 16 to 26). "" = none.
  std::string eval_source, data_url;
  std::vector<StartedWorker> workers;
  std::vector<PortEntry> ports;
  std::vector<SharedBuffer> shared;           // each store once
  uint64_t live_bytes = 0, object_bytes = 0;  // without read-only space
  bool interrupted = false;
};

// Needs the graph's shapes. `isolates`: the addresses of all Isolates.
IsolateThreads FindThreads(HeapReader* reader, const HeapGraph& graph, std::span<const Address> isolates,
                           const Cancel& cancel);

}  // namespace corewalk
