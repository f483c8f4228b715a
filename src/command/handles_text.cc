#include "command/handles_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "command/target.h"

namespace corewalk {

Result<HandleCensuses> TakeHandleCensuses(CommandContext& context, HeapReader* reader) {
  const Result<int> chosen = ChosenIsolate(context);
  if (!chosen) return std::unexpected(chosen.error());
  Session& session = context.session;
  HandleCensuses censuses{.all = {}, .completeness = StartCompleteness(context)};
  for (const IsolateHeap& isolate : session.model().isolates()) {
    if (*chosen >= 0 && isolate.number != *chosen) continue;
    HandleCensus census = FindHandles(reader, session.model(), isolate.number, session.binary(), context.cancel);
    census.gaps.Describe(&censuses.completeness);
    if (!census.found)
      censuses.completeness.notes.push_back(
          fmt::format("no event loop of Node.js was found in isolate {}", isolate.number));
    else if (!census.requests_found)
      censuses.completeness.notes.push_back(
          fmt::format("the list of requests of isolate {} was not found", isolate.number));
    if (!census.whole && !context.cancel.Cancelled())
      censuses.completeness.notes.push_back(
          fmt::format("a list of libuv or Node.js in isolate {} is broken: there may be more", isolate.number));
    censuses.all.push_back({isolate.number, std::move(census)});
    if (context.cancel.Cancelled()) break;
  }
  censuses.completeness.interrupted |= context.cancel.Cancelled();
  return censuses;
}

Cell MaybeText(const UntrustedText& text) {
  return text.empty() ? Cell(Absent{}) : Cell(text);
}

Cell ObjectCell(uint64_t tagged) {
  return tagged == 0 ? Cell(Absent{}) : Cell(HexAddress{tagged - 1});
}

std::vector<OptionSpec> HandleListOptions(std::string_view what) {
  return {{.name = "list", .help = fmt::format("each {} by itself", what)},
          {.name = "filter",
           .kind = OptionKind::kString,
           .value_name = "TEXT",
           .help = "only those whose kind, owner, address or path contains TEXT"},
          {.name = "limit",
           .letter = 'n',
           .kind = OptionKind::kInteger,
           .value_name = "N",
           .help = "rows of each table, 0 = all (default 30)"}};
}

bool MatchesText(const std::string& filter, std::initializer_list<std::string_view> texts) {
  return filter.empty() ||
         std::ranges::any_of(texts, [&](std::string_view text) { return text.find(filter) != std::string_view::npos; });
}

}  // namespace corewalk
