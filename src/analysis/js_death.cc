#include "analysis/js_death.h"

#include <algorithm>
#include <set>
#include <vector>

namespace corewalk {
namespace {

constexpr int kIll = 4, kTrap = 5, kAbort = 6;
constexpr uint64_t kMostWords = 4096;  // of C++ frames that are looked through for handles
constexpr uint64_t kMostHandlesBetween = 64;  // of what was thrown and of its message: what making the message took
// JSMessageObject: Map, properties and elements, then the message's number, its argument and the script.
constexpr int kMessageNumber = 24, kMessageArgument = 32;

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool IsMessage(HeapReader& reader, uint64_t object) {
  return LooksLikePointer(object) && reader.IsType(object, "JS_MESSAGE_OBJECT_TYPE") && IsSmi(reader.Field(object, kMessageNumber).value_or(1));
}

// The message that the C++ frames between the stack pointer and `end` have a handle of, or whose handle was made soon after
// one that they have of what was thrown; 0 when there is none, or several.
uint64_t MessageOfFrames(const Session& session, HeapReader& reader, Address end) {
  const ThreadState& thread = session.memory().Threads()[0];
  const Address sp = thread.reg(Register::kRsp) & ~Address{7};
  std::vector<uint64_t> words(thread.registers.begin(), thread.registers.end());
  for (Address at = sp; at < end && at - sp < 8 * kMostWords; at += 8) words.push_back(reader.Word(at).value_or(0));
  std::set<uint64_t> handles, messages;
  for (const uint64_t word : words) {
    if (word == 0 || word % 8 != 0 || !handles.insert(word).second) continue;
    const uint64_t object = reader.Word(word).value_or(0);
    if (IsMessage(reader, object)) messages.insert(object);
  }
  for (auto handle = handles.begin(); messages.empty() && handle != handles.end(); ++handle) {
    const uint64_t object = reader.Word(*handle).value_or(0);
    if (!LooksLikePointer(object) || reader.MapOf(object) == nullptr) continue;
    for (uint64_t i = 1; i <= kMostHandlesBetween; ++i) {
      const uint64_t later = reader.Word(*handle + 8 * i).value_or(0);
      if (IsMessage(reader, later) && reader.Field(later, kMessageArgument).value_or(0) == object) messages.insert(later);
    }
  }
  return messages.size() == 1 ? *messages.begin() : 0;
}

bool IsScript(const JsFrame& frame, std::string_view name) {
  const std::string& script = frame.function.script_name;
  return script == "node:" + std::string(name) || script == std::string(name) + ".js";
}

bool IsTrue(HeapReader& reader, uint64_t word) {
  return LooksLikePointer(word) && reader.OddballOf(word) == HeapReader::Oddball::kTrue;
}

// A frame of Node.js that hands the error to the program's listeners.
std::optional<JsDeath> ToldListener(HeapReader& reader, const JsFrame& frame) {
  if (frame.kind != FrameKind::kJavaScript || frame.inlined || !frame.arguments_known || frame.arguments.size() < 2) return std::nullopt;
  // process._fatalException = (er, fromPromise) => ...
  if (frame.function.name.empty() && IsScript(frame, "internal/process/execution")) {
    if (frame.arguments.size() != 2) return std::nullopt;
    return JsDeath{.rejection = IsTrue(reader, frame.arguments[1]), .in_listener = true, .thrown = frame.arguments[0]};
  }
  if (frame.function.name == "emit" && IsScript(frame, "events") && frame.receiver && reader.ClassOf(*frame.receiver) == "process" &&
      reader.ShortText(frame.arguments[0]) == "unhandledRejection") {
    return JsDeath{.rejection = true, .in_listener = true, .thrown = frame.arguments[1]};
  }
  return std::nullopt;
}

}  // namespace

std::optional<JsDeath> FindJsDeath(const Session& session, HeapReader& reader, const JsThread& thread) {
  const ProcessInfo& process = session.memory().Process();
  const bool trap = process.signal == kTrap || process.signal == kIll;
  if ((!trap && process.signal != kAbort) || session.memory().Threads().empty() || session.memory().Threads()[0].tid != thread.tid)
    return std::nullopt;
  bool throwing = false, triggered = false;
  size_t i = 0;
  for (; i < thread.frames.size() && thread.frames[i].kind == FrameKind::kNative; ++i) {
    throwing |= Has(thread.frames[i].symbol, "CreateMessageOrAbort");
    triggered |= Has(thread.frames[i].symbol, "TriggerUncaughtException");
  }
  const auto rest = std::span(thread.frames).subspan(i);
  if (throwing && !rest.empty()) {
    JsDeath death;
    if (const uint64_t message = MessageOfFrames(session, reader, rest.front().fp)) death.thrown = reader.Field(message, kMessageArgument);
    const auto thrower = std::ranges::find(rest, FrameKind::kJavaScript, &JsFrame::kind);
    if (thrower != rest.end()) death.thrower = &*thrower;
    return death;
  }
  if (!rest.empty() && rest.front().kind == FrameKind::kApi && rest.front().function.name == "triggerUncaughtException" && rest.front().arguments.size() >= 2) {
    return JsDeath{.rejection = IsTrue(reader, rest.front().arguments[1]), .thrown = rest.front().arguments[0]};
  }
  for (const JsFrame& frame : rest) {
    if (std::optional<JsDeath> death = ToldListener(reader, frame)) return death;
  }
  if (triggered) return JsDeath{};
  return std::nullopt;
}

}  // namespace corewalk
