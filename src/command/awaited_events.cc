#include "command/awaited_events.h"

#include <algorithm>

#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"
#include "node/event_emitter.h"

namespace corewalk {
namespace {

constexpr size_t kShownEvents = 2;
constexpr size_t kShownName = 40;  // code points
constexpr size_t kMostListeners = 1 << 17;

}  // namespace

// The variables that a listener shares with others that were made together with it: not those of a script or module, which
// its functions all share. Of V8's own functions it is what resolve and reject of a promise have in common.
uint64_t AwaitedEvents::ContextOf(uint64_t function) {
  const MapInfo* map = LooksLikePointer(function) ? reader_.MapOf(function) : nullptr;
  if (map == nullptr || map->category != Category::kClosure || reader_.IsType(function, "JS_BOUND_FUNCTION_TYPE"))
    return 0;
  const uint64_t context = reader_.Field(function, ObjectField::kFunctionContext).value_or(0);
  const uint64_t shared = reader_.Field(function, ObjectField::kFunctionShared).value_or(0);
  const uint64_t previous = reader_.ArrayElement(context, kContextPrevious).value_or(0);
  const bool is_inner = reader_.IsType(previous, "FUNCTION_CONTEXT_TYPE") || reader_.IsType(previous, "BLOCK_CONTEXT_TYPE");
  return is_inner || ScriptOf(reader_, shared) == 0 ? context : 0;
}

const AwaitedEvents::Emitter& AwaitedEvents::Read(ObjectId node) {
  const auto [known, is_new] = emitters_.try_emplace(node);
  if (!is_new) return known->second;
  Emitter& emitter = known->second;
  const Address address = NodeAddress(graph_, node);
  const MapInfo* found = reader_.MapOf(address + 1);
  if (found == nullptr) return emitter;
  const MapInfo map = *found;
  EventEmitterReader events(&reader_);
  const std::optional<EmitterView> view = events.Read(map, address);
  if (!view) return emitter;
  const Cancel cancel;
  size_t left = kMostListeners;
  for (const EmitterEvent& event : view->events) {
    if (event.is_index || !reader_.IsString(event.key)) continue;
    const std::string name = reader_.ShortText(event.key);
    events.ForEachListener(*view, event, cancel, [&](const ListenerView& listener) {
      for (const uint64_t key : {listener.entry, listener.given, ContextOf(listener.given)}) {
        if (key == 0) continue;
        std::vector<std::string>& names = emitter.events[key];
        if (names.size() <= kShownEvents && std::ranges::find(names, name) == names.end())
          names.push_back(name);
      }
      return --left > 0;
    });
    if (left == 0) break;
  }
  return emitter;
}

std::string AwaitedEvents::Of(ObjectId node, ObjectId listener) {
  if (!graph_.IsObject(node) || !graph_.IsObject(listener)) return "";
  const Emitter& emitter = Read(node);
  const uint64_t function = NodeAddress(graph_, listener) + 1;
  std::vector<std::string> names;
  for (const uint64_t key : {function, ContextOf(function)}) {
    const auto found = emitter.events.find(key);
    if (key == 0 || found == emitter.events.end()) continue;
    for (const std::string& name : found->second) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  if (names.size() > 1) std::erase(names, "error");
  std::ranges::sort(names);
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kShownEvents); ++i)
    text += (i == 0 ? "'" : " or '") + Sanitize(UntrustedText(names[i]), {.max_code_points = kShownName}) + "'";
  return names.size() > kShownEvents ? text + ", ..." : text;
}

}  // namespace corewalk
