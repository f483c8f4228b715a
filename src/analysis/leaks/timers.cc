#include "analysis/leaks/timers.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "analysis/leaks/live_objects.h"
#include "analysis/leaks/objects_with.h"
#include "analysis/leaks/pinned.h"
#include "analysis/leaks/retained_together.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"
#include "heap/views/primitives.h"
#include "heap/views/promises.h"
#include "heap/views/scripts.h"
#include "heap/views/suspended.h"
#include "node/event_loop.h"
#include "node/node_script.h"

namespace corewalk {
namespace {

constexpr size_t kPollTimers = 1 << 12;
constexpr int kPromiseReactions = 24;   // JSPromise::reactions_or_result, src/objects/js-promise.tq

// The functions behind a callback: who made the timer, and who waits.
class CallbackReader {
 public:
  explicit CallbackReader(HeapReader* reader) : reader_(*reader) {}

  void Fill(Timer* timer) {
    const uint64_t target = timer->view.callback == 0 ? 0 : TargetOfBound(&reader_, timer->view.callback);
    if (target == 0) return;
    timer->function = target;
    timer->shared = reader_.Field(target, ObjectField::kFunctionShared).value_or(0);
    timer->maker = MakerOf(timer->shared);
    if (timer->maker != TimerMaker::kPromise) return;
    const uint64_t waiter = WaiterOf(PromiseBehind(target));
    timer->function = waiter;
    timer->shared = waiter == 0 ? 0 : reader_.Field(waiter, ObjectField::kFunctionShared).value_or(0);
  }

 private:
  TimerMaker MakerOf(uint64_t shared) {
    const auto [known, is_new] = makers_.try_emplace(shared, TimerMaker::kProgram);
    if (!is_new) return known->second;
    const uint64_t script = ScriptOf(reader_, shared);
    if (script == 0) return known->second = TimerMaker::kPromise;  // confirmed by the promise, else it stays unknown
    const std::string& name = ReadScript(reader_, script)->name;
    if (IsNodeScriptCalled(name, "internal/abort_controller")) return known->second = TimerMaker::kAbortSignal;
    if (IsNodeScriptCalled(name, "timers/promises")) return known->second = TimerMaker::kPromise;
    if (IsNodeScript(name)) return known->second = TimerMaker::kNode;
    return known->second;
  }

  // The promise that a callback settles: a native resolve function's own, or that which a variable of its function
  // would resolve, as in the generator that timers/promises' setInterval is.
  uint64_t PromiseBehind(uint64_t callback) {
    if (const uint64_t promise = ReadNativeClosure(reader_, callback).promise; promise != 0) return promise;
    const std::optional<ContextView> scope =
        ReadContext(reader_, reader_.Field(callback, ObjectField::kFunctionContext).value_or(0));
    if (!scope) return 0;
    for (const ContextVariable& variable : scope->variables) {
      if (IsSmi(variable.value) || !reader_.IsType(variable.value, "JS_FUNCTION_TYPE")) continue;
      if (const uint64_t promise = ReadNativeClosure(reader_, variable.value).promise; promise != 0) return promise;
    }
    return 0;
  }

  bool IsProgramFunction(uint64_t function) {
    const uint64_t shared = reader_.Field(function, ObjectField::kFunctionShared).value_or(0);
    const uint64_t script = shared == 0 ? 0 : ScriptOf(reader_, shared);
    return script != 0 && !IsNodeScript(ReadScript(reader_, script)->name);
  }

  // The function that goes on when the promise is fulfilled: that of an `await`, or what was given to then(). Promises
  // that only hand the result on (finally(), async functions that return one) are passed, and so are async functions
  // and generators of Node.js, for whose results the program's wait.
  uint64_t WaiterOf(uint64_t promise) {
    constexpr int kMostPromises = 16;
    uint64_t waiter = 0;  // of Node.js: told where none of the program's waits for it
    for (int i = 0; i < kMostPromises && reader_.IsType(promise, "JS_PROMISE_TYPE"); ++i) {
      const uint64_t reaction = reader_.Field(promise, kPromiseReactions).value_or(0);
      if (IsSmi(reaction) || !reader_.IsType(reaction, "PROMISE_REACTION_TYPE")) break;
      const uint64_t handler = reader_.Field(reaction, ObjectField::kReactionFulfill).value_or(0);
      const uint64_t target = IsSmi(handler) ? 0 : TargetOfBound(&reader_, handler);
      if (target != 0 && IsProgramFunction(target)) return target;
      const uint64_t generator = target == 0 ? 0 : ReadNativeClosure(reader_, target).generator;
      uint64_t next = reader_.Field(reaction, ObjectField::kReactionPromise).value_or(0);
      if (const std::optional<SuspendedView> view = generator == 0 ? std::nullopt : ReadSuspended(reader_, generator)) {
        if (IsProgramFunction(view->function)) return view->function;
        waiter = view->function;
        next = PromiseOfCall(reader_, *view);
      }
      if (IsSmi(next) || next == promise) break;
      promise = next;
    }
    return waiter;
  }

  HeapReader& reader_;
  std::unordered_map<uint64_t, TimerMaker> makers_;  // by SharedFunctionInfo
};

// When the lists of timers expire: TimersList::expiry.
std::vector<double> ExpiriesOf(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel) {
  PropertyFinder position(reader, "priorityQueuePosition"), expiry(reader, "expiry");
  std::vector<double> expiries;
  for (const ObjectId id : LiveObjectsWith(reader, graph, &position, cancel)) {
    const Address address = graph.index().AddressOf(id);
    const MapInfo* found = reader->MapOf(address + 1);
    if (found == nullptr) continue;
    const MapInfo map = *found;
    const std::optional<OwnProperty> property = expiry.Find(map, address);
    if (!property || property->accessor || !property->readable) continue;
    const std::optional<double> number =
        property->raw_double ? property->raw_double : ReadNumber(*reader, property->value);
    if (number) expiries.push_back(*number);
  }
  return expiries;
}

}  // namespace

TimerCensus FindTimers(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel) {
  TimerCensus census;
  TimerReader timers(reader);
  CallbackReader callbacks(reader);
  size_t looked_at = 0;
  const auto add = [&](std::optional<TimerView> view, ObjectId node) {
    if (!view) return;
    Timer timer{.node = node, .view = *view};
    callbacks.Fill(&timer);
    census.timers.push_back(timer);
  };
  const auto each = [&](const std::vector<ObjectId>& nodes, bool immediates) {
    for (const ObjectId node : nodes) {
      if (++looked_at % kPollTimers == 0 && cancel.Cancelled()) break;
      const Address address = graph.index().AddressOf(node);
      const MapInfo* found = reader->MapOf(address + 1);
      if (found == nullptr) continue;
      const MapInfo map = *found;
      add(immediates ? timers.ReadImmediate(map, address) : timers.ReadTimeout(map, address), node);
    }
  };
  each(LiveObjectsWith(reader, graph, &timers.timeout_finder(), cancel), false);
  each(LiveObjectsWith(reader, graph, &timers.immediate_finder(), cancel), true);
  std::ranges::stable_sort(census.timers, {}, &Timer::node);

  double youngest = 0;
  for (const Timer& timer : census.timers) youngest = std::max(youngest, timer.view.start.value_or(0));
  const std::vector<double> expiries = ExpiriesOf(reader, graph, cancel);
  census.lists = expiries.size();
  const InstanceTypes& types = reader->layout().types;
  std::vector<uint64_t> contexts;
  for (const ObjectId id : LiveObjects(
           graph, [&](const LiveShape& shape) { return types.IsNativeContext(shape.map.instance_type); }, cancel))
    contexts.push_back(graph.index().AddressOf(id) + 1);
  if (youngest > 0) census.clock = {youngest, TimerClock::Source::kYoungest};
  if (const std::optional<EventLoop> loop = FindEventLoop(reader, contexts)) {
    if (const std::optional<double> now = TimeOfTimers(reader->memory(), *loop, {youngest, expiries}))
      census.clock = {*now, TimerClock::Source::kLoop};
  }
  census.interrupted = cancel.Cancelled();
  return census;
}

std::vector<TimerGroup> GroupTimers(const HeapGraph& graph, const TimerCensus& census, const TimerGroupOptions& options,
                                    const Cancel& cancel) {
  using Key = std::tuple<TimerKind, TimerState, TimerMaker, uint64_t, double>;
  std::map<Key, TimerGroup> groups;
  for (uint32_t i = 0; i < census.timers.size(); ++i) {
    if (i % kPollTimers == 0 && cancel.Cancelled()) break;
    const Timer& timer = census.timers[i];
    if (!options.over && !timer.IsPending()) continue;
    const double interval = timer.view.interval;
    TimerGroup& group =
        groups[{timer.view.kind, timer.view.state, timer.maker, timer.shared, options.by_interval ? interval : 0}];
    group.least_interval = group.members.empty() ? interval : std::min(group.least_interval, interval);
    group.most_interval = std::max(group.most_interval, interval);
    group.members.push_back(i);
    group.unrefed += !timer.view.refed;
    if (const std::optional<double> due = timer.view.Due()) {
      group.first_due = group.first_due ? std::min(*group.first_due, *due) : *due;
      group.last_due = group.last_due ? std::max(*group.last_due, *due) : *due;
    }
  }
  std::vector<TimerGroup> sorted;
  std::vector<ObjectId> nodes;
  for (auto& [key, group] : groups) {
    if (graph.has_retained() && !cancel.Cancelled()) {
      nodes.clear();
      for (const uint32_t member : group.members) nodes.push_back(census.timers[member].node);
      group.retained = RetainedTogether(graph, nodes);
    }
    sorted.push_back(std::move(group));
  }
  std::ranges::stable_sort(sorted, [](const TimerGroup& a, const TimerGroup& b) {
    return std::tuple(b.retained, b.members.size()) < std::tuple(a.retained, a.members.size());
  });
  return sorted;
}

}  // namespace corewalk
