#include "command/freed_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/histogram.h"

namespace corewalk {

OptionSpec SuspectClassOption() {
  return {.name = "class",
          .kind = OptionKind::kString,
          .value_name = "NAME",
          .help = "all live objects that histogram counts under this name"};
}

Result<void> CheckSuspects(const CommandContext& context, std::string_view command) {
  if (context.args.Has("class") != context.args.words().empty())
    return Fail(ErrorCode::kUsage, fmt::format("{}: give an address, or --class NAME", command));
  return {};
}

Result<Suspects> FindSuspects(CommandContext& context, HeapGraph* graph) {
  Suspects suspects;
  if (context.args.Has("class")) suspects.class_name = context.args.Text("class", "");
  Result<std::vector<ObjectId>> nodes = suspects.class_name ? LiveObjectsOfClass(context, graph, *suspects.class_name)
                                                            : NodesAt(context, *graph, true);
  if (!nodes) return std::unexpected(nodes.error());
  suspects.nodes = std::move(*nodes);
  // An address may be given twice.
  if (!suspects.class_name) {
    std::vector<ObjectId> once;
    for (const ObjectId node : suspects.nodes) {
      if (std::ranges::find(once, node) == once.end()) once.push_back(node);
    }
    suspects.nodes = std::move(once);
  }
  return suspects;
}

Result<FreedObjects> FreedWith(CommandContext& context, const HeapGraph& graph, std::span<const ObjectId> nodes) {
  const Result<NodeSet> reached = graph.ReachedWithout(nodes, context.cancel, context.progress);
  if (!reached) return std::unexpected(reached.error());
  return MeasureFreed(graph.index(), graph.live(), *reached, context.session.options().threads, context.cancel,
                      context.progress);
}

void TellFreed(CommandContext& context, const FreedObjects& freed, std::string_view key, std::string_view title,
               uint64_t limit) {
  Histogram histogram = MakeHistogram(freed.shapes, context.session.names(), context.session.layout(),
                                      HistogramBy::kConstructor, HistogramSort::kShallow);
  if (freed.external_count > 0) {
    HistogramRow external{.name = "(external)", .count = freed.external_count, .bytes = freed.external_bytes};
    const auto at = std::ranges::find_if(histogram.rows, [&](const HistogramRow& row) { return row.bytes < external.bytes; });
    histogram.rows.insert(at, std::move(external));
  }
  context.out.BeginTable({.key = std::string(key),
                          .title = std::string(title),
                          .columns = {{"count", "Count"},
                                      {"shallow_bytes", "Shallow bytes"},
                                      {"name", "Name", Align::kLeft},
                                      {"sample", ""}}});
  uint64_t shown = 0;
  for (const HistogramRow& row : histogram.rows) {
    if (limit != 0 && shown >= limit) break;
    ++shown;
    const Cell cells[] = {Count{row.count}, Bytes{row.bytes}, UntrustedText(row.name),
                          row.sample == 0 ? Cell(Absent{}) : Cell(HexAddress{row.sample})};
    context.out.AddRow(cells);
  }
  context.out.EndTable({.omitted = histogram.rows.size() - shown});
}

}  // namespace corewalk
