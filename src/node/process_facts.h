// What the process was and why it died, read through Memory alone: arguments, versions, fatal error, signal, threads,
// garbage collections, limits. Works on a core without symbols and without the executable (the executable only adds the
// wording of the fatal error). Every fact can be unknown; a fact that was found says where it comes from.
//
// V8's pages are never searched: the caller names them, so that text of the program cannot pass for text of V8. On bad
// input facts are missing; all work is bounded by node_limits.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/untrusted_text.h"
#include "memory/memory.h"
#include "node/argv.h"
#include "node/fatal_message.h"
#include "node/gc_trace.h"
#include "node/heap_limit.h"
#include "node/memory_scan.h"
#include "node/node_version.h"
#include "node/signal_origin.h"

namespace corewalk {

struct ProcessFactsOptions {
  std::span<const AddressRange> v8_pages;  // never searched
  ImageReader image;                       // may be empty
  Address heap = 0;                        // the main isolate's Heap struct, 0 when unknown
  uint64_t heap_size = 0;                  // bytes of it to look at, 0 = the usual 12 kB
};

struct Death {
  int signal = 0;             // 0: the process was alive
  std::string name;           // "SIGABRT"; "signal 42" for one without a name
  std::string meaning;        // plain words
  SignalOrigin origin;
  int tid = 0;                // thread that got the signal, 0 when unknown
  Address fault_address = 0;  // of SIGSEGV and SIGBUS, else 0
};

struct ThreadFact {
  int tid = 0;
  bool crashed = false;
  bool main = false;                  // tid == pid
  std::optional<UntrustedText> name;  // a core tells it for the main thread only
  uint64_t cpu_user_us = 0;           // microseconds, 0 when unknown
  uint64_t cpu_system_us = 0;
};

// A number of bytes and who says so.
struct SizeFact {
  uint64_t bytes = 0;
  std::string source;
};

struct ProcessFacts {
  int pid = 0;
  ProcessArguments arguments;
  UntrustedText command_name;  // comm, at most 15 bytes
  std::optional<NodeVersion> version;
  std::optional<Death> death;  // nothing for a live process
  FatalError fatal;
  std::optional<GcTrace> gc_trace;
  std::optional<HeapLimits> heap_limits;          // from the Heap struct
  std::optional<SizeFact> max_old_space_option;   // --max-old-space-size
  std::optional<SizeFact> max_semi_space_option;  // --max-semi-space-size
  std::vector<ThreadFact> threads;
  uint64_t thread_count = 0;
  std::optional<UntrustedText> exec_path;  // AT_EXECFN, else the mapping that holds the entry point
  std::string exec_path_source;

  // Milliseconds the main isolate had lived at its last recorded garbage collection: the process was at least so old.
  std::optional<uint64_t> uptime_at_last_gc_ms() const { return gc_trace ? gc_trace->last_ms() : std::nullopt; }
};

ProcessFacts CollectProcessFacts(const Memory& memory, const ProcessFactsOptions& options);

// "SIGABRT", or "signal N".
std::string SignalName(int signal);
// What the signal means for a Node.js process, in plain words; one sentence without a full stop.
std::string_view SignalMeaning(int signal);

}  // namespace corewalk
