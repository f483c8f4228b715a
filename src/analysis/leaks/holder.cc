#include "analysis/leaks/holder.h"

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include "analysis/leaks/live_objects.h"
#include "heap/map_cache.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr size_t kMostLevels = 24;  // of owners that are gone up
constexpr size_t kMostOpen = 32;    // owners of one level that are gone up from
constexpr size_t kMostStores = 8;   // nested parts of one object
constexpr int kMostPasses = 96;     // over all references, in the life of a finder
constexpr uint32_t kMostDistance = 1'000'000;
constexpr int kMostPrototypes = 16;
constexpr size_t kMostModules = 200'000;
constexpr size_t kMostInnerContexts = 6;  // levels of contexts inside of one
constexpr int kGeneratorFunction = 24;    // src/objects/js-generator.tq, the same from 7.4 to 14.6
constexpr int kMostNested = 3;            // questions about an owner within a question

// How good a name is; the smaller the better. Up to kGoodEnough a way up does not give a better one.
constexpr int kGoodEnough = 99;
constexpr int kOfNode = 95;     // a variable of a module of Node.js's
constexpr int kGoOn = 100;      // an element or entry: who holds the collection?
constexpr int kInternal = 200;  // a word of V8's or Node.js's
constexpr int kHidden = 300;    // code, feedback, shapes

int RankOf(ValueOrigin origin) {
  switch (origin) {
    case ValueOrigin::kMade:
      return 0;
    case ValueOrigin::kCalled:
      return 10;
    case ValueOrigin::kUnknown:
      return 20;
    case ValueOrigin::kAlias:
      return 40;
    case ValueOrigin::kRequired:
      return 50;
    case ValueOrigin::kParameter:
      return 60;
  }
  return 60;
}

}  // namespace

std::string_view HolderKindName(HolderKind kind) {
  static constexpr std::string_view kNames[] = {"variable",      "property", "element", "entry", "global",
                                                "module_export", "closure",  "native",  "stack", "unknown"};
  return kNames[static_cast<size_t>(kind)];
}

// One reference, judged.
struct HolderFinder::Candidate {
  std::vector<ObjectId> chain;  // the owner, its stores, the object
  int rank = kHidden;
  HolderKind kind = HolderKind::kUnknown;
  std::string name, owner, text, file;
  int line = 0, column = 0;
  uint64_t script = 0;
  bool imported = false;  // what another module made: `const v8 = require('v8')`

  ObjectId owner_node() const { return chain.front(); }
  void Set(const PlacedSite& site) {
    text = site.text, file = site.file, line = site.line, column = site.column, script = site.script;
  }
};

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
  // What a search will ask about is what stands on the ways up: of all nodes in one pass, of their referrers in the
  // next.
  constexpr int kRounds = 4;
  constexpr size_t kMostPrepared = 1 << 14;
  std::unordered_set<ObjectId> seen;
  std::vector<ObjectId> level(nodes.begin(), nodes.end());
  for (const ObjectId node : nodes) {
    if (node >= graph_.node_count() || !graph_.IsLive(node)) continue;
    ObjectId at = graph_.ParentOf(node);
    for (size_t i = 0; i < kMostLevels && at != kNoObject; ++i, at = graph_.ParentOf(at)) level.push_back(at);
  }
  for (int round = 0; round < kRounds && !level.empty() && !cancel_.Cancelled(); ++round) {
    std::vector<ObjectId> wanted;
    for (const ObjectId node : level) {
      if (node < graph_.node_count() && graph_.IsLive(node) && seen.size() < kMostPrepared &&
          seen.insert(node).second && !SoleOwner(node))
        wanted.push_back(node);
    }
    CollectReferrers(wanted);
    level.clear();
    for (const ObjectId node : wanted) {
      const std::vector<ObjectId>& referrers = referrers_[node];
      for (size_t i = 0; i < std::min(referrers.size(), kMostOpen); ++i) {
        if (graph_.IsObject(referrers[i])) level.push_back(ChainFrom(referrers[i], node).front());
      }
    }
  }
}

// The dominator tree's way up, as far as it takes to see.
bool HolderFinder::IsBelow(ObjectId node, ObjectId dominator) const {
  for (size_t i = 0; i < 4096 && node < graph_.node_count(); ++i) {
    if (node == dominator) return true;
    node = graph_.DominatorOf(node);
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
  ++passes_;
  NodeSet wanted(graph_.node_count());
  for (const ObjectId node : nodes) wanted.Add(node);
  const auto add = [this](ObjectId from, ObjectId to) {
    std::vector<ObjectId>& list = referrers_[to];
    if (from != to && list.size() < kMostReferrers && (list.empty() || (list.back() != from && list.front() != from)))
      list.push_back(from);
  };
  for (ObjectId from = 0; from < graph_.object_count(); ++from) {
    if (from % (1 << 20) == 0 && cancel_.Cancelled()) return;
    if (!graph_.IsLive(from)) continue;
    references->ForEach(from, [&](ObjectId to) {
      if (wanted.Has(to)) add(from, to);
    });
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
  const std::string& type = types.at(map->instance_type).name;
  std::optional<FunctionView> view;
  if (map->category == Category::kClosure) {
    view = ReadFunction(reader_, tagged);
    if (view && view->context != TaggedOf(context)) view.reset();
  } else if (type.find("GENERATOR_OBJECT") != std::string::npos ||
             type.find("ASYNC_FUNCTION_OBJECT") != std::string::npos) {
    view = ReadFunction(reader_, reader_.Field(tagged, kGeneratorFunction).value_or(0));
  } else if (types.IsContext(map->instance_type) && !types.IsNativeContext(map->instance_type)) {
    inner->push_back(holder);
  }
  return view && view->script != 0 ? view : std::nullopt;
}

std::optional<FunctionView> HolderFinder::ClosureOf(ObjectId context) {
  if (const auto known = closures_.find(context); known != closures_.end()) return known->second;
  // The shortest way mostly leads through such a function; else all references are looked at. Functions of the context
  // itself are asked before those of contexts inside of it; of several the first in the source is taken.
  std::optional<FunctionView> result;
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
          if (view && (!result || view->start < result->start)) result = std::move(view);
        }
      }
      if (result) break;
    }
    level.clear();
    for (const ObjectId at : inner) {
      if (level.size() < kMostOpen && seen.insert(at).second) level.push_back(at);
    }
  }
  return closures_[context] = result;
}

void HolderFinder::ClassifyVariable(Candidate* candidate, const std::string& name) {
  candidate->kind = HolderKind::kVariable;
  candidate->name = name;
  candidate->rank = kInternal;
  const std::optional<ContextView> context = ReadContext(reader_, TaggedOf(candidate->owner_node()));
  const std::optional<FunctionView> closure = ClosureOf(candidate->owner_node());
  if (!context || !closure) return;
  if (!sources_.IsUserScript(closure->script)) {
    // A variable of one of Node.js's modules: whatever uses the module can reach it, so that nothing further up says more.
    const MapInfo* previous = reader_.MapOf(context->previous);
    if (previous == nullptr || reader_.layout().types.at(previous->instance_type).name != "NATIVE_CONTEXT_TYPE") return;
    candidate->rank = kOfNode;
    candidate->text = name;
    candidate->file = closure->script_name;
    return;
  }
  candidate->rank = 25;
  candidate->script = closure->script;
  candidate->text = name;
  candidate->file = closure->script_name;
  candidate->line = closure->line;
  candidate->column = closure->column;
  if (name == "this") {
    candidate->rank = kInternal;
    return;
  }
  if (const std::optional<PlacedSite> site = sources_.Variable(*context, *closure, name)) {
    candidate->Set(*site);
    candidate->rank = RankOf(site->origin);
    candidate->imported = site->origin == ValueOrigin::kRequired;
  }
}

void HolderFinder::FindModules() {
  if (modules_known_) return;
  modules_known_ = true;
  NameResolver& names = reader_.names();
  const std::vector<ObjectId> modules = LiveObjects(
      graph_,
      [&](const LiveShape& shape) {
        return shape.map.category == Category::kObject && names.ClassName(shape.map, shape.sample) == "Module";
      },
      cancel_);
  for (const ObjectId module : modules) {
    if (module_files_.size() >= kMostModules) break;
    const uint64_t file = OwnValue(reader_, TaggedOf(module), "filename");
    const uint64_t exported = OwnValue(reader_, TaggedOf(module), "exports");
    if (exported != 0 && reader_.IsString(file)) module_files_.try_emplace(exported, reader_.ShortText(file));
  }
}

std::string HolderFinder::FileOfModule(uint64_t exports) {
  FindModules();
  const auto found = module_files_.find(exports);
  return found == module_files_.end() ? "" : found->second;
}

// Where the class of the owner, or one that it extends, gives the property its value. False when none of them is of the
// program's own, or when the property comes from a class of Node.js among them.
bool HolderFinder::ClassifyOwner(Candidate* candidate, const SlotName& name) {
  const uint64_t object = TaggedOf(candidate->owner_node());
  const MapInfo* map = reader_.MapOf(object);
  if (map == nullptr) return false;
  bool user = false, foreign = false;
  std::optional<PlacedSite> best;
  uint64_t prototype = map->prototype;
  // The own function too: static properties.
  std::vector<uint64_t> functions;
  if (map->category == Category::kClosure) {
    functions.push_back(object);
  } else {
    for (int i = 0; i < kMostPrototypes && prototype != 0; ++i) {
      const MapInfo* found = reader_.MapOf(prototype);
      if (found == nullptr || reader_.OddballOf(prototype) != HeapReader::Oddball::kNone) break;
      const uint64_t next = found->prototype;
      if (const uint64_t constructor = OwnValue(reader_, prototype, "constructor"); constructor != 0)
        functions.push_back(constructor);
      prototype = next;
    }
  }
  for (const uint64_t function : functions) {
    const std::optional<FunctionView> view = ReadFunction(reader_, function);
    if (!view || view->script == 0) continue;
    if (!sources_.IsUserScript(view->script)) {
      foreign = true;
      continue;
    }
    if (!user) candidate->script = view->script;
    user = true;
    const std::optional<PlacedSite> site = sources_.Property(
        view->script, {.name = name.text, .owner = view->name, .begin = view->start, .end = view->end});
    if (site && (!best || site->origin < best->origin)) best = site;
  }
  if (best) {
    candidate->Set(*best);
    candidate->rank = RankOf(best->origin) + 2;
  }
  // A property that the program's classes do not mention is of the class of Node.js that they extend (a stream's
  // _writableState): who holds the object says more.
  return user && (best || !foreign);
}

void HolderFinder::ClassifyProperty(Candidate* candidate, const SlotName& name) {
  const uint64_t object = TaggedOf(candidate->owner_node());
  const MapInfo* found = reader_.MapOf(object);
  if (found == nullptr) return;
  const MapInfo map = *found;
  const std::string& type = reader_.layout().types.at(map.instance_type).name;
  candidate->kind = HolderKind::kProperty;
  candidate->name = name.text;
  candidate->rank = kInternal;
  if (type == "JS_GLOBAL_OBJECT_TYPE" || type == "JS_GLOBAL_PROXY_TYPE") {
    candidate->kind = HolderKind::kGlobal;
    candidate->owner = "globalThis";
    candidate->text = "globalThis." + name.text;
    candidate->rank = 70;
    if (const std::optional<PlacedSite> site = sources_.PropertyAnywhere({.name = name.text, .global = true})) {
      candidate->Set(*site);
      candidate->rank = RankOf(site->origin) + 1;
      return;
    }
    // What setImmediate() and its like keep is not held by their names.
    const std::optional<FunctionView> function = ReadFunction(reader_, TaggedOf(candidate->chain.back()));
    if (function && !sources_.IsUserScript(function->script)) candidate->rank = kInternal;
    return;
  }
  const std::string class_name =
      map.category == Category::kClosure ? reader_.names().FunctionName(object) : reader_.ClassOf(object);
  candidate->owner = class_name;
  candidate->text = class_name + "." + name.text;
  // Every object of a class reaches its functions by these.
  if (name.symbol || name.text == "constructor" || name.text == "prototype") return;
  if (class_name == "Module" && name.text == "exports") {
    candidate->kind = HolderKind::kModuleExport;
    candidate->name = "module.exports";
    candidate->owner = "module";
    candidate->text = "module.exports";
    candidate->file = reader_.ShortText(OwnValue(reader_, object, "filename"));
    candidate->rank = 45;
    if (const std::optional<PlacedSite> site = sources_.PropertyAnywhere({.name = "exports", .owner = "module"});
        site && site->file == candidate->file) {
      candidate->Set(*site);
      candidate->rank = RankOf(site->origin) + 5;
    }
    return;
  }
  if (class_name == "Module" && !name.text.empty()) {
    const std::string file = reader_.ShortText(OwnValue(reader_, object, "filename"));
    if (!file.empty()) {
      candidate->owner = "module";
      candidate->text = "module." + name.text;
      candidate->file = file;
      candidate->rank = 47;
      return;
    }
  }
  if (ClassifyOwner(candidate, name)) {
    if (candidate->rank == kInternal) candidate->rank = 30;
    if (!FileOfModule(object).empty()) candidate->kind = HolderKind::kModuleExport, candidate->owner = "module.exports";
    return;
  }
  if (const std::string file = FileOfModule(object); !file.empty()) {
    candidate->kind = HolderKind::kModuleExport;
    candidate->owner = "module.exports";
    candidate->text = "exports." + name.text;
    candidate->file = file;
    candidate->rank = 46;
    for (const std::string_view owner : {"exports", "module.exports"}) {
      const std::optional<PlacedSite> site = sources_.PropertyAnywhere({.name = name.text, .owner = owner});
      if (!site || site->file != file || RankOf(site->origin) + 6 >= candidate->rank) continue;
      candidate->Set(*site);
      candidate->rank = RankOf(site->origin) + 6;
    }
    return;
  }
  // An object of no class of the program's: a literal, or something of Node.js's that was given a property. Who holds
  // that object says in which script to look.
  if (depth_ >= kMostNested) return;
  ++depth_;
  const Holder owner = Find(candidate->owner_node());
  --depth_;
  std::optional<PlacedSite> site;
  const std::string_view owner_name = owner.name;
  // What Node.js calls by a name that the program uses too ("module") is something else.
  const bool of_program = !owner.through_internals && (owner.line != 0 || owner.kind == HolderKind::kGlobal);
  if (!owner_name.empty() && of_program) site = sources_.PropertyAnywhere({.name = name.text, .owner = owner_name});
  const bool literal = class_name == "Object" || class_name == "Array";
  if (!site && owner.imported) return;  // a part of what Node.js exports
  if (!site || site->origin == ValueOrigin::kParameter) {
    if (literal && of_program && owner.line != 0)
      candidate->rank = 35, candidate->file = owner.file, candidate->line = owner.line,
      candidate->column = owner.column;
  } else if (literal || site->text.find("." + name.text) != std::string::npos) {
    candidate->Set(*site);
    candidate->rank = RankOf(site->origin) + 3;
  }
  if (literal && !owner.name.empty() && candidate->rank <= kGoodEnough) {
    candidate->owner = owner.name;
    if (!site) candidate->text = owner.name + "." + name.text;
  }
}

// A cell of an ES module: a variable that it exports.
void HolderFinder::ClassifyModule(Candidate* candidate) {
  const uint64_t module = TaggedOf(candidate->owner_node());
  const uint64_t exports = reader_.Field(module, 8).value_or(0);
  const uint64_t cell = candidate->chain.size() > 2 ? TaggedOf(candidate->chain[candidate->chain.size() - 2]) : 0;
  candidate->rank = kInternal;
  candidate->kind = HolderKind::kVariable;
  // src/objects/hash-table.h: ObjectHashTable, pairs of key and value behind three words.
  const uint64_t length = std::min<uint64_t>(reader_.ArrayLength(exports).value_or(0), uint64_t{1} << 20);
  for (uint64_t i = 3; i + 1 < length; i += 2) {
    if (reader_.ArrayElement(exports, i + 1) != cell) continue;
    candidate->name = reader_.ShortText(reader_.ArrayElement(exports, i).value_or(0));
    break;
  }
  if (candidate->name.empty()) return;
  candidate->text = candidate->name;
  // The module's functions see it through their context.
  const std::vector<ObjectId> holders = ReferrersOf(candidate->owner_node());
  for (const ObjectId holder : holders) {
    if (!reader_.layout().types.IsContext(TypeNumberOf(holder))) continue;
    const std::optional<FunctionView> closure = ClosureOf(holder);
    if (!closure || !sources_.IsUserScript(closure->script)) continue;
    candidate->rank = 25;
    candidate->file = closure->script_name;
    if (const std::optional<PlacedSite> site = sources_.TopLevelVariable(closure->script, candidate->name)) {
      candidate->Set(*site);
      candidate->rank = RankOf(site->origin);
      return;
    }
  }
  if (const std::optional<PlacedSite> site = sources_.ExportAnywhere(candidate->name)) {
    candidate->Set(*site);
    candidate->rank = RankOf(site->origin) + 8;
  }
}

uint16_t HolderFinder::TypeNumberOf(ObjectId node) {
  const MapInfo* map = graph_.IsObject(node) ? reader_.MapOf(TaggedOf(node)) : nullptr;
  return map == nullptr ? uint16_t{0xffff} : map->instance_type;
}

HolderFinder::Candidate HolderFinder::Classify(std::vector<ObjectId> chain) {
  Candidate candidate{.chain = std::move(chain)};
  const uint64_t owner = TaggedOf(candidate.owner_node());
  const MapInfo* found = reader_.MapOf(owner);
  if (found == nullptr) return candidate;
  const MapInfo map = *found;
  const InstanceTypes& types = reader_.layout().types;
  const std::string& type = types.at(map.instance_type).name;
  if (type == "SOURCE_TEXT_MODULE_TYPE") {
    ClassifyModule(&candidate);
    return candidate;
  }
  const std::vector<PathStep> steps = DescribePath(&reader_, graph_, candidate.chain);
  if (steps.size() != 2 || steps[1].through.empty()) return candidate;
  const SlotName& name = steps[1].through.back();
  switch (name.kind) {
    case SlotKind::kVariable:
      ClassifyVariable(&candidate, name.text);
      break;
    case SlotKind::kProperty:
      ClassifyProperty(&candidate, name);
      break;
    case SlotKind::kElement:
      candidate.kind = HolderKind::kElement;
      candidate.rank = types.IsJSReceiver(map.instance_type) ? kGoOn : kInternal;
      break;
    case SlotKind::kEntry:
    case SlotKind::kKey:
    case SlotKind::kMember:
      candidate.kind = HolderKind::kEntry;
      candidate.rank = kGoOn;
      break;
    case SlotKind::kField:
      candidate.rank = map.category == Category::kClosure && name.label == "(context)"             ? kGoOn + 50
                       : map.category == Category::kCode || map.category == Category::kObjectShape ? kHidden
                                                                                                   : kInternal;
      break;
  }
  return candidate;
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
    if (best) {
      std::vector<ObjectId> way(best->chain.begin(), best->chain.end() - 1);
      way.insert(way.end(), best_search->way.begin(), best_search->way.end());
      if (best_search->via != HolderKind::kUnknown) best->kind = best_search->via;
      Holder holder = Finish(node, std::move(*best), std::move(way));
      holder.through_internals = best_search->internals;
      return holder;
    }
    std::ranges::stable_sort(next, {}, [this](const Search& search) {
      return std::tuple(search.rank, DistanceOf(search.node), search.node);
    });
    if (next.size() > kMostOpen) next.resize(kMostOpen);
    open = std::move(next);
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
                .imported = candidate.imported};
  std::vector<ObjectId> nodes = ShortestPath(graph_, way.front());
  // The way to the owner may itself lead through the object.
  if (std::ranges::find(nodes, node) != nodes.end()) nodes = {way.front()};
  nodes.insert(nodes.end(), way.begin() + 1, way.end());
  holder.path = DescribePath(&reader_, graph_, nodes);
  return holder;
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
  // A function on the way says more than a root.
  for (size_t i = nodes.size(); i-- > 0;) {
    const std::optional<FunctionView> view = ReadFunction(reader_, graph_.IsObject(nodes[i]) ? TaggedOf(nodes[i]) : 0);
    if (!view || view->script == 0 || !sources_.IsUserScript(view->script) || nodes[i] == node) continue;
    holder.kind = HolderKind::kClosure;
    holder.name = view->name;
    holder.text = "function " + view->name;
    holder.file = view->script_name;
    holder.line = view->line;
    holder.column = view->column;
    holder.holder_node = nodes[i];
    break;
  }
  return holder;
}

Holder FindHolder(HeapReader* reader, const HeapGraph& graph, ObjectId node) {
  const Cancel cancel;
  return HolderFinder(reader, graph, cancel).Find(node);
}

}  // namespace corewalk
