// timers: what the event loop was waiting for: timeouts, intervals and immediates, grouped or one by one.
#include "analysis/leaks/timers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/number_text.h"
#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/leak_text.h"
#include "command/name_filter.h"
#include "command/reference_text.h"
#include "command/target.h"
#include "heap/views/properties.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 30;
constexpr double kMillisecond = 0.001;

std::string_view KindText(TimerKind kind) {
  switch (kind) {
    case TimerKind::kTimeout:
      return "timeout";
    case TimerKind::kInterval:
      return "interval";
    case TimerKind::kImmediate:
      break;
  }
  return "immediate";
}

std::string_view StateText(TimerState state) {
  switch (state) {
    case TimerState::kActive:
      return "active";
    case TimerState::kRunning:
      return "running";
    case TimerState::kOver:
      return "over";
    case TimerState::kCleared:
      break;
  }
  return "cleared";
}

std::string_view MakerText(TimerMaker maker) {
  switch (maker) {
    case TimerMaker::kProgram:
      return "program";
    case TimerMaker::kPromise:
      return "promise";
    case TimerMaker::kAbortSignal:
      return "abort_signal";
    case TimerMaker::kNode:
      break;
  }
  return "node";
}

// An interval, exact: a person has set it.
std::string IntervalText(double ms) {
  constexpr double kWholeSecond = 1000, kLong = 10'000;
  if (ms >= kLong && std::fmod(ms, kWholeSecond) == 0) return FormatSeconds(ms * kMillisecond);
  return (ms == std::trunc(ms) && ms >= 0 && ms < 1e15 ? FormatCount(static_cast<uint64_t>(ms)) : NumberText(ms)) +
         " ms";
}

// When something is due, seen from the time of death.
std::string DueText(double ms) {
  return ms >= 0 ? "in " + FormatSeconds(ms * kMillisecond) : FormatSeconds(-ms * kMillisecond) + " ago";
}

class TimersCommand final : public Command {
 public:
  TimersCommand()
      : Command(
            {.name = "timers",
             .group = "Leaks",
             .summary = "timeouts, intervals and immediates: what they call, when they were due, what they keep alive",
             .description =
                 "All timers that were waiting: of setTimeout, setInterval, setImmediate, timers/promises,\n"
                 "AbortSignal.timeout and of Node.js itself, grouped by kind, callback and interval, those that retain "
                 "most\n"
                 "first; --list tells them one by one. An interval whose callback was running counts as waiting. The "
                 "callback\n"
                 "of a timer that resolves a promise is the function that awaits it.\n\n"
                 "\"due\" is seen from the time of death on libuv's clock. That clock stands still while a callback\n"
                 "runs, so that the process died then or somewhat later. An unref'd timer does not keep the process "
                 "alive.\n"
                 "Retained bytes are those that would be freed with the timers: their callbacks, what these close "
                 "over, their\n"
                 "arguments. Many intervals of one callback are intervals that nobody clears.\n\n"
                 "With --all timers that are over or were cleared, but whose objects something still holds, are told "
                 "as well.",
             .example = "timers\ntimers --list -n 0 --json\ntimers --filter 'poll' --by callback\ntimers --all",
             .options = {FilterOption("timers whose callback or file matches"),
                         {.name = "list", .help = "each timer by itself"},
                         {.name = "all", .help = "cleared ones and those that are over, too"},
                         {.name = "by",
                          .kind = OptionKind::kChoice,
                          .value_name = "WHAT",
                          .help = "interval (default): a row per callback and interval; callback: one per callback",
                          .choices = {"interval", "callback"}},
                         {.name = "sort",
                          .letter = 's',
                          .kind = OptionKind::kChoice,
                          .value_name = "KEY",
                          .help = "retained (default), count or due",
                          .choices = {"retained", "count", "due"}},
                         {.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "rows to print, 0 = all (default 30)"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<NameFilter> filter = NameFilter::From(context.args);
    if (!filter) return std::unexpected(filter.error());
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kRetained);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    const TimerCensus census = FindTimers(&reader, graph, context.cancel);
    std::vector<TimerGroup> groups =
        GroupTimers(graph, census,
                    {.by_interval = context.args.Text("by", "interval") == "interval", .over = context.args.Has("all")},
                    context.cancel);
    if (filter->active()) {
      std::erase_if(groups, [&](const TimerGroup& group) {
        const FunctionView view = ViewOf(reader, census.timers[group.members[0]]);
        return !filter->Matches(view.name) && !filter->Matches(view.script_name);
      });
    }
    Sort(context.args.Text("sort", "retained"), &groups);
    context.out.BeginDocument("timers", TargetCard(context.session));
    TellTotals(context, census);
    if (context.args.Has("list")) {
      TellList(context, reader, graph, census, groups);
    } else {
      TellGroups(context, reader, graph, census, groups);
    }
    if (census.clock.source == TimerClock::Source::kYoungest) {
      context.out.AddNote(
          "libuv's clock was not found: the time of death is taken to be when the last timer was started, and was "
          "later");
    }
    Completeness completeness = GraphCompleteness(context, graph);
    completeness.interrupted |= census.interrupted;
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static void Sort(const std::string& key, std::vector<TimerGroup>* groups) {
    if (key == "count") {
      std::ranges::stable_sort(*groups, std::greater<>(), [](const TimerGroup& group) { return group.members.size(); });
    } else if (key == "due") {
      std::ranges::stable_sort(*groups, {}, [](const TimerGroup& group) { return group.first_due.value_or(HUGE_VAL); });
    }
  }

  static FunctionView ViewOf(HeapReader& reader, const Timer& timer) {
    return timer.function == 0 ? FunctionView() : ReadFunction(reader, timer.function).value_or(FunctionView());
  }

  static std::string CallbackText(const Timer& timer, const FunctionView& view) {
    if (timer.maker == TimerMaker::kPromise) {
      return timer.function == 0 ? "(a promise)" : "await in " + FunctionText(view);
    }
    if (timer.view.callback == 0) return "(none any more)";
    return (timer.maker == TimerMaker::kAbortSignal ? "AbortSignal.timeout: " : "") + FunctionText(view);
  }

  static void TellTotals(CommandContext& context, const TimerCensus& census) {
    uint64_t timeouts = 0, intervals = 0, immediates = 0, unrefed = 0, over = 0;
    for (const Timer& timer : census.timers) {
      if (!timer.IsPending()) {
        ++over;
        continue;
      }
      const TimerKind kind = timer.view.kind;
      timeouts += kind == TimerKind::kTimeout;
      intervals += kind == TimerKind::kInterval;
      immediates += kind == TimerKind::kImmediate;
      unrefed += !timer.view.refed;
    }
    const bool known = census.clock.source != TimerClock::Source::kUnknown;
    const bool loop = census.clock.source == TimerClock::Source::kLoop;
    context.out.AddCard({.key = "timers",
                         .fields = {{"timeouts", "Timeouts", Count{timeouts}},
                                    {"intervals", "Intervals", Count{intervals}},
                                    {"immediates", "Immediates", Count{immediates}},
                                    {"unrefed", "Of these unref'd", Count{unrefed}},
                                    {"lists", "Lists, one for each duration", Count{census.lists}},
                                    {"not_pending", "Over or cleared, but held", Count{over}},
                                    {"now", known ? "Time of death, or later" : "",
                                     known ? Cell(Seconds{census.clock.now * kMillisecond}) : Cell(Absent{})},
                                    {"now_source", "",
                                     std::string(loop    ? "libuv"
                                                 : known ? "youngest_timer"
                                                         : "unknown")}}});
  }

  // What the callbacks of a group keep alive; of a promise's there are none.
  static ClosurePins PinsOf(CommandContext& context, HeapReader& reader, const HeapGraph& graph,
                            const TimerCensus& census, const TimerGroup& group) {
    std::vector<uint64_t> callbacks;
    for (const uint32_t member : group.members) {
      if (census.timers[member].view.callback != 0) callbacks.push_back(census.timers[member].view.callback);
    }
    return FindClosurePins(&reader, graph, callbacks, context.cancel);
  }

  static Cell DueCell(const TimerCensus& census, std::optional<double> due) {
    if (!due || census.clock.source == TimerClock::Source::kUnknown) return Absent{};
    return Seconds{(*due - census.clock.now) * kMillisecond};
  }
  static std::string DueOf(const TimerCensus& census, std::optional<double> due) {
    return !due || census.clock.source == TimerClock::Source::kUnknown ? "" : DueText(*due - census.clock.now);
  }

  static void TellGroups(CommandContext& context, HeapReader& reader, const HeapGraph& graph, const TimerCensus& census,
                         const std::vector<TimerGroup>& groups) {
    context.out.BeginTable({.columns = {{"count", "Count"},
                                        {"retained_bytes", "Retained"},
                                        {"kind", "Kind", Align::kLeft},
                                        {"", "Interval"},
                                        {"interval", ""},
                                        {"longest_interval", ""},
                                        {"unrefed", "Unref'd"},
                                        {"state", context.args.Has("all") ? "State" : "", Align::kLeft},
                                        {"", "First due"},
                                        {"", "Last due"},
                                        {"first_due_in", ""},
                                        {"last_due_in", ""},
                                        {"maker", ""},
                                        {"", "Callback", Align::kLeft},
                                        {"name", ""},
                                        {"script", ""},
                                        {"line", ""},
                                        {"column", ""},
                                        {"", "They keep alive", Align::kLeft},
                                        {"pinned_variable", ""},
                                        {"pinned_class", ""},
                                        {"pinned_bytes", ""},
                                        {"sample", "Sample"}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    size_t shown = 0;
    for (const TimerGroup& group : groups) {
      if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
      ++shown;
      const Timer& first = census.timers[group.members[0]];
      const FunctionView view = ViewOf(reader, first);
      const ClosurePins pins = PinsOf(context, reader, graph, census, group);
      const PinnedVariable* pinned = pins.variables.empty() ? nullptr : &pins.variables[0];
      if (pinned != nullptr && pinned->largest == kNoObject) pinned = nullptr;
      const bool has_interval = first.view.kind != TimerKind::kImmediate && group.most_interval >= 0;
      std::string interval = has_interval ? IntervalText(group.least_interval) : "";
      if (group.least_interval != group.most_interval) interval += " to " + IntervalText(group.most_interval);
      const Cell cells[] = {
          Count{group.members.size()},
          Bytes{group.retained},
          std::string(KindText(first.view.kind)),
          interval,
          has_interval ? Cell(Seconds{group.least_interval * kMillisecond}) : Cell(Absent{}),
          has_interval ? Cell(Seconds{group.most_interval * kMillisecond}) : Cell(Absent{}),
          Count{group.unrefed},
          std::string(StateText(first.view.state)),
          DueOf(census, group.first_due),
          group.members.size() > 1 ? DueOf(census, group.last_due) : "",
          DueCell(census, group.first_due),
          DueCell(census, group.last_due),
          std::string(MakerText(first.maker)),
          CallbackText(first, view),
          first.function == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.name)),
          view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name)),
          PositionCell(view.line),
          PositionCell(view.column),
          PinnedText(reader, graph, pins),
          pinned == nullptr ? Cell(Absent{}) : Cell(UntrustedText(pinned->name)),
          pinned == nullptr ? Cell(Absent{}) : Cell(UntrustedText(NodeClass(reader, graph, pinned->largest))),
          pinned == nullptr ? Cell(Absent{}) : Cell(Bytes{pinned->retained}),
          HexAddress{first.view.address}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = groups.size() - shown});
  }

  static void TellList(CommandContext& context, HeapReader& reader, const HeapGraph& graph, const TimerCensus& census,
                       const std::vector<TimerGroup>& groups) {
    std::vector<uint32_t> timers;
    for (const TimerGroup& group : groups) timers.insert(timers.end(), group.members.begin(), group.members.end());
    const std::string sort = context.args.Text("sort", "retained");
    std::ranges::stable_sort(timers, [&](uint32_t a, uint32_t b) {
      if (sort == "due")
        return census.timers[a].view.Due().value_or(HUGE_VAL) < census.timers[b].view.Due().value_or(HUGE_VAL);
      return sort == "retained" && graph.RetainedOf(census.timers[a].node) > graph.RetainedOf(census.timers[b].node);
    });
    context.out.BeginTable({.columns = {{"address", "Address"},
                                        {"retained_bytes", "Retained"},
                                        {"", "Kind", Align::kLeft},
                                        {"kind", ""},
                                        {"", "Interval"},
                                        {"interval", ""},
                                        {"state", "State", Align::kLeft},
                                        {"refed", ""},
                                        {"", "Due"},
                                        {"due_in", ""},
                                        {"started_at", ""},
                                        {"maker", ""},
                                        {"", "Callback", Align::kLeft},
                                        {"callback", ""},
                                        {"name", ""},
                                        {"script", ""},
                                        {"line", ""},
                                        {"column", ""},
                                        {"", "Arguments", Align::kLeft},
                                        {"arguments", ""},
                                        {"class_name", ""}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    size_t shown = 0;
    for (const uint32_t index : timers) {
      if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
      ++shown;
      const Timer& timer = census.timers[index];
      const FunctionView view = ViewOf(reader, timer);
      const bool has_interval = timer.view.kind != TimerKind::kImmediate && timer.view.interval >= 0;
      const Cell cells[] = {HexAddress{timer.view.address},
                            Bytes{graph.RetainedOf(timer.node)},
                            std::string(KindText(timer.view.kind)) + (timer.view.refed ? "" : ", unref'd"),
                            std::string(KindText(timer.view.kind)),
                            has_interval ? IntervalText(timer.view.interval) : "",
                            has_interval ? Cell(Seconds{timer.view.interval * kMillisecond}) : Cell(Absent{}),
                            std::string(StateText(timer.view.state)),
                            timer.view.refed,
                            DueOf(census, timer.view.Due()),
                            DueCell(census, timer.view.Due()),
                            timer.view.start ? Cell(Seconds{*timer.view.start * kMillisecond}) : Cell(Absent{}),
                            std::string(MakerText(timer.maker)),
                            CallbackText(timer, view),
                            timer.view.callback == 0 ? Cell(Absent{}) : Cell(HexAddress{Untag(timer.view.callback)}),
                            timer.function == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.name)),
                            view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name)),
                            PositionCell(view.line),
                            PositionCell(view.column),
                            ArgumentsText(reader, timer.view.arguments),
                            timer.view.arguments == 0 ? Cell(Absent{}) : Cell(HexAddress{Untag(timer.view.arguments)}),
                            UntrustedText(NodeClass(reader, graph, timer.node))};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = timers.size() - shown});
  }

  static std::string ArgumentsText(HeapReader& reader, uint64_t arguments) {
    constexpr size_t kShown = 4;
    constexpr uint64_t kUnits = 20;
    std::string text;
    size_t count = 0;
    if (arguments == 0) return text;
    ForEachElement(reader, arguments, [&](const OwnProperty& element) {
      if (count++ == kShown) {
        text += ", ...";
        return false;
      }
      text += (text.empty() ? "" : ", ") + (element.raw_double ? NumberText(*element.raw_double)
                                            : element.readable ? BriefValue(reader, element.value, kUnits)
                                                               : std::string("(unreadable)"));
      return true;
    });
    return text;
  }
};

}  // namespace

std::unique_ptr<Command> MakeTimersCommand() {
  return std::make_unique<TimersCommand>();
}

}  // namespace corewalk
