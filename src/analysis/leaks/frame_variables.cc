#include "analysis/leaks/frame_variables.h"

#include "heap/stack_frames.h"
#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr size_t kMostWords = 4096;          // of a stack that are looked at
constexpr uint64_t kLargestFrame = 1 << 20;  // bytes
constexpr size_t kMostDeclared = 3;

}  // namespace

// Every frame of a function has, from below: the function, its context, the caller's frame pointer (see kFrameFunction).
std::optional<FunctionView> FunctionOfSlot(HeapReader& reader, Address slot) {
  if (slot == 0 || slot % 8 != 0) return std::nullopt;
  const InstanceTypes& types = reader.layout().types;
  const std::vector<uint64_t> words = ReadWords(reader.memory(), slot, kMostWords);
  constexpr size_t kToFrame = -kFrameFunction / 8, kToContext = kToFrame + kFrameContext / 8;  // words above the function
  for (size_t i = 0; i + kToFrame < words.size(); ++i) {
    const Address at = slot + 8 * i, caller = words[i + kToFrame];
    if (caller <= at || caller - at > kLargestFrame || caller % 8 != 0) continue;
    if (!IsStrongPointer(words[i]) || !IsStrongPointer(words[i + kToContext])) continue;
    const MapInfo* function = reader.MapOf(words[i]);
    if (function == nullptr || function->category != Category::kClosure) continue;
    const MapInfo* context = reader.MapOf(words[i + kToContext]);
    if (context == nullptr || !types.IsContext(context->instance_type)) continue;
    return ReadFunction(reader, words[i]);
  }
  return std::nullopt;
}

bool IsModuleCode(HeapReader& reader, const FunctionView& function) {
  const ScriptView* const script = function.script == 0 ? nullptr : ReadScript(reader, function.script);
  return script != nullptr && function.name.empty() && function.start <= 0 &&
         (function.end < 0 || static_cast<uint64_t>(function.end) + 1 >= script->source_length);
}

std::optional<FrameVariable> FrameVariableAt(HeapReader& reader, SourceFinder& sources, Address slot,
                                             std::string_view class_name) {
  const std::optional<FunctionView> function = FunctionOfSlot(reader, slot);
  if (!function || function->script == 0 || !sources.IsUserScript(function->script)) return std::nullopt;
  const bool of_module = IsModuleCode(reader, *function);
  const SourceScan* scan = sources.ScanOf(function->script);
  if (scan == nullptr) return std::nullopt;
  SourceScan::Made made = scan->MadeIn(of_module ? -1 : function->start, of_module ? -1 : function->end, class_name);
  if (made.variables.empty() && !(of_module && made.any_returned)) return std::nullopt;
  if (made.variables.size() > kMostDeclared) made.variables.resize(kMostDeclared);
  return FrameVariable{.declared = std::move(made.variables), .function = *function, .of_module = of_module};
}

}  // namespace corewalk
