// async: what the program had begun and not ended: suspended async functions and generators, who waits for them, ticks
// and microtasks that were queued, rejections that nobody handled, AsyncLocalStorage stores.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "analysis/async/async_census.h"
#include "analysis/async/async_stores.h"
#include "analysis/async/internal_scopes.h"
#include "analysis/async/tick_queue.h"
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

constexpr int64_t kDefaultRows = 20;
constexpr size_t kShownChain = 12;
constexpr size_t kShownClasses = 4;

struct CallGroup {
  std::vector<uint32_t> members;  // indexes of calls
  uint64_t retained = 0;
};

class AsyncCommand final : public Command {
 public:
  AsyncCommand()
      : Command({.name = "async",
                 .group = "Process",
                 .summary = "suspended async functions and generators, what they await, queued ticks and microtasks",
                 .description =
                     "What the program had begun and not ended. Async functions, async generators and generators that\n"
                     "stand still are grouped by function, by the line and column of the await or yield, and by what\n"
                     "they wait for:\n"
                     "  async function F   the call of another async function that has not ended\n"
                     "  timer, Socket, ... that object holds the function that settles the awaited promise; of an\n"
                     "                     EventEmitter with the event, of the program's with the property\n"
                     "  resolve function   the program keeps it, in the variable or property told; [] is an element or\n"
                     "                     entry of that\n"
                     "  then(), Promise.all ...  another promise; --list tells what is at its end\n"
                     "  a microtask        the awaited promise is settled: the function would have gone on at once\n"
                     "  nothing found      no function, timer or C++ object was found that could settle it: unless\n"
                     "                     native code does, it waits for ever\n"
                     "  evaluation of M    the ES module M, or one that it imports, stands at an await at its top level\n"
                     "  a promise that nobody holds  it waits for ever; its ES module holds the function\n"
                     "  unknown            a damaged or incomplete core does not tell\n"
                     "Who waits for a promise that nobody holds is mostly garbage, and would be gone with the next collection. Such\n"
                     "async functions have a table of their own: they began, did not end, and nothing can resume them.\n"
                     "--chains tells who awaits whom, as the async part of a stack trace does, grouped; --list each\n"
                     "suspended function by itself. Functions that run, and those that have ended, are not told.\n\n"
                     "Below stand what process.nextTick() and the microtask queue were about to run, in order, \n"
                     "rejected promises without a handler (`promises --state unhandled`), and AsyncLocalStorage\n"
                     "instances with how many objects carry one of their stores.\n\n"
                     "Only what is live counts: what is over lies about until the next collection.",
                 .example = "async\nasync --chains\nasync --list --filter handleRequest -n 0 --json",
                 .options = {FilterOption("suspended functions whose name or file matches"),
                             {.name = "list", .help = "each suspended function by itself"},
                             {.name = "chains", .help = "who awaits whom, from the innermost function outwards"},
                             {.name = "generators", .help = "generators, too: they do not wait, they are asked"},
                             {.name = "retained", .help = "with what they keep alive; takes longer"},
                             {.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "rows of each table, 0 = all (default 20)"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<NameFilter> filter = NameFilter::From(context.args);
    if (!filter) return std::unexpected(filter.error());
    const bool retained = context.args.Has("retained");
    const Result<HeapGraph*> built =
        GraphFor(context, retained ? Session::GraphNeed::kAll : Session::GraphNeed::kPaths);
    if (!built) return std::unexpected(built.error());
    HeapGraph& graph = **built;
    if (const Result<void> done = graph.EnsureShapes(context.cancel, context.progress); !done) return done;
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    const AsyncCensus census = FindAsyncWork(&reader, graph, context.cancel);
    AsyncText text(&reader, graph, census, context.cancel);
    const std::vector<InternalVariable> variables =
        FindInternalVariables(&reader, graph, {kTickScript}, context.cancel);
    const TickQueue ticks = FindTickQueue(&reader, variables, context.cancel);
    const AsyncStores stores = FindAsyncStores(&reader, graph, context.cancel);

    std::vector<uint32_t> calls;
    for (uint32_t i = 0; i < census.calls.size(); ++i) {
      const SuspendedCall& call = census.calls[i];
      if (call.view.kind == GeneratorKind::kGenerator && !context.args.Has("generators")) continue;
      if (filter->active()) {
        const FunctionView& view = text.FunctionOf(call.view.function);
        if (!filter->Matches(view.name) && !filter->Matches(view.script_name)) continue;
      }
      calls.push_back(i);
    }
    context.out.BeginDocument("async", TargetCard(context.session));
    TellTotals(context, census, ticks);
    if (context.args.Has("list")) {
      TellList(context, graph, census, text, calls);
    } else if (context.args.Has("chains")) {
      TellChains(context, census, text, calls);
    } else {
      TellGroups(context, graph, census, text, calls);
    }
    TellLostCalls(context, graph, census, text, *filter,
                  {.limit = static_cast<size_t>(Limit(context)), .list = context.args.Has("list")});
    TellTicks(context, reader, ticks);
    TellMicrotasks(context, reader, census, text);
    TellStores(context, reader, stores);
    if (!ticks.found) context.out.AddNote("the queue of process.nextTick() was not found");
    if (!ticks.whole) context.out.AddNote("a part of the queue of process.nextTick() could not be read");
    if (!census.microtasks_known) context.out.AddNote("V8's queue of microtasks was not found");
    if (!stores.holders_known) context.out.AddNote("who carries AsyncContextFrames is unknown: there was no memory for references");
    if (census.damaged != 0)
      context.out.AddNote(fmt::format("{} promises have damaged lists of reactions", FormatCount(census.damaged)));
    Completeness completeness = GraphCompleteness(context, graph);
    completeness.interrupted |= census.interrupted || stores.interrupted;
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static uint64_t Limit(const CommandContext& context) {
    return static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
  }
  static bool Enough(const CommandContext& context, size_t shown) {
    const uint64_t limit = Limit(context);
    return (limit != 0 && shown >= limit) || context.cancel.Cancelled();
  }

  static void TellTotals(CommandContext& context, const AsyncCensus& census, const TickQueue& ticks) {
    uint64_t functions = 0, async_generators = 0, generators = 0, ready = 0, awaiting = 0, pending = 0, unhandled = 0;
    for (const SuspendedCall& call : census.calls) {
      functions += call.view.kind == GeneratorKind::kAsyncFunction;
      async_generators += call.view.kind == GeneratorKind::kAsyncGenerator;
      generators += call.view.kind == GeneratorKind::kGenerator;
      ready += call.ready;
      awaiting += call.view.kind == GeneratorKind::kAsyncGenerator && call.view.awaiting;
    }
    for (const AsyncPromise& promise : census.promises) {
      pending += promise.state == PromiseState::kPending && !promise.of_await;
      unhandled += promise.state == PromiseState::kRejected && !promise.has_handler;
    }
    context.out.AddCard(
        {.key = "async",
         .fields = {{"async_functions", "Suspended async functions", Count{functions}},
                    {"async_generators", "Suspended async generators", Count{async_generators}},
                    {"async_generators_awaiting", "of them at an await", Count{awaiting}},
                    {"generators", "Suspended generators", Count{generators}},
                    {"ready", "About to go on", Count{ready}},
                    {"lost", "Lost: nothing can resume them", Count{census.lost.size()}},
                    {"pending_promises", "Pending promises", Count{pending}},
                    {"unhandled_rejections", "Rejections without a handler", Count{unhandled}},
                    {"ticks", "Queued ticks", ticks.found ? Cell(Count{ticks.ticks.size()}) : Cell(Absent{})},
                    {"microtasks", "Queued microtasks",
                     census.microtasks_known ? Cell(Count{census.microtasks.size()}) : Cell(Absent{})}}});
  }

  static void TellGroups(CommandContext& context, const HeapGraph& graph, const AsyncCensus& census, AsyncText& text,
                         const std::vector<uint32_t>& calls) {
    using Key = std::tuple<GeneratorKind, uint64_t, int64_t, std::string>;
    std::map<Key, CallGroup> by_key;
    for (const uint32_t index : calls) {
      if (index % 4096 == 0 && context.cancel.Cancelled()) break;
      const SuspendedCall& call = census.calls[index];
      const std::string awaited = call.ready || call.awaits == kNoEntry ? text.WaitsForKind(call) : text.SourceKey(call.awaits);
      by_key[{call.view.kind, call.view.shared, call.position, awaited}].members.push_back(index);
    }
    const std::vector<CallGroup> groups = LargestGroups(std::move(by_key), graph, census.calls, context.cancel);
    context.out.BeginTable({.key = "suspended",
                            .title = "Suspended functions",
                            .columns = {{"count", "Count"},
                                        {"retained_bytes", graph.has_retained() ? "Retained" : ""},
                                        {"kind", "Kind", Align::kLeft},
                                        {"", "At", Align::kLeft},
                                        {"name", ""},
                                        {"script", ""},
                                        {"line", ""},
                                        {"column", ""},
                                        {"function_line", ""},
                                        {"waits_for", ""},
                                        {"", "Waits for", Align::kLeft},
                                        {"waits_for_text", ""},
                                        {"sample", "Sample"}}});
    size_t shown = 0;
    for (const CallGroup& group : groups) {
      if (Enough(context, shown)) break;
      ++shown;
      const SuspendedCall& first = census.calls[group.members[0]];
      const FunctionView& view = text.FunctionOf(first.view.function);
      const SourcePosition at = text.PlaceIn(view, first.position);
      const std::string waits = text.WaitsFor(first);
      const Cell cells[] = {Count{group.members.size()},
                            graph.has_retained() ? Cell(Bytes{group.retained}) : Cell(Absent{}),
                            std::string(GeneratorKindName(first.view.kind)),
                            text.CallText(first),
                            UntrustedText(view.name),
                            view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name)),
                            PositionCell(at.line),
                            PositionCell(at.column),
                            PositionCell(view.line),
                            text.WaitsForKind(first),
                            waits,
                            waits,
                            HexAddress{NodeAddress(graph, first.node)}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = groups.size() - shown});
  }

  static void TellList(CommandContext& context, const HeapGraph& graph, const AsyncCensus& census, AsyncText& text,
                       const std::vector<uint32_t>& calls) {
    context.out.BeginTable({.key = "suspended",
                            .title = "Suspended functions",
                            .columns = {{"address", "Address"},
                                        {"retained_bytes", graph.has_retained() ? "Retained" : ""},
                                        {"kind", "Kind", Align::kLeft},
                                        {"", "At", Align::kLeft},
                                        {"name", ""},
                                        {"script", ""},
                                        {"line", ""},
                                        {"column", ""},
                                        {"function_line", ""},
                                        {"waits_for", ""},
                                        {"waits_for_text", "Waits for", Align::kLeft},
                                        {"awaited_promise", ""},
                                        {"", "In the end", Align::kLeft},
                                        {"ultimately_text", ""},
                                        {"promise", ""},
                                        {"", "Awaited by", Align::kLeft},
                                        {"awaited_by", ""}}});
    size_t shown = 0;
    for (const uint32_t index : calls) {
      if (Enough(context, shown)) break;
      ++shown;
      const SuspendedCall& call = census.calls[index];
      const FunctionView& view = text.FunctionOf(call.view.function);
      const SourcePosition at = text.PlaceIn(view, call.position);
      const std::string ultimately = text.UltimateText(call);
      const std::vector<AwaitStep> waiters = WaitersOf(census, index);
      const auto by = std::ranges::find_if(waiters, [](const AwaitStep& step) { return step.call != kNoEntry; });
      const std::string awaited_by = by == waiters.end() ? "" : text.CallText(census.calls[by->call]);
      const Cell cells[] = {
          HexAddress{NodeAddress(graph, call.node)},
          graph.has_retained() ? Cell(Bytes{graph.RetainedOf(call.node)}) : Cell(Absent{}),
          std::string(GeneratorKindName(call.view.kind)),
          text.CallText(call),
          UntrustedText(view.name),
          view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name)),
          PositionCell(at.line),
          PositionCell(at.column),
          PositionCell(view.line),
          text.WaitsForKind(call),
          text.WaitsFor(call),
          call.awaits == kNoEntry ? Cell(Absent{}) : Cell(HexAddress{NodeAddress(graph, census.promises[call.awaits].node)}),
          ultimately,
          ultimately.empty() ? Cell(Absent{}) : Cell(ultimately),
          call.promise == kNoEntry ? Cell(Absent{}) : Cell(HexAddress{NodeAddress(graph, census.promises[call.promise].node)}),
          awaited_by,
          by == waiters.end() ? Cell(Absent{}) : Cell(HexAddress{NodeAddress(graph, census.calls[by->call].node)})};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = calls.size() - shown});
  }

  // The innermost functions: those that await no suspended function.
  static void TellChains(CommandContext& context, const AsyncCensus& census, AsyncText& text,
                         const std::vector<uint32_t>& calls) {
    std::map<std::string, std::pair<uint64_t, uint32_t>> chains;  // text -> how many, one of them
    for (const uint32_t index : calls) {
      if (context.cancel.Cancelled()) break;
      const SuspendedCall& call = census.calls[index];
      if (call.view.kind == GeneratorKind::kGenerator || !IsInnermost(census, call)) continue;
      std::string chain = text.WaitsFor(call) + "\n" + text.CallText(call);
      for (const AwaitStep& step : WaitersOf(census, index))
        chain += "\n" + (step.call != kNoEntry ? text.CallText(census.calls[step.call]) : text.SourceText(step.promise));
      auto [known, is_new] = chains.try_emplace(std::move(chain), 0, index);
      ++known->second.first;
    }
    std::vector<std::pair<uint64_t, const std::string*>> sorted;
    for (const auto& [chain, counted] : chains) sorted.emplace_back(counted.first, &chain);
    std::ranges::stable_sort(sorted, std::greater<>(), [](const auto& entry) { return entry.first; });
    context.out.BeginTable({.key = "chains",
                            .title = "Who awaits whom",
                            .columns = {{"count", "Count"},
                                        {"depth", ""},
                                        {"", "From the innermost outwards", Align::kLeft},
                                        {"waits_for_text", ""},
                                        {"frames", ""}}});
    size_t shown = 0;
    for (const auto& [count, chain] : sorted) {
      if (Enough(context, shown)) break;
      ++shown;
      std::vector<std::string> lines;
      for (size_t at = 0; at <= chain->size();) {
        const size_t end = std::min(chain->find('\n', at), chain->size());
        lines.push_back(chain->substr(at, end - at));
        at = end + 1;
      }
      std::string frames;
      for (size_t i = 1; i < lines.size(); ++i) frames += (i > 1 ? " <- " : "") + lines[i];
      if (context.out.is_text()) {
        for (size_t i = 1; i < lines.size() && i <= kShownChain; ++i) {
          const Cell cells[] = {i == 1 ? Cell(Count{count}) : Cell(std::string()), Count{lines.size() - 1},
                                std::string(2 * (i - 1), ' ') + (i > 1 ? "awaited by " : "") + lines[i] +
                                    (i == 1 && !lines[0].empty() ? ", waits for " + lines[0] : ""),
                                std::string(), std::string()};
          context.out.AddRow(cells);
        }
        if (lines.size() - 1 > kShownChain) {
          const Cell cells[] = {std::string(), Count{0}, fmt::format("... {} more", lines.size() - 1 - kShownChain),
                                std::string(), std::string()};
          context.out.AddRow(cells);
        }
      } else {
        const Cell cells[] = {Count{count}, Count{lines.size() - 1}, std::string(), lines[0], frames};
        context.out.AddRow(cells);
      }
    }
    context.out.EndTable({.omitted = sorted.size() - shown});
  }

  static bool IsInnermost(const AsyncCensus& census, const SuspendedCall& call) {
    if (call.awaits == kNoEntry) return true;
    // Along promises that only hand on.
    uint32_t promise = call.awaits;
    for (size_t i = 0; i < kMostAwaitSteps && promise != kNoEntry; ++i) {
      const AsyncPromise& at = census.promises[promise];
      if (at.generator != kNoEntry) return false;
      promise = at.upstream;
    }
    return true;
  }

  // What waits in a queue, the same functions joined.
  struct Queued {
    uint64_t count = 0, first = 0;  // how many, the place of the first
    Cell function;                  // text
    std::string kind;
    FunctionView view;
  };
  static void TellQueue(CommandContext& context, const std::string& key, const std::string& title,
                        std::vector<Queued> queued) {
    std::ranges::stable_sort(queued, {}, &Queued::first);
    context.out.BeginTable({.key = key,
                            .title = title,
                            .columns = {{"count", "Count"},
                                        {"first", "First in queue"},
                                        {"kind", "Kind", Align::kLeft},
                                        {"", "Runs", Align::kLeft},
                                        {"name", ""},
                                        {"script", ""},
                                        {"line", ""},
                                        {"column", ""}}});
    size_t shown = 0;
    for (const Queued& entry : queued) {
      if (Enough(context, shown)) break;
      ++shown;
      const Cell cells[] = {Count{entry.count},
                            Count{entry.first},
                            entry.kind,
                            entry.function,
                            entry.view.shared == 0 ? Cell(Absent{}) : Cell(UntrustedText(entry.view.name)),
                            entry.view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(entry.view.script_name)),
                            PositionCell(entry.view.line),
                            PositionCell(entry.view.column)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = queued.size() - shown});
  }

  static void TellTicks(CommandContext& context, HeapReader& reader, const TickQueue& ticks) {
    if (ticks.ticks.empty()) return;
    std::map<uint64_t, Queued> by_function;
    for (size_t i = 0; i < ticks.ticks.size(); ++i) {
      const FunctionView view = ViewOfFunction(reader, ticks.ticks[i].callback);
      Queued& entry = by_function[view.shared];
      if (entry.count++ == 0) {
        entry.first = i;
        entry.kind = "nextTick";
        entry.view = view;
        entry.function = FunctionText(view);
      }
    }
    std::vector<Queued> queued;
    for (auto& [shared, entry] : by_function) queued.push_back(std::move(entry));
    TellQueue(context, "ticks", "process.nextTick()", std::move(queued));
  }

  static std::string MicrotaskKind(const QueuedMicrotask& task) {
    if (task.generator != kNoEntry) return "await";
    switch (task.view.kind) {
      case MicrotaskView::Kind::kCallback:
        return "queueMicrotask";
      case MicrotaskView::Kind::kNative:
        return "native";
      case MicrotaskView::Kind::kFulfilled:
        return "fulfilled";
      case MicrotaskView::Kind::kRejected:
        return "rejected";
      case MicrotaskView::Kind::kThenable:
        return "thenable";
      case MicrotaskView::Kind::kUnknown:
        break;
    }
    return "unknown";
  }

  static void TellMicrotasks(CommandContext& context, HeapReader& reader, const AsyncCensus& census, AsyncText& text) {
    if (census.microtasks.empty()) return;
    std::map<std::tuple<std::string, uint64_t, int64_t>, Queued> by_function;
    for (size_t i = 0; i < census.microtasks.size(); ++i) {
      const QueuedMicrotask& task = census.microtasks[i];
      const std::string kind = MicrotaskKind(task);
      const SuspendedCall* call = task.generator == kNoEntry ? nullptr : &census.calls[task.generator];
      const FunctionView view = call != nullptr ? text.FunctionOf(call->view.function) : ViewOfFunction(reader, task.view.function);
      Queued& entry = by_function[{kind, view.shared, call == nullptr ? 0 : call->position}];
      if (entry.count++ == 0) {
        entry.first = i;
        entry.kind = kind;
        entry.view = view;
        entry.function = call != nullptr ? text.CallText(*call) : FunctionText(view);
      }
    }
    std::vector<Queued> queued;
    for (auto& [key, entry] : by_function) queued.push_back(std::move(entry));
    TellQueue(context, "microtask_queue", "Microtasks", std::move(queued));
  }

  static void TellStores(CommandContext& context, HeapReader& reader, const AsyncStores& stores) {
    if (stores.instances.empty()) return;
    context.out.BeginTable({.key = "stores",
                            .title = "AsyncLocalStorage",
                            .columns = {{"address", "Instance"},
                                        {"name", ""},
                                        {"carried", "Carried by"},
                                        {"stores", "Stores"},
                                        {"frames", ""},
                                        {"", "Carriers", Align::kLeft},
                                        {"carriers", ""},
                                        {"sample", "Sample store"},
                                        {"sample_text", "", Align::kLeft}}});
    size_t shown = 0;
    for (const AsyncStoreUse& use : stores.instances) {
      if (Enough(context, shown)) break;
      ++shown;
      std::vector<std::pair<uint64_t, std::string>> classes;
      for (const auto& [name, count] : use.by_class) classes.emplace_back(count, name);
      std::ranges::stable_sort(classes, std::greater<>(), [](const auto& entry) { return entry.first; });
      std::string carriers, all;
      for (size_t i = 0; i < classes.size(); ++i) {
        const std::string one = fmt::format("{}{} {}", i == 0 ? "" : ", ", FormatCount(classes[i].first),
                                            Sanitize(UntrustedText(classes[i].second), {.max_code_points = 40}));
        all += one;
        if (i < kShownClasses) carriers += one;
      }
      const Cell cells[] = {HexAddress{Untag(use.instance)},
                            use.name.empty() ? Cell(Absent{}) : Cell(UntrustedText(use.name)),
                            Count{use.carried},
                            Count{use.stores},
                            use.frames,
                            carriers,
                            all,
                            LooksLikePointer(use.sample) ? Cell(HexAddress{Untag(use.sample)}) : Cell(Absent{}),
                            use.carried == 0 ? std::string() : BriefValue(reader, use.sample)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = stores.instances.size() - shown});
  }
};

}  // namespace

std::unique_ptr<Command> MakeAsyncCommand() {
  return std::make_unique<AsyncCommand>();
}

}  // namespace corewalk
