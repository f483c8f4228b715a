#include "node/event_target.h"

#include "heap/views/bound_functions.h"
#include "heap/views/collections.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"
#include "heap/views/primitives.h"
#include "heap/views/scripts.h"
#include "node/node_script.h"

namespace corewalk {
namespace {

// lib/internal/event_target.js, from 16 on.
constexpr int64_t kFlagOnce = 1, kFlagCapture = 2, kFlagPassive = 4;
constexpr int kWeakRefTarget = 24;                      // src/objects/js-weak-refs.tq
constexpr uint8_t kIsCallable = 2;                      // Map::bit_field
constexpr uint64_t kMostListeners = uint64_t{1} << 28;  // of one event
constexpr uint64_t kPollListeners = 1 << 14;
constexpr int kMostPrototypes = 256;

}  // namespace

uint64_t EventTargetReader::Value(PropertyFinder& finder, uint64_t object) {
  const MapInfo* found = IsSmi(object) ? nullptr : reader_.MapOf(object);
  if (found == nullptr || !reader_.layout().types.IsJSReceiver(found->instance_type)) return 0;
  const MapInfo map = *found;
  const std::optional<OwnProperty> property = finder.Find(map, Untag(object));
  return property && !property->accessor && property->readable && !property->raw_double ? property->value : 0;
}

bool EventTargetReader::IsTrue(PropertyFinder& finder, uint64_t object) {
  const uint64_t value = Value(finder, object);
  return !IsSmi(value) && reader_.OddballOf(value) == HeapReader::Oddball::kTrue;
}

std::optional<EventTargetView> EventTargetReader::Read(const MapInfo& map, Address object, const Cancel& cancel) {
  const std::optional<OwnProperty> property = events_.Find(map, object);
  if (!property || property->accessor || !property->readable || !reader_.IsType(property->value, "JS_MAP_TYPE"))
    return std::nullopt;
  EventTargetView view;
  const bool warned = IsTrue(warned_, object + 1);
  ForEachEntry(reader_, property->value, [&](uint64_t key, uint64_t value, Address) {
    const uint64_t size = Value(size_, value);
    if (IsSmi(value) || !IsSmi(size) || reader_.MapOf(value) == nullptr) return true;
    EmitterEvent event{.key = key, .listeners = value, .is_list = true, .warned = warned};
    event.told_count = SmiValue(size) < 0 ? 0 : static_cast<uint64_t>(SmiValue(size));
    // The length of the list is counted: see EmitterEvent::told_count.
    uint64_t at = Value(next_, value), landmark = 0;
    while (!IsSmi(at) && reader_.MapOf(at) != nullptr && !reader_.IsUndefined(at) && event.count < kMostListeners) {
      if (at == landmark) break;  // a damaged list may be a ring (Brent)
      if ((event.count & (event.count - 1)) == 0) landmark = at;
      ++event.count;
      if (event.count % kPollListeners == 0 && cancel.Cancelled()) break;
      at = Value(next_, at);
    }
    if (event.count != 0 || event.told_count != 0) view.events.push_back(event);
    return !cancel.Cancelled();
  });
  if (aborted_.MayHave(map, object)) {
    const uint64_t aborted = Value(aborted_, object + 1);
    const HeapReader::Oddball oddball = IsSmi(aborted) ? HeapReader::Oddball::kNone : reader_.OddballOf(aborted);
    if (oddball == HeapReader::Oddball::kTrue || oddball == HeapReader::Oddball::kFalse) {
      view.kind = EmitterKind::kAbortSignal;
      view.aborted = oddball == HeapReader::Oddball::kTrue;
      if (const uint64_t set = Value(dependants_, object + 1); set != 0) {
        if (const std::optional<TableView> table = TableOf(reader_, set)) view.dependants = table->size;
      }
    }
  }
  return view;
}

bool EventTargetReader::InEventTargetScript(uint64_t function) {
  const MapInfo* map = reader_.MapOf(function);
  if (map == nullptr || map->category != Category::kClosure || IsBoundFunction(reader_, function))
    return false;
  const uint64_t shared = reader_.Field(function, ObjectField::kFunctionShared).value_or(0);
  const auto [known, is_new] = event_target_code_.try_emplace(shared, false);
  if (is_new) {
    const uint64_t script = ScriptOf(reader_, shared);
    known->second = script != 0 && IsNodeScriptCalled(ReadScript(reader_, script)->name, "internal/event_target");
  }
  return known->second;
}

// The function that a listener stands for: of a handler attribute (onabort) the handler, of an object its handleEvent.
uint64_t EventTargetReader::FunctionOf(uint64_t listener) {
  const MapInfo* found = reader_.MapOf(listener);
  if (found == nullptr || !reader_.layout().types.IsJSReceiver(found->instance_type)) return 0;
  const MapInfo map = *found;
  if ((map.bit_field & kIsCallable) != 0) {
    if (!handler_.MayHave(map, Untag(listener)) || !InEventTargetScript(listener)) return listener;
    const uint64_t handler = Value(handler_, listener);
    const MapInfo* inner = IsSmi(handler) ? nullptr : reader_.MapOf(handler);
    return inner != nullptr && reader_.layout().types.IsJSReceiver(inner->instance_type) ? handler : 0;
  }
  uint64_t at = listener;
  for (int i = 0; i < kMostPrototypes; ++i) {
    const MapInfo* step = reader_.MapOf(at);
    if (step == nullptr || !reader_.layout().types.IsJSReceiver(step->instance_type)) break;
    const uint64_t prototype = step->prototype;
    const uint64_t method = Value(handle_event_, at);
    const MapInfo* inner = IsSmi(method) ? nullptr : reader_.MapOf(method);
    if (inner != nullptr && (inner->bit_field & kIsCallable) != 0) return method;
    at = prototype;
  }
  return 0;
}

ListenerView EventTargetReader::ReadListener(uint64_t record) {
  ListenerView view{.entry = record};
  uint64_t listener = Value(listener_, record);
  if (reader_.IsType(listener, "JS_WEAK_REF_TYPE")) {
    view.weak = true;
    listener = reader_.Field(listener, kWeakRefTarget).value_or(0);
    if (IsSmi(listener) || reader_.IsUndefined(listener)) listener = 0;
  }
  view.given = listener;
  view.function = listener == 0 ? 0 : FunctionOf(listener);
  const MapInfo* found = reader_.MapOf(record);
  const MapInfo map = found == nullptr ? MapInfo() : *found;
  const uint64_t flags = Value(flags_, record);
  if (found != nullptr && IsSmi(flags) && flags_.MayHave(map, Untag(record))) {
    view.once = (SmiValue(flags) & kFlagOnce) != 0;
    view.capture = (SmiValue(flags) & kFlagCapture) != 0;
    view.passive = (SmiValue(flags) & kFlagPassive) != 0;
  } else {
    view.once = IsTrue(once_, record);
    view.capture = IsTrue(capture_, record);
    view.passive = IsTrue(passive_, record);
  }
  return view;
}

void EventTargetReader::ForEachListener(const EmitterEvent& event, const Cancel& cancel, const ListenerVisitor& visit) {
  uint64_t at = Value(next_, event.listeners);
  for (uint64_t i = 0; i < event.count && !IsSmi(at) && reader_.MapOf(at) != nullptr && !reader_.IsUndefined(at); ++i) {
    if (i % kPollListeners == kPollListeners - 1 && cancel.Cancelled()) return;
    if (!visit(ReadListener(at))) return;
    at = Value(next_, at);
  }
}

MaxListeners EventTargetReader::MaxOf(const MapInfo& map, Address object) {
  const std::optional<OwnProperty> own = max_.Find(map, object);
  if (!own || own->accessor || !own->readable) return {};
  const std::optional<double> value = own->raw_double ? own->raw_double : ReadNumber(reader_, own->value);
  // Every EventTarget gets the number when it is made; whether it was given later cannot be told.
  return value ? MaxListeners{*value, MaxListeners::Source::kOwn} : MaxListeners{};
}

std::optional<SignalBinding> EventTargetReader::BindingOf(const ListenerView& listener) {
  if (listener.function == 0 || !InEventTargetScript(listener.function)) return std::nullopt;
  const std::optional<FunctionView> function = ReadFunction(reader_, listener.function);
  if (!function) return std::nullopt;
  SignalBinding binding;
  constexpr int kMostContexts = 4;  // the block of the options, the method
  uint64_t context = function->context;
  for (int i = 0; i < kMostContexts && context != 0; ++i) {
    const std::optional<ContextView> view = ReadContext(reader_, context);
    if (!view) break;
    for (const ContextVariable& variable : view->variables) {
      if (!variable.readable) continue;
      if (variable.name == "listener" && binding.listener == 0) binding.listener = variable.value;
      if (variable.name == "type" && binding.type.empty()) binding.type = reader_.ShortText(variable.value);
      if (variable.name == "this" && binding.target == 0) binding.target = variable.value;
    }
    if (binding.listener != 0) break;
    context = view->previous;
  }
  if (binding.listener == 0) return std::nullopt;
  return binding;
}

}  // namespace corewalk
