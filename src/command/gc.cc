// gc: what the garbage collector did last, and how far the heap is from its limit, by V8's own records.
#include <fmt/format.h>

#include <algorithm>

#include "base/text_sanitize.h"
#include "command/target.h"
#include "heap/heap_walk.h"
#include "node/gc_event.h"
#include "node/gc_trace.h"
#include "node/heap_limit.h"
#include "node/near_limit.h"
#include "node/node_limits.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr double kMillisecond = 0.001;
constexpr double kMegabyte = 1 << 20;

std::string_view KindName(GcKind kind) {
  switch (kind) {
    case GcKind::kScavenge:
      return "scavenge";
    case GcKind::kMinorMarkSweep:
      return "minor_mark_sweep";
    case GcKind::kMarkCompact:
      return "mark_compact";
    case GcKind::kUnknown:
      break;
  }
  return "unknown";
}

uint64_t BytesOf(double megabytes) {
  return static_cast<uint64_t>(megabytes * kMegabyte + 0.5);
}

class GcCommand final : public Command {
 public:
  GcCommand()
      : Command(
            {.name = "gc",
             .group = "Process",
             .summary = "the last garbage collections by V8's own record, the heap's limit and who watches it",
             .description =
                 "V8 keeps its last collections as text in a ring of 512 characters, some three to five of them, and\n"
                 "prints them as \"Last few GCs\" when it runs out of memory. They are told here of any process, dead\n"
                 "or alive: when, of what kind, the heap's size before and after (of all objects; in brackets of the\n"
                 "memory taken), how long the program stood still, and why.\n\n"
                 "\"Program's share\" (V8's mutator utilization) is the share of the time since the collection before\n"
                 "that was not the collector's; V8 gives up when that stays under a few per cent.\n\n"
                 "The limit of the old generation is what --max-old-space-size sets; callbacks near the limit\n"
                 "(those of workers are told) can raise it. How many collections there were in\n"
                 "all V8 does not keep in a form that could be verified.",
             .example = "gc\ngc --isolate all --json"}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<int> chosen = ChosenIsolate(context);
    if (!chosen) return std::unexpected(chosen.error());
    Session& session = context.session;
    context.out.BeginDocument("gc", TargetCard(session));
    Completeness completeness = StartCompleteness(context);
    context.out.BeginTable({.key = "isolates",
                            .title = "Limits",
                            .columns = {{"isolate", "Isolate"},
                                        {"used_bytes", "Used"},
                                        {"old_generation_used_bytes", "Old generation"},
                                        {"old_generation_limit_bytes", "Its limit"},
                                        {"used_of_limit", "Share"},
                                        {"initial_limit_bytes", "Limit at start"},
                                        {"limit_raised", ""},
                                        {"heap_size_limit_bytes", "heap_size_limit"},
                                        {"max_semi_space_bytes", "Semi-space"},
                                        {"near_limit_callbacks", "Callbacks near the limit"},
                                        {"callbacks_of", "", Align::kLeft}}});
    struct Traced {
      int isolate;
      GcTrace trace;
    };
    std::vector<Traced> traces;
    for (const IsolateHeap& isolate : session.model().isolates()) {
      if (*chosen >= 0 && isolate.number != *chosen) continue;
      if (context.cancel.Cancelled()) break;
      const HeapWalkResult walk = WalkHeap(
          session.model(), {.isolate = isolate.number, .threads = session.options().threads, .read_only = false},
          context.cancel, context.progress);
      walk.Describe(&completeness);
      uint64_t old_bytes = 0;
      for (size_t i = 0; i < walk.spaces.size(); ++i) {
        const SpaceKind kind = static_cast<SpaceKind>(i);
        if (kind != SpaceKind::kReadOnly && kind != SpaceKind::kNew && kind != SpaceKind::kNewLargeObject)
          old_bytes += walk.spaces[i].tally.object_bytes;
      }
      const std::optional<HeapLimits> limits = FindHeapLimits(session.memory(), isolate.heap);
      std::optional<std::vector<NearLimitCallback>> callbacks;
      if (session.binary() != nullptr && !session.binary()->node_vtables.empty())
        callbacks = FindNearLimitCallbacks(session.memory(), isolate.heap, *session.binary());
      std::string owners;
      for (const NearLimitCallback& callback : callbacks.value_or(std::vector<NearLimitCallback>()))
        owners += (owners.empty() ? "" : ", ") + Sanitize(UntrustedText(callback.owner));
      const auto bytes = [](std::optional<uint64_t> value) { return value ? Cell(Bytes{*value}) : Cell(Absent{}); };
      const Cell cells[] = {
          Count{static_cast<uint64_t>(isolate.number)},
          Bytes{walk.Total().object_bytes},
          Bytes{old_bytes},
          limits ? Cell(Bytes{limits->old_generation}) : Cell(Absent{}),
          limits && limits->old_generation != 0
              ? Cell(Share{static_cast<double>(old_bytes) / static_cast<double>(limits->old_generation)})
              : Cell(Absent{}),
          limits ? Cell(Bytes{limits->initial_old_generation}) : Cell(Absent{}),
          limits ? Cell(limits->old_generation > limits->initial_old_generation) : Cell(Absent{}),
          limits ? bytes(limits->heap_size_limit()) : Cell(Absent{}),
          limits ? bytes(limits->max_semi_space) : Cell(Absent{}),
          callbacks && !callbacks->empty() ? Cell(Count{callbacks->size()}) : Cell(Absent{}),
          owners};
      context.out.AddRow(cells);
      std::optional<GcTrace> trace =
          FindGcTrace(session.memory(), isolate.heap, isolate.heap + kNodeLimits.max_heap_struct);
      if (!trace && isolate.is_main) trace = session.process().gc_trace;
      if (trace) traces.push_back({isolate.number, std::move(*trace)});
    }
    context.out.EndTable({});
    for (const Traced& traced : traces) TellSummary(context, traced.isolate, traced.trace, traces.size() > 1);
    context.out.BeginTable({.key = "rows",
                            .title = "Last collections",
                            .columns = {{"isolate", traces.size() > 1 ? "Isolate" : ""},
                                        {"at", "At"},
                                        {"", "Kind", Align::kLeft},
                                        {"kind", ""},
                                        {"kind_text", ""},
                                        {"before_bytes", "Before"},
                                        {"after_bytes", "After"},
                                        {"committed_before_bytes", ""},
                                        {"committed_after_bytes", "Taken after"},
                                        {"pause", "Pause"},
                                        {"external_pause", ""},
                                        {"average_mutator_utilization", ""},
                                        {"current_mutator_utilization", "Program's share"},
                                        {"reason", ""},
                                        {"", "Reason", Align::kLeft},
                                        {"is_cut", ""},
                                        {"line", ""}}});
    for (const Traced& traced : traces) {
      for (const GcLine& line : traced.trace.lines) TellLine(context, traced.isolate, line);
    }
    context.out.EndTable({});
    context.out.AddNote("`Used` is the isolate's own: `summary` counts V8's read-only space, too, which all isolates share");
    if (traces.empty())
      context.out.AddNote("no record of a collection was found: there was none, or the Heap is not in the core");
    for (const Traced& traced : traces) {
      if (traced.trace.from_stack)
        context.out.AddNote("the record is V8's copy on the stack, made when it ran out of memory");
    }
    completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static void TellSummary(CommandContext& context, int isolate, const GcTrace& trace, bool many) {
    const std::optional<GcRecord> record = SummarizeGcs(trace);
    if (!record) return;
    context.out.AddCard(
        {.key = many ? "record_of_isolate_" + std::to_string(isolate) : "record",
         .title = many ? fmt::format("Record of isolate {}", isolate) : "Record",
         .fields = {
             {"collections", "Collections in the record", Count{trace.lines.size()}},
             {"scavenges", "Scavenges", Count{record->scavenges}},
             {"mark_compacts", "Mark-compacts", Count{record->mark_compacts}},
             {"last_at", "Age of the isolate at the last one", Seconds{record->last_at * kMillisecond}},
             {"span", "Time from the first to the last", Seconds{record->span * kMillisecond}},
             {"pause", "Time in them", Seconds{record->pause * kMillisecond}},
             {"pause_share", "Share of that time",
              record->span > 0 ? Cell(Share{std::min(1.0, record->pause / record->span)}) : Cell(Absent{})},
             {"longest_pause", "Longest pause", Seconds{record->longest_pause * kMillisecond}},
             {"last_mark_compact_freed_bytes", "Freed by the last mark-compact",
              !record->freed_mb || *record->freed_mb < 0 ? Cell(Absent{}) : Cell(Bytes{BytesOf(*record->freed_mb)})}}});
  }

  static void TellLine(CommandContext& context, int isolate, const GcLine& line) {
    const std::optional<GcEvent> event = ParseGcLine(line.text.raw());
    if (!event) {
      std::vector<Cell> cells(17, Absent{});
      cells[0] = Count{static_cast<uint64_t>(isolate)};
      cells[1] = Seconds{static_cast<double>(line.ms) * kMillisecond};
      cells[14] = line.text, cells[16] = line.text;
      context.out.AddRow(cells);
      return;
    }
    const auto share = [](std::optional<double> value) { return value ? Cell(Share{*value}) : Cell(Absent{}); };
    const Cell cells[] = {Count{static_cast<uint64_t>(isolate)},
                          Seconds{event->at_ms * kMillisecond},
                          UntrustedText(event->kind_text),
                          std::string(KindName(event->kind)),
                          UntrustedText(event->kind_text),
                          Bytes{BytesOf(event->before_mb)},
                          Bytes{BytesOf(event->after_mb)},
                          Bytes{BytesOf(event->committed_before_mb)},
                          Bytes{BytesOf(event->committed_after_mb)},
                          Seconds{event->pause_ms * kMillisecond},
                          event->external_ms ? Cell(Seconds{*event->external_ms * kMillisecond}) : Cell(Absent{}),
                          share(event->average_mu),
                          share(event->current_mu),
                          event->reason.empty() ? Cell(Absent{}) : Cell(UntrustedText(event->reason)),
                          UntrustedText(event->reason + (event->cut ? " ... (V8 cut the line)" : "")),
                          event->cut,
                          line.text};
    context.out.AddRow(cells);
  }
};

}  // namespace

std::unique_ptr<Command> MakeGcCommand() {
  return std::make_unique<GcCommand>();
}

}  // namespace corewalk
