#include "command/holder_text.h"

#include <fmt/format.h>

#include "base/text_sanitize.h"
#include "command/function_text.h"

namespace corewalk {
namespace {

constexpr size_t kShown = 100;  // code points of a name or of a declaration

std::string Safe(const std::string& text) {
  return Sanitize(UntrustedText(text), {.max_code_points = kShown});
}

// "element of the array that", for what the named thing does not hold itself.
std::string_view Inside(HolderKind kind) {
  return kind == HolderKind::kElement ? "an element below " : kind == HolderKind::kEntry ? "an entry below " : "";
}

Cell TextCell(const std::string& text) {
  return text.empty() ? Cell(Absent{}) : Cell(UntrustedText(text));
}

}  // namespace

std::string HolderPlace(const Holder& holder) {
  if (holder.file.empty()) return "";
  const std::string file = Sanitize(UntrustedText(holder.file));
  if (holder.line == 0) return file;
  return holder.column == 0 ? fmt::format("{}:{}", file, holder.line)
                            : fmt::format("{}:{}:{}", file, holder.line, holder.column);
}

std::string HolderName(const Holder& holder) {
  if (holder.name.empty()) return holder.kind == HolderKind::kUnknown ? "(unknown)" : Safe(holder.text);
  return holder.owner.empty() ? Safe(holder.name) : Safe(holder.owner) + "." + Safe(holder.name);
}

std::string ShortHolderText(const Holder& holder) {
  const std::string place = HolderPlace(holder);
  return HolderName(holder) + (place.empty() ? "" : " at " + place);
}

std::string HolderText(const Holder& holder) {
  if (holder.kind == HolderKind::kUnknown) return "(unknown)";
  std::string named;
  switch (holder.kind) {
    case HolderKind::kStack:
      named = "a stack only: " + Safe(holder.text);
      break;
    case HolderKind::kNative:
      named = "native code: " + Safe(holder.text);
      break;
    case HolderKind::kClosure: {
      // Of a call that waits the text says where: "poll(), which waits at 12:5".
      const std::string function = holder.name.empty() ? "(anonymous)" : holder.name;
      named = "the function " + Safe(holder.text.starts_with(function + "()") ? holder.text : function);
      break;
    }
    default: {
      const std::string own = holder.owner.empty() ? Safe(holder.name) : Safe(holder.owner) + "." + Safe(holder.name);
      named = own.empty() ? Safe(holder.text) : own + (holder.text.empty() || holder.text == holder.name || Safe(holder.text) == own
                         ? ""
                         : " (" + Safe(holder.text) + ")");
    }
  }
  const std::string place = HolderPlace(holder);
  return std::string(Inside(holder.kind)) + named + (place.empty() ? "" : " at " + place);
}

Card HolderCard(const Holder& holder) {
  return {.key = "holder",
          .fields = {{"", "Held by", HolderText(holder)},
                     {"kind", "", std::string(HolderKindName(holder.kind))},
                     {"name", "", TextCell(holder.name)},
                     {"owner", "", TextCell(holder.owner)},
                     {"text", "", TextCell(holder.text)},
                     {"file", "", TextCell(holder.file)},
                     {"line", "", PositionCell(holder.line)},
                     {"column", "", PositionCell(holder.column)}}};
}

}  // namespace corewalk
