#include "analysis/leaks/frame_variables.h"

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr size_t kMostWords = 4096;          // of a stack that are looked at
constexpr uint64_t kLargestFrame = 1 << 20;  // bytes
constexpr size_t kMostCandidates = 3;

}  // namespace

// Every frame of a function has, from below: the function, its context, the caller's frame pointer
// (StandardFrameConstants, src/execution/frame-constants.h; since 4.x at the same places).
std::optional<FunctionView> FunctionOfSlot(HeapReader& reader, Address slot) {
  if (slot == 0 || slot % 8 != 0) return std::nullopt;
  const InstanceTypes& types = reader.layout().types;
  const std::vector<uint64_t> words = ReadWords(reader.memory(), slot, kMostWords);
  for (size_t i = 0; i + 2 < words.size(); ++i) {
    const Address at = slot + 8 * i;
    if (words[i + 2] <= at || words[i + 2] - at > kLargestFrame || words[i + 2] % 8 != 0) continue;
    if (!IsStrongPointer(words[i]) || !IsStrongPointer(words[i + 1])) continue;
    const MapInfo* function = reader.MapOf(words[i]);
    if (function == nullptr || function->category != Category::kClosure) continue;
    const MapInfo* context = reader.MapOf(words[i + 1]);
    if (context == nullptr || !types.IsContext(context->instance_type)) continue;
    return ReadFunction(reader, words[i]);
  }
  return std::nullopt;
}

std::optional<FrameVariable> FrameVariableAt(HeapReader& reader, SourceFinder& sources, Address slot,
                                             std::string_view class_name) {
  const std::optional<FunctionView> function = FunctionOfSlot(reader, slot);
  if (!function || function->script == 0 || !sources.IsUserScript(function->script)) return std::nullopt;
  const ScriptView* script = ReadScript(reader, function->script);
  if (script == nullptr) return std::nullopt;
  // Module code covers its whole source.
  const bool of_module = function->name.empty() && function->start <= 0 &&
                         (function->end < 0 || static_cast<uint64_t>(function->end) + 1 >= script->source_length);
  const SourceScan* scan = sources.ScanOf(function->script);
  if (scan == nullptr) return std::nullopt;
  FrameVariable variable{.function = *function, .of_module = of_module};
  for (const SourceScan::NamedSite& site :
       scan->MadeIn(of_module ? -1 : function->start, of_module ? -1 : function->end, class_name)) {
    if (variable.candidates.size() == kMostCandidates) break;
    variable.candidates.push_back(site.site);
    variable.names.push_back(site.name);
  }
  if (variable.candidates.empty()) return std::nullopt;
  return variable;
}

}  // namespace corewalk
