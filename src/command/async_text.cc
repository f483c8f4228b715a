#include "command/async_text.h"

#include <fmt/format.h>

#include "base/number_text.h"
#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/leak_text.h"
#include "command/reference_text.h"
#include "heap/views/module_records.h"
#include "heap/views/primitives.h"
#include "heap/views/properties.h"
#include "node/timers.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr size_t kShownName = 60;  // code points

std::string Safe(const std::string& text, size_t most = kShownName) {
  return Sanitize(UntrustedText(text), {.max_code_points = most});
}

}  // namespace

std::string_view PromiseStateName(PromiseState state) {
  switch (state) {
    case PromiseState::kPending:
      return "pending";
    case PromiseState::kFulfilled:
      return "fulfilled";
    case PromiseState::kRejected:
      return "rejected";
    case PromiseState::kUnknown:
      break;
  }
  return "damaged";
}

std::string_view PromiseSourceName(PromiseSource source) {
  switch (source) {
    case PromiseSource::kNone:
      return "none";
    case PromiseSource::kAsyncFunction:
      return "async_function";
    case PromiseSource::kAsyncGenerator:
      return "async_generator";
    case PromiseSource::kThen:
      return "then";
    case PromiseSource::kFollows:
      return "promise";
    case PromiseSource::kCombinator:
      return "combinator";
    case PromiseSource::kTimer:
      return "timer";
    case PromiseSource::kImmediate:
      return "immediate";
    case PromiseSource::kMicrotask:
      return "microtask";
    case PromiseSource::kHeldBy:
      return "object";
    case PromiseSource::kProgram:
      return "resolve_function";
    case PromiseSource::kNative:
      return "native";
    case PromiseSource::kModule:
      return "module_evaluation";
    case PromiseSource::kLost:
      return "lost";
    case PromiseSource::kNobody:
      break;
  }
  return "nothing_found";
}

std::string_view GeneratorKindName(GeneratorKind kind) {
  switch (kind) {
    case GeneratorKind::kGenerator:
      return "generator";
    case GeneratorKind::kAsyncFunction:
      return "async function";
    case GeneratorKind::kAsyncGenerator:
      break;
  }
  return "async generator";
}

const FunctionView& AsyncText::FunctionOf(uint64_t function) {
  const uint64_t shared = reader_.Field(function, ObjectField::kFunctionShared).value_or(0);
  const auto [known, is_new] = functions_.try_emplace(shared);
  if (is_new) known->second = ReadFunction(reader_, function).value_or(FunctionView());
  return known->second;
}

SourcePosition AsyncText::PlaceIn(const FunctionView& view, int64_t position) {
  if (view.script == 0 || position < 0) return {};
  return PositionIn(reader_, view.script, position);
}

std::string AsyncText::CallText(const SuspendedCall& call) {
  const FunctionView& view = FunctionOf(call.view.function);
  const SourcePosition at = PlaceIn(view, call.position);
  if (at.line == 0) return FunctionText(view);
  return fmt::format("{} {}:{}:{}", Safe(NameOrAnonymous(view, true)), Safe(view.script_name, 0), at.line, at.column);
}

std::string AsyncText::ClassText(ObjectId node) {
  return Safe(NodeClass(reader_, graph_, node));
}

std::string AsyncText::ResolverText(uint32_t index) {
  const auto found = resolvers_.find(index);
  if (found == resolvers_.end()) return "";
  const ResolverHolder& holder = found->second;
  const std::string name = (holder.owner.empty() ? "" : Safe(holder.owner) + ".") + Safe(holder.name);
  if (holder.kind != HolderKind::kElement && holder.kind != HolderKind::kEntry) return name;
  return name + "[]" + (holder.property.empty() ? "" : "." + Safe(holder.property));
}

std::string AsyncText::HeldByText(uint32_t index) {
  const AsyncPromise& promise = census_.promises[index];
  const std::string class_name = ClassText(promise.holder);
  if (const std::string event = events_.Of(promise.holder, promise.listener); !event.empty())
    return class_name + " " + event;
  const std::string name = ResolverText(index);
  return name.empty() ? class_name : name;
}

std::string AsyncText::ModuleText(ObjectId node) {
  const std::optional<ModuleRecordView> module = ReadModuleRecord(reader_, NodeAddress(graph_, node) + 1);
  const ScriptView* script = module ? ReadScript(reader_, module->script) : nullptr;
  return script == nullptr || script->name.empty() ? "a module" : Safe(script->name, 0);
}

std::string AsyncText::SourceText(uint32_t index) {
  if (index == kNoEntry) return "";
  const AsyncPromise& promise = census_.promises[index];
  switch (promise.source) {
    case PromiseSource::kNone:
      return "";
    case PromiseSource::kAsyncFunction:
      if (promise.generator != kNoEntry) return "async function " + CallText(census_.calls[promise.generator]);
      return "async function " + FunctionText(FunctionOf(promise.function)) + ", which runs";
    case PromiseSource::kAsyncGenerator:
      if (promise.generator != kNoEntry) return "async generator " + CallText(census_.calls[promise.generator]);
      return "async generator";
    case PromiseSource::kThen:
      return promise.function == 0 ? "then() that hands on" : "then() with " + FunctionText(FunctionOf(promise.function));
    case PromiseSource::kFollows:
      return "another promise, or Promise.race()";
    case PromiseSource::kCombinator:
      return "Promise.all(), allSettled() or any()";
    case PromiseSource::kTimer: {
      TimerReader timers(&reader_);
      const Address address = NodeAddress(graph_, promise.holder);
      const MapInfo* map = reader_.MapOf(address + 1);
      if (map == nullptr) return "timer";
      const std::optional<TimerView> timer = timers.ReadTimeout(MapInfo(*map), address);
      if (!timer || timer->interval <= 0) return "timer";
      return fmt::format("timer of {} ms", NumberText(timer->interval));
    }
    case PromiseSource::kImmediate:
      return "immediate";
    case PromiseSource::kMicrotask:
      return "a microtask that is queued";
    case PromiseSource::kHeldBy:
      return HeldByText(index);
    case PromiseSource::kProgram:
      if (const std::string name = ResolverText(index); !name.empty()) return "resolve function in " + name;
      return promise.holder == kNoObject ? "resolve function" : "resolve function in " + NodeText(reader_, graph_, promise.holder);
    case PromiseSource::kNative:
      return "C++: " + RootName(graph_, promise.root);
    case PromiseSource::kModule:
      return "evaluation of " + ModuleText(promise.holder);
    case PromiseSource::kLost:
      return "async function " + CallText(census_.lost[promise.lost].call) + ", which nothing can resume";
    case PromiseSource::kNobody:
      break;
  }
  return "nothing found that would settle it";
}

std::string AsyncText::SourceKey(uint32_t index) {
  if (index == kNoEntry) return "";
  const AsyncPromise& promise = census_.promises[index];
  std::string key(PromiseSourceName(promise.source));
  switch (promise.source) {
    case PromiseSource::kAsyncFunction:
    case PromiseSource::kAsyncGenerator:
    case PromiseSource::kThen: {
      const uint64_t shared = reader_.Field(promise.function, ObjectField::kFunctionShared).value_or(0);
      const int64_t position = promise.generator == kNoEntry ? -1 : census_.calls[promise.generator].position;
      return key + fmt::format("/{}/{}", shared, position);
    }
    case PromiseSource::kTimer:
    case PromiseSource::kModule:
    case PromiseSource::kLost:
      return key + "/" + SourceText(index);
    case PromiseSource::kHeldBy:
    case PromiseSource::kProgram:
      return key + "/" + SourceText(index);
    case PromiseSource::kNative:
      return key + "/" + RootName(graph_, promise.root);
    default:
      return key;
  }
}

// Of a function that no reaction of a live promise and no microtask resumes: the promise is garbage, unless the lists of
// reactions or the queue are not all known. Something else than the promise holds the function, as its ES module does.
bool AsyncText::AwaitsNobody() const {
  return census_.microtasks_known && census_.damaged == 0 && !census_.interrupted;
}

std::string AsyncText::WaitsFor(const SuspendedCall& call) {
  if (call.view.kind == GeneratorKind::kGenerator) return "next()";
  if (call.ready) return "a microtask that is queued";
  if (call.awaits != kNoEntry) {
    const bool settled = census_.promises[call.awaits].source == PromiseSource::kNone;
    return settled ? "a settled promise" : SourceText(call.awaits);
  }
  if (call.view.kind == GeneratorKind::kAsyncGenerator && !call.view.awaiting) return "next()";
  return AwaitsNobody() ? "a promise that nobody holds" : "unknown";
}

std::string AsyncText::WaitsForKind(const SuspendedCall& call) const {
  if (call.view.kind == GeneratorKind::kGenerator) return "next";
  if (call.ready) return "microtask";
  if (call.awaits != kNoEntry) return std::string(PromiseSourceName(census_.promises[call.awaits].source));
  if (call.view.kind == GeneratorKind::kAsyncGenerator && !call.view.awaiting) return "next";
  return AwaitsNobody() ? "nobody" : "unknown";
}

std::string AsyncText::UltimateText(const SuspendedCall& call) {
  const uint32_t end = call.awaits == kNoEntry ? kNoEntry : UltimateSource(census_, call.awaits);
  return end == kNoEntry || end == call.awaits ? "" : SourceText(end);
}

std::string ReasonText(HeapReader& reader, uint64_t reason, const ErrorView& error) {
  constexpr uint64_t kUnits = 200;
  if (!error.has_message) return BriefValue(reader, reason, kUnits);
  return Safe(reader.ClassOf(reason)) + ": " + Safe(error.message, kUnits);
}

std::vector<std::string> StackLines(const ErrorView& error, size_t limit) {
  std::vector<std::string> lines;
  size_t at = 0;
  while (at < error.stack_text.size() && lines.size() < limit) {
    const size_t end = std::min(error.stack_text.find('\n', at), error.stack_text.size());
    std::string line = error.stack_text.substr(at, end - at);
    at = end + 1;
    const size_t begin = line.find_first_not_of(' ');
    if (begin != std::string::npos && line.compare(begin, 3, "at ") == 0) lines.push_back(Safe(line.substr(begin), 300));
  }
  for (const ErrorFrame& frame : error.frames) {
    if (lines.size() >= limit) break;
    const std::string name = Safe(NameOrAnonymous(frame.view, true));
    const std::string file = Safe(frame.view.script_name, 0);
    if (frame.line == 0) {
      lines.push_back(fmt::format("at {} ({})", name, file.empty() ? "native" : file));
    } else {
      lines.push_back(fmt::format("at {} ({}:{}:{})", name, file, frame.line, frame.column));
    }
  }
  return lines;
}

}  // namespace corewalk
