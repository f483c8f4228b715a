#include "analysis/leaks/timer_suspects.h"

#include <algorithm>

#include "analysis/leaks/suspect_functions.h"
#include "analysis/leaks/timers.h"
#include "analysis/source_finder.h"
#include "base/number_text.h"

namespace corewalk {
namespace {

constexpr uint64_t kFewTimers = 20;
constexpr uint64_t kManyTimers = 100;  // of one callback
constexpr double kLifetimes = 3;       // of its timers that a process must have lived to be in a steady state
constexpr double kMostLate = 0.5;      // of their time, by which an event loop may be late
constexpr double kSpanOfStarts = 0.5;  // of their time, over which they were started

std::string_view MadeBy(TimerKind kind) {
  switch (kind) {
    case TimerKind::kTimeout:
      return "setTimeout";
    case TimerKind::kInterval:
      return "setInterval";
    case TimerKind::kImmediate:
      break;
  }
  return "setImmediate";
}

std::string IntervalClause(const TimerGroup& group) {
  const std::string least = PlainNumberText(group.least_interval) + " ms";
  if (group.least_interval == group.most_interval) return least;
  return least + " to " + PlainNumberText(group.most_interval) + " ms";
}

// setTimeout()s of which all those have fired that were started longer ago than they wait, in a process that has lived
// for much longer: as many go as come. Not of a callback that starts the next one, whose chain never ends.
bool IsSteady(HeapReader* reader, SourceFinder* sources, const TimerCensus& census, const TimerGroup& group,
              const Cancel& cancel) {
  const Timer& first = census.timers[group.members[0]];
  if (first.view.kind != TimerKind::kTimeout || first.maker != TimerMaker::kProgram || group.least_interval <= 0 ||
      census.clock.source == TimerClock::Source::kUnknown || !group.first_due)
    return false;
  double oldest = census.clock.now, youngest = 0;
  for (const uint32_t member : group.members) {
    const std::optional<double> start = census.timers[member].view.start;
    if (!start) return false;
    oldest = std::min(oldest, *start), youngest = std::max(youngest, *start);
  }
  const bool overdue = *group.first_due < census.clock.now - kMostLate * group.least_interval;
  if (overdue || census.clock.now < kLifetimes * group.most_interval ||
      youngest - oldest < kSpanOfStarts * group.least_interval)
    return false;
  const std::optional<FunctionView> view = ReadFunction(*reader, first.function);
  if (!view || view->script == 0 || view->start < 0) return false;
  const SourceScan* scan = sources->ScanOf(view->script);
  return scan != nullptr && !scan->LeadsTo(view->start, view->end, "setTimeout", cancel) &&
         !scan->LeadsTo(view->start, view->end, "refresh", cancel);
}

// Immediates of a round that has begun: all hang on the one that was running, the rest of the list that Node.js took out
// of its queue to call one after the other (lib/internal/timers.js, processImmediate). What is added meanwhile stands in
// the queue, and waits for the next round. Returns the one that was running and those that are over, which may still hang
// together before it; nothing when there is no such round.
std::vector<ObjectId> BeingCalled(const HeapGraph& graph, const TimerCensus& census, const TimerGroup& group) {
  constexpr double kNearlyAll = 0.9;
  const Timer& first = census.timers[group.members[0]];
  std::vector<ObjectId> before;
  bool running = false;
  for (const Timer& timer : census.timers) {
    if (first.view.kind != TimerKind::kImmediate || timer.view.kind != TimerKind::kImmediate || timer.IsPending())
      continue;
    running |= timer.view.state == TimerState::kRunning && timer.shared == first.shared &&
               static_cast<double>(graph.RetainedOf(timer.node)) >= kNearlyAll * static_cast<double>(group.retained);
    before.push_back(timer.node);
  }
  return running ? before : std::vector<ObjectId>{};
}

Suspect SuspectOf(HeapReader* reader, const HeapGraph& graph, SourceFinder* sources, const TimerCensus& census,
                  const TimerGroup& group, const Cancel& cancel) {
  const Timer& first = census.timers[group.members[0]];
  const std::string made_by(MadeBy(first.view.kind));
  Suspect suspect{
      .kind = SuspectKind::kTimers, .what = made_by, .count = group.members.size(), .retained_bytes = group.retained};
  suspect.callback = first.function;
  std::vector<uint64_t> functions;
  for (const uint32_t member : group.members) {
    suspect.nodes.push_back(census.timers[member].node);
    if (census.timers[member].function != 0) functions.push_back(census.timers[member].function);
  }
  std::ranges::sort(suspect.nodes);
  suspect.element_class = reader->ClassOf(graph.index().AddressOf(suspect.nodes[0]) + 1);
  suspect.captured = FindClosurePins(reader, graph, functions, cancel);
  // Whoever reads this looks for the call that started them; its callback is what the heap knows of that.
  if (const std::optional<FunctionView> view =
          first.function == 0 ? std::nullopt : ReadFunction(*reader, first.function)) {
    suspect.functions.push_back(FunctionFor(*view, suspect.count));
    suspect.holder = {.kind = HolderKind::kClosure,
                      .name = view->name.empty() ? made_by : view->name,
                      .text = made_by + "(" + (view->name.empty() ? "(anonymous function)" : view->name) + ")",
                      .file = view->script_name,
                      .line = view->line,
                      .column = view->column,
                      .holder_node = suspect.nodes[0]};
  }
  const bool interval = first.view.kind == TimerKind::kInterval;
  if (first.view.kind != TimerKind::kImmediate)
    suspect.growth.push_back((interval ? "each fires every " : "each waits ") + IntervalClause(group));
  if (IsSteady(reader, sources, census, group, cancel)) {
    suspect.steady = "each is over after " + IntervalClause(group) + ", and those that were started earlier are";
    suspect.growth.push_back(suspect.steady);
  } else if (const std::vector<ObjectId> before = BeingCalled(graph, census, group); !before.empty()) {
    suspect.nodes.insert(suspect.nodes.end(), before.begin(), before.end());
    std::ranges::sort(suspect.nodes);
    suspect.steady = "Node.js is calling them, one after the other";
    suspect.growth.push_back(suspect.steady);
  } else if (suspect.count >= kManyTimers) {
    suspect.grows = true;
    suspect.growth.push_back("all of them have the same callback");
  }
  if (first.maker == TimerMaker::kPromise && first.view.kind != TimerKind::kImmediate) {
    suspect.advice.push_back(interval
                                 ? "leave the loop over it (break, return) when what it was started for is over, or give it "
                                   "a {signal} and abort that"
                                 : "give it a {signal}, and abort that when it is no longer needed");
  } else if (interval) {
    suspect.advice.push_back(
        "keep what setInterval returns and call clearInterval when what it was started for is over");
  } else if (first.view.kind == TimerKind::kTimeout) {
    suspect.advice.push_back(
        "keep what setTimeout returns and call clearTimeout when it is no longer needed, or let the "
        "callback hold an id instead of the object");
  } else {
    suspect.advice.push_back("start the next piece of work when the one before is done, not all of them at once");
  }
  return suspect;
}

}  // namespace

std::vector<Suspect> FindTimerSuspects(HeapReader* reader, const HeapGraph& graph, uint64_t least_bytes,
                                       const Cancel& cancel) {
  const TimerCensus census = FindTimers(reader, graph, cancel);
  SourceFinder sources(reader, &cancel);
  std::vector<Suspect> suspects;
  for (const TimerGroup& group : GroupTimers(graph, census, {.by_interval = false}, cancel)) {
    if (cancel.Cancelled()) break;
    if (group.retained < least_bytes || group.members.size() < kFewTimers) continue;
    if (census.timers[group.members[0]].maker == TimerMaker::kNode) continue;
    suspects.push_back(SuspectOf(reader, graph, &sources, census, group, cancel));
  }
  return suspects;
}

}  // namespace corewalk
