#include "analysis/leaks/excuse_finder.h"

#include <algorithm>
#include <set>
#include <utility>

#include "analysis/leaks/accumulation.h"
#include "analysis/leaks/excuses.h"
#include "analysis/leaks/live_objects.h"
#include "heap/views/contexts.h"
#include "heap/views/generators.h"
#include "heap/views/primitives.h"
#include "heap/views/properties.h"
#include "heap/views/suspended.h"

namespace corewalk {
namespace {

constexpr double kLargeObjectShare = 0.3;  // of the live bytes in one thing, however few its entries are
constexpr double kMostOfTheHeap = 0.5;
constexpr uint64_t kLeastAccused = 256 * 1024;  // bytes; below, a heap has no leak worth the name
constexpr size_t kPollWaiting = 1 << 12;

// An array that was not pushed to, as JSON.parse(), map() and literals make them. One that is itself what is large, not
// what is in it, is one huge object.
bool MadeAtOnce(const Suspect& suspect) {
  constexpr uint64_t kWordBytes = 8;
  return suspect.collection && suspect.collection->kind == CollectionKind::kArray && !suspect.grows &&
         suspect.collection->growth.exact && suspect.collection->capacity == suspect.collection->length &&
         (suspect.count < kManyEntries || suspect.collection->capacity * kWordBytes * 2 < suspect.retained_bytes);
}

// Whether so many are what a check against `most` leaves. One that is far from what is there keeps nothing small; where not all
// that adds is checked, only what sits at the limit speaks for it.
bool Keeps(double count, double most, bool all_checked) {
  constexpr double kAtLimit = 0.97, kFar = 4;
  return count <= most * 1.01 + 1 && (all_checked ? count * kFar >= most : count >= most * kAtLimit - 1);
}

}  // namespace

std::string_view ExcuseName(Excuse excuse) {
  static constexpr std::string_view kNames[] = {"none",      "small",   "few",      "bounded",
                                                "structure", "running", "beside_running", "internal", "made_at_once", "filled_once", "filled_at_start", "being_filled", "pool", "replaced", "steady", "one_of_many"};
  return kNames[static_cast<size_t>(excuse)];
}

// `const byZip = new Map(rows.map(...))` that the program only asks, or adds to only while it starts. What is in it may
// still grow when it is made of collections itself.
Excuse ExcuseFinder::FilledOnce(const Suspect& suspect) {
  const Holder& holder = suspect.holder;
  const bool variable = holder.kind == HolderKind::kVariable, property = holder.kind == HolderKind::kProperty;
  // What is in such a collection, told by itself.
  if (suspect.kind == SuspectKind::kObjects && (holder.kind == HolderKind::kElement || holder.kind == HolderKind::kEntry) && !holder.file.empty())
    return FilledAtStart(holder, holder.owner.empty() ? NamedThing::kVariable : NamedThing::kProperty);
  if (suspect.kind != SuspectKind::kCollection || (!suspect.alike.empty() && !suspect.inner) || (!variable && !property)) return Excuse::kNone;
  for (const std::string_view collection : {"Array", "Map", "Set", "(array)"}) {
    if (suspect.element_class == collection) return Excuse::kNone;
  }
  const NamedThing thing = variable ? NamedThing::kVariable : NamedThing::kProperty;
  SourceFinder& sources = holders_.sources();
  if (sources.IsFilledOnce(holder.file, holder.name, thing)) return Excuse::kFilledOnce;
  return FilledAtStart(holder, thing);
}

Excuse ExcuseFinder::FilledAtStart(const Holder& holder, NamedThing thing) {
  switch (holders_.sources().FillingAtStart(holder.file, holder.name, thing, Activations())) {
    case SourceFinder::StartFilling::kOver:
      return Excuse::kFilledAtStart;
    case SourceFinder::StartFilling::kUnderWay:
      return Excuse::kBeingFilled;
    case SourceFinder::StartFilling::kNo:
      break;
  }
  return Excuse::kNone;
}

// What the sources let go again.
Excuse ExcuseFinder::InTurn(const Suspect& suspect, std::string* detail) {
  const Holder& holder = suspect.holder;
  const bool variable = holder.kind == HolderKind::kVariable, property = holder.kind == HolderKind::kProperty;
  if (suspect.kind != SuspectKind::kCollection || (!suspect.alike.empty() && !suspect.inner) || (!variable && !property)) return Excuse::kNone;
  const SourceFinder::FoundTurnover turnover =
      holders_.sources().TurnoverIn(holder.file, holder.name, variable ? NamedThing::kVariable : NamedThing::kProperty);
  if (turnover.pool) return Excuse::kPool;
  if (turnover.replaced) return Excuse::kReplaced;
  if (!turnover.size_checked) return Guarded(suspect, detail);
  const std::optional<double> most = NumberNamed(holder, turnover.most);
  if (!most || !Keeps(static_cast<double>(suspect.count), *most, true)) return Excuse::kNone;
  *detail = "the sources check its size: " + turnover.most;
  return Excuse::kBounded;
}

// What the sources take away from it whenever a comparison says so, of which there are about as many: it sits at its
// limit, or each place that adds looks at it.
Excuse ExcuseFinder::Guarded(const Suspect& suspect, std::string* detail) {
  const double count = static_cast<double>(suspect.count);
  for (const SourceFinder::FoundGuards::Guard& guard : GuardsOf(&reader_, graph_, &holders_.sources(), suspect).guards) {
    for (const std::string& operand : guard.operands) {
      const std::optional<double> most = NumberNamed(suspect.holder, operand);
      if (!most || !Keeps(count, *most, guard.all_adders)) continue;
      *detail = "the sources check its size: " + operand;
      return Excuse::kBounded;
    }
  }
  return Excuse::kNone;
}

// A number, or the variable or property of that name beside what is held.
std::optional<double> ExcuseFinder::NumberNamed(const Holder& holder, const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text[0] >= '0' && text[0] <= '9') {
    double number = 0;
    for (const char c : text) {
      if (c == '_') continue;
      if (c < '0' || c > '9') return std::nullopt;
      number = 10 * number + (c - '0');
    }
    return number;
  }
  for (size_t i = holder.path.size(); i-- > 0;) {
    const ObjectId node = holder.path[i].node;
    if (!graph_.IsObject(node)) continue;
    const uint64_t tagged = graph_.index().AddressOf(node) + 1;
    if (std::optional<double> found = NumberIn(tagged, text, node == holder.holder_node)) return found;
  }
  return std::nullopt;
}

// Of a context or one around it; of an object, or of one that it has ({max} in `options`).
std::optional<double> ExcuseFinder::NumberIn(uint64_t tagged, const std::string& text, bool is_holder) {
  constexpr int kMostOuter = 8;
  constexpr size_t kMostOptions = 16;  // objects
  std::optional<double> found;
  std::optional<ContextView> context = ReadContext(reader_, tagged);
  if (!context && !is_holder) return std::nullopt;
  const bool in_context = context.has_value();
  for (int i = 0; context && i < kMostOuter && !found; ++i) {
    for (const ContextVariable& variable : context->variables) {
      if (variable.name == text && variable.readable)
        found = variable.raw_double ? variable.raw_double : ReadNumber(reader_, variable.value);
    }
    context = context->previous == 0 ? std::nullopt : ReadContext(reader_, context->previous);
  }
  if (in_context) return found;
  std::vector<uint64_t> inner;
  const auto look = [&](const OwnProperty& one) {
    if (one.accessor || !one.readable || one.key == 0) return true;
    if (ReadKey(reader_, one.key).text == text) found = one.raw_double ? one.raw_double : ReadNumber(reader_, one.value);
    if (!one.raw_double && inner.size() < kMostOptions && reader_.IsType(one.value, "JS_OBJECT_TYPE")) inner.push_back(one.value);
    return !found;
  };
  ForEachProperty(reader_, tagged, look);
  for (const uint64_t object : std::vector<uint64_t>(std::move(inner))) {
    if (!found) ForEachProperty(reader_, object, look);
  }
  return found;
}

// A variable on the way to it is given another tree, again and again.
bool ExcuseFinder::IsReplaced(const Suspect& suspect) {
  const std::vector<PathStep>& path = suspect.holder.path;
  for (size_t i = 1; i < path.size(); ++i) {
    const ObjectId node = path[i].node;
    if (!graph_.IsObject(node) || !graph_.IsObject(path[i - 1].node) ||
        !ReadContext(reader_, graph_.index().AddressOf(path[i - 1].node) + 1))
      continue;
    const Holder& above = holders_.Find(node);
    if (above.kind == HolderKind::kVariable && holders_.sources().TurnoverIn(above.file, above.name, NamedThing::kVariable).replaced)
      return true;
  }
  return false;
}

// What runs, and the async functions that wait.
const std::vector<Activation>& ExcuseFinder::Activations() {
  if (activations_) return *activations_;
  activations_ = options_.running;
  const InstanceTypes& types = reader_.layout().types;
  const auto may_wait = [&](const LiveShape& shape) {
    const std::string& name = types.at(shape.map.instance_type).name;
    return name.starts_with("JS_ASYNC_") || name == "JS_GENERATOR_OBJECT_TYPE";
  };
  // Of the many that wait at one place, as all calls of one handler do, one tells as much as all.
  const std::vector<ObjectId> waiting = LiveObjects(graph_, may_wait, cancel_);
  const std::vector<uint64_t> functions = WordOfEach(reader_, graph_, waiting, kGeneratorFunction, cancel_);
  const std::vector<uint64_t> states = WordOfEach(reader_, graph_, waiting, kGeneratorContinuation, cancel_);
  std::set<std::pair<uint64_t, uint64_t>> seen;
  std::set<std::pair<uint64_t, int64_t>> places;
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (i % kPollWaiting == 0 && cancel_.Cancelled()) break;
    if (!seen.emplace(functions[i], states[i]).second) continue;
    const std::optional<SuspendedView> view = ReadSuspended(reader_, graph_.index().AddressOf(waiting[i]) + 1);
    if (!view || view->state != GeneratorState::kSuspended || !places.emplace(view->shared, view->bytecode).second) continue;
    const std::optional<FunctionView> function = ReadShared(reader_, view->shared);
    if (!function || function->script == 0) continue;
    const int64_t position = SuspendedPosition(reader_, *view);
    activations_->push_back({function->script, position >= 0 ? position : function->start});
  }
  return *activations_;
}

Excuse ExcuseFinder::Of(const Suspect& suspect, std::string* detail) {
  const bool one_large = suspect.share >= kLargeObjectShare;
  // What V8 died of is told, whoever holds it, when it grows and is most of the heap.
  const bool filled_the_heap = options_.out_of_memory && suspect.grows && suspect.share >= kMostOfTheHeap;
  if (suspect.weight() < kLeastAccused || suspect.share < options_.least_growing_share) return Excuse::kSmall;
  if (suspect.what == "system / NativeContext") return Excuse::kInternal;  // many of them: see findings.h
  if (suspect.holder.waits && !filled_the_heap) return Excuse::kRunning;
  switch (suspect.holder.kind) {
    case HolderKind::kStack:
      if (!filled_the_heap) return Excuse::kRunning;
      break;
    case HolderKind::kNative:
    case HolderKind::kUnknown:
      if (suspect.functions.empty()) return Excuse::kInternal;
      break;
    case HolderKind::kProperty:
    case HolderKind::kElement:
    case HolderKind::kEntry:
      if (!filled_the_heap && OnlyOnStacks(suspect.holder)) return Excuse::kRunning;
      break;
    default:
      break;
  }
  if (suspect.structure) return Excuse::kStructure;
  if (suspect.bounded) return Excuse::kBounded;
  if (const std::optional<SizeLimit> limit = LimitOf(&reader_, graph_, suspect); limit && MayKeep(&reader_, graph_, &holders_.sources(), suspect, *limit)) {
    *detail = limit->name + " = " + std::to_string(static_cast<int64_t>(limit->value));
    return Excuse::kBounded;
  }
  if (!suspect.steady.empty() && !(options_.out_of_memory && one_large)) {
    *detail = suspect.steady;
    return Excuse::kSteady;
  }
  if (const std::optional<SizeLimit> limit = LimitOfSibling(&reader_, graph_, suspect)) {
    *detail = limit->name + " = " + std::to_string(static_cast<int64_t>(limit->value)) + ", which the one beside it has";
    return Excuse::kBounded;
  }
  if ((!suspect.grows || IsReplaced(suspect)) && IsSelfSimilar(&reader_, graph_, suspect)) return Excuse::kStructure;
  if (suspect.count < kFewEntries && !one_large) return Excuse::kFew;
  if (const Excuse filled = FilledOnce(suspect); filled != Excuse::kNone) return filled;
  if (const Excuse excuse = InTurn(suspect, detail); excuse != Excuse::kNone) return excuse;
  if (GoesAgain(suspect, detail)) return Excuse::kSteady;
  if (MadeAtOnce(suspect)) return suspect.count < kManyEntries ? Excuse::kFew : Excuse::kMadeAtOnce;
  return Excuse::kNone;
}

}  // namespace corewalk
