#include "command/function_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text_sanitize.h"
#include "command/target.h"

namespace corewalk {
namespace {

constexpr uint64_t kShortLine = 200;      // UTF-16 units in front of and behind a range that are shown too
constexpr size_t kMaxShownLine = 2000;    // code points of a line in text
constexpr uint64_t kMaxLine = 1 << 24;    // UTF-16 units of a line that are read
constexpr size_t kTab = 4;
constexpr size_t kMaxFound = 10'000;

// Only the ends that V8 counts as one; the text may also hold several when the line table is V8's own.
std::string_view WithoutLineEnd(std::string_view text) {
  if (text.ends_with("\r\n")) return text.substr(0, text.size() - 2);
  if (text.ends_with('\n') || text.ends_with('\r')) return text.substr(0, text.size() - 1);
  if (text.ends_with("\xe2\x80\xa8") || text.ends_with("\xe2\x80\xa9")) return text.substr(0, text.size() - 3);
  return text;
}

// Tabs are no attack in a source text, and legible only as spaces.
std::string Spaced(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\t') {
      out.append(kTab, ' ');
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

std::string NameOrAnonymous(const FunctionView& view, bool for_people) {
  return view.name.empty() && for_people ? "(anonymous)" : view.name;
}

std::string PlaceOf(const FunctionView& view) {
  if (view.script == 0) return "";
  const std::string file = view.script_name.empty() ? "(unnamed script)" : view.script_name;
  return view.line == 0 ? file : fmt::format("{}:{}:{}", file, view.line, view.column);
}

Cell PlaceCell(const FunctionView& view) {
  return view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(PlaceOf(view)));
}

Cell PositionCell(int position) {
  return position == 0 ? Cell(Absent{}) : Cell(Count{static_cast<uint64_t>(position)});
}

Result<std::vector<FunctionView>> FindFunctions(CommandContext& context, HeapReader& reader, const std::string& word) {
  Session& session = context.session;
  const bool hexadecimal = word.starts_with("0x") || word.starts_with("0X");
  const Result<uint64_t> address = ParseAddress(word);
  if (hexadecimal && !address) return std::unexpected(address.error());
  std::vector<FunctionView> found;
  if (!hexadecimal) {
    const Result<HeapWalkOptions> options = WalkOptionsFor(context);
    if (!options) return std::unexpected(options.error());
    const InstanceTypes& types = session.layout().types;
    VisitObjects(
        session.model(), *options, context.cancel,
        [&](const MapInfo& map, Address) { return types.IsSharedFunctionInfo(map.instance_type); },
        [&](const MapInfo&, Address at, uint64_t, const Page&) {
          if (session.names().SharedName(at + 1) == word) {
            if (std::optional<FunctionView> view = ReadShared(reader, at + 1)) found.push_back(std::move(*view));
          }
          return found.size() < kMaxFound;
        });
    if (!found.empty()) return found;
  }
  if (address) {
    const uint64_t tagged = Untag(*address) | 1;
    if (std::optional<FunctionView> view = ReadFunction(reader, tagged)) return std::vector{std::move(*view)};
    if (std::optional<FunctionView> view = ReadShared(reader, tagged)) return std::vector{std::move(*view)};
    if (hexadecimal) return Fail(ErrorCode::kNotFound, fmt::format("no function at {:#x}", *address), *address);
  }
  return Fail(ErrorCode::kNotFound,
              fmt::format("no function is called '{}'; see functions for those there are",
                          Sanitize(UntrustedText(word), {.max_code_points = 80})));
}

bool TellSource(CommandContext& context, HeapReader& reader, const ScriptView& script, const SourceRange& range) {
  Reporter& out = context.out;
  const bool text_wanted = out.is_text();
  uint64_t at = std::min(range.begin, script.source_length);
  const uint64_t end = std::min(range.end, script.source_length);
  if (range.whole_lines) {
    const LineRange line = LineAt(reader, script.script, static_cast<int64_t>(at));
    if (line.end != 0 && at - line.begin <= kShortLine) at = line.begin;
  }
  if (!text_wanted) out.BeginTable({.key = "lines", .title = "", .columns = {{"line", "Line"}, {"text", "Text", Align::kLeft}}});
  uint64_t told = 0, omitted = 0;
  bool cut = false;
  while (at < end && !context.cancel.Cancelled()) {
    const LineRange line = LineAt(reader, script.script, static_cast<int64_t>(at));
    if (line.end <= at) break;
    if (range.max_lines != 0 && told >= range.max_lines) {
      ++omitted;
      at = line.end;
      continue;
    }
    uint64_t stop = line.end;
    if (stop > end && !(range.whole_lines && stop - end <= kShortLine)) stop = end;
    const std::optional<StringText> text = reader.TextRange(script.source, at, std::min(stop, at + kMaxLine));
    if (!text || (text->damaged && text->text.empty())) break;
    const std::string_view shown = WithoutLineEnd(text->text);
    const int number = PositionIn(reader, script.script, static_cast<int64_t>(at)).line;
    cut |= stop - at > kMaxLine || text->damaged;
    if (text_wanted) {
      const std::string safe = Sanitize(UntrustedText(Spaced(shown)), {.max_code_points = kMaxShownLine});
      out.AddTextLine(safe.empty() ? fmt::format("{:>6}", number) : fmt::format("{:>6} {}", number, safe));
    } else {
      const Cell cells[] = {PositionCell(number), UntrustedText(std::string(shown))};
      out.AddRow(cells);
    }
    ++told;
    at = line.end;
  }
  if (!text_wanted) out.EndTable({.omitted = omitted});
  if (text_wanted && omitted > 0) out.AddTextLine(fmt::format("... {} more lines (use -n 0 for all)", omitted));
  if (cut) out.AddNote("parts of this source could not be read");
  return told > 0;
}

}  // namespace corewalk
