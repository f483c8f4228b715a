// promises: the live promises by state, where they come from, who waits for them; rejections that nobody handles.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "analysis/async/async_census.h"
#include "base/text_sanitize.h"
#include "command/async_text.h"
#include "command/graph_text.h"
#include "command/leak_text.h"
#include "command/lost_calls_text.h"
#include "command/name_filter.h"
#include "command/reference_text.h"
#include "command/target.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 30;
constexpr size_t kStackLines = 10;

class PromisesCommand final : public Command {
 public:
  PromisesCommand()
      : Command(
            {.name = "promises",
             .group = "Process",
             .summary = "live promises by state and origin; rejections that nobody handles, with reason and stack",
             .description =
                 "All live promises, grouped: pending ones by what would settle them, settled ones by what they hold.\n"
                 "  async function F   what a call of F returned; it has not ended\n"
                 "  then() with F      what then(), catch() or finally() returned\n"
                 "  timer, Socket, ... that object holds the function that settles the promise\n"
                 "  resolve function   the program keeps it, in the variable or object told\n"
                 "  evaluation of M    V8 settles it when the ES module M and what it imports have run\n"
                 "  C++                a handle of Node.js holds the promise\n"
                 "  nothing found      nobody is left who could settle it (unless native code does)\n"
                 "\"Waited for\" counts those with a reaction: an await, then() or Promise.all. A pending promise that\n"
                 "nobody waits for is often just forgotten.\n\n"
                 "Rejected promises without a handler are told one by one, with the reason and its stack. Node.js\n"
                 "reports them once the microtasks have run; those that it has reported are told as well, as long as\n"
                 "something holds them.\n\n"
                 "V8's own of awaits: one to each await where AsyncLocalStorage (up to Node.js 22) or async_hooks are in\n"
                 "use. No program sees them, nobody settles them: they are only counted.\n"
                 "Promises that are garbage are only counted: thousands of them lie about until the next collection.\n"
                 "But those of async functions that nothing can resume are told, below: nobody holds what these await.",
             .example = "promises\npromises --state pending --retained\npromises --state unhandled --json\npromises --list -n 0",
             .options = {FilterOption("promises whose origin (function, file, class) matches"),
                         {.name = "state",
                          .kind = OptionKind::kChoice,
                          .value_name = "STATE",
                          .help = "pending, fulfilled, rejected or unhandled only",
                          .choices = {"all", "pending", "fulfilled", "rejected", "unhandled"}},
                         {.name = "list", .help = "each promise by itself"},
                         {.name = "retained", .help = "with what they keep alive; takes longer"},
                         {.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "rows to print, 0 = all (default 30)"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<NameFilter> filter = NameFilter::From(context.args);
    if (!filter) return std::unexpected(filter.error());
    const Result<HeapGraph*> built = GraphFor(
        context, context.args.Has("retained") ? Session::GraphNeed::kAll : Session::GraphNeed::kPaths);
    if (!built) return std::unexpected(built.error());
    HeapGraph& graph = **built;
    if (const Result<void> done = graph.EnsureShapes(context.cancel, context.progress); !done) return done;
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    const AsyncCensus census = FindAsyncWork(&reader, graph, context.cancel);
    AsyncText text(&reader, graph, census, context.cancel);
    std::vector<uint32_t> chosen;
    const std::string state = context.args.Text("state", "all");
    for (uint32_t i = 0; i < census.promises.size(); ++i) {
      const AsyncPromise& promise = census.promises[i];
      if (promise.of_await) continue;
      if (state == "unhandled" ? !IsUnhandled(promise) : state != "all" && PromiseStateName(promise.state) != state) continue;
      if (filter->active() && !filter->Matches(OriginText(reader, text, census, i))) continue;
      chosen.push_back(i);
    }
    context.out.BeginDocument("promises", TargetCard(context.session));
    TellTotals(context, census);
    if (context.args.Has("list")) {
      TellList(context, reader, graph, census, text, chosen);
    } else {
      TellGroups(context, reader, graph, census, text, chosen);
    }
    TellUnhandled(context, reader, graph, census, chosen);
    if (state == "all" || state == "pending")
      TellLostCalls(context, graph, census, text, *filter,
                    {.limit = static_cast<size_t>(context.args.Integer("limit", kDefaultRows)), .list = context.args.Has("list")});
    if (census.damaged != 0)
      context.out.AddNote(fmt::format("{} promises have damaged lists of reactions", FormatCount(census.damaged)));
    Completeness completeness = GraphCompleteness(context, graph);
    completeness.interrupted |= census.interrupted;
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static bool IsUnhandled(const AsyncPromise& promise) {
    return promise.state == PromiseState::kRejected && !promise.has_handler;
  }
  static bool Enough(const CommandContext& context, size_t shown) {
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    return (limit != 0 && shown >= limit) || context.cancel.Cancelled();
  }

  // What a promise holds, or what will settle it.
  static std::string OriginText(HeapReader& reader, AsyncText& text, const AsyncCensus& census, uint32_t index) {
    const AsyncPromise& promise = census.promises[index];
    if (promise.state == PromiseState::kPending) return text.SourceText(index);
    return "of " + ValueClass(reader, promise.value);
  }
  static std::string ValueClass(HeapReader& reader, uint64_t value) {
    if (IsSmi(value)) return "(number)";
    if (reader.OddballOf(value) != HeapReader::Oddball::kNone) return BriefValue(reader, value);
    return Sanitize(UntrustedText(reader.ClassOf(value)), {.max_code_points = 60});
  }

  static void TellTotals(CommandContext& context, const AsyncCensus& census) {
    uint64_t pending = 0, fulfilled = 0, rejected = 0, unhandled = 0, waited = 0, awaited = 0, lost = 0;
    for (const AsyncPromise& promise : census.promises) {
      if (promise.of_await) continue;
      pending += promise.state == PromiseState::kPending;
      fulfilled += promise.state == PromiseState::kFulfilled;
      rejected += promise.state == PromiseState::kRejected;
      unhandled += IsUnhandled(promise);
      waited += promise.state == PromiseState::kPending && promise.reactions != 0;
      awaited += promise.awaiting != 0;
    }
    for (const LostCall& call : census.lost) lost += call.call.promise == kNoEntry;
    context.out.AddCard({.key = "promises",
                         .fields = {{"live", "Live promises", Count{census.promises.size() - census.of_awaits}},
                                    {"pending", "Pending", Count{pending}},
                                    {"pending_waited_for", "of them waited for", Count{waited}},
                                    {"pending_awaited", "of them by await", Count{awaited}},
                                    {"fulfilled", "Fulfilled", Count{fulfilled}},
                                    {"rejected", "Rejected", Count{rejected}},
                                    {"unhandled", "of them without a handler", Count{unhandled}},
                                    {"of_awaits", "V8's own of awaits, not counted above", Count{census.of_awaits}},
                                    {"garbage", "Garbage, not counted above", Count{census.garbage_promises}},
                                    {"lost", "of them of calls that nothing can resume", Count{lost}}}});
  }

  struct Group {
    std::vector<uint32_t> members;
    uint64_t retained = 0, waited = 0;
  };
  static void TellGroups(CommandContext& context, HeapReader& reader, const HeapGraph& graph, const AsyncCensus& census,
                         AsyncText& text, const std::vector<uint32_t>& chosen) {
    std::map<std::tuple<PromiseState, bool, std::string>, Group> by_key;
    for (const uint32_t index : chosen) {
      if (index % 4096 == 0 && context.cancel.Cancelled()) break;
      const AsyncPromise& promise = census.promises[index];
      const bool pending = promise.state == PromiseState::kPending;
      Group& group = by_key[{promise.state, IsUnhandled(promise),
                             pending ? text.SourceKey(index) : ValueClass(reader, promise.value)}];
      group.members.push_back(index);
      group.waited += promise.reactions != 0;
    }
    const std::vector<Group> groups = LargestGroups(std::move(by_key), graph, census.promises, context.cancel);
    context.out.BeginTable({.key = "rows",
                            .columns = {{"count", "Count"},
                                        {"retained_bytes", graph.has_retained() ? "Retained" : ""},
                                        {"state", "State", Align::kLeft},
                                        {"unhandled", ""},
                                        {"waited_for", "Waited for"},
                                        {"source", ""},
                                        {"text", "Settled by, or value", Align::kLeft},
                                        {"name", ""},
                                        {"script", ""},
                                        {"line", ""},
                                        {"column", ""},
                                        {"sample", "Sample"}}});
    size_t shown = 0;
    for (const Group& group : groups) {
      if (Enough(context, shown)) break;
      ++shown;
      const uint32_t index = group.members[0];
      const AsyncPromise& first = census.promises[index];
      FunctionView view = first.function == 0 ? FunctionView() : text.FunctionOf(first.function);
      SourcePosition at{view.line, view.column};
      if (first.lost != kNoEntry) at = text.PlaceIn(view, census.lost[first.lost].call.position);
      if (first.generator != kNoEntry) at = text.PlaceIn(view, census.calls[first.generator].position);
      const Cell cells[] = {Count{group.members.size()},
                            graph.has_retained() ? Cell(Bytes{group.retained}) : Cell(Absent{}),
                            std::string(PromiseStateName(first.state)) + (IsUnhandled(first) && context.out.is_text() ? ", unhandled" : ""),
                            IsUnhandled(first),
                            Count{group.waited},
                            first.state == PromiseState::kPending ? Cell(std::string(PromiseSourceName(first.source))) : Cell(Absent{}),
                            OriginText(reader, text, census, index),
                            view.shared == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.name)),
                            view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name)),
                            PositionCell(at.line),
                            PositionCell(at.column),
                            HexAddress{NodeAddress(graph, first.node)}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = groups.size() - shown});
  }

  static void TellList(CommandContext& context, HeapReader& reader, const HeapGraph& graph, const AsyncCensus& census,
                       AsyncText& text, const std::vector<uint32_t>& chosen) {
    context.out.BeginTable({.key = "rows",
                            .columns = {{"address", "Address"},
                                        {"retained_bytes", graph.has_retained() ? "Retained" : ""},
                                        {"state", "State", Align::kLeft},
                                        {"unhandled", ""},
                                        {"reactions", "Reactions"},
                                        {"awaiting", "Awaiting"},
                                        {"source", ""},
                                        {"text", "Settled by, or value", Align::kLeft},
                                        {"value", ""},
                                        {"upstream", ""},
                                        {"holder", ""}}});
    size_t shown = 0;
    for (const uint32_t index : chosen) {
      if (Enough(context, shown)) break;
      ++shown;
      const AsyncPromise& promise = census.promises[index];
      const bool pending = promise.state == PromiseState::kPending;
      const Cell cells[] = {
          HexAddress{NodeAddress(graph, promise.node)},
          graph.has_retained() ? Cell(Bytes{graph.RetainedOf(promise.node)}) : Cell(Absent{}),
          std::string(PromiseStateName(promise.state)) + (IsUnhandled(promise) && context.out.is_text() ? ", unhandled" : ""),
          IsUnhandled(promise),
          pending ? Cell(Count{promise.reactions}) : Cell(Absent{}),
          pending ? Cell(Count{promise.awaiting}) : Cell(Absent{}),
          pending ? Cell(std::string(PromiseSourceName(promise.source))) : Cell(Absent{}),
          pending ? text.SourceText(index) : BriefValue(reader, promise.value),
          pending || !LooksLikePointer(promise.value) ? Cell(Absent{}) : Cell(HexAddress{Untag(promise.value)}),
          promise.upstream == kNoEntry ? Cell(Absent{}) : Cell(HexAddress{NodeAddress(graph, census.promises[promise.upstream].node)}),
          promise.holder == kNoObject ? Cell(Absent{}) : Cell(HexAddress{NodeAddress(graph, promise.holder)})};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = chosen.size() - shown});
  }

  static void TellUnhandled(CommandContext& context, HeapReader& reader, const HeapGraph& graph, const AsyncCensus& census,
                            const std::vector<uint32_t>& chosen) {
    constexpr uint64_t kUnits = 4000;
    std::vector<uint32_t> unhandled;
    for (const uint32_t index : chosen) {
      if (IsUnhandled(census.promises[index])) unhandled.push_back(index);
    }
    if (unhandled.empty()) return;
    context.out.BeginTable({.key = "unhandled_rejections",
                            .title = "Rejections without a handler",
                            .columns = {{"address", "Promise"},
                                        {"", "Reason", Align::kLeft},
                                        {"reason", ""},
                                        {"reason_address", ""},
                                        {"stack", ""}}});
    size_t shown = 0;
    for (const uint32_t index : unhandled) {
      if (Enough(context, shown)) break;
      ++shown;
      const AsyncPromise& promise = census.promises[index];
      const ErrorView error = ReadError(reader, promise.value, kUnits);
      const std::string reason = ReasonText(reader, promise.value, error);
      std::string stack;
      const std::vector<std::string> lines = StackLines(error, kStackLines);
      for (const std::string& line : lines) stack += (stack.empty() ? "" : "\n") + line;
      const Cell cells[] = {HexAddress{NodeAddress(graph, promise.node)}, reason, reason,
                            LooksLikePointer(promise.value) ? Cell(HexAddress{Untag(promise.value)}) : Cell(Absent{}),
                            stack.empty() ? Cell(Absent{}) : Cell(stack)};
      context.out.AddRow(cells);
      if (!context.out.is_text()) continue;
      for (const std::string& line : lines) {
        const Cell frame[] = {std::string(), "    " + line, std::string(), std::string(), std::string()};
        context.out.AddRow(frame);
      }
    }
    context.out.EndTable({.omitted = unhandled.size() - shown});
  }
};

}  // namespace

std::unique_ptr<Command> MakePromisesCommand() {
  return std::make_unique<PromisesCommand>();
}

}  // namespace corewalk
