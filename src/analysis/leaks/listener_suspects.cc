#include "analysis/leaks/listener_suspects.h"

#include <algorithm>

#include "analysis/leaks/listeners.h"
#include "analysis/leaks/retained_together.h"
#include "analysis/leaks/suspect_functions.h"
#include "base/number_text.h"
#include "heap/views/collection_store.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr uint64_t kFewListeners = 20;
constexpr uint64_t kManyListeners = 100;  // of one function on one event: nobody adds so many on purpose
constexpr uint64_t kManyEvents = 100;          // of one emitter: their names are made, not written
constexpr uint64_t kMostEventsLooked = 16384;  // whose listeners are looked at
constexpr size_t kMostKinds = 256;             // of functions
constexpr size_t kMostFunctions = 5;

std::string LimitClause(const Emitter& emitter, const ListenedEvent& event) {
  if (!emitter.max.limits()) {
    if (emitter.max.source == MaxListeners::Source::kUnknown) return "";
    // lib/internal/abort_controller.js, AbortSignal: this[kMaxEventTargetListeners] = 0.
    return emitter.kind == EmitterKind::kAbortSignal
               ? "its warning of too many listeners is switched off, as Node.js does for AbortSignals"
               : "its warning of too many listeners is switched off";
  }
  const auto limit = static_cast<uint64_t>(emitter.max.value);
  if (event.event.count <= limit) return "";
  return "Node.js warns above " + CountText(limit) + (event.event.warned ? ", and did" : "");
}

std::string Named(HeapReader* reader, const ListenedEvent& event) {
  const EventName name = NameOf(reader, event.event);
  return name.symbol ? "Symbol(" + name.text + ")" : "'" + name.text + "'";
}

Suspect SuspectOf(HeapReader* reader, ListenerFinder* finder, const ListenerCensus& census, const HeapGraph& graph,
                  const ListenedEvent& event, const Cancel& cancel) {
  const Emitter& emitter = census.emitters[event.emitter];
  Suspect suspect{.kind = SuspectKind::kListeners,
                  .nodes = {graph.index().At(event.event.listeners)},
                  .container = emitter.node,
                  .what = "listeners of " + Named(reader, event),
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

// Events that have as many listeners as one another, but for a few: whoever adds a listener to one adds one to each, as
// events.once() does, which waits for the event and for 'error'. What each listener of one call leads to, its promise,
// is then held by all these events, retained by none of them.
using Together = std::vector<const ListenedEvent*>;

std::vector<Together> AddedTogether(const ListenerCensus& census, const HeapGraph& graph) {
  constexpr uint64_t kFewOthers = 2;      // that were added for another reason
  constexpr double kShareOfOthers = 0.01;
  Together many;
  for (const ListenedEvent& event : census.events) {
    if (event.event.count >= kManyListeners && graph.index().At(event.event.listeners) != kNoObject)
      many.push_back(&event);
  }
  std::ranges::stable_sort(many, std::ranges::greater(), [](const ListenedEvent* event) { return event->event.count; });
  std::vector<Together> groups;
  for (const ListenedEvent* event : many) {
    const uint64_t most = groups.empty() ? 0 : groups.back().front()->event.count;
    const uint64_t others = std::max(kFewOthers, static_cast<uint64_t>(static_cast<double>(most) * kShareOfOthers));
    if (groups.empty() || event->event.count + others < most) groups.emplace_back();
    groups.back().push_back(event);
  }
  constexpr size_t kMostEvents = 8;  // more of as many are emitters of one kind, each with its own listeners
  std::erase_if(groups, [](const Together& group) { return group.size() < 2 || group.size() > kMostEvents; });
  return groups;
}

// What one emitter's events have in common: its object of all events. kNoObject when others hold the lists, too.
ObjectId StoreOf(const HeapGraph& graph, const ListenerCensus& census, const Together& events) {
  constexpr int kMostStores = 4;  // the object, its table
  const ObjectId emitter = census.emitters[events[0]->emitter].node;
  std::vector<ObjectId> ways;
  for (ObjectId at = graph.index().At(events[0]->event.listeners); ways.size() < kMostStores;) {
    at = graph.DominatorOf(at);
    if (at == emitter || !graph.IsObject(at)) break;
    ways.push_back(at);
  }
  const auto is_below = [&](ObjectId node, ObjectId store) {
    for (int i = 0; i <= kMostStores && graph.IsObject(node); ++i, node = graph.DominatorOf(node)) {
      if (node == store) return true;
    }
    return false;
  };
  const auto store = std::ranges::find_if(ways, [&](ObjectId way) {
    return std::ranges::all_of(events, [&](const ListenedEvent* event) {
      return event->emitter == events[0]->emitter && is_below(graph.index().At(event->event.listeners), way);
    });
  });
  return store == ways.end() ? kNoObject : *store;
}

// Weighs the events of one group together: first those of each emitter, then, when there are several emitters, all.
// `singles` are the suspects of each event; what is told together leaves them.
class Joiner {
 public:
  Joiner(HeapReader* reader, ListenerFinder* finder, const ListenerCensus& census, const HeapGraph& graph,
         const Cancel& cancel)
      : reader_(reader), finder_(finder), census_(census), graph_(graph), cancel_(cancel) {}

  void Join(const Together& group, std::vector<Suspect>* singles) {
    Together rest = group;
    while (!rest.empty()) {
      Together own;
      std::ranges::copy_if(rest, std::back_inserter(own),
                           [&](const ListenedEvent* event) { return event->emitter == rest[0]->emitter; });
      std::erase_if(rest, [&](const ListenedEvent* event) { return event->emitter == own[0]->emitter; });
      const ObjectId store = own.size() < 2 ? kNoObject : StoreOf(graph_, census_, own);
      if (store != kNoObject && IsFarMore(graph_.RetainedOf(store), own)) {
        Tell(own, {store}, graph_.RetainedOf(store), singles);
        return;
      }
    }
    std::vector<ObjectId> gone;
    for (const ListenedEvent* event : group) gone.push_back(graph_.index().At(event->event.listeners));
    std::ranges::sort(gone);
    if (gone.empty() || graph_.references() == nullptr) return;
    const Result<HeapGraph::Freed> freed = graph_.WithoutNodes(gone, cancel_);
    if (freed && IsFarMore(freed->bytes, group)) Tell(group, std::move(gone), freed->bytes, singles);
  }

 private:
  static bool IsFarMore(uint64_t bytes, const Together& events) {
    constexpr double kFarMore = 1.5;  // times what they retain one by one
    double single = 0;
    for (const ListenedEvent* event : events) single += static_cast<double>(event->retained);
    return static_cast<double>(bytes) > kFarMore * single;
  }

  void Tell(const Together& events, std::vector<ObjectId> nodes, uint64_t bytes, std::vector<Suspect>* singles) {
    // The emitter that has most of the events is told, the others beside it.
    const auto events_of = [&](uint32_t emitter) {
      return std::ranges::count_if(events, [&](const ListenedEvent* one) { return one->emitter == emitter; });
    };
    const ListenedEvent& first = **std::ranges::max_element(
        events, {}, [&](const ListenedEvent* one) { return events_of(one->emitter); });
    Suspect suspect = SuspectOf(reader_, finder_, census_, graph_, first, cancel_);
    std::string names;
    for (const ListenedEvent* event : events) {
      if (event->emitter == first.emitter) {
        names += (names.empty() ? "" : ", ") + Named(reader_, *event);
        continue;
      }
      suspect.also.push_back(census_.emitters[event->emitter].node);
      suspect.growth.push_back("as many of " + Named(reader_, *event) + " on another emitter belong to them");
    }
    const bool several = events_of(first.emitter) > 1;
    suspect.what = std::string("listeners of ") + (several ? "each of " : "") + names;
    suspect.nodes = std::move(nodes);
    suspect.retained_bytes = bytes;
    std::erase_if(*singles, [&](const Suspect& one) {
      return std::ranges::any_of(events, [&](const ListenedEvent* event) {
        return std::ranges::binary_search(one.nodes, graph_.index().At(event->event.listeners));
      });
    });
    singles->push_back(std::move(suspect));
  }

  HeapReader* reader_;
  ListenerFinder* finder_;
  const ListenerCensus& census_;
  const HeapGraph& graph_;
  const Cancel& cancel_;
};

// An emitter with a name of its own for each event: replies.once('reply:' + id).
std::optional<Suspect> SuspectOfEmitter(HeapReader* reader, ListenerFinder* finder, const ListenerCensus& census,
                                        const HeapGraph& graph, const Emitter& emitter, uint64_t least_bytes,
                                        const Cancel& cancel) {
  if (emitter.kind != EmitterKind::kEventEmitter) return std::nullopt;
  const uint64_t address = graph.index().AddressOf(emitter.node);
  const uint64_t events = OwnValue(*reader, address + 1, "_events");
  const ObjectId node = events == 0 ? kNoObject : graph.index().At(events);
  if (node == kNoObject || graph.RetainedOf(node) < least_bytes) return std::nullopt;
  Suspect suspect{.kind = SuspectKind::kListeners,
                  .nodes = {node},
                  .container = emitter.node,
                  .what = "listeners of " + CountText(emitter.event_count) + " events",
                  .count = emitter.listeners,
                  .element_class = "Function",
                  .retained_bytes = graph.RetainedOf(node)};
  std::vector<uint64_t> functions;
  std::vector<std::pair<uint64_t, uint64_t>> by_shared;  // and count
  uint64_t once = 0, looked = 0;
  for (const uint64_t at : SpreadPositions(emitter.event_count, kMostEventsLooked)) {
    if (cancel.Cancelled()) break;
    for (const ListenerGroup& group : finder->Group(census, census.events[emitter.first_event + at], cancel)) {
      looked += group.count;
      once += group.once;
      functions.insert(functions.end(), group.members.begin(), group.members.end());
      if (group.shared == 0) continue;
      const auto known = std::ranges::find(by_shared, group.shared, &std::pair<uint64_t, uint64_t>::first);
      if (known != by_shared.end()) {
        known->second += group.count;
      } else if (by_shared.size() < kMostKinds) {
        by_shared.emplace_back(group.shared, group.count);
      }
    }
  }
  std::ranges::stable_sort(by_shared, std::ranges::greater(), &std::pair<uint64_t, uint64_t>::second);
  for (size_t i = 0; i < std::min(by_shared.size(), kMostFunctions); ++i) {
    if (const std::optional<FunctionView> view = ReadShared(*reader, by_shared[i].first))
      suspect.functions.push_back(FunctionFor(*view, by_shared[i].second));
  }
  if (looked < suspect.count) suspect.functions_looked = looked;
  suspect.captured = FindClosurePins(reader, graph, functions, cancel);
  suspect.grows = !by_shared.empty() && by_shared[0].second * 2 > looked;
  const EventName first = NameOf(reader, census.events[emitter.first_event].event);
  const EventName last = NameOf(reader, census.events[emitter.first_event + emitter.event_count - 1].event);
  suspect.growth.push_back("nearly each is for an event of its own: '" + first.text + "', ... '" + last.text + "'");
  const std::string of_looked = looked < suspect.count ? " of " + CountText(looked) + " looked at" : "";
  if (once > 0)
    suspect.growth.push_back(CountText(once) + of_looked + " wait for an event that has not come (once)");
  suspect.advice.push_back("remove the listener when what it waits for is over by another way (an error, a timeout)");
  suspect.advice.push_back("or keep what waits in a Map by its id, with a time after which it is given up");
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
  Joiner joiner(reader, &finder, census, graph, cancel);
  for (const Together& group : AddedTogether(census, graph)) {
    if (!cancel.Cancelled()) joiner.Join(group, &suspects);
  }
  std::erase_if(suspects, [&](const Suspect& suspect) { return suspect.retained_bytes < least_bytes; });
  for (const Emitter& emitter : census.emitters) {
    if (cancel.Cancelled()) break;
    // Few of one name, and many names.
    if (emitter.event_count < kManyEvents || emitter.listeners > 2 * emitter.event_count) continue;
    std::optional<Suspect> suspect = SuspectOfEmitter(reader, &finder, census, graph, emitter, least_bytes, cancel);
    if (suspect) suspects.push_back(std::move(*suspect));
  }
  return suspects;
}

}  // namespace corewalk
