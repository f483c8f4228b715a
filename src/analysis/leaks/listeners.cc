#include "analysis/leaks/listeners.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "analysis/leaks/objects_with.h"
#include "analysis/leaks/retained_together.h"

namespace corewalk {
namespace {

constexpr size_t kPollEmitters = 1 << 10;

uint64_t RetainedOf(const HeapGraph& graph, uint64_t tagged) {
  const ObjectId node = graph.index().At(tagged);
  if (node == kNoObject || !graph.has_retained() || graph.DominatorOf(node) == kNoObject) return 0;
  return graph.RetainedOf(node);
}

void AddEvents(const HeapGraph& graph, Emitter emitter, const std::vector<EmitterEvent>& events,
               ListenerCensus* census) {
  emitter.first_event = static_cast<uint32_t>(census->events.size());
  emitter.event_count = static_cast<uint32_t>(events.size());
  for (const EmitterEvent& event : events) {
    emitter.listeners += event.count;
    census->events.push_back({.emitter = static_cast<uint32_t>(census->emitters.size()),
                              .event = event,
                              .retained = RetainedOf(graph, event.listeners)});
  }
  census->listeners += emitter.listeners;
  census->emitters.push_back(emitter);
}

}  // namespace

ListenerCensus ListenerFinder::Take(const Cancel& cancel) {
  std::vector<ObjectId> found = LiveObjectsWith(&reader_, graph_, &emitters_.events_finder(), cancel);
  const std::vector<ObjectId> targets = LiveObjectsWith(&reader_, graph_, &targets_.events_finder(), cancel);
  found.insert(found.end(), targets.begin(), targets.end());
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  ListenerCensus census;
  for (size_t i = 0; i < found.size(); ++i) {
    if (i % kPollEmitters == 0 && cancel.Cancelled()) break;
    Add(found[i], cancel, &census);
  }
  std::ranges::sort(census.bound_to_signal);
  census.interrupted = cancel.Cancelled();
  return census;
}

void ListenerFinder::Add(ObjectId node, const Cancel& cancel, ListenerCensus* census) {
  const Address address = graph_.index().AddressOf(node);
  const MapInfo* found = reader_.MapOf(address + 1);
  if (found == nullptr) return;
  const MapInfo map = *found;
  if (const std::optional<EmitterView> view = emitters_.Read(map, address); view && !view->events.empty()) {
    AddEvents(graph_, {.node = node, .kind = view->kind, .max = emitters_.MaxOf(map, address)}, view->events, census);
  }
  // An object may be both.
  const std::optional<EventTargetView> target = targets_.Read(map, address, cancel);
  if (!target || target->events.empty()) return;
  AddEvents(graph_,
            {.node = node,
             .kind = target->kind,
             .max = targets_.MaxOf(map, address),
             .aborted = target->aborted,
             .dependants = target->dependants},
            target->events, census);
  if (target->kind != EmitterKind::kAbortSignal) return;
  for (const EmitterEvent& event : target->events) {
    targets_.ForEachListener(event, cancel, [&](const ListenerView& listener) {
      if (const std::optional<SignalBinding> binding = targets_.BindingOf(listener))
        census->bound_to_signal.emplace_back(binding->target, binding->listener, binding->type);
      return true;
    });
  }
}

std::vector<ListenerGroup> ListenerFinder::Group(const ListenerCensus& census, const ListenedEvent& event,
                                                 const Cancel& cancel) {
  const Emitter& emitter = census.emitters[event.emitter];
  const uint64_t emitter_object = graph_.index().AddressOf(emitter.node) + 1;
  std::vector<ListenerGroup> groups;
  std::vector<std::vector<ObjectId>> entries;
  std::unordered_map<uint64_t, size_t> by_shared;
  std::vector<std::unordered_set<uint64_t>> functions;
  const bool is_target = emitter.kind == EmitterKind::kEventTarget || emitter.kind == EmitterKind::kAbortSignal;
  const std::string type = is_target ? NameOf(&reader_, event.event).text : "";
  const auto add = [&](const ListenerView& listener) {
    const uint64_t target = listener.function == 0 ? 0 : TargetOfBound(&reader_, listener.function);
    const uint64_t shared = target == 0 ? 0 : reader_.Field(target, ObjectField::kFunctionShared).value_or(0);
    const auto [at, is_new] = by_shared.try_emplace(shared, groups.size());
    if (is_new) {
      groups.push_back({.shared = shared, .function = listener.function});
      entries.emplace_back();
      functions.emplace_back();
    }
    ListenerGroup& group = groups[at->second];
    ++group.count;
    group.once += listener.once;
    group.weak += listener.weak;
    group.capture += listener.capture;
    group.passive += listener.passive;
    group.gone += listener.given == 0 || (listener.weak && listener.function == 0);
    if (is_target && !census.bound_to_signal.empty())
      group.bound_to_signal +=
          std::ranges::binary_search(census.bound_to_signal, std::tuple(emitter_object, listener.given, type));
    if (listener.function != 0) {
      functions[at->second].insert(listener.function);
      group.members.push_back(listener.function);
    }
    // The records of an EventTarget are a list, in which each holds the next one: they count for none of the groups.
    for (const uint64_t held : {is_target ? 0 : listener.entry, listener.weak ? 0 : listener.given}) {
      const ObjectId node = held == 0 ? kNoObject : graph_.index().At(held);
      if (node != kNoObject) entries[at->second].push_back(node);
    }
    return true;
  };
  if (is_target) {
    targets_.ForEachListener(event.event, cancel, add);
  } else {
    EmitterView view{.kind = emitter.kind};
    emitters_.ForEachListener(view, event.event, cancel, add);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    groups[i].functions = functions[i].size();
    if (graph_.has_retained()) groups[i].retained = RetainedTogether(graph_, entries[i]);
  }
  std::ranges::stable_sort(groups, [](const ListenerGroup& a, const ListenerGroup& b) {
    return std::tie(b.count, b.retained) < std::tie(a.count, a.retained);
  });
  return groups;
}

EventName NameOf(HeapReader* reader, const EmitterEvent& event) {
  if (event.is_index) return {std::to_string(event.index), false};
  const KeyText key = ReadKey(*reader, event.key);
  return {key.text, key.symbol};
}

}  // namespace corewalk
