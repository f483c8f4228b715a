// summary: the card a person reads first.
#include <fmt/format.h>

#include "base/text_sanitize.h"
#include "command/death_text.h"
#include "command/target.h"
#include "heap/heap_walk.h"
#include "node/gc_event.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr size_t kMaxArguments = 40;
constexpr int kSigAbrt = 6;

template <typename T>
Cell Text(const std::optional<T>& text) {
  return text ? Cell(UntrustedText(text->raw())) : Cell(Absent{});
}

std::string_view FatalKindName(FatalKind kind) {
  switch (kind) {
    case FatalKind::kNone:
      return "none";
    case FatalKind::kOutOfMemory:
      return "V8 ran out of memory";
    case FatalKind::kV8Check:
      return "V8 check failed";
    case FatalKind::kUncaughtException:
      return "uncaught exception";
    default:
      return "fatal error";
  }
}

class SummaryCommand final : public Command {
 public:
  SummaryCommand()
      : Command(
            {.name = "summary",
             .group = "Process",
             .summary = "what died and why, versions, heap limit against use, isolates, completeness",
             .description =
                 "Everything is read from the core or process itself; what is not known is left out or marked unknown.",
             .example = "summary"}) {}

  Result<void> Run(CommandContext& context) const override {
    Session& session = context.session;
    const ProcessFacts& facts = session.process();
    const HeapWalkOptions options{.isolate = -1, .threads = session.options().threads, .external = true};
    const HeapWalkResult walk = WalkHeap(session.model(), options, context.cancel, context.progress);
    // The limit that is known is the main isolate's: its own use counts against it.
    const bool several = session.model().isolates().size() > 1;
    std::optional<HeapWalkResult> main_walk;
    if (several) {
      main_walk = WalkHeap(session.model(), {.isolate = 0, .threads = session.options().threads, .read_only = false},
                           context.cancel, context.progress);
    }
    const HeapWalkResult& against_limit = several ? *main_walk : walk;

    context.out.BeginDocument("summary", TargetCard(session));
    context.out.AddCard(DeathCard(facts, ReadExceptionOf(context, facts)));
    context.out.AddCard(ProcessCard(facts));
    context.out.AddCard(VersionCard(session, facts));
    context.out.AddCard(MemoryCard(session, facts, walk, against_limit));
    TellSpaces(context, facts, walk, against_limit);
    if (several)
      context.out.AddNote("limits and shares of them are those of the main isolate, all else is of all isolates");
    TellCollections(context, facts);
    Completeness completeness = session.completeness();
    walk.Describe(&completeness);
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  // What V8 says itself of why it gave up comes first.
  static std::optional<DeathText> ReadExceptionOf(CommandContext& context, const ProcessFacts& facts) {
    const bool other = facts.fatal.kind != FatalKind::kNone && facts.fatal.kind != FatalKind::kUncaughtException && facts.fatal.certain;
    return !facts.death || other ? std::nullopt : ReadDeathText(context);
  }

  static Card DeathCard(const ProcessFacts& facts, const std::optional<DeathText>& exception) {
    Card card{.key = "death", .title = "What happened", .fields = {}};
    if (!facts.death || facts.death->signal == 0) {
      card.fields.push_back({"state", "State", std::string("alive (stopped for reading)")});
      return card;
    }
    card.fields.push_back({"signal", "Signal", facts.death->name});
    const bool on_purpose = exception && !exception->in_listener && facts.death->signal != kSigAbrt;
    card.fields.push_back({"meaning", "Meaning", on_purpose ? "V8 stopped at an exception that nothing would catch (--abort-on-uncaught-exception)" : facts.death->meaning});
    if (facts.death->origin.sender != 0 && facts.death->origin.from == SignalOrigin::From::kSent)
      card.fields.push_back({"sender_pid", "Sender", int64_t{facts.death->origin.sender}});
    if (facts.death->tid != 0) card.fields.push_back({"thread_id", "In thread", int64_t{facts.death->tid}});
    if (facts.death->fault_address != 0)
      card.fields.push_back({"fault_address", "Fault address", HexAddress{facts.death->fault_address}});
    if (exception) {
      card.fields.push_back({"error_kind", "Fatal error", std::string(exception->kind) + (exception->in_listener ? " (died in the program's listener for it)" : "")});
      if (!exception->message.empty()) card.fields.push_back({"error", "Message", exception->message});
      if (exception->thrown != 0) card.fields.push_back({"error_address", "Object", HexAddress{exception->thrown}});
      if (!exception->location.empty()) card.fields.push_back({"error_location", "Location", exception->location});
      return card;
    }
    const FatalError& fatal = facts.fatal;
    const bool known = fatal.kind != FatalKind::kNone;
    card.fields.push_back(
        {"error_kind", "Fatal error",
         known ? Cell(std::string(FatalKindName(fatal.kind)) + (fatal.certain ? "" : " (likely)")) : Cell(Absent{})});
    if (!fatal.message.empty()) card.fields.push_back({"error", "Message", fatal.message});
    if (!fatal.location.empty()) card.fields.push_back({"error_location", "Location", fatal.location});
    return card;
  }

  static Card ProcessCard(const ProcessFacts& facts) {
    Card card{.key = "process", .title = "Process", .fields = {}};
    card.fields.push_back({"pid", "Process id", int64_t{facts.pid}});
    // Without a title of its own a process is known by its first argument; from 23 on comm is only the thread's name.
    const std::vector<UntrustedText>& words = facts.arguments.argv;
    card.fields.push_back({"title", "Title",
                           facts.arguments.title ? Text(facts.arguments.title)
                           : words.empty()       ? Cell(facts.command_name)
                                                 : Cell(words.front())});
    std::string argv;
    for (size_t i = 0; i < facts.arguments.argv.size() && i < kMaxArguments; ++i) {
      argv += (i == 0 ? "" : " ") + facts.arguments.argv[i].raw();
    }
    card.fields.push_back({"argv", "Arguments", argv.empty() ? Cell(Absent{}) : Cell(UntrustedText(argv))});
    card.fields.push_back({"exec_path", "Executable", Text(facts.exec_path)});
    if (facts.arguments.node_options)
      card.fields.push_back({"node_options", "NODE_OPTIONS", Text(facts.arguments.node_options)});
    if (facts.arguments.pwd) card.fields.push_back({"pwd", "PWD at start", Text(facts.arguments.pwd)});
    card.fields.push_back({"threads", "Threads", Count{facts.thread_count}});
    uint64_t cpu = 0;
    for (const ThreadFact& thread : facts.threads) cpu += thread.cpu_user_us + thread.cpu_system_us;
    if (cpu > 0)
      card.fields.push_back({"cpu_seconds", "CPU time of the threads", Seconds{static_cast<double>(cpu) / 1e6}});
    if (const auto ms = facts.uptime_at_last_gc_ms()) {
      card.fields.push_back(
          {"uptime_at_last_gc_seconds", "Age at its last collection", Seconds{static_cast<double>(*ms) / 1e3}});
    }
    return card;
  }

  static Card VersionCard(Session& session, const ProcessFacts& facts) {
    const std::optional<NodeVersion>& version = facts.version ? facts.version : session.version();
    Card card{.key = "versions", .title = "Versions", .fields = {}};
    card.fields.push_back({"node", "Node.js", version ? Cell(version->node) : Cell(Absent{})});
    card.fields.push_back({"v8", "V8",
                           version                            ? Cell(version->v8)
                           : session.layout().version.known() ? Cell(session.layout().version.ToString())
                                                              : Cell(Absent{})});
    return card;
  }

  static Card MemoryCard(Session& session, const ProcessFacts& facts, const HeapWalkResult& walk,
                         const HeapWalkResult& against_limit) {
    const ExternalMemory& external = walk.external;
    const PageTally total = walk.Total();
    Card card{.key = "heap", .title = "Heap (all isolates)", .fields = {}};
    card.fields.push_back({"isolates", "Isolates", Count{session.model().isolates().size()}});
    card.fields.push_back({"objects", "Objects", Count{total.objects}});
    card.fields.push_back({"used_bytes", "Used", Bytes{total.object_bytes}});
    const auto limit = facts.heap_limits;
    card.fields.push_back({"old_generation_limit_bytes", "Limit of the old generation",
                           limit ? Cell(Bytes{limit->old_generation}) : Cell(Absent{})});
    if (limit && limit->heap_size_limit()) {
      card.fields.push_back({"heap_size_limit_bytes", "heap_size_limit", Bytes{*limit->heap_size_limit()}});
    }
    if (limit && limit->old_generation > 0) {
      uint64_t old_bytes = 0;
      for (size_t i = 0; i < walk.spaces.size(); ++i) {
        if (CountsAgainstLimit(static_cast<SpaceKind>(i))) old_bytes += against_limit.spaces[i].tally.object_bytes;
      }
      card.fields.push_back({"old_generation_share", "Used of the limit",
                             Share{static_cast<double>(old_bytes) / static_cast<double>(limit->old_generation)}});
    }
    if (facts.max_old_space_option) {
      card.fields.push_back(
          {"max_old_space_option_bytes", "--max-old-space-size", Bytes{facts.max_old_space_option->bytes}});
    }
    if (const std::optional<GcRecord> record = facts.gc_trace ? SummarizeGcs(*facts.gc_trace) : std::nullopt)
      card.fields.push_back({"collector", "Collector, lately", CollectorText(*record, facts.gc_trace->lines.size())});
    card.fields.push_back({"array_buffers", "ArrayBuffers", Count{external.buffers}});
    card.fields.push_back({"array_buffer_bytes", "Memory outside the heap held by them", Bytes{external.buffer_bytes}});
    card.fields.push_back({"external_strings", "External strings", Count{external.strings}});
    card.fields.push_back({"external_string_bytes", "Memory held by them", Bytes{external.string_bytes}});
    return card;
  }

  // "4 collections in 1.32 s took 1.20 s of it; the last mark-compact freed 0.2 MB".
  static std::string CollectorText(const GcRecord& record, size_t collections) {
    std::string text = fmt::format("{} collection{} in {} took {} of it", collections, collections == 1 ? "" : "s",
                                   FormatSeconds(record.span / 1000), FormatSeconds(record.pause / 1000));
    if (record.freed_mb) text += fmt::format("; the last mark-compact freed {:.1f} MB", *record.freed_mb);
    return text;
  }

  // Read-only and new space do not count against the limit of the old generation.
  static bool CountsAgainstLimit(SpaceKind kind) {
    return kind != SpaceKind::kReadOnly && kind != SpaceKind::kNew && kind != SpaceKind::kNewLargeObject;
  }

  static void TellSpaces(CommandContext& context, const ProcessFacts& facts, const HeapWalkResult& walk,
                         const HeapWalkResult& against_limit) {
    const uint64_t limit = facts.heap_limits ? facts.heap_limits->old_generation : 0;
    context.out.BeginTable({.title = "Spaces",
                            .columns = {{"space", "Space", Align::kLeft},
                                        {"pages", "Pages"},
                                        {"used_bytes", "Used"},
                                        {"limit_share", "Of the limit"},
                                        {"free_bytes", "Free"},
                                        {"objects", "Objects"}}});
    for (size_t i = 0; i < walk.spaces.size(); ++i) {
      const SpaceTally& space = walk.spaces[i];
      if (space.pages == 0) continue;
      const bool counts = limit != 0 && CountsAgainstLimit(static_cast<SpaceKind>(i));
      const Cell row[] = {std::string(SpaceName(static_cast<SpaceKind>(i))),
                          Count{space.pages},
                          Bytes{space.tally.object_bytes},
                          counts ? Cell(Share{static_cast<double>(against_limit.spaces[i].tally.object_bytes) /
                                              static_cast<double>(limit)})
                                 : Cell(Absent{}),
                          Bytes{space.tally.free_bytes},
                          Count{space.tally.objects}};
      context.out.AddRow(row);
    }
    context.out.EndTable({});
  }

  static void TellCollections(CommandContext& context, const ProcessFacts& facts) {
    if (!facts.gc_trace || facts.gc_trace->lines.empty()) return;
    context.out.BeginTable(
        {.key = "last_gcs", .title = "Last collections", .columns = {{"line", "As V8 traced them", Align::kLeft}}});
    for (const GcLine& line : facts.gc_trace->lines) {
      const Cell row[] = {line.text};
      context.out.AddRow(row);
    }
    context.out.EndTable({});
  }
};

}  // namespace

std::unique_ptr<Command> MakeSummaryCommand() {
  return std::make_unique<SummaryCommand>();
}

}  // namespace corewalk
