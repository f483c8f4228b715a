#include "analysis/leaks/holder.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "analysis/leaks/frame_variables.h"
#include "analysis/leaks/holder_candidate.h"
#include "analysis/leaks/live_objects.h"
#include "base/on_threads.h"
#include "heap/map_cache.h"
#include "heap/stack_frames.h"
#include "heap/views/generators.h"
#include "heap/views/properties.h"
#include "heap/views/script_kind.h"
#include "heap/views/suspended.h"

namespace corewalk {
namespace {

constexpr size_t kMostLevels = 24;  // of owners that are gone up
constexpr size_t kMostOpen = 32;    // owners of one level that are gone up from
constexpr size_t kMostStores = 8;   // nested parts of one object
constexpr int kMostPasses = 96;     // over all references, in the life of a finder
constexpr uint32_t kMostDistance = 1'000'000;
constexpr uint32_t kMostParts = 1 << 16;
constexpr uint32_t kMostOfShape = 16;  // referrers of one shape, where there are very many
constexpr size_t kLikelyBits = 1 << 17;  // 16 KB
constexpr uint64_t kMostLikelyAsked = 1 << 13;
constexpr size_t kMostSlots = 64;  // of stacks that refer to one object
constexpr size_t kMostInnerContexts = 6;  // levels of contexts inside of one

}  // namespace

std::string_view HolderKindName(HolderKind kind) {
  static constexpr std::string_view kNames[] = {"variable",      "property", "element", "entry", "global",
                                                "module_export", "closure",  "native",  "stack", "unknown"};
  return kNames[static_cast<size_t>(kind)];
}

HolderFinder::HolderFinder(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel)
    : reader_(*reader), graph_(graph), cancel_(cancel), sources_(reader, &cancel), namer_(reader) {
  const InstanceTypes& types = reader_.layout().types;
  std::vector<uint64_t> scripts;
  for (const ObjectId id : LiveObjects(
           graph_, [&](const LiveShape& shape) { return types.at(shape.map.instance_type).name == "SCRIPT_TYPE"; },
           cancel))
    scripts.push_back(TaggedOf(id));
  sources_.SetScripts(std::move(scripts));
}

HolderFinder::~HolderFinder() = default;

const Holder& HolderFinder::Find(ObjectId node) {
  if (const auto known = holders_.find(node); known != holders_.end()) return known->second;
  Holder holder = Resolve(node);
  return holders_.insert_or_assign(node, std::move(holder)).first->second;
}

void HolderFinder::Prepare(std::span<const ObjectId> nodes) {
  // What a search will ask about is what stands on the ways up; the rest is in AddLikelyAsked().
  constexpr size_t kMostPrepared = 1 << 14;
  std::unordered_set<ObjectId> seen;
  std::vector<ObjectId> wanted;
  for (const ObjectId node : nodes) {
    if (node >= graph_.node_count() || !graph_.IsLive(node)) continue;
    ObjectId at = node;
    for (size_t i = 0; i <= kMostLevels && at != kNoObject; ++i, at = graph_.ParentOf(at)) {
      if (seen.size() < kMostPrepared && seen.insert(at).second && !SoleOwner(at)) wanted.push_back(at);
    }
  }
  CollectReferrers(std::move(wanted));
}

// The dominator tree's way up, as far as it takes to see.
bool HolderFinder::IsBelow(ObjectId node, ObjectId dominator) const {
  for (size_t i = 0; i < 4096 && node < graph_.node_count(); ++i) {
    if (node == dominator) return true;
    node = graph_.DominatorOf(node);
  }
  return false;
}

// What an object itself keeps alive (its listeners) may have been given it as a parameter, and something may refer to such
// a part a while longer: that says nothing of who holds the object.
bool HolderFinder::LeadsThrough(ObjectId owner, ObjectId node) const {
  for (size_t i = 0; i < kMostDistance && owner != kNoObject; ++i, owner = graph_.ParentOf(owner)) {
    if (owner == node) return true;
  }
  return false;
}

uint32_t HolderFinder::DistanceOf(ObjectId node) const {
  uint32_t distance = 0;
  for (ObjectId at = node; at != kNoObject && distance < kMostDistance; ++distance) at = graph_.ParentOf(at);
  return distance;
}

bool HolderFinder::IsWeakMapValue(ObjectId node) {
  if (!weak_values_) {
    weak_values_.emplace();
    if (const References* references = graph_.references(); references != nullptr) {
      for (const Ephemeron& entry : references->ephemerons()) weak_values_->push_back(entry.value);
    }
    std::ranges::sort(*weak_values_);
  }
  return std::ranges::binary_search(*weak_values_, node);
}

// The owner on the shortest way also dominates the node: nothing else can hold it.
bool HolderFinder::SoleOwner(ObjectId node) {
  if (IsWeakMapValue(node)) return false;  // its key may dominate it, but holds it for the WeakMap only
  const ObjectId dominator = graph_.has_retained() ? graph_.DominatorOf(node) : kNoObject;
  if (dominator == kNoObject || dominator >= graph_.object_count()) return false;
  ObjectId at = graph_.ParentOf(node);
  for (size_t i = 0; i < kMostStores && at != kNoObject; ++i) {
    if (at == dominator) return true;
    if (!namer_.IsStore(TaggedOf(at))) return false;
    at = graph_.ParentOf(at);
  }
  return false;
}

// What will be asked about next are the contexts, functions and objects above: of most heaps there are few but for those
// that fill it. A pass that looks for all of them at once costs little more than one that looks for one.
void HolderFinder::AddLikelyAsked(std::vector<ObjectId>* nodes) {
  if (!graph_.has_shapes()) return;
  const InstanceTypes& types = reader_.layout().types;
  std::vector<const LiveShape*> rare;
  for (const LiveShape& shape : graph_.shapes().shapes()) {
    const int type = shape.map.instance_type;
    const bool holds = types.IsContext(type) || shape.map.category == Category::kClosure ||
                       shape.map.category == Category::kObject;
    if (shape.live_count > 0 && holds) rare.push_back(&shape);
  }
  std::ranges::stable_sort(rare, {}, &LiveShape::live_count);
  std::unordered_set<const LiveShape*> chosen;
  uint64_t count = 0;
  for (const LiveShape* shape : rare) {
    count += shape->live_count;
    if (count > kMostLikelyAsked) break;
    chosen.insert(shape);
  }
  for (const ObjectId node : LiveObjects(
           graph_, [&](const LiveShape& shape) { return chosen.contains(&shape); }, cancel_)) {
    const auto [list, is_new] = referrers_.try_emplace(node);
    if (!is_new) continue;
    if (const ObjectId parent = graph_.ParentOf(node); parent != kNoObject) list->second.push_back(parent);
    nodes->push_back(node);
  }
}

void HolderFinder::CollectReferrers(std::vector<ObjectId> nodes) {
  std::erase_if(nodes, [this](ObjectId node) { return referrers_.contains(node); });
  if (nodes.empty()) return;
  std::ranges::sort(nodes);
  const auto repeated = std::ranges::unique(nodes);
  nodes.erase(repeated.begin(), repeated.end());
  for (const ObjectId node : nodes) {
    std::vector<ObjectId>& list = referrers_[node];
    if (const ObjectId parent = graph_.ParentOf(node); parent != kNoObject) list.push_back(parent);
  }
  const References* references = graph_.references();
  if (references == nullptr || passes_ >= kMostPasses) return;
  if (passes_ == 0) AddLikelyAsked(&nodes);
  ++passes_;
  NodeSet wanted(graph_.node_count());
  // Few are wanted: a set that the innermost cache holds rules out nearly all references.
  std::vector<uint64_t> likely(kLikelyBits / 64);
  for (const ObjectId node : nodes) {
    wanted.Add(node);
    likely[node % kLikelyBits / 64] |= uint64_t{1} << node % 64;
  }
  // Half of a list is for whatever comes first, the other half for few of each shape: parts that refer back to the whole
  // (children to their parent) are many, and would leave no room for the one variable that holds it. What the node itself
  // dominates holds it in no case: contexts of its listeners look like that of the module whose variable does.
  struct List {
    std::vector<ObjectId> nodes;
    std::unordered_map<uint32_t, uint32_t> of_shape;  // in the other half
    std::unordered_map<uint32_t, uint32_t> parts;     // of a shape, that the node itself dominates
  };
  const auto is_part = [this](ObjectId from, ObjectId to, const List& list) {
    if (list.nodes.size() < kMostReferrers / 2 || !graph_.has_retained()) return false;
    constexpr int kMostSteps = 16;
    for (int i = 0; i < kMostSteps && from < graph_.node_count(); ++i, from = graph_.DominatorOf(from)) {
      if (from == to) return true;
    }
    return false;
  };
  const auto has_room = [this](List* list, ObjectId from, size_t most) {
    if (list->nodes.size() < most / 2) return true;
    if (list->nodes.size() >= most) return false;
    const bool few = !graph_.has_shapes() || !graph_.IsObject(from) || ++list->of_shape[graph_.shapes().ShapeOf(from)] <= kMostOfShape;
    return few;
  };
  std::unordered_map<ObjectId, List> lists;
  const auto add = [&](ObjectId from, ObjectId to) {
    List& list = lists[to];
    std::vector<ObjectId>& known = referrers_[to];  // the first may be the parent
    if (from == to || (!known.empty() && (known.back() == from || known.front() == from))) return;
    if (is_part(from, to, list) || !has_room(&list, from, kMostReferrers)) return;
    list.nodes.push_back(from);
    known.push_back(from);
  };
  // Of each part of the heap a list of its own; what is more than the whole list takes is not kept. To what many refer (the
  // context of a module), nearly all refer in vain: which shape has had its share is remembered.
  struct Part {
    std::unordered_map<ObjectId, List> lists;
    struct Full {
      ObjectId to = kNoObject;
      uint32_t shape = 0;
    };
    std::array<Full, 1 << 10> full;
  };
  std::vector<Part> parts(graph_.threads());
  InParts(graph_.object_count(), parts.size(), [&](size_t number, uint64_t begin, uint64_t end) {
    Part& part = parts[number];
    for (ObjectId from = static_cast<ObjectId>(begin); from < end; ++from) {
      if (from % (1 << 20) == 0 && cancel_.Cancelled()) return;
      if (!graph_.IsLive(from)) continue;
      references->ForEach(from, [&](ObjectId to) {
        if ((likely[to % kLikelyBits / 64] >> to % 64 & 1) == 0 || !wanted.Has(to)) return;
        const uint32_t shape = graph_.has_shapes() ? graph_.shapes().ShapeOf(from) : 0;
        Part::Full& full = part.full[(to * 31 + shape) % part.full.size()];
        if (full.to == to && full.shape == shape) return;
        List& list = part.lists[to];
        if (!list.nodes.empty() && list.nodes.back() == from) return;
        // Where so many of a shape are parts, so are the millions that follow: to ask for each of them takes too long.
        if (is_part(from, to, list)) {
          if (++list.parts[shape] > kMostParts) full = {to, shape};
        } else if (has_room(&list, from, kMostReferrers)) {
          list.nodes.push_back(from);
        } else {
          full = {to, shape};
        }
      });
    }
  });
  if (cancel_.Cancelled()) return;
  for (const Part& part : parts) {
    for (const auto& [to, list] : part.lists) {
      for (const ObjectId from : list.nodes) add(from, to);
    }
  }
  for (const Ephemeron& entry : references->ephemerons()) {
    if (wanted.Has(entry.value) && graph_.IsLive(entry.table)) add(entry.table, entry.value);
  }
}

const std::vector<ObjectId>& HolderFinder::ReferrersOf(ObjectId node) {
  CollectReferrers({node});
  return referrers_[node];
}

// From the object that a person would name down to the node. Parts of objects have one owner; it is on their shortest
// way.
std::vector<ObjectId> HolderFinder::ChainFrom(ObjectId referrer, ObjectId node) {
  const auto climb = [&](const auto& owner_of) {
    std::vector<ObjectId> chain = {referrer, node};
    while (chain.size() < kMostStores && namer_.IsStore(TaggedOf(chain.front()))) {
      const ObjectId owner = owner_of(chain.front());
      if (owner == kNoObject || std::ranges::find(chain, owner) != chain.end()) break;
      chain.insert(chain.begin(), owner);
    }
    return chain;
  };
  std::vector<ObjectId> chain = climb([this](ObjectId store) { return graph_.ParentOf(store); });
  // Optimized code refers to the parts that it works on (the cell of a module's variable), often by the shortest way;
  // it owns none of them.
  if (!IsCode(chain.front()) || chain.front() == referrer) return chain;
  std::vector<ObjectId> other = climb([this](ObjectId store) {
    const auto rank = [this](ObjectId owner) {
      return std::tuple(IsCode(owner), namer_.IsStore(TaggedOf(owner)), DistanceOf(owner), owner);
    };
    ObjectId best = kNoObject;
    for (const ObjectId owner : ReferrersOf(store)) {
      if (graph_.IsObject(owner) && (best == kNoObject || rank(owner) < rank(best))) best = owner;
    }
    return best;
  });
  return IsCode(other.front()) ? chain : other;
}

bool HolderFinder::IsCode(ObjectId node) {
  const MapInfo* map = graph_.IsObject(node) ? reader_.MapOf(TaggedOf(node)) : nullptr;
  return map != nullptr && map->category == Category::kCode;
}

// A function that `holder` is or runs, when it runs in the context; and what else to ask: contexts inside of it.
std::optional<FunctionView> HolderFinder::RunsIn(ObjectId holder, ObjectId context, std::vector<ObjectId>* inner) {
  const uint64_t tagged = TaggedOf(holder);
  const MapInfo* map = reader_.MapOf(tagged);
  if (map == nullptr) return std::nullopt;
  const InstanceTypes& types = reader_.layout().types;
  std::optional<FunctionView> view;
  if (map->category == Category::kClosure) {
    view = ReadFunction(reader_, tagged);
    if (view && view->context != TaggedOf(context)) view.reset();
  } else if (const uint64_t function = FunctionOfGenerator(reader_, tagged); function != 0) {
    view = ReadFunction(reader_, function);
  } else if (types.IsContext(map->instance_type) && !types.IsNativeContext(map->instance_type)) {
    inner->push_back(holder);
  }
  return view && view->script != 0 ? view : std::nullopt;
}

// The function of a frame whose context it is, or was before the frame entered a block: a module's own code, say, that has
// called what closes over its variables for the last time.
std::optional<FunctionView> HolderFinder::RunsOnStackIn(ObjectId context) {
  for (const uint32_t number : graph_.RootsOf(context)) {
    const Root& root = graph_.roots().roots[number];
    if (root.group != RootGroup::kStacks || root.slot == 0) continue;
    std::optional<FunctionView> function = FunctionOfSlot(reader_, root.slot + kFrameFunction - kFrameContext);
    if (function && function->script != 0) return function;
  }
  return std::nullopt;
}

std::optional<FunctionView> HolderFinder::ClosureOf(ObjectId context) {
  if (const auto known = closures_.find(context); known != closures_.end()) return known->second;
  // The shortest way mostly leads through such a function; else all references are looked at. Functions of the context
  // itself are asked before those of contexts inside of it; of several the first in the source is taken.
  std::optional<FunctionView> result;
  std::pair<bool, int32_t> best_rank;
  std::vector<ObjectId> level = {context};
  std::unordered_set<ObjectId> seen = {context};
  for (size_t depth = 0; depth < kMostInnerContexts && !level.empty() && !result; ++depth) {
    std::vector<ObjectId> inner;
    for (const bool all : {false, true}) {
      if (all) CollectReferrers(level);
      for (const ObjectId at : level) {
        const std::vector<ObjectId> holders = all ? referrers_[at] : std::vector<ObjectId>{graph_.ParentOf(at)};
        for (const ObjectId holder : holders) {
          if (holder == kNoObject) continue;
          std::optional<FunctionView> view = RunsIn(holder, at, &inner);
          if (!view) continue;
          // A function of an eval() runs in the contexts of the script that it was called from, too.
          const std::pair rank(IsEvalScript(reader_, view->script), view->start);
          if (!result || rank < best_rank) result = std::move(view), best_rank = rank;
        }
      }
      if (result && !best_rank.first) break;
    }
    for (size_t i = 0; i < level.size() && !result; ++i) result = RunsOnStackIn(level[i]);
    if (result) break;
    level.clear();
    for (const ObjectId at : inner) {
      if (level.size() < kMostOpen && seen.insert(at).second) level.push_back(at);
    }
  }
  return closures_[context] = result;
}

// One way up that is still open.
struct HolderFinder::Search {
  ObjectId node = kNoObject;
  std::vector<ObjectId> way;              // from `node` down to the object that was asked for
  int rank = 0;                           // the worst of the references on the way
  HolderKind via = HolderKind::kUnknown;  // kElement or kEntry when the way leads through one
  bool internals = false;                 // it leads through variables or fields that are not the program's
};

Holder HolderFinder::Resolve(ObjectId node) {
  if (node >= graph_.node_count() || !graph_.IsLive(node)) return {};
  // What every program reaches by this name, although references to it stand in Node.js's own variables.
  if (graph_.IsObject(node) && reader_.ClassOf(TaggedOf(node)) == "process") {
    Holder holder = FromRoot(node);
    return {.kind = HolderKind::kGlobal,
            .name = "process",
            .owner = "globalThis",
            .text = "process",
            .holder_node = holder.holder_node,
            .path = std::move(holder.path)};
  }
  std::unordered_set<ObjectId> seen = {node};
  std::vector<Search> open = {{.node = node, .way = {node}}};
  // In a variable of a function that is suspended: often because it goes over what something else holds. Or a parameter
  // that only the object leads to.
  std::optional<Candidate> suspended;
  std::vector<ObjectId> suspended_way;
  std::pair<uint32_t, ObjectId> suspended_key;
  HolderKind suspended_via = HolderKind::kUnknown;
  for (size_t level = 0; level < kMostLevels && !open.empty() && !cancel_.Cancelled(); ++level) {
    std::vector<ObjectId> ask;
    for (const Search& search : open) {
      if (!SoleOwner(search.node)) ask.push_back(search.node);
    }
    CollectReferrers(std::move(ask));
    std::optional<Candidate> best;
    const Search* best_search = nullptr;
    std::tuple<bool, int, uint32_t, ObjectId> best_key;
    std::vector<Search> next;
    for (const Search& search : open) {
      std::vector<ObjectId> holders;
      if (SoleOwner(search.node)) {
        holders.push_back(graph_.ParentOf(search.node));
      } else if (const auto known = referrers_.find(search.node); known != referrers_.end()) {
        holders = known->second;
      }
      for (const ObjectId holder : holders) {
        if (!graph_.IsObject(holder) || seen.contains(holder) || (graph_.has_retained() && IsBelow(holder, node)))
          continue;
        Candidate candidate = Classify(ChainFrom(holder, search.node));
        const ObjectId owner = candidate.owner_node();
        if (candidate.waits || (candidate.fleeting && candidate.rank <= kGoodEnough) ||
            (candidate.parameter && LeadsThrough(candidate.owner_node(), node))) {
          const std::pair key(DistanceOf(candidate.owner_node()), candidate.owner_node());
          if (!suspended || key < suspended_key)
            suspended = std::move(candidate), suspended_way = search.way, suspended_via = search.via, suspended_key = key;
          continue;
        }
        // Through a module of Node.js, which the program imports, everything in Node.js can be reached.
        if (candidate.imported && search.rank >= kInternal) candidate.rank = kInternal;
        if (candidate.rank <= kGoodEnough) {
          // A way through what is no reference of the program's (the key of a WeakMap) comes last.
          const std::tuple key(search.rank >= kHidden, candidate.rank, DistanceOf(owner), owner);
          if (!best || key < best_key) best = std::move(candidate), best_key = key, best_search = &search;
          continue;
        }
        if (!seen.insert(owner).second) continue;
        Search further{.node = owner, .rank = candidate.rank, .via = search.via, .internals = search.internals};
        further.internals |= candidate.rank >= kInternal && candidate.kind != HolderKind::kProperty;
        if (candidate.kind == HolderKind::kElement || candidate.kind == HolderKind::kEntry) {
          if (further.via == HolderKind::kUnknown) further.via = candidate.kind;
        }
        further.way.assign(candidate.chain.begin(), candidate.chain.end() - 1);
        further.way.insert(further.way.end(), search.way.begin(), search.way.end());
        next.push_back(std::move(further));
      }
    }
    if (best && best->rank >= kOfNode && suspended) break;
    if (best) {
      std::vector<ObjectId> way(best->chain.begin(), best->chain.end() - 1);
      way.insert(way.end(), best_search->way.begin(), best_search->way.end());
      if (best_search->via != HolderKind::kUnknown) best->kind = best_search->via;
      const bool of_node = best->rank >= kOfNode;
      Holder holder = Finish(node, std::move(*best), way);
      holder.through_internals = best_search->internals;
      // Of Node.js's queues it says more what stands in them.
      if (of_node && NameOfFunctionOn(way, &holder)) holder.through_internals = false;
      return holder;
    }
    std::ranges::stable_sort(next, {}, [this](const Search& search) {
      return std::tuple(search.rank, DistanceOf(search.node), search.node);
    });
    if (next.size() > kMostOpen) next.resize(kMostOpen);
    open = std::move(next);
  }
  if (suspended) {
    std::vector<ObjectId> way(suspended->chain.begin(), suspended->chain.end() - 1);
    way.insert(way.end(), suspended_way.begin(), suspended_way.end());
    if (suspended_via != HolderKind::kUnknown) suspended->kind = suspended_via;
    return Finish(node, std::move(*suspended), std::move(way));
  }
  return FromRoot(node);
}

Holder HolderFinder::Finish(ObjectId node, Candidate candidate, std::vector<ObjectId> way) {
  Holder holder{.kind = candidate.kind,
                .name = std::move(candidate.name),
                .owner = std::move(candidate.owner),
                .text = std::move(candidate.text),
                .file = std::move(candidate.file),
                .line = candidate.line,
                .column = candidate.column,
                .holder_node = candidate.owner_node(),
                .waits = candidate.waits,
                .imported = candidate.imported};
  std::vector<ObjectId> nodes = ShortestPath(graph_, way.front());
  // The way to the owner may itself lead through the object.
  if (std::ranges::find(nodes, node) != nodes.end()) nodes = {way.front()};
  nodes.insert(nodes.end(), way.begin() + 1, way.end());
  holder.path = DescribePath(&reader_, graph_, nodes);
  if (holder.file.starts_with("node:")) NameModuleCache(&holder);
  return holder;
}

// A variable of a module or function that still runs, when the object is one (see frame_variables.h). Outer frames come
// first: what a module's variable refers to is handed on to the functions that it calls.
bool HolderFinder::NameOfFrame(ObjectId node, Holder* holder) {
  if (!graph_.IsObject(node)) return false;
  std::vector<Address> slots;
  for (const uint32_t index : graph_.RootsOf(node)) {
    const Root& root = graph_.roots().roots[index];
    if (root.group == RootGroup::kStacks && root.slot != 0) slots.push_back(root.slot);
  }
  std::ranges::sort(slots, std::greater<>());
  if (slots.size() > kMostSlots) slots.resize(kMostSlots);
  const std::string class_name = reader_.ClassOf(TaggedOf(node));
  for (const Address slot : slots) {
    const std::optional<FrameVariable> variable = FrameVariableAt(reader_, sources_, slot, class_name);
    if (!variable) continue;
    const std::string& function = variable->function.name;
    holder->file = variable->function.script_name;
    holder->text = variable->declared.empty() ? "a variable of the module's own code" : variable->declared[0].site.text;
    if (!variable->declared.empty()) {
      const SourcePosition position =
          PositionIn(reader_, variable->function.script, variable->declared[0].site.position);
      holder->line = position.line;
      holder->column = position.column;
    }
    if (!variable->of_module) {
      holder->text += " of " + (function.empty() ? "a function" : function + "()") + ", which runs";
      return true;
    }
    holder->kind = HolderKind::kVariable;
    holder->name.clear();
    for (const SourceScan::NamedSite& one : variable->declared)
      holder->name += (holder->name.empty() ? "" : " or ") + one.name;
    return true;
  }
  return false;
}

// Nothing on the way has a name of the program's: what the root is, is all that can be said.
Holder HolderFinder::FromRoot(ObjectId node) {
  Holder holder;
  const std::vector<ObjectId> nodes = ShortestPath(graph_, node);
  if (nodes.empty()) return holder;
  holder.path = DescribePath(&reader_, graph_, nodes);
  holder.holder_node = nodes.front();
  for (const uint32_t index : graph_.RootsOf(nodes.front())) {
    const Root& root = graph_.roots().roots[index];
    holder.kind = root.group == RootGroup::kStacks ? HolderKind::kStack : HolderKind::kNative;
    holder.name = graph_.roots().labels[root.label];
    holder.text = std::string(RootGroupName(root.group)) + (holder.name.empty() ? "" : " " + holder.name);
    if (holder.kind != HolderKind::kStack) break;
  }
  if (holder.kind == HolderKind::kStack && NameOfFrame(nodes.front(), &holder)) return holder;
  // A function on the way says more than a root.
  NameOfFunctionOn(nodes, &holder);
  return holder;
}

std::optional<Holder> HolderFinder::FunctionThatWaits(ObjectId node) {
  if (!graph_.IsObject(node)) return std::nullopt;
  const std::optional<SuspendedView> suspended = ReadSuspended(reader_, TaggedOf(node));
  const std::optional<FunctionView> view = suspended ? ReadShared(reader_, suspended->shared) : std::nullopt;
  if (!view || view->script == 0 || !sources_.IsUserScript(view->script)) return std::nullopt;
  return Holder{.kind = HolderKind::kClosure,
                .name = view->name,
                .text = SuspendedText(*suspended, *view),
                .file = view->script_name,
                .line = view->line,
                .column = view->column,
                .holder_node = node,
                .path = DescribePath(&reader_, graph_, ShortestPath(graph_, node))};
}

// The function nearest to the way's end, which is the object that was asked for; also one that is suspended.
bool HolderFinder::NameOfFunctionOn(std::span<const ObjectId> way, Holder* holder) {
  std::vector<PathStep> path = std::move(holder->path);
  for (size_t i = way.size(); i-- > 0;) {
    if (!graph_.IsObject(way[i])) continue;
    if (std::optional<Holder> waits = FunctionThatWaits(way[i])) {
      *holder = std::move(*waits);
      holder->path = std::move(path);
      return true;
    }
    const std::optional<FunctionView> view = i + 1 == way.size() ? std::nullopt : ReadFunction(reader_, TaggedOf(way[i]));
    if (!view || view->script == 0 || !sources_.IsUserScript(view->script)) continue;
    *holder = {.kind = HolderKind::kClosure,
               .name = view->name,
               .text = "function " + view->name,
               .file = view->script_name,
               .line = view->line,
               .column = view->column,
               .holder_node = way[i],
               .path = std::move(path)};
    return true;
  }
  holder->path = std::move(path);
  return false;
}

Holder FindHolder(HeapReader* reader, const HeapGraph& graph, ObjectId node) {
  const Cancel cancel;
  return HolderFinder(reader, graph, cancel).Find(node);
}

}  // namespace corewalk
