#include "analysis/leaks/candidates.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "analysis/leaks/group_holders.h"
#include "analysis/leaks/retained_together.h"
#include "base/number_text.h"
#include "heap/views/collection_store.h"
#include "heap/views/collections.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr uint64_t kPollNodes = 1 << 20;
constexpr uint64_t kLeastMembers = 32;        // of a group that several things hold
constexpr double kLeastContainerShare = 0.3;  // of a group's members that a container must hold to be named for them
constexpr size_t kMostGroups = 32;
constexpr uint64_t kShownText = 80;     // UTF-16 units
constexpr uint64_t kManyWaiters = 100;  // for one promise

bool IsEngineClass(const std::string& name) {
  return name == "(code)" || name == "(object shape)" || name == "(hidden)" || name == "(symbol)" ||
         name == "(array)" || name == "(number)" || name == "system / Context" || name == "system / NativeContext";
}

class Maker {
 public:
  Maker(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders, uint64_t least, const Cancel& cancel)
      : reader_(*reader), graph_(graph), holders_(*holders), least_(least), cancel_(cancel), namer_(reader) {}

  std::vector<Suspect> Run() {
    const std::vector<Accumulation> points = FindAccumulations(graph_, &reader_, least_, cancel_);
    std::vector<std::pair<ObjectId, std::string>> groups;  // (dominator, class of the members)
    for (const Accumulation& point : points) {
      if (point.node == graph_.node_count()) {
        AddGroups(point, &groups);
        continue;
      }
      if (!graph_.IsObject(point.node)) {
        // Memory outside of the heap is told with the object that it belongs to.
        const ObjectId owner = graph_.DominatorOf(point.node);
        if (graph_.IsObject(owner)) AddLargeObject(owner);
        continue;
      }
      if (point.structure) {
        AddLargeObject(point.node);
        if (suspects_.back().kind == SuspectKind::kObject) suspects_.back().structure = true;
      } else if (point.chain > 0) {
        AddChain(point);
      } else if (point.collection) {
        AddCollection(point.node, point.groups);
      } else if (point.scattered >= point.retained && point.groups.empty()) {
        AddLargeObject(point.node);
      } else {
        AddGroups(point, &groups);
        // One thing outside of the heap, or one part, is what makes it large.
        if (point.groups.size() == 1 && point.groups[0].count == 1) AddLargeObject(point.node);
      }
    }
    AddShared(groups);
    return std::move(suspects_);
  }

 private:
  static std::string Describe(const std::string& class_name, const char* otherwise) {
    return class_name.empty() ? otherwise : class_name;
  }

  // Numbers stand in arrays of their own, which hold nothing.
  bool IsStore(ObjectId node) {
    const uint64_t tagged = graph_.index().AddressOf(node) + 1;
    return namer_.IsStore(tagged) || reader_.IsType(tagged, "FIXED_DOUBLE_ARRAY_TYPE");
  }

  // The Map of a table, the object of an array of properties: what the program knows it by.
  ObjectId OwnerOf(ObjectId node) {
    constexpr int kMostStores = 4;
    for (int i = 0; i < kMostStores && IsStore(node); ++i) {
      ObjectId owner = graph_.ParentOf(node);
      if (owner == kNoObject || !graph_.IsObject(owner)) {
        // A root holds it too: a stack, while it grows.
        owner = kNoObject;
        for (const ObjectId referrer : holders_.ReferrersOf(node)) {
          const MapInfo* map =
              graph_.IsObject(referrer) ? reader_.MapOf(graph_.index().AddressOf(referrer) + 1) : nullptr;
          if (map == nullptr || !reader_.layout().types.IsJSReceiver(map->instance_type)) continue;
          owner = referrer;
          break;
        }
      }
      if (owner == kNoObject) break;
      node = owner;
    }
    return node;
  }

  void AddCollection(ObjectId point, const std::vector<ChildGroup>& groups) {
    const ObjectId node = OwnerOf(point);
    for (const Suspect& known : suspects_) {
      if (known.kind == SuspectKind::kCollection && known.container == node && known.nodes[0] == std::min(node, point))
        return;
    }
    Suspect suspect{.kind = SuspectKind::kCollection, .nodes = {node}, .container = node};
    // The owner alone may not be enough: see above.
    if (point != node && graph_.RetainedOf(node) < graph_.RetainedOf(point))
      suspect.nodes = {std::min(node, point), std::max(node, point)};
    suspect.what = Describe(ClassOfNode(reader_.names(), graph_, node), "collection");
    suspect.count = CountEntries(&reader_, graph_.index().AddressOf(node) + 1);
    if (!groups.empty()) suspect.element_class = groups[0].class_name;
    suspect.retained_bytes = RetainedTogether(graph_, suspect.nodes);
    suspects_.push_back(std::move(suspect));
  }

  // A text that is large by itself, or a rope of many pieces.
  bool AddString(ObjectId node) {
    const uint64_t tagged = graph_.IsObject(node) ? graph_.index().AddressOf(node) + 1 : 0;
    if (tagged == 0 || !reader_.IsString(tagged)) return false;
    Suspect suspect{.kind = SuspectKind::kStrings, .nodes = {node}, .container = node};
    suspect.what = ClassOfNode(reader_.names(), graph_, node);
    suspect.element_class = suspect.what;
    const std::optional<StringText> text = reader_.Text(tagged, kShownText);
    suspect.count = text ? text->length : 0;
    if (text) suspect.sample = "\"" + text->text + (text->truncated ? "..." : "") + "\"";
    suspect.retained_bytes = graph_.RetainedOf(node);
    suspects_.push_back(std::move(suspect));
    return true;
  }

  void AddLargeObject(ObjectId node) {
    if (AddString(node)) return;
    Suspect suspect{.kind = SuspectKind::kObject, .nodes = {node}, .container = node};
    suspect.what = Describe(ClassOfNode(reader_.names(), graph_, node), "object");
    suspect.count = 1;
    suspect.retained_bytes = graph_.RetainedOf(node);
    suspects_.push_back(std::move(suspect));
  }

  // Those who wait for a promise are a list, which the promise holds.
  bool AddWaiters(const Accumulation& point) {
    const uint64_t tagged = graph_.index().AddressOf(point.node) + 1;
    if (!reader_.IsType(tagged, "PROMISE_REACTION_TYPE")) return false;
    ObjectId promise = graph_.DominatorOf(point.node);
    if (!graph_.IsObject(promise) || !reader_.IsType(graph_.index().AddressOf(promise) + 1, "JS_PROMISE_TYPE"))
      promise = point.node;
    Suspect suspect{.kind = SuspectKind::kPromises, .nodes = {promise}, .container = promise, .what = "Promise"};
    for (const ChildGroup& group : point.groups) {
      if (reader_.IsType(graph_.index().AddressOf(group.example) + 1, "PROMISE_REACTION_TYPE"))
        suspect.count += group.count;
    }
    suspect.element_class = ClassOfNode(reader_.names(), graph_, point.node);
    suspect.retained_bytes = graph_.RetainedOf(promise);
    suspect.growth.push_back("it is not settled, and each await or then() waits for it");
    suspect.grows = suspect.count >= kManyWaiters;
    suspects_.push_back(std::move(suspect));
    return true;
  }

  // What register() is given to hold is kept until the registered object has been collected: a list, which the registry
  // holds.
  bool AddRegistrations(const Accumulation& point) {
    const auto is = [this](ObjectId node, const char* type) {
      return graph_.IsObject(node) && reader_.IsType(graph_.index().AddressOf(node) + 1, type);
    };
    const ObjectId registry = is(point.node, "WEAK_CELL_TYPE") ? graph_.DominatorOf(point.node) : point.node;
    if (!is(registry, "JS_FINALIZATION_REGISTRY_TYPE")) return false;
    Suspect suspect{.kind = SuspectKind::kObjects, .nodes = {registry}, .container = registry};
    suspect.what = Describe(ClassOfNode(reader_.names(), graph_, registry), "FinalizationRegistry");
    uint64_t gone = 0;
    ForEachCell(reader_, graph_.index().AddressOf(registry) + 1, [&](uint64_t target, uint64_t, Address) {
      ++suspect.count;
      const ObjectId node = graph_.index().At(target);
      gone += node == kNoObject || !graph_.IsLive(node);
      return suspect.count % kPollNodes != 0 || !cancel_.Cancelled();
    });
    suspect.element_class = "WeakCell";
    suspect.retained_bytes = graph_.RetainedOf(registry);
    if (gone * 2 > suspect.count)
      suspect.steady = CountText(gone) + " of the " + CountText(suspect.count) + " registered objects are garbage, with which the registrations go";
    suspect.growth.push_back("each register() adds one, with what it is to hold, and it goes when its object has been collected");
    suspect.advice.push_back("let it hold a key, not the data: what register() is given lives as long as the object that is registered");
    suspects_.push_back(std::move(suspect));
    return true;
  }

  // The first link that the program has a name for: a new one may still be in the making, and on a stack only.
  ObjectId TopOf(const Accumulation& point) {
    if (point.top.size() < 2) return point.node;
    holders_.Prepare(point.top);
    const auto named = std::ranges::find_if(point.top, [this](ObjectId link) { return RankOf(link) == 0; });
    return named == point.top.end() ? point.top.front() : *named;
  }

  // Calls of an async function that wait for each other: the function says more than who holds the first.
  bool OfWaiting(const ChildGroup& group, Suspect* suspect) {
    std::optional<Holder> function = holders_.FunctionThatWaits(group.example);
    if (!function) return false;
    suspect->what = "chain of calls that wait";
    suspect->element_class = group.class_name;
    suspect->count = group.count;
    suspect->advice.push_back("let no call wait for the next one of the same function: a loop (while, for) ends each before the next, and holds "
                              "nothing of it");
    suspect->holder = std::move(*function);
    return true;
  }

  void AddChain(const Accumulation& point) {
    if (AddString(point.node) || AddWaiters(point) || AddRegistrations(point)) return;
    // The links are told by the class a program gave them, not by the contexts between.
    const ChildGroup* links = &point.groups[0];
    for (const ChildGroup& group : point.groups) {
      if (IsEngineClass(links->class_name) && !IsEngineClass(group.class_name) && group.count * 4 >= links->count)
        links = &group;
    }
    Suspect suspect{.kind = links->class_name == "Function" ? SuspectKind::kClosures : SuspectKind::kObjects,
                    .nodes = point.pieces.empty() ? std::vector<ObjectId>{point.node} : point.pieces,
                    .container = TopOf(point)};
    suspect.what = "chain of " + links->class_name;
    suspect.count = links->count;
    suspect.element_class = links->class_name;
    suspect.retained_bytes = RetainedTogether(graph_, suspect.nodes);
    suspect.growth.push_back("each holds the next");
    for (const ChildGroup& group : point.groups) {
      if (group.count * 4 >= links->count && OfWaiting(group, &suspect)) break;
    }
    suspects_.push_back(std::move(suspect));
  }

  void AddGroups(const Accumulation& point, std::vector<std::pair<ObjectId, std::string>>* groups) {
    for (const ChildGroup& group : point.groups) {
      if (group.bytes < least_ || group.count < kLeastMembers || IsEngineClass(group.class_name)) continue;
      groups->emplace_back(point.node, group.class_name);
    }
  }

  // Groups whose members several things hold, each with the container that has most of them.
  void AddShared(std::vector<std::pair<ObjectId, std::string>> wanted) {
    if (wanted.size() > kMostGroups) wanted.resize(kMostGroups);
    std::vector<MemberGroup> groups = CollectMembers(wanted);
    FindGroupHolders(graph_, &reader_, groups, cancel_);
    std::vector<ObjectId> asked;
    for (const MemberGroup& group : groups) {
      const std::vector<ObjectId> large = LargeContainers(group);
      if (large.size() > 1) asked.insert(asked.end(), large.begin(), large.end());
    }
    holders_.Prepare(asked);
    for (size_t g = 0; g < groups.size(); ++g) {
      MemberGroup& group = groups[g];
      if (group.members.size() < kLeastMembers) continue;
      uint64_t bytes = 0;
      for (const ObjectId member : group.members) bytes += graph_.RetainedOf(member);
      const std::vector<ObjectId> large = LargeContainers(group);
      ObjectId container = large.empty() ? kNoObject : large[0];
      int best = INT32_MAX;
      for (size_t i = 0; i < large.size() && large.size() > 1; ++i) {
        if (const int rank = RankOf(large[i]); rank < best) best = rank, container = large[i];
      }
      if (container != kNoObject) {
        AddToContainer(container, wanted[g].second, std::move(group), bytes);
      } else if (!wanted[g].second.starts_with('(')) {
        Suspect suspect{.kind = SuspectKind::kObjects, .nodes = std::move(group.members)};
        suspect.what = wanted[g].second;
        suspect.count = suspect.nodes.size();
        suspect.element_class = wanted[g].second;
        suspect.retained_bytes = bytes;
        if (!group.holders.kinds.empty()) suspect.container = group.holders.kinds[0].example;
        suspects_.push_back(std::move(suspect));
      }
    }
  }

  static std::vector<ObjectId> LargeContainers(const MemberGroup& group) {
    std::vector<ObjectId> large;
    const auto least_members = kLeastContainerShare * static_cast<double>(group.members.size());
    for (const GroupHolders::Container& one : group.holders.containers) {
      if (static_cast<double>(one.members) >= least_members) large.push_back(one.node);
    }
    return large;
  }

  // Which of several containers of the same things a person would name.
  int RankOf(ObjectId container) {
    switch (holders_.Find(container).kind) {
      case HolderKind::kVariable:
      case HolderKind::kProperty:
      case HolderKind::kGlobal:
      case HolderKind::kModuleExport:
        return 0;
      case HolderKind::kElement:
      case HolderKind::kEntry:
        return 1;
      case HolderKind::kClosure:
        return 2;
      default:
        return 3;
    }
  }

  void AddToContainer(ObjectId holder, const std::string& class_name, MemberGroup group, uint64_t bytes) {
    const ObjectId container = OwnerOf(holder);
    auto known = std::ranges::find_if(
        suspects_, [&](const Suspect& s) { return s.container == container && s.kind == SuspectKind::kCollection; });
    // Texts and numbers that V8 or others share with it, beside what is its own, are not what it is made of.
    if (known != suspects_.end() && class_name.starts_with('(')) return;
    if (known == suspects_.end()) {
      AddCollection(container, {});
      known = suspects_.end() - 1;
    }
    if (known->element_class.empty() || known->element_class.starts_with('(')) known->element_class = class_name;
    known->nodes.insert(known->nodes.end(), group.members.begin(), group.members.end());
    std::ranges::sort(known->nodes);
    const auto repeated = std::ranges::unique(known->nodes);
    known->nodes.erase(repeated.begin(), repeated.end());
    known->retained_bytes += bytes;
    for (const GroupHolders::Container& other : group.holders.containers) {
      if (other.node != container && other.members * 2 >= group.members.size() &&
          std::ranges::find(known->also, other.node) == known->also.end())
        known->also.push_back(other.node);
    }
    for (const GroupHolders::Kind& kind : group.holders.kinds) {
      if (kind.references * 2 >= group.members.size() &&
          std::ranges::find(known->also, kind.example) == known->also.end())
        known->also.push_back(kind.example);
    }
  }

  std::vector<MemberGroup> CollectMembers(const std::vector<std::pair<ObjectId, std::string>>& wanted) {
    std::vector<MemberGroup> groups(wanted.size());
    if (wanted.empty()) return groups;
    NodeSet dominators(graph_.node_count() + 1);
    for (const auto& [dominator, name] : wanted) dominators.Add(dominator);
    std::map<std::pair<ObjectId, uint32_t>, int> group_of;  // by dominator and shape; -1 = none
    const std::span<const ObjectId> all = graph_.dominators();
    for (ObjectId node = 0; node < graph_.object_count(); ++node) {
      if (node % kPollNodes == 0 && cancel_.Cancelled()) break;
      const ObjectId dominator = all[node];
      if (dominator == kNoObject || !dominators.Has(dominator) || graph_.RetainedOf(node) >= least_) continue;
      const auto [known, is_new] = group_of.try_emplace({dominator, graph_.shapes().ShapeOf(node)}, -1);
      if (is_new) {
        const std::string name = ClassOfNode(reader_.names(), graph_, node);
        for (size_t g = 0; g < wanted.size(); ++g) {
          if (wanted[g].first == dominator && wanted[g].second == name) known->second = static_cast<int>(g);
        }
      }
      if (known->second >= 0) groups[static_cast<size_t>(known->second)].members.push_back(node);
    }
    return groups;
  }

  HeapReader& reader_;
  const HeapGraph& graph_;
  HolderFinder& holders_;
  const uint64_t least_;
  const Cancel& cancel_;
  SlotNamer namer_;
  std::vector<Suspect> suspects_;
};

}  // namespace

uint64_t CountEntries(HeapReader* reader, uint64_t tagged) {
  if (const std::optional<TableView> table = TableOf(*reader, tagged)) return table->size;
  if (reader->IsType(tagged, "JS_ARRAY_TYPE"))
    return static_cast<uint64_t>(std::max(0.0, ArrayLengthOf(*reader, tagged).value_or(0)));
  if (const MapInfo* map = reader->MapOf(tagged); map != nullptr && map->category == Category::kArray)
    return reader->ArrayLength(tagged).value_or(0);
  uint64_t count = 0;
  for (const StoreView& store : StoresOf(*reader, tagged)) count += store.entries;
  return count;
}

std::vector<Suspect> SuspectsFromGraph(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders,
                                       uint64_t least_bytes, const Cancel& cancel) {
  return Maker(reader, graph, holders, least_bytes, cancel).Run();
}

}  // namespace corewalk
