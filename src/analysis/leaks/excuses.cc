#include "analysis/leaks/excuses.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_set>

#include "analysis/leaks/accumulation.h"
#include "heap/views/collection_store.h"
#include "heap/views/collections.h"
#include "heap/views/contexts.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr size_t kSampled = 48;       // entries of a collection that are looked into
constexpr size_t kMostLooked = 4000;  // objects below them
constexpr int kMostDepth = 5;
constexpr size_t kMostProperties = 256;  // of what holds the collection

}  // namespace

std::optional<SizeLimit> LimitOf(HeapReader* reader, const HeapGraph& graph, const Suspect& suspect) {
  if (suspect.kind != SuspectKind::kCollection || suspect.count < 2) return std::nullopt;
  std::vector<ObjectId> places = {suspect.container, suspect.holder.holder_node};
  // A cache class in a variable: the limit may stand beside that variable too.
  const std::vector<PathStep>& path = suspect.holder.path;
  for (size_t i = path.size(); i-- > 1;) {
    if (path[i].node == suspect.holder.holder_node) places.push_back(path[i - 1].node);
  }
  for (const ObjectId place : places) {
    if (place == kNoObject || !graph.IsObject(place)) continue;
    const std::optional<SizeLimit> limit = FindLimit(*reader, graph.index().AddressOf(place) + 1, suspect.count);
    if (limit && limit->reached) return limit;
  }
  return std::nullopt;
}

std::optional<SizeLimit> LimitOfSibling(HeapReader* reader, const HeapGraph& graph, const Suspect& suspect) {
  const ObjectId place = suspect.holder.holder_node;
  if (suspect.kind != SuspectKind::kCollection || place == kNoObject || !graph.IsObject(place) ||
      !graph.IsObject(suspect.container))
    return std::nullopt;
  const uint64_t holder = graph.index().AddressOf(place) + 1;
  const uint64_t container = graph.index().AddressOf(suspect.container) + 1;
  const std::string type(reader->TypeOf(container));
  std::optional<SizeLimit> found;
  const auto consider = [&](uint64_t value) {
    if (found || value == container || !IsStrongPointer(value) || reader->TypeOf(value) != type) return;
    uint64_t entries = 0;
    for (const StoreView& store : StoresOf(*reader, value)) entries += store.entries;
    if (entries < suspect.count) return;
    const std::optional<SizeLimit> limit = FindLimit(*reader, holder, entries);
    if (limit && limit->reached) found = limit;
  };
  if (const std::optional<ContextView> context = ReadContext(*reader, holder)) {
    for (const ContextVariable& variable : context->variables) {
      if (variable.readable && !variable.raw_double) consider(variable.value);
    }
    return found;
  }
  size_t properties = 0;
  ForEachProperty(*reader, holder, [&](const OwnProperty& property) {
    if (!property.accessor && !property.raw_double && property.readable) consider(property.value);
    return ++properties < kMostProperties;
  });
  return found;
}

SourceFinder::FoundGuards GuardsOf(HeapReader* reader, const HeapGraph& graph, SourceFinder* sources, const Suspect& suspect) {
  const Holder& holder = suspect.holder;
  SourceFinder::FoundGuards found;
  const bool variable = holder.kind == HolderKind::kVariable, property = holder.kind == HolderKind::kProperty;
  if (variable || property)
    found = sources->GuardsIn(holder.file, holder.name, variable ? NamedThing::kVariable : NamedThing::kProperty);
  constexpr std::array<std::string_view, 6> kBuiltIn = {"Map", "Set", "Array", "Object", "WeakMap", "WeakSet"};
  if (!graph.IsObject(suspect.container)) return found;
  const std::string name = ClassOfNode(reader->names(), graph, suspect.container);
  if (name.empty() || std::ranges::find(kBuiltIn, name) != kBuiltIn.end()) return found;
  SourceFinder::FoundGuards of_class = sources->GuardsOfClass(name);
  std::ranges::move(of_class.guards, std::back_inserter(found.guards));
  found.removes |= of_class.removes;
  return found;
}

bool MayKeep(HeapReader* reader, const HeapGraph& graph, SourceFinder* sources, const Suspect& suspect,
             const SizeLimit& limit) {
  if (!limit.of_context) return true;
  const SourceFinder::FoundGuards guards = GuardsOf(reader, graph, sources, suspect);
  return !guards.known || guards.removes || std::ranges::find(guards.moduli, limit.name) != guards.moduli.end();
}

void ApplyLimit(HeapReader* reader, const HeapGraph& graph, SourceFinder* sources, const Holder& holder,
                CollectionFacts* facts) {
  if (facts->judgement.bound == Bound::kBounded) return;
  const Suspect suspect{
      .kind = SuspectKind::kCollection, .container = facts->node, .count = facts->entries, .holder = holder};
  const std::optional<SizeLimit> limit = LimitOf(reader, graph, suspect);
  if (!limit || !MayKeep(reader, graph, sources, suspect, *limit)) return;
  facts->growth.limit = *limit;
  facts->judgement = {.bound = Bound::kBounded, .reasons = {Reason::kAtLimit}};
}

bool IsSelfSimilar(HeapReader* reader, const HeapGraph& graph, const Suspect& suspect) {
  if (suspect.kind != SuspectKind::kCollection || suspect.holder.kind != HolderKind::kProperty ||
      !graph.IsObject(suspect.container))
    return false;
  const uint64_t collection = graph.index().AddressOf(suspect.container) + 1;
  const std::string type(reader->TypeOf(collection));
  struct Open {
    uint64_t object;
    int depth;
  };
  std::vector<Open> open;
  std::unordered_set<uint64_t> seen = {collection, graph.IsObject(suspect.holder.holder_node)
                                                       ? graph.index().AddressOf(suspect.holder.holder_node) + 1
                                                       : 0};
  const auto add = [&](uint64_t value, int depth) {
    if (!IsStrongPointer(value) || seen.size() > kMostLooked || !seen.insert(value).second) return;
    const MapInfo* map = reader->MapOf(value);
    if (map != nullptr && map->category == Category::kObject) open.push_back({value, depth});
  };
  const auto add_entries = [&](uint64_t object, int depth) {
    size_t entries = 0;
    if (TableOf(*reader, object)) {
      ForEachEntry(*reader, object, [&](uint64_t key, uint64_t value, Address) {
        add(value == 0 ? key : value, depth);
        return ++entries < kSampled;
      });
    } else {
      ForEachElement(*reader, object, [&](const OwnProperty& property) {
        if (!property.raw_double && !property.accessor) add(property.value, depth);
        return ++entries < kSampled;
      });
    }
  };
  add_entries(collection, 1);
  for (size_t at = 0; at < open.size(); ++at) {
    const Open now = open[at];
    bool found = false;
    size_t properties = 0;
    ForEachProperty(*reader, now.object, [&](const OwnProperty& property) {
      if (property.accessor || property.raw_double) return true;
      if (now.depth < kMostDepth) add(property.value, now.depth + 1);
      if (property.key != 0 && IsStrongPointer(property.value) && reader->TypeOf(property.value) == type &&
          ReadKey(*reader, property.key).text == suspect.holder.name) {
        found = TableOf(*reader, property.value) ? TableOf(*reader, property.value)->size > 0
                                                 : ArrayLengthOf(*reader, property.value).value_or(1) > 0;
      }
      return !found && ++properties < 64;
    });
    if (found) return true;
    if (now.depth < kMostDepth) add_entries(now.object, now.depth + 1);
  }
  return false;
}

}  // namespace corewalk
