// histogram: objects by class with counts and shallow bytes.
#include "analysis/histogram.h"

#include <fmt/format.h>

#include <map>

#include "base/text_sanitize.h"
#include "command/name_filter.h"
#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 30;

class HistogramCommand final : public Command {
 public:
  HistogramCommand()
      : Command({.name = "histogram",
                 .group = "Heap",
                 .summary = "objects by class, with counts and shallow bytes",
                 .description =
                     "Walks every page of the heap and counts all objects, dead ones that are not yet swept included.\n"
                     "Names are those of DevTools: the constructor's name for JavaScript objects, \"Function\" for\n"
                     "closures, engine kinds in parentheses. Shallow bytes are what the object itself takes.",
                 .example = "histogram -n 5\nhistogram --by shape --filter '^Session$'\nhistogram --isolate all --json",
                 .options = {
                     {.name = "by",
                      .kind = OptionKind::kChoice,
                      .value_name = "WHAT",
                      .help = "group by constructor (default), shape, kind, type or space",
                      .choices = {"constructor", "shape", "kind", "type", "space"}},
                     {.name = "sort",
                      .letter = 's',
                      .kind = OptionKind::kChoice,
                      .value_name = "KEY",
                      .help = "shallow (default), count or name",
                      .choices = {"shallow", "count", "name"}},
                     {.name = "limit",
                      .letter = 'n',
                      .kind = OptionKind::kInteger,
                      .value_name = "N",
                      .help = "rows to print, 0 = all (default 30)"},
                     {.name = "filter",
                      .letter = 'f',
                      .kind = OptionKind::kString,
                      .value_name = "REGEX",
                      .help = "only rows whose name matches"},
                 }}) {}

  Result<void> Run(CommandContext& context) const override {
    static const std::map<std::string, HistogramBy> kBy = {{"constructor", HistogramBy::kConstructor},
                                                           {"shape", HistogramBy::kShape},
                                                           {"kind", HistogramBy::kKind},
                                                           {"type", HistogramBy::kType},
                                                           {"space", HistogramBy::kSpace}};
    static const std::map<std::string, HistogramSort> kSort = {
        {"shallow", HistogramSort::kShallow}, {"count", HistogramSort::kCount}, {"name", HistogramSort::kName}};
    const HistogramBy by = kBy.at(context.args.Text("by", "constructor"));
    const Result<NameFilter> filter = NameFilter::From(context.args);
    if (!filter) return std::unexpected(filter.error());
    const Result<HeapWalkOptions> options = WalkOptionsFor(context);
    if (!options) return std::unexpected(options.error());
    Session& session = context.session;
    const HeapWalkResult walk = WalkHeap(session.model(), *options, context.cancel, context.progress);
    const Histogram histogram =
        MakeHistogram(walk, session.names(), session.layout(), by, kSort.at(context.args.Text("sort", "shallow")));

    context.out.BeginDocument("histogram", TargetCard(session));
    if (histogram.rows.empty()) context.out.AddNote("no objects were found");
    TableSpec spec;
    if (by == HistogramBy::kShape) spec.columns.push_back({"shape", "Map"});
    spec.columns.insert(spec.columns.end(),
                        {{"count", "Count"}, {"shallow_bytes", "Shallow bytes"}, {"share", "Share"}});
    spec.columns.push_back({"", " ", Align::kLeft});  // bar
    spec.columns.push_back({"kind", "", Align::kLeft});
    spec.columns.push_back({"name", "Name", Align::kLeft});
    spec.columns.push_back({"sample", ""});
    context.out.BeginTable(spec);
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    TableEnd end;
    uint64_t shown = 0, count = 0, bytes = 0;
    double largest = 0;
    for (const HistogramRow& row : histogram.rows) {
      if (!filter->Matches(row.name)) continue;
      count += row.count;
      bytes += row.bytes;
      if (limit != 0 && shown >= limit) {
        ++end.omitted;
        continue;
      }
      ++shown;
      const double share = histogram.bytes ? static_cast<double>(row.bytes) / static_cast<double>(histogram.bytes) : 0;
      largest = std::max(largest, share);
      std::vector<Cell> cells;
      if (by == HistogramBy::kShape) cells.push_back(HexAddress{row.shape});
      cells.insert(cells.end(), {Count{row.count}, Bytes{row.bytes}, Share{share}, Bar{share}});
      cells.push_back(std::string(by == HistogramBy::kSpace ? "" : CategoryName(row.category)));
      cells.push_back(UntrustedText(row.name));
      cells.push_back(HexAddress{row.sample});
      context.out.AddRow(cells);
    }
    if (by == HistogramBy::kShape) end.total.push_back(Absent{});
    end.total.insert(end.total.end(),
                     {Count{count}, Bytes{bytes},
                      Share{histogram.bytes ? static_cast<double>(bytes) / static_cast<double>(histogram.bytes) : 0},
                      Absent{}, Absent{}, std::string("all"), Absent{}});
    context.out.EndTable(end);
    Completeness completeness = StartCompleteness(context);
    walk.Describe(&completeness);
    context.out.EndDocument(completeness);
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> MakeHistogramCommand() {
  return std::make_unique<HistogramCommand>();
}

}  // namespace corewalk
