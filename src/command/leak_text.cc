#include "command/leak_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr size_t kShownVariables = 2;
constexpr size_t kShownName = 60;  // code points

}  // namespace

FunctionView ViewOfFunction(HeapReader& reader, uint64_t function) {
  const uint64_t target = function == 0 ? 0 : TargetOfBound(&reader, function);
  if (target == 0) return {};
  return ReadFunction(reader, target).value_or(FunctionView());
}

std::string FunctionText(const FunctionView& view) {
  if (view.shared == 0) return "(no function of JavaScript)";
  const std::string place = PlaceOf(view);
  return Sanitize(UntrustedText(NameOrAnonymous(view, true)), {.max_code_points = kShownName}) +
         (place.empty() ? " (native)" : " " + Sanitize(UntrustedText(place)));
}

std::string PinnedText(HeapReader& reader, const HeapGraph& graph, const ClosurePins& pinned) {
  std::string text;
  size_t shown = 0;
  for (const PinnedVariable& variable : pinned.variables) {
    if (shown == kShownVariables || variable.largest == kNoObject) break;
    if (shown > 0 && variable.retained * 20 < pinned.variables[0].retained) break;  // the first says it all
    ++shown;
    text += fmt::format(
        "{}{}{}: {}", text.empty() ? "" : "; ", variable.bound ? "bound " : "",
        Sanitize(UntrustedText(variable.name), {.max_code_points = kShownName}),
        Sanitize(UntrustedText(NodeClass(reader, graph, variable.largest)), {.max_code_points = kShownName}));
    if (variable.retained > 0) text += ", " + FormatBytesShort(variable.retained);
    if (variable.count > 1) text += " in " + FormatCount(variable.count);
  }
  return text;
}

}  // namespace corewalk
