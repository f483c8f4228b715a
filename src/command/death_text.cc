#include "command/death_text.h"

#include <fmt/format.h>

#include "base/text_sanitize.h"
#include "command/async_text.h"
#include "command/function_text.h"

namespace corewalk {
namespace {

constexpr uint64_t kMessageUnits = 1 << 12;

std::string PlaceOfThrower(const JsFrame& frame) {
  FunctionView at = frame.function;
  if (frame.position.line != 0) {
    at.line = frame.position.line;
    at.column = frame.position.column;
  }
  return Sanitize(UntrustedText(NameOrAnonymous(at, true) + " (" + PlaceOf(at) + ")"));
}

}  // namespace

std::string DeathText::Line() const {
  std::string text(kind == "unhandled rejection" ? "Unhandled rejection" : "Uncaught");
  if (message.empty()) {
    text += kind == "unhandled rejection" ? "" : " exception";
    text += ", not known which";
  } else {
    text += " " + message;
  }
  if (!location.empty()) text += " at " + location;
  return text + (in_listener ? " (the process died in the program's listener for it)" : "");
}

DeathText TextOf(HeapReader& reader, const JsDeath& death) {
  DeathText text{.kind = death.rejection ? "unhandled rejection" : "uncaught exception", .in_listener = death.in_listener};
  if (death.thrower != nullptr) text.location = PlaceOfThrower(*death.thrower);
  if (!death.thrown) return text;
  const ErrorView error = ReadError(reader, *death.thrown, kMessageUnits);
  text.message = ReasonText(reader, *death.thrown, error);
  if (LooksLikePointer(*death.thrown)) text.thrown = Untag(*death.thrown);
  if (!text.location.empty()) return text;
  const std::vector<std::string> lines = StackLines(error, 1);
  if (!lines.empty()) text.location = lines.front().starts_with("at ") ? lines.front().substr(3) : lines.front();
  return text;
}

std::optional<DeathText> ReadDeathText(CommandContext& context) {
  Session& session = context.session;
  HeapReader reader(session.memory_and_image(), session.layout(), &session.names());
  const JsStacks stacks = ReadJsStacks(session, reader, {}, context.cancel);
  if (stacks.threads.empty()) return std::nullopt;
  const std::optional<JsDeath> death = FindJsDeath(session, reader, stacks.threads.front());
  if (!death) return std::nullopt;
  return TextOf(reader, *death);
}

}  // namespace corewalk
