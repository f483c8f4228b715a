#include "command/lost_calls_text.h"

#include "analysis/async/lost_calls.h"
#include "command/function_text.h"
#include "command/graph_text.h"
#include "report/format.h"

namespace corewalk {
namespace {

struct Group {
  std::vector<uint32_t> members;  // indexes of lost calls
};

std::string AwaitsText(const AsyncCensus& census, AsyncText& text, const LostCall& lost) {
  if (lost.awaits == kNoEntry) return "a promise that nobody holds";
  const SuspendedCall& awaited = census.lost[lost.awaits].call;
  return std::string(GeneratorKindName(awaited.view.kind)) + " " + text.CallText(awaited);
}

}  // namespace

void TellLostCalls(CommandContext& context, const HeapGraph& graph, const AsyncCensus& census, AsyncText& text,
                   const NameFilter& filter, const LostCallsTable& table) {
  using Key = std::tuple<uint64_t, int64_t, std::string, uint32_t>;
  std::map<Key, Group> by_key;
  for (uint32_t i = 0; i < census.lost.size(); ++i) {
    if (i % 4096 == 0 && context.cancel.Cancelled()) break;
    const LostCall& lost = census.lost[i];
    const FunctionView& view = text.FunctionOf(lost.call.view.function);
    if (filter.active() && !filter.Matches(view.name) && !filter.Matches(view.script_name)) continue;
    by_key[{lost.call.view.shared, lost.call.position, AwaitsText(census, text, lost), table.list ? i : 0}]
        .members.push_back(i);
  }
  if (by_key.empty()) return;
  std::vector<Group> groups;
  for (auto& [key, group] : by_key) groups.push_back(std::move(group));
  std::ranges::stable_sort(groups, std::greater<>(), [](const Group& group) { return group.members.size(); });
  context.out.BeginTable({.key = "lost",
                          .title = "Suspended, and nothing can resume them (garbage, until the next collection)",
                          .columns = {{"count", "Count"},
                                      {"kind", "Kind", Align::kLeft},
                                      {"", "At", Align::kLeft},
                                      {"name", ""},
                                      {"script", ""},
                                      {"line", ""},
                                      {"column", ""},
                                      {"function_line", ""},
                                      {"waits_for", ""},
                                      {"waits_for_text", "Waits for", Align::kLeft},
                                      {"sample", "Sample"},
                                      {"promise", "Its promise"}}});
  size_t shown = 0;
  for (const Group& group : groups) {
    if ((table.limit != 0 && shown >= table.limit) || context.cancel.Cancelled()) break;
    ++shown;
    const LostCall& lost = census.lost[group.members[0]];
    const SuspendedCall& call = lost.call;
    const FunctionView& view = text.FunctionOf(call.view.function);
    const SourcePosition at = text.PlaceIn(view, call.position);
    const Cell cells[] = {Count{group.members.size()},
                          std::string(GeneratorKindName(call.view.kind)),
                          text.CallText(call),
                          UntrustedText(view.name),
                          view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name)),
                          PositionCell(at.line),
                          PositionCell(at.column),
                          PositionCell(view.line),
                          std::string(lost.awaits == kNoEntry ? "nobody" : "lost"),
                          AwaitsText(census, text, lost),
                          HexAddress{NodeAddress(graph, call.node)},
                          lost.promise == 0 ? Cell(Absent{}) : Cell(HexAddress{Untag(lost.promise)})};
    context.out.AddRow(cells);
  }
  context.out.EndTable({.omitted = groups.size() - shown});
}

}  // namespace corewalk
