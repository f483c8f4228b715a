#include "analysis/js_allocation.h"

#include <array>
#include <charconv>

namespace corewalk {
namespace {

// Functions of V8 and Node.js through which a process that is out of memory goes (src/init/v8.cc, src/node_errors.cc).
constexpr std::array<std::string_view, 2> kGivingUp = {"FatalProcessOutOfMemory", "OOMErrorHandler"};
// Entries from JavaScript into C++: RUNTIME_FUNCTION and BUILTIN (src/execution/arguments.h, src/builtins/builtins-utils.h).
constexpr std::array<std::string_view, 2> kEntries = {"Runtime_", "Builtin_"};

// Functions with which JavaScript stops at a loop or a call for what V8 wants done meanwhile, such as a collection that
// another thread asked for (src/execution/stack-guard.cc, src/runtime/runtime-internal.cc; 7.4 to 14.6).
constexpr std::array<std::string_view, 4> kInterrupts = {"HandleInterrupts", "StackGuard", "BudgetInterrupt", "WritesInterrupts"};

// "_ZN2v88internal26Runtime_GrowArrayElementsEi..." -> "Runtime_GrowArrayElements"; the parts of a mangled name joined.
std::string PartsOf(std::string_view mangled) {
  constexpr std::string_view kPrefix = "_ZN2v88internal";
  if (!mangled.starts_with(kPrefix)) return std::string(mangled);
  mangled.remove_prefix(kPrefix.size());
  std::string name;
  while (!mangled.empty()) {
    if (mangled.front() == 'L') mangled.remove_prefix(1);  // of internal linkage
    size_t length = 0;
    const auto [end, error] = std::from_chars(mangled.data(), mangled.data() + mangled.size(), length);
    if (error != std::errc()) break;
    mangled.remove_prefix(static_cast<size_t>(end - mangled.data()));
    if (length == 0 || length > mangled.size()) break;
    name += (name.empty() ? "" : "::") + std::string(mangled.substr(0, length));
    mangled.remove_prefix(length);
  }
  return name;
}

}  // namespace

std::optional<JsAllocation> FindAllocation(const JsThread& thread, bool known) {
  JsAllocation found;
  std::string task;
  for (const JsFrame& frame : thread.frames) {
    if (frame.kind == FrameKind::kJavaScript) {
      found.function = &frame;
      break;
    }
    if (frame.kind == FrameKind::kNative) {
      for (const std::string_view text : kGivingUp) known |= frame.symbol.find(text) != std::string::npos;
      for (const std::string_view text : kEntries) {
        if (frame.symbol.find(text) == std::string::npos) continue;
        if (found.operation.empty()) found.operation = PartsOf(frame.symbol);
        found.interrupted = found.interrupted.value_or(false);
      }
      for (const std::string_view text : kInterrupts) {
        if (frame.symbol.find(text) != std::string::npos) found.interrupted = true;
      }
      if (task.empty() && frame.symbol.find("4Task") != std::string::npos) task = PartsOf(frame.symbol);
    }
    // Only what JavaScript called: what stands above an entry frame is another matter.
    if (frame.kind == FrameKind::kEntry || frame.kind == FrameKind::kConstructEntry) break;
    if (frame.kind != FrameKind::kBuiltin && frame.kind != FrameKind::kApi) continue;
    if (frame.function.function != 0) {
      found.builtin = &frame;  // the one nearest to the function
    } else if (found.operation.empty()) {
      found.operation = frame.symbol;
    }
  }
  if (!known) return std::nullopt;
  if (found.function == nullptr && found.operation.empty()) found.operation = task;
  return found;
}

}  // namespace corewalk
