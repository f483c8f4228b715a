#include "analysis/async/resolver_holders.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "heap/views/contexts.h"
#include "heap/views/property_finder.h"

namespace corewalk {
namespace {

constexpr size_t kMostSteps = 12;   // of a way
constexpr size_t kMostGroups = 64;  // that are asked for, those with most promises first
constexpr size_t kAsked = 9;        // of a group
constexpr size_t kLeastNamed = 2;   // of those
constexpr size_t kPoll = 1 << 10;

using Way = std::vector<uint64_t>;

// The shapes of what stands on the shortest way; of variables the scope as well, and where a way starts the very object.
Way WayOf(HeapReader& reader, const HeapGraph& graph, const AsyncPromise& promise) {
  Way way;
  ObjectId at = promise.resolver;
  for (size_t i = 0; i < kMostSteps && at != kNoObject && graph.IsObject(at); ++i) {
    way.push_back(graph.shapes().ShapeOf(at));
    const uint64_t tagged = graph.index().AddressOf(at) + 1;
    const MapInfo* map = reader.MapOf(tagged);
    if (map != nullptr && reader.layout().types.IsContext(map->instance_type))
      way.push_back(reader.ArrayElement(tagged, kContextScopeInfo).value_or(0));
    if (promise.source == PromiseSource::kHeldBy && at == promise.holder) return way;
    const ObjectId parent = graph.ParentOf(at);
    if (parent == kNoObject || !graph.IsObject(parent)) way.push_back(at);
    at = parent;
  }
  return way;
}

std::optional<ResolverHolder> NameOf(HeapReader& reader, const HeapGraph& graph, HolderFinder& finder,
                                     const AsyncPromise& promise) {
  Holder holder = finder.Find(promise.resolver);
  const auto class_of = [&](ObjectId node) { return reader.ClassOf(graph.index().AddressOf(node) + 1); };
  std::string property;
  // What holds the pairs {resolve, reject} says more than these.
  if (holder.kind == HolderKind::kProperty && graph.IsObject(holder.holder_node) &&
      class_of(holder.holder_node) == "Object") {
    const Holder& outer = finder.Find(holder.holder_node);
    if (outer.kind == HolderKind::kElement || outer.kind == HolderKind::kEntry) {
      property = holder.name;
      holder = outer;
    }
  }
  const bool named = holder.kind == HolderKind::kVariable || holder.kind == HolderKind::kProperty ||
                     holder.kind == HolderKind::kElement || holder.kind == HolderKind::kEntry ||
                     holder.kind == HolderKind::kGlobal || holder.kind == HolderKind::kModuleExport;
  if (!named || holder.name.empty() || holder.through_internals || holder.waits || holder.imported) return std::nullopt;
  if (promise.source == PromiseSource::kHeldBy &&
      holder.owner != class_of(promise.holder))
    return std::nullopt;
  return ResolverHolder{.kind = holder.kind, .owner = holder.owner, .name = holder.name, .property = property};
}

}  // namespace

std::unordered_map<uint32_t, ResolverHolder> FindResolverHolders(HeapReader* reader, const HeapGraph& graph,
                                                                 const AsyncCensus& census, const Cancel& cancel) {
  std::unordered_map<uint32_t, ResolverHolder> found;
  std::map<Way, std::vector<uint32_t>> by_way;
  PropertyFinder events(reader, "_events");
  for (uint32_t i = 0; i < census.promises.size(); ++i) {
    if (i % kPoll == 0 && cancel.Cancelled()) return found;
    const AsyncPromise& promise = census.promises[i];
    if (promise.resolver == kNoObject) continue;
    if (promise.source != PromiseSource::kProgram && promise.source != PromiseSource::kHeldBy) continue;
    // Of an emitter the event says more.
    const MapInfo* holder = promise.source == PromiseSource::kHeldBy
                                ? reader->MapOf(graph.index().AddressOf(promise.holder) + 1)
                                : nullptr;
    if (holder != nullptr && events.Find(MapInfo(*holder), graph.index().AddressOf(promise.holder))) continue;
    by_way[WayOf(*reader, graph, promise)].push_back(i);
  }
  std::vector<const std::vector<uint32_t>*> groups;
  for (const auto& [way, members] : by_way) groups.push_back(&members);
  std::ranges::stable_sort(groups, std::greater<>(), [](const auto* members) { return members->size(); });
  if (groups.size() > kMostGroups) groups.resize(kMostGroups);
  const auto asked = [](const std::vector<uint32_t>& members) {
    std::vector<uint32_t> some;
    for (size_t i = 0; i < kAsked; ++i) {
      const uint32_t one = members[i * (members.size() - 1) / (kAsked - 1)];
      if (some.empty() || some.back() != one) some.push_back(one);
    }
    return some;
  };
  HolderFinder finder(reader, graph, cancel);
  std::vector<ObjectId> nodes;
  for (const std::vector<uint32_t>* members : groups) {
    for (const uint32_t one : asked(*members)) nodes.push_back(census.promises[one].resolver);
  }
  finder.Prepare(nodes);
  for (const std::vector<uint32_t>* members : groups) {
    // The way of one of them may be hidden, but two names are one too many.
    std::optional<ResolverHolder> name;
    size_t named = 0;
    bool agreed = true;
    const std::vector<uint32_t> some = asked(*members);
    for (const uint32_t one : some) {
      if (cancel.Cancelled()) return found;
      std::optional<ResolverHolder> next = NameOf(*reader, graph, finder, census.promises[one]);
      if (!next) continue;
      agreed &= !name || *next == *name;
      name = std::move(next);
      ++named;
    }
    if (!agreed || named < std::min(kLeastNamed, some.size())) continue;
    for (const uint32_t member : *members) found.emplace(member, *name);
  }
  return found;
}

}  // namespace corewalk
