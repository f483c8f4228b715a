#include "analysis/leaks/buffer_owners.h"

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>
#include <unordered_map>

namespace corewalk {
namespace {

// So many alike make a collection; fewer are told one by one.
constexpr uint32_t kCollection = 8;
constexpr int kMostSteps = 48;         // climbed from a store
constexpr size_t kMostContainers = 4;  // of a way that are looked at
constexpr size_t kPollStores = 1 << 14;

enum class StepKind : uint8_t { kContainer, kContext, kObject, kOther };

StepKind StepKindOf(const HeapGraph& graph, ObjectId node) {
  const MapInfo& map = graph.shapes().shapes()[graph.shapes().ShapeOf(node)].map;
  const InstanceTypes& types = graph.index().model().layout().types;
  if (types.IsContext(map.instance_type)) return StepKind::kContext;
  if (types.IsJSReceiver(map.instance_type)) return StepKind::kObject;
  if (map.instance_size_in_words == 0 && !types.IsString(map.instance_type)) return StepKind::kContainer;
  return StepKind::kOther;
}

// Where the climb from a store led.
struct Way {
  ObjectId containers[kMostContainers] = {kNoObject, kNoObject, kNoObject, kNoObject};
  size_t count = 0;
  ObjectId context = kNoObject;  // the first, when no container came before it
  ObjectId below_context = kNoObject;
  ObjectId object = kNoObject;  // the first object that is no view
  ObjectId below_object = kNoObject;
};

Way Climb(const HeapGraph& graph, ObjectId from) {
  Way way;
  ObjectId below = from;
  ObjectId at = graph.ParentOf(from);
  for (int step = 0; step < kMostSteps && at != kNoObject && graph.IsObject(at); ++step) {
    switch (StepKindOf(graph, at)) {
      case StepKind::kContainer:
        if (way.count == kMostContainers) return way;
        way.containers[way.count++] = at;
        break;
      case StepKind::kContext:
        // A variable: what stands above it is the program's structure, no collection of buffers, unless many closures
        // have such a variable.
        if (way.count == 0) way.context = at, way.below_context = below;
        return way;
      case StepKind::kObject:
        if (way.object == kNoObject) way.object = at, way.below_object = below;
        break;
      case StepKind::kOther:
        break;
    }
    below = at;
    at = graph.ParentOf(at);
  }
  return way;
}

// The number of the word of `from` that points to `to`; 0 when it is not among the first ones.
uint64_t SlotIndex(const HeapGraph& graph, ObjectId from, ObjectId to) {
  constexpr uint64_t kMostWords = 256;
  const uint64_t wanted = graph.index().AddressOf(to) + 1;
  const Address start = graph.index().AddressOf(from);
  for (uint64_t i = 1; i < kMostWords; ++i) {
    const std::optional<uint64_t> word = graph.index().model().memory().ReadWord(start + 8 * i);
    if (!word) break;
    if (*word == wanted) return i;
  }
  return 0;
}

// What members of a group have in common: {1, container}, {2, scope and slot}, {3, shape and slot}, {0, itself}.
using GroupKey = std::tuple<int, uint64_t, uint64_t>;

}  // namespace

ObjectId HeldObject(const HeapGraph& graph, const ExternalStore& store) {
  if (store.isolate != graph.options().isolate) return kNoObject;
  // A view that leads to the ArrayBuffer is what the program holds.
  return store.view != kNoObject && (store.only_views || graph.ParentOf(store.holder) == store.view) ? store.view
                                                                                                     : store.holder;
}

std::vector<StoreGroup> GroupStores(const HeapGraph& graph, const BufferCensus& census,
                                    const std::function<bool(const ExternalStore&)>& wanted, const Cancel& cancel) {
  std::vector<std::pair<uint32_t, Way>> ways;
  std::unordered_map<ObjectId, uint32_t> stores_below;
  for (uint32_t i = 0; i < census.stores.size(); ++i) {
    if (i % kPollStores == 0 && cancel.Cancelled()) break;
    const ExternalStore& store = census.stores[i];
    if (store.liveness == Liveness::kGarbage || !wanted(store)) continue;
    const ObjectId held = HeldObject(graph, store);
    if (held == kNoObject) continue;
    ways.emplace_back(i, Climb(graph, held));
    const Way& way = ways.back().second;
    for (size_t c = 0; c < way.count; ++c) ++stores_below[way.containers[c]];
  }
  std::map<GroupKey, StoreGroup> groups;
  std::map<GroupKey, std::vector<uint32_t>> alike;  // by class and property; too few of a kind stand alone
  const auto add = [&](StoreGroup* group, uint32_t number) {
    const ExternalStore& store = census.stores[number];
    if (group->count == 0 || store.bytes > census.stores[group->sample].bytes) {
      group->sample = number;
      group->kind = store.kind;
    }
    ++group->count;
    group->bytes += store.bytes;
    group->used_bytes += store.used_bytes;
    group->views += store.views;
    group->pinned_bytes += store.pinned_bytes();
    group->pinned_count += store.pinned_bytes() != 0;
  };
  size_t done = 0;
  for (const auto& [number, way] : ways) {
    if (++done % kPollStores == 0 && cancel.Cancelled()) break;
    size_t chosen = way.count;
    for (size_t c = 0; c < way.count && chosen == way.count; ++c) {
      if (stores_below[way.containers[c]] >= kCollection) chosen = c;
    }
    if (chosen < way.count) {
      StoreGroup& group = groups[{1, way.containers[chosen], 0}];
      group.collection = way.containers[chosen];
      add(&group, number);
    } else if (way.context != kNoObject) {
      const uint64_t scope =
          graph.index().model().memory().ReadWord(graph.index().AddressOf(way.context) + 16).value_or(way.context);
      add(&groups[{2, scope, SlotIndex(graph, way.context, way.below_context)}], number);
    } else if (way.object != kNoObject) {
      alike[{3, graph.shapes().ShapeOf(way.object), SlotIndex(graph, way.object, way.below_object)}].push_back(number);
    } else {
      add(&groups[{0, number, 0}], number);
    }
  }
  for (const auto& [key, numbers] : alike) {
    for (const uint32_t number : numbers) {
      add(numbers.size() >= kCollection ? &groups[key] : &groups[{0, number, 0}], number);
    }
  }
  std::vector<StoreGroup> result;
  result.reserve(groups.size());
  for (auto& [key, group] : groups) result.push_back(group);
  std::ranges::stable_sort(result, [](const StoreGroup& a, const StoreGroup& b) { return a.bytes > b.bytes; });
  return result;
}

}  // namespace corewalk
