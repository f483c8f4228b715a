#include "command/suspect_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text_sanitize.h"
#include "command/collection_text.h"
#include "command/function_text.h"
#include "command/holder_text.h"
#include "command/reference_text.h"
#include "heap/views/generators.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr size_t kShownName = 80;  // code points
constexpr size_t kMostSteps = 12;  // of a way; of a longer one the middle is left out

std::string Safe(const std::string& text) {
  return Sanitize(UntrustedText(text), {.max_code_points = kShownName});
}

std::string_view UnitOf(const Suspect& suspect) {
  switch (suspect.kind) {
    case SuspectKind::kCollection:
      if (suspect.collection) {
        switch (suspect.collection->kind) {
          case CollectionKind::kArray:
            return "element";
          case CollectionKind::kSet:
          case CollectionKind::kWeakSet:
            return "member";
          case CollectionKind::kMap:
          case CollectionKind::kWeakMap:
            return "entr";
          default:
            break;
        }
      }
      return suspect.what == "Array" || suspect.what == "(array)" ? "element"
             : suspect.what.find("Set") != std::string::npos ? "member"
             : suspect.what.find("Map") != std::string::npos ? "entr"
                                                             : "propert";
    case SuspectKind::kListeners:
      return "listener";
    case SuspectKind::kTimers:
      return "timer";
    case SuspectKind::kClosures:
      return "function";
    case SuspectKind::kPromises:
      return "promise";
    case SuspectKind::kStrings:
      return "string";
    case SuspectKind::kBuffers:
      return "buffer";
    case SuspectKind::kContexts:
      return "context";
    case SuspectKind::kModules:
      return "module";
    default:
      return "object";
  }
}

std::string Counted(uint64_t count, std::string_view unit) {
  const bool ies = unit.ends_with("tr") || unit.ends_with("rt");
  return fmt::format("{} {}{}", FormatCount(count), unit, ies ? (count == 1 ? "y" : "ies") : (count == 1 ? "" : "s"));
}

// "8 arrays with ": what an object has that is no collection itself.
std::string PartsText(const Suspect& suspect) {
  if (suspect.parts == 0) return "";
  const std::string_view kind = suspect.collection ? CollectionKindName(suspect.collection->kind) : "collection";
  return Counted(suspect.parts, kind) + " with ";
}

}  // namespace

std::string SuspectTitle(const Suspect& suspect) {
  const bool named = !suspect.holder.name.empty() && suspect.holder.kind != HolderKind::kNative &&
                     suspect.holder.kind != HolderKind::kStack;
  const std::string name = named ? Safe(suspect.holder.name) : "", what = Safe(suspect.what);
  switch (suspect.kind) {
    case SuspectKind::kListeners:
      return FormatCount(suspect.count) + " " + what + (named ? " on " + name : "");
    case SuspectKind::kTimers:
      return FormatCount(suspect.count) + " timers of " + what + (named && name != what ? " that call " + name : "");
    case SuspectKind::kQueue:
      return what + ": " + FormatCount(suspect.count) + " waiting" + (named ? ", mostly " + name : "");
    case SuspectKind::kPromises:
      return what + (named ? " " + name : "") + ", for which " + FormatCount(suspect.count) + " wait";
    case SuspectKind::kStrings:
      return what + (named ? " " + name : "") + ": " + FormatCount(suspect.count) + " characters";
    case SuspectKind::kObject:
      return what + (named ? " " + name : "");
    case SuspectKind::kObjects:
      if (suspect.holder.kind == HolderKind::kClosure && suspect.what.starts_with("chain of calls"))
        return what + (named ? " in " + name + "()" : "") + ": " + FormatCount(suspect.count);
      if (suspect.element_class == "WeakCell")
        return what + (named ? " " + name : "") + ": " + FormatCount(suspect.count) + " registrations";
      break;
    default:
      break;
  }
  if (suspect.what == "system / NativeContext") return what;  // its properties are no entries
  std::string title = what + (named ? " " + name : "") + ": " + PartsText(suspect) + Counted(suspect.count, UnitOf(suspect));
  if (!suspect.element_class.empty() && suspect.element_class != suspect.what && suspect.element_class != "undefined")
    title += " of class " + Safe(suspect.element_class);
  return title;
}

std::string PinsText(HeapReader& reader, const HeapGraph& graph, const Suspect& suspect) {
  std::string text;
  for (const Pinned& pinned : suspect.pins) {
    text += fmt::format("{}{} {} ({})", text.empty() ? "" : ", ", FormatCount(pinned.count), Safe(pinned.class_name),
                        FormatBytesShort(pinned.bytes));
    // The class of what waits says nothing; the function does.
    const uint64_t waits = graph.IsObject(pinned.example)
                               ? FunctionOfGenerator(reader, graph.index().AddressOf(pinned.example) + 1)
                               : 0;
    const std::optional<FunctionView> view = waits == 0 ? std::nullopt : ReadFunction(reader, waits);
    if (view) text += " of " + Safe(NameOrAnonymous(*view, true)) + " at " + Safe(PlaceOf(*view));
  }
  return text;
}

std::string SampleText(HeapReader& reader, const HeapGraph& graph, const Suspect& suspect) {
  if (!suspect.sample.empty()) return Sanitize(UntrustedText(suspect.sample), {.max_code_points = 200});
  const ObjectId node = suspect.container != kNoObject ? suspect.container
                        : suspect.nodes.empty()        ? kNoObject
                                                       : suspect.nodes[0];
  if (node == kNoObject || !graph.IsObject(node)) return "";
  if (!suspect.collection) return NodeText(reader, graph, suspect.nodes.empty() ? node : suspect.nodes[0]);
  const CollectionFacts& facts = *suspect.collection;
  const auto entry_text = [&](const StoreEntry& entry) {
    const std::string key = EntryKeyText(reader, entry), value = EntryValueText(reader, entry);
    if (facts.kind == CollectionKind::kSet || facts.kind == CollectionKind::kWeakSet) return key;
    return key + (facts.kind == CollectionKind::kArray || facts.kind == CollectionKind::kObject ? ": " : " => ") +
           value;
  };
  std::string text;
  constexpr size_t kFirst = 2;
  for (size_t i = 0; i < std::min(facts.first.size(), kFirst); ++i)
    text += (text.empty() ? "" : ", ") + entry_text(facts.first[i]);
  if (facts.entries > kFirst && !facts.last.empty()) text += ", ... " + entry_text(facts.last.back());
  return text;
}

std::string GrowthText(const Suspect& suspect) {
  return JoinClauses(suspect.growth);
}

std::string JoinClauses(const std::vector<std::string>& clauses, std::string_view between) {
  std::string text;
  for (const std::string& clause : clauses)
    text += (text.empty() ? "" : std::string(between)) + Sanitize(UntrustedText(clause), {.max_code_points = 300});
  return text;
}

std::string BelowText(HeapReader& reader, const Suspect& suspect) {
  constexpr size_t kMostBelow = 3;
  const std::vector<PathStep>& path = suspect.holder.path;
  const auto holder = std::ranges::find(path, suspect.holder.holder_node, &PathStep::node);
  if (holder == path.end() || suspect.kind != SuspectKind::kCollection || path.back().node != suspect.container) return "";
  const auto below = static_cast<size_t>(path.end() - holder);
  if (below < 3 || below > 2 + kMostBelow) return "";  // the holder, its object, and what leads on
  std::string text;
  for (auto step = holder + 2; step != path.end(); ++step) {
    std::string one = PathText(reader, step->through);
    if (one.starts_with(' ')) one.erase(0, 1);
    text += one;
  }
  return ", as " + (text.starts_with('.') ? text.substr(1) : text);
}

std::string WayText(HeapReader& reader, const HeapGraph& graph, const Suspect& suspect) {
  const std::vector<PathStep>& path = suspect.holder.path;
  // The same step again and again, down a list, is one: ".next (x812)".
  std::vector<std::pair<std::string, size_t>> steps;
  for (size_t i = 0; i < path.size(); ++i) {
    std::string step;
    if (i == 0) {
      const std::vector<uint32_t> roots = graph.RootsOf(path[0].node);
      step = roots.empty() ? NodeText(reader, graph, path[0].node)
                           : RootName(graph, roots.front()) + " -> " + NodeText(reader, graph, path[0].node);
    } else {
      step = PathText(reader, path[i].through);
      if (step.starts_with(' ')) step.erase(0, 1);
    }
    if (!steps.empty() && steps.back().first == step) {
      ++steps.back().second;
    } else {
      steps.emplace_back(std::move(step), 1);
    }
  }
  std::string text;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps.size() > kMostSteps && i == kMostSteps / 2) {
      i = steps.size() - kMostSteps / 2;
      text += " ...";
    }
    text += (i == 0 ? "" : " -> ") + steps[i].first + (steps[i].second > 1 ? fmt::format(" (x{})", FormatCount(steps[i].second)) : "");
  }
  return text;
}

}  // namespace corewalk
