// What speaks for it that as many go as come, of a collection.
#include "analysis/leaks/candidates.h"
#include "analysis/leaks/excuse_finder.h"
#include "analysis/leaks/live_objects.h"
#include "analysis/leaks/newest_only.h"
#include "analysis/leaks/verdict.h"
#include "base/number_text.h"
#include "heap/views/collections.h"
#include "heap/views/contexts.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr uint64_t kPollCells = 1 << 16;

}  // namespace

// What the entries and the sources say together: those that are there are the newest, and the sources take away.
bool ExcuseFinder::GoesAgain(const Suspect& suspect, std::string* detail) {
  const Holder& holder = suspect.holder;
  const bool variable = holder.kind == HolderKind::kVariable, property = holder.kind == HolderKind::kProperty;
  if (suspect.kind != SuspectKind::kCollection || !suspect.collection || !suspect.alike.empty() || (!variable && !property) ||
      options_.out_of_memory)
    return false;
  if (IsDeletedByTimers(suspect, detail) || IsDeletedByRegistry(suspect, detail)) return true;
  const SourceFinder::FoundTaking taking =
      holders_.sources().TakingFromIn(holder.file, holder.name, variable ? NamedThing::kVariable : NamedThing::kProperty);
  if (!taking.takes) return false;
  // A cache of two generations: both may be of any size, but the older one was the younger one.
  constexpr uint64_t kAtMost = 4;  // times as many as that one
  const std::optional<NamedValue> older = ValueNamed(holder, taking.handed_to);
  const uint64_t there = older && !older->raw_double && IsStrongPointer(older->value) ? CountEntries(&reader_, older->value) : 0;
  if (there > 0 && suspect.count / kAtMost <= there) {
    *detail = "what was in it goes to " + taking.handed_to + ", which has " + CountText(there);
    return true;
  }
  // Of what goes one by one, the store would show it.
  const Growth& growth = suspect.collection->growth;
  if (!taking.empties && (growth.deleted_from == false || growth.grown_by_push)) return false;
  // A leak may begin late. One that has filled much of the heap is told.
  constexpr double kMuch = 0.1;  // of the limit
  const double live = static_cast<double>(TotalsOf(graph_).live_bytes);
  if (!options_.limit || live > kMuch * static_cast<double>(*options_.limit)) return false;
  const std::string newest = NewestOnly(suspect.collection->growth, suspect.count, Clock().now);
  if (!newest.empty()) *detail = newest + ", and the sources take from it";
  return !newest.empty();
}

// Of `setTimeout(() => cache.delete(key), ttl)`: where as many timers go as come, so do the entries.
bool ExcuseFinder::IsDeletedByTimers(const Suspect& suspect, std::string* detail) {
  constexpr double kMore = 1.1;  // times as many entries as timers
  for (const SteadyTimers& timers : timers_) {
    const ScriptView* script = ReadScript(reader_, timers.script);
    if (script == nullptr || script->name != suspect.holder.file ||
        static_cast<double>(suspect.count) > kMore * static_cast<double>(timers.count))
      continue;
    const SourceScan* scan = holders_.sources().ScanOf(timers.script);
    if (scan == nullptr) continue;
    for (const char* method : {".delete(", ".shift("}) {
      if (!scan->LeadsTo(timers.begin, timers.end, suspect.holder.name + method, cancel_)) continue;
      *detail = "timers delete from it, of which as many go as come";
      return true;
    }
  }
  return false;
}

// Of a cache of WeakRefs whose entries `new FinalizationRegistry((key) => cache.delete(key))` deletes: what they refer to is
// not held by it, and an entry is there no longer than that.
bool ExcuseFinder::IsDeletedByRegistry(const Suspect& suspect, std::string* detail) {
  constexpr double kMore = 1.1;  // times as many entries as registrations
  if (suspect.element_class != "WeakRef") return false;
  const InstanceTypes& types = reader_.layout().types;
  const auto is_registry = [&](const LiveShape& shape) { return types.at(shape.map.instance_type).name == "JS_FINALIZATION_REGISTRY_TYPE"; };
  for (const ObjectId node : LiveObjects(graph_, is_registry, cancel_)) {
    const uint64_t registry = graph_.index().AddressOf(node) + 1;
    const std::optional<FunctionView> cleanup = ReadFunction(reader_, CleanupOf(reader_, registry));
    const SourceScan* scan = cleanup && cleanup->script != 0 ? holders_.sources().ScanOf(cleanup->script) : nullptr;
    if (scan == nullptr || cleanup->script_name != suspect.holder.file ||
        !scan->LeadsTo(cleanup->start, cleanup->end, suspect.holder.name + ".delete(", cancel_))
      continue;
    uint64_t registrations = 0;
    ForEachCell(reader_, registry, [&](uint64_t, uint64_t, Address) { return ++registrations % kPollCells != 0 || !cancel_.Cancelled(); });
    if (static_cast<double>(suspect.count) > kMore * static_cast<double>(registrations)) continue;
    *detail = "its entries are WeakRefs, and a FinalizationRegistry deletes them when what they refer to is gone";
    return true;
  }
  return false;
}

void ExcuseFinder::SetCandidates(const std::vector<Suspect>& candidates) {
  for (const Suspect& suspect : candidates) {
    if (suspect.kind != SuspectKind::kTimers || suspect.steady.empty() || suspect.callback == 0) continue;
    const std::optional<FunctionView> view = ReadFunction(reader_, suspect.callback);
    if (view && view->script != 0 && view->start >= 0)
      timers_.push_back({.script = view->script, .begin = view->start, .end = view->end, .count = suspect.count});
  }
}

const TimerClock& ExcuseFinder::Clock() {
  if (!clock_) clock_ = FindTimers(&reader_, graph_, cancel_).clock;
  return *clock_;
}

// The variable or property of that name beside what is held.
std::optional<ExcuseFinder::NamedValue> ExcuseFinder::ValueNamed(const Holder& holder, const std::string& text) {
  if (text.empty()) return std::nullopt;
  for (size_t i = holder.path.size(); i-- > 0;) {
    const ObjectId node = holder.path[i].node;
    if (!graph_.IsObject(node)) continue;
    const uint64_t tagged = graph_.index().AddressOf(node) + 1;
    std::optional<NamedValue> found;
    if (const std::optional<ContextView> context = ReadContext(reader_, tagged)) {
      for (const ContextVariable& variable : context->variables) {
        if (variable.name == text && variable.readable) found = {variable.value, variable.raw_double};
      }
    } else if (node == holder.holder_node) {
      ForEachProperty(reader_, tagged, [&](const OwnProperty& one) {
        if (!one.accessor && one.readable && one.key != 0 && ReadKey(reader_, one.key).text == text)
          found = {one.value, one.raw_double};
        return !found;
      });
    }
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace corewalk
