// What a line of V8's trace of garbage collections says (src/heap/gc-tracer.cc, GCTracer::Print and PrintNVP's short
// form), as it stands in the ring buffer and in the output of --trace-gc:
//   [pid:0xisolate]  437 ms: Mark-Compact (reduce) 59.6 (60.3) -> 59.1 (60.8) MB, [pooled: 0 MB,] 2.10 / 0.00 ms  (+
//   ...) (average mu = 0.327, current mu = 0.000) allocation failure; scavenge might not succeed
// Old V8s write Mark-sweep for Mark-Compact, new ones Incremental in front of it. Parts that are not there stay unknown; a line of another form is no event.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "node/gc_trace.h"

namespace corewalk {

enum class GcKind : uint8_t { kScavenge, kMinorMarkSweep, kMarkCompact, kUnknown };

struct GcEvent {
  double at_ms = 0;  // since the isolate was made
  GcKind kind = GcKind::kUnknown;
  std::string kind_text;  // "Mark-Compact (reduce)"; raw target text
  double before_mb = 0, committed_before_mb = 0, after_mb = 0, committed_after_mb = 0;  // units of 1024 * 1024
  double pause_ms = 0;
  std::optional<double> external_ms;  // of the pause: in callbacks of the embedder
  // Share of the time that was the program's and not the collector's: on average, and since the collection before.
  std::optional<double> average_mu, current_mu;
  std::string reason;  // "allocation failure"; raw target text
  bool cut = false;    // the line's end is lost: V8 keeps 255 characters
};

std::optional<GcEvent> ParseGcLine(std::string_view line);

// A record as a whole; times in milliseconds.
struct GcRecord {
  uint64_t scavenges = 0, mark_compacts = 0;
  double last_at = 0;  // since the isolate was made
  double span = 0;     // from the begin of the first collection to the end of the last
  double pause = 0, longest_pause = 0;
  std::optional<double> freed_mb;  // by the last mark-compact
};
// Nothing when no line of it is an event.
std::optional<GcRecord> SummarizeGcs(const GcTrace& trace);

}  // namespace corewalk
