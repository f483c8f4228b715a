#include "analysis/leaks/listener_suspects.h"

#include <algorithm>

#include "analysis/leaks/listeners.h"
#include "analysis/leaks/retained_together.h"
#include "analysis/leaks/suspect_functions.h"
#include "base/number_text.h"

namespace corewalk {
namespace {

constexpr uint64_t kFewListeners = 20;
constexpr uint64_t kManyListeners = 100;  // of one function on one event: nobody adds so many on purpose
constexpr size_t kMostFunctions = 5;

std::string LimitClause(const Emitter& emitter, const ListenedEvent& event) {
  if (!emitter.max.limits()) {
    return emitter.max.source == MaxListeners::Source::kUnknown ? ""
                                                                : "its warning of too many listeners is switched off";
  }
  const auto limit = static_cast<uint64_t>(emitter.max.value);
  if (event.event.count <= limit) return "";
  return "Node.js warns above " + CountText(limit) + (event.event.warned ? ", and did" : "");
}

Suspect SuspectOf(HeapReader* reader, ListenerFinder* finder, const ListenerCensus& census, const HeapGraph& graph,
                  const ListenedEvent& event, const Cancel& cancel) {
  const Emitter& emitter = census.emitters[event.emitter];
  const EventName name = NameOf(reader, event.event);
  Suspect suspect{.kind = SuspectKind::kListeners,
                  .nodes = {graph.index().At(event.event.listeners)},
                  .container = emitter.node,
                  .what = "listeners of " + (name.symbol ? "Symbol(" + name.text + ")" : "'" + name.text + "'"),
                  .count = event.event.count,
                  .element_class = "Function",
                  .retained_bytes = event.retained};
  const std::vector<ListenerGroup> groups = finder->Group(census, event, cancel);
  std::vector<uint64_t> functions;
  uint64_t once = 0;
  for (const ListenerGroup& group : groups) {
    functions.insert(functions.end(), group.members.begin(), group.members.end());
    once += group.once;
    if (suspect.functions.size() >= kMostFunctions || group.shared == 0) continue;
    if (const std::optional<FunctionView> view = ReadShared(*reader, group.shared))
      suspect.functions.push_back(FunctionFor(*view, group.count));
  }
  suspect.captured = FindClosurePins(reader, graph, functions, cancel);
  std::vector<ObjectId> all = suspect.nodes;
  for (const uint64_t function : functions) {
    if (const ObjectId node = graph.index().At(function); node != kNoObject) all.push_back(node);
  }
  if (const uint64_t together = RetainedTogether(graph, all); together > 2 * suspect.retained_bytes) {
    std::ranges::sort(all);
    all.erase(std::ranges::unique(all).begin(), all.end());
    suspect.nodes = std::move(all);
    suspect.retained_bytes = together;
  }
  if (!groups.empty() && groups[0].count >= kManyListeners) {
    suspect.grows = true;
    suspect.growth.push_back(CountText(groups[0].count) + " of them are the same function, added again and again");
  }
  if (once > 0) suspect.growth.push_back(CountText(once) + " wait for an event that has not come (once)");
  if (std::string clause = LimitClause(emitter, event); !clause.empty()) suspect.growth.push_back(std::move(clause));
  const bool is_target = emitter.kind == EmitterKind::kEventTarget || emitter.kind == EmitterKind::kAbortSignal;
  // Most are once already: the event may never come for them.
  const bool are_once = once * 2 > suspect.count;
  if (is_target) {
    suspect.advice.push_back(are_once
                                 ? "they are {once: true} already, and the event does not come: call removeEventListener when "
                                   "what the listener was added for is over, or add it with {signal}"
                                 : "call removeEventListener when what the listener was added for is over, or add it with "
                                   "{once: true} or {signal}");
  } else {
    suspect.advice.push_back(are_once
                                 ? "they are once() already, and the event does not come: call removeListener when what the "
                                   "listener was added for is over by another way (an error, a timeout, 'close')"
                                 : "call removeListener when what the listener was added for is over (on 'close' or 'end'), "
                                   "or add one listener once, outside of the function that runs each time");
  }
  return suspect;
}

}  // namespace

std::vector<Suspect> FindListenerSuspects(HeapReader* reader, const HeapGraph& graph, uint64_t least_bytes,
                                          const Cancel& cancel) {
  ListenerFinder finder(reader, graph);
  const ListenerCensus census = finder.Take(cancel);
  std::vector<Suspect> suspects;
  for (const ListenedEvent& event : census.events) {
    if (cancel.Cancelled()) break;
    if (event.event.count < kFewListeners || graph.index().At(event.event.listeners) == kNoObject) continue;
    // A copy of the array may hold the functions too (emitter.listeners()), while somebody calls them.
    if (event.retained < least_bytes && event.event.count < kManyListeners) continue;
    Suspect suspect = SuspectOf(reader, &finder, census, graph, event, cancel);
    if (suspect.retained_bytes >= least_bytes) suspects.push_back(std::move(suspect));
  }
  return suspects;
}

}  // namespace corewalk
