#include "node/event_emitter.h"

#include "heap/views/bound_functions.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"
#include "heap/views/primitives.h"
#include "heap/views/scripts.h"
#include "node/node_script.h"

namespace corewalk {
namespace {

constexpr uint8_t kIsCallable = 2;  // Map::bit_field, src/objects/map.h: the same from 7.4 to 14.6
constexpr int kMostPrototypes = 256;
constexpr uint64_t kMostEvents = 1 << 20;  // of one emitter
constexpr uint64_t kPollListeners = 1 << 14;

bool HoldsNumber(const OwnProperty& property) {
  return property.raw_double.has_value() || IsSmi(property.value) || property.value != 0;
}

// The number that a property holds; nothing for undefined and all else.
std::optional<double> NumberIn(HeapReader& reader, const OwnProperty& property) {
  if (property.accessor || !property.readable || !HoldsNumber(property)) return std::nullopt;
  return property.raw_double ? property.raw_double : ReadNumber(reader, property.value);
}

}  // namespace

bool EventEmitterReader::IsFunction(uint64_t value) {
  const MapInfo* map = reader_.MapOf(value);
  return map != nullptr && reader_.layout().types.IsJSReceiver(map->instance_type) &&
         (map->bit_field & kIsCallable) != 0;
}

EventEmitterReader::ValueKind EventEmitterReader::KindOf(uint64_t value) {
  if (IsSmi(value)) return ValueKind::kNothing;
  const MapInfo* found = reader_.MapOf(value);
  if (found == nullptr || !reader_.layout().types.IsJSReceiver(found->instance_type)) return ValueKind::kNothing;
  if ((found->bit_field & kIsCallable) != 0) return ValueKind::kFunction;
  if (reader_.TypeOf(value).starts_with("JS_ARRAY_TYPE")) return ValueKind::kArray;
  const MapInfo map = *found;
  const std::optional<OwnProperty> function = record_.Find(map, Untag(value));
  return function && function->readable && IsFunction(function->value) ? ValueKind::kRecord : ValueKind::kNothing;
}

std::optional<EmitterEvent> EventEmitterReader::EventOf(uint64_t value, EmitterKind* kind) {
  EmitterEvent event{.listeners = value};
  const ValueKind what = KindOf(value);
  if (what == ValueKind::kNothing) return std::nullopt;
  event.count = 1;
  if (what == ValueKind::kRecord) *kind = EmitterKind::kEventEmitter3;
  if (what == ValueKind::kArray) {
    // Its first element says whether these are listeners at all: other libraries keep other things under these names.
    ValueKind first = ValueKind::kNothing;
    ForEachElement(reader_, value, [&](const OwnProperty& element) {
      if (element.readable) first = KindOf(element.value);
      return false;
    });
    if (first != ValueKind::kFunction && first != ValueKind::kRecord) return std::nullopt;
    if (first == ValueKind::kRecord) *kind = EmitterKind::kEventEmitter3;
    const double length = ArrayLengthOf(reader_, value).value_or(0);
    if (!(length >= 1) || length > static_cast<double>(HeapReader::kMaxArray)) return std::nullopt;
    event.count = static_cast<uint64_t>(length);
    event.is_list = true;
    if (const MapInfo* map = reader_.MapOf(value)) {
      const MapInfo copy = *map;
      const std::optional<OwnProperty> warned = warned_.Find(copy, Untag(value));
      event.warned = warned && warned->readable && reader_.OddballOf(warned->value) == HeapReader::Oddball::kTrue;
    }
  }
  event.told_count = event.count;
  return event;
}

std::optional<EmitterView> EventEmitterReader::Read(const MapInfo& map, Address object) {
  const std::optional<OwnProperty> property = events_.Find(map, object);
  if (!property || property->accessor || !property->readable || IsSmi(property->value)) return std::nullopt;
  const MapInfo* found = reader_.MapOf(property->value);
  if (found == nullptr || !reader_.layout().types.IsJSReceiver(found->instance_type)) return std::nullopt;
  EmitterView view{.events_object = property->value};
  const auto add = [&](const OwnProperty& one, bool is_index) {
    if (one.accessor || !one.readable || one.raw_double) return true;
    std::optional<EmitterEvent> event = EventOf(one.value, &view.kind);
    if (!event) return true;
    event->key = is_index ? 0 : one.key;
    event->index = one.index;
    event->is_index = is_index;
    view.events.push_back(*event);
    return view.events.size() < kMostEvents;
  };
  ForEachElement(reader_, view.events_object, [&](const OwnProperty& one) { return add(one, true); });
  ForEachProperty(reader_, view.events_object, [&](const OwnProperty& one) { return add(one, false); });
  return view;
}

bool EventEmitterReader::IsOnceWrapper(uint64_t function) {
  // The wrapper's own code is in lib/events.js: a bound function's target, or the closure itself.
  uint64_t inner = function;
  if (IsBoundFunction(reader_, inner)) inner = reader_.Field(inner, kBoundTarget).value_or(0);
  const MapInfo* map = reader_.MapOf(inner);
  if (map == nullptr || map->category != Category::kClosure) return false;
  const uint64_t shared = reader_.Field(inner, ObjectField::kFunctionShared).value_or(0);
  const auto [known, is_new] = once_wrappers_.try_emplace(shared, false);
  if (is_new) {
    const uint64_t script = ScriptOf(reader_, shared);
    known->second = script != 0 && IsNodeScriptCalled(ReadScript(reader_, script)->name, "events");
  }
  return known->second;
}

ListenerView EventEmitterReader::Unwrap(uint64_t entry) {
  ListenerView view{.entry = entry, .given = entry, .function = entry};
  const MapInfo* found = reader_.MapOf(entry);
  if (found == nullptr) {
    view.given = view.function = 0;
    return view;
  }
  const MapInfo map = *found;
  const std::optional<OwnProperty> inner = wrapped_.Find(map, Untag(entry));
  if (!inner || inner->accessor || !inner->readable || !IsFunction(inner->value)) return view;
  view.given = view.function = inner->value;
  view.once = IsOnceWrapper(entry);
  return view;
}

ListenerView EventEmitterReader::ReadRecord(uint64_t record) {
  ListenerView view{.entry = record};
  const MapInfo* found = reader_.MapOf(record);
  if (found == nullptr) return view;
  const MapInfo map = *found;
  if (const std::optional<OwnProperty> function = record_.Find(map, Untag(record)); function && function->readable)
    view.given = view.function = function->value;
  if (const std::optional<OwnProperty> once = record_once_.Find(map, Untag(record)); once && once->readable)
    view.once = reader_.OddballOf(once->value) == HeapReader::Oddball::kTrue;
  return view;
}

void EventEmitterReader::ForEachListener(const EmitterView& emitter, const EmitterEvent& event, const Cancel& cancel,
                                         const ListenerVisitor& visit) {
  const auto one = [&](uint64_t entry) {
    return visit(emitter.kind == EmitterKind::kEventEmitter3 ? ReadRecord(entry) : Unwrap(entry));
  };
  if (!event.is_list) {
    one(event.listeners);
    return;
  }
  uint64_t visited = 0;
  ForEachElement(reader_, event.listeners, [&](const OwnProperty& element) {
    if (++visited % kPollListeners == 0 && cancel.Cancelled()) return false;
    return one(element.readable && !element.accessor && !element.raw_double ? element.value : 0);
  });
}

std::optional<double> EventEmitterReader::DefaultMax(uint64_t methods) {
  // `methods` has the methods of EventEmitter, whose functions have the variables of lib/events.js as context.
  constexpr int kMostFunctions = 200;
  std::optional<double> found;
  int functions = 0;
  ForEachProperty(reader_, methods, [&](const OwnProperty& property) {
    if (property.accessor || !property.readable || IsSmi(property.value)) return true;
    const MapInfo* map = reader_.MapOf(property.value);
    if (map == nullptr || map->category != Category::kClosure) return true;
    const std::optional<FunctionView> function = ReadFunction(reader_, property.value);
    if (!function || !IsNodeScriptCalled(function->script_name, "events")) return ++functions < kMostFunctions;
    uint64_t context = function->context;
    constexpr int kMostContexts = 16;
    for (int i = 0; i < kMostContexts && context != 0 && !found; ++i) {
      const std::optional<ContextView> view = ReadContext(reader_, context);
      if (!view) break;
      for (const ContextVariable& variable : view->variables) {
        if (variable.name != "defaultMaxListeners" || !variable.readable) continue;
        found = variable.raw_double ? variable.raw_double : ReadNumber(reader_, variable.value);
      }
      context = view->previous;
    }
    return !found && ++functions < kMostFunctions;
  });
  return found;
}

MaxListeners EventEmitterReader::MaxOf(const MapInfo& map, Address object) {
  if (const std::optional<OwnProperty> own = max_.Find(map, object)) {
    if (const std::optional<double> value = NumberIn(reader_, *own)) return {*value, MaxListeners::Source::kOwn};
  }
  const auto [known, is_new] = inherited_.try_emplace(map.word);
  if (!is_new) return known->second;
  MaxListeners result;
  uint64_t prototype = map.prototype;
  for (int i = 0; i < kMostPrototypes; ++i) {
    const MapInfo* found = reader_.MapOf(prototype);
    if (found == nullptr || !reader_.layout().types.IsJSReceiver(found->instance_type)) break;
    const MapInfo copy = *found;
    const std::optional<OwnProperty> property = max_.Find(copy, Untag(prototype));
    if (property) {
      if (const std::optional<double> value = NumberIn(reader_, *property)) {
        result = {*value, MaxListeners::Source::kPrototype};
        break;
      }
      if (!default_max_) default_max_ = DefaultMax(prototype);
    }
    prototype = copy.prototype;
  }
  if (result.source == MaxListeners::Source::kUnknown) {
    if (!default_max_) default_max_ = DefaultMax(object + 1);  // the methods were mixed in
    if (default_max_) result = {*default_max_, MaxListeners::Source::kDefault};
  }
  return inherited_[map.word] = result;
}

}  // namespace corewalk
