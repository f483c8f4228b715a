// How good a reference is for a person: variables, properties, module exports, with the place in the source that made them.
#include <algorithm>

#include "analysis/leaks/holder_candidate.h"
#include "analysis/leaks/live_objects.h"
#include "heap/map_cache.h"
#include "heap/views/properties.h"
#include "heap/views/suspended.h"

namespace corewalk {
namespace {

constexpr int kMostPrototypes = 16;
constexpr size_t kMostModules = 200'000;
constexpr int kMostNested = 3;  // questions about an owner within a question

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
    candidate->parameter = site->origin == ValueOrigin::kParameter;
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
  candidate->fleeting = owner.waits;
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

// A register of an async function or generator that is suspended. The heap does not keep which variable it is; the source
// has few that such an object may be in.
void HolderFinder::ClassifySuspended(Candidate* candidate) {
  constexpr size_t kMostDeclared = 3;
  candidate->rank = kInternal;
  const std::optional<SuspendedView> view = ReadSuspended(reader_, TaggedOf(candidate->owner_node()));
  const std::optional<FunctionView> function = view ? ReadShared(reader_, view->shared) : std::nullopt;
  // Where it hands a value on, the promise and the like are not its variables' affair.
  if (!function || view->state != GeneratorState::kSuspended || !sources_.IsUserScript(function->script)) return;
  if (candidate->chain.size() != 3) return;
  candidate->kind = HolderKind::kVariable;
  candidate->waits = true;
  candidate->file = function->script_name;
  candidate->line = function->line;
  candidate->column = function->column;
  candidate->script = function->script;
  candidate->text = "a variable";
  if (const SourceScan* scan = sources_.ScanOf(function->script)) {
    const ObjectId held = candidate->chain.back();
    const SourceScan::Made made = scan->MadeIn(function->start, function->end, graph_.IsObject(held) ? reader_.ClassOf(TaggedOf(held)) : "");
    for (size_t i = 0; i < std::min(made.variables.size(), kMostDeclared); ++i)
      candidate->name += (i == 0 ? "" : " or ") + made.variables[i].name;
    if (!made.variables.empty()) {
      candidate->text = made.variables[0].site.text;
      const SourcePosition position = PositionIn(reader_, function->script, made.variables[0].site.position);
      candidate->line = position.line;
      candidate->column = position.column;
    }
  }
  candidate->text += " of " + SuspendedText(*view, *function);
}

// "poll(), which waits at 12:5".
std::string HolderFinder::SuspendedText(const SuspendedView& view, const FunctionView& function) {
  std::string text = (function.name.empty() ? "(anonymous)" : function.name) + "(), which waits";
  const int64_t position = SuspendedPosition(reader_, view);
  if (position < 0) return text;
  const SourcePosition at = PositionIn(reader_, function.script, position);
  return text + " at " + std::to_string(at.line) + ":" + std::to_string(at.column);
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
  if (IsGeneratorType(type) && candidate.chain.size() > 2) {
    ClassifySuspended(&candidate);
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

// The program knows Module._cache of lib/internal/modules/cjs/loader.js as require.cache.
void HolderFinder::NameModuleCache(Holder* holder) {
  const std::vector<PathStep>& path = holder->path;
  for (size_t i = 1; i < path.size(); ++i) {
    const auto is_cache = [](const SlotName& slot) { return slot.kind == SlotKind::kProperty && slot.text == "_cache"; };
    if (!graph_.IsObject(path[i - 1].node) || std::ranges::none_of(path[i].through, is_cache)) continue;
    const std::optional<FunctionView> owner = ReadFunction(reader_, TaggedOf(path[i - 1].node));
    if (!owner || owner->name != "Module" || !owner->script_name.starts_with("node:")) continue;
    if (holder->kind == HolderKind::kVariable || holder->kind == HolderKind::kProperty) holder->kind = HolderKind::kGlobal;
    holder->name = holder->text = "require.cache";
    holder->owner.clear();
    holder->file.clear();
    holder->line = holder->column = 0;
    holder->holder_node = path[i - 1].node;
    return;
  }
}

}  // namespace corewalk
