// histogram: objects by class with counts and shallow bytes.
#include "analysis/histogram.h"

#include <fmt/format.h>

#include <map>

#include "base/text_sanitize.h"
#include "command/graph_text.h"
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
                     "Walks every page of the heap and counts all objects, dead ones that are not yet swept included; with\n"
                     "--live only those that can be reached from the roots (the default once a command has found out which\n"
                     "are live), with --garbage only the others.\n"
                     "Names are those of DevTools: the constructor's name for JavaScript objects, \"Function\" for\n"
                     "closures, engine kinds in parentheses. Shallow bytes are what the object itself takes; retained\n"
                     "bytes (--retained) what would be freed with all objects of the row.",
                 .example = "histogram -n 5\nhistogram --by shape --filter '^Session$'\nhistogram --live --retained --sort retained\nhistogram --isolate all --json",
                 .options = {
                     {.name = "live", .help = "only objects that roots reach"},
                     {.name = "garbage", .help = "only objects that no root reaches"},
                     {.name = "all", .help = "both"},
                     {.name = "retained", .help = "add retained bytes (of live objects; takes about 3 s per GB)"},
                     {.name = "by",
                      .kind = OptionKind::kChoice,
                      .value_name = "WHAT",
                      .help = "group by constructor (default), shape, kind, type or space",
                      .choices = {"constructor", "shape", "kind", "type", "space"}},
                     {.name = "sort",
                      .letter = 's',
                      .kind = OptionKind::kChoice,
                      .value_name = "KEY",
                      .help = "shallow (default), count, name or retained",
                      .choices = {"shallow", "count", "name", "retained"}},
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
        {"shallow", HistogramSort::kShallow},
        {"count", HistogramSort::kCount},
        {"name", HistogramSort::kName},
        {"retained", HistogramSort::kRetained}};
    const HistogramBy by = kBy.at(context.args.Text("by", "constructor"));
    const Result<NameFilter> filter = NameFilter::From(context.args);
    if (!filter) return std::unexpected(filter.error());
    const Result<HeapWalkOptions> options = WalkOptionsFor(context);
    if (!options) return std::unexpected(options.error());
    Session& session = context.session;
    const HistogramSort sort = kSort.at(context.args.Text("sort", "shallow"));
    const bool retained = context.args.Has("retained") || sort == HistogramSort::kRetained;
    const Result<HistogramOf> of = WhichObjects(context, *options, retained);
    if (!of) return std::unexpected(of.error());
    Completeness completeness = StartCompleteness(context);
    Histogram histogram;
    const HeapGraph* graph = nullptr;
    if (*of == HistogramOf::kAll && !retained) {
      const HeapWalkResult walk = WalkHeap(session.model(), *options, context.cancel, context.progress);
      histogram = MakeHistogram(walk.shapes, session.names(), session.layout(), by, sort);
      walk.Describe(&completeness);
      if (const std::string problem = session.IndexProblem(options->isolate); !problem.empty())
        completeness.notes.push_back(problem);
    } else {
      const Result<HeapGraph*> built =
          session.Graph(options->isolate, retained ? Session::GraphNeed::kRetained : Session::GraphNeed::kLiveness,
                        context.cancel, context.progress);
      if (!built) return std::unexpected(built.error());
      graph = *built;
      Result<Histogram> made =
          MakeHistogram(*graph, *of, session.names(), session.layout(), by, sort, context.cancel);
      if (!made) return std::unexpected(made.error());
      histogram = std::move(*made);
      graph->Describe(&completeness);
    }
    const bool tell_retained = graph != nullptr && graph->has_retained() && *of != HistogramOf::kGarbage;

    context.out.BeginDocument("histogram", TargetCard(session));
    if (graph != nullptr) {
      Card card = LivenessCard(*graph);
      card.fields.push_back({"", "Counted below", std::string(*of == HistogramOf::kAll    ? "live objects and garbage"
                                                              : *of == HistogramOf::kLive ? "live objects"
                                                                                          : "garbage")});
      context.out.AddCard(card);
    }
    context.out.AddCard({.key = "counted", .fields = {{"objects", "", std::string(NameOf(*of))}}});
    if (histogram.rows.empty()) context.out.AddNote("no objects were found");
    TableSpec spec;
    if (by == HistogramBy::kShape) spec.columns.push_back({"shape", "Map"});
    spec.columns.insert(spec.columns.end(),
                        {{"count", "Count"}, {"shallow_bytes", "Shallow bytes"}, {"share", "Share"}});
    if (tell_retained) spec.columns.push_back({"retained_bytes", "Retained bytes"});
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
      cells.insert(cells.end(), {Count{row.count}, Bytes{row.bytes}, Share{share}});
      if (tell_retained) cells.push_back(Bytes{row.retained});
      cells.push_back(Bar{share});
      cells.push_back(std::string(by == HistogramBy::kSpace ? "" : CategoryName(row.category)));
      cells.push_back(UntrustedText(row.name));
      cells.push_back(HexAddress{row.sample});
      context.out.AddRow(cells);
    }
    if (by == HistogramBy::kShape) end.total.push_back(Absent{});
    end.total.insert(end.total.end(),
                     {Count{count}, Bytes{bytes},
                      Share{histogram.bytes ? static_cast<double>(bytes) / static_cast<double>(histogram.bytes) : 0}});
    if (tell_retained) end.total.push_back(Absent{});
    end.total.insert(end.total.end(), {Absent{}, Absent{}, std::string("all"), Absent{}});
    context.out.EndTable(end);
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static Result<HistogramOf> WhichObjects(const CommandContext& context, const HeapWalkOptions& options, bool retained) {
    const bool live = context.args.Has("live"), garbage = context.args.Has("garbage"), all = context.args.Has("all");
    if (live + garbage + all > 1)
      return Fail(ErrorCode::kUsage, "histogram: --live, --garbage and --all exclude each other");
    if (garbage && retained)
      return Fail(ErrorCode::kUsage, "histogram: garbage retains nothing: --garbage and --retained exclude each other");
    if (options.isolate < 0 && (live || garbage || retained)) {
      return Fail(ErrorCode::kUsage,
                  "histogram: what is live is found for one isolate at a time: choose it with --isolate N");
    }
    if (garbage) return HistogramOf::kGarbage;
    if (all) return HistogramOf::kAll;
    if (live || retained) return HistogramOf::kLive;
    if (options.isolate < 0) return HistogramOf::kAll;
    const Result<const HeapGraph*> known = context.session.KnownGraph(options.isolate, context.cancel, context.progress);
    if (!known) return std::unexpected(known.error());
    return *known != nullptr ? HistogramOf::kLive : HistogramOf::kAll;
  }

  static std::string_view NameOf(HistogramOf of) {
    static constexpr std::string_view kNames[] = {"all", "live", "garbage"};
    return kNames[static_cast<size_t>(of)];
  }
};

}  // namespace

std::unique_ptr<Command> MakeHistogramCommand() {
  return std::make_unique<HistogramCommand>();
}

}  // namespace corewalk
