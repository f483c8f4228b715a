// functions: the functions of the source and how many closures each has.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/function_census.h"
#include "command/function_text.h"
#include "command/name_filter.h"
#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 30;
constexpr uint64_t kPollRows = 256;

struct Row {
  FunctionTally tally;
  FunctionView view;
};

class FunctionsCommand final : public Command {
 public:
  FunctionsCommand()
      : Command({.name = "functions",
                 .group = "Code",
                 .summary = "functions of the source, with the number of closures of each",
                 .description =
                     "One row per function as it stands in the source (SharedFunctionInfo). Every evaluation of a function\n"
                     "expression makes a closure: a row whose closures grow with every request is a leak of closures, and\n"
                     "`closure SAMPLE` says which variables each of them keeps alive. Shallow bytes are those of the\n"
                     "closures alone. A place is file:line:column, counted from 1, where the parameters begin.",
                 .example = "functions -n 10\nfunctions --filter 'session|server\\.js'\nfunctions --sort name --json",
                 .options = {FilterOption("functions whose name or file matches"),
                             {.name = "sort",
                              .letter = 's',
                              .kind = OptionKind::kChoice,
                              .value_name = "KEY",
                              .help = "closures (default), bytes, name or place",
                              .choices = {"closures", "bytes", "name", "place"}},
                             {.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "rows to print, 0 = all (default 30)"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<NameFilter> filter = NameFilter::From(context.args);
    if (!filter) return std::unexpected(filter.error());
    const Result<HeapWalkOptions> options = WalkOptionsFor(context);
    if (!options) return std::unexpected(options.error());
    Session& session = context.session;
    HeapReader reader(session.memory_and_image(), session.layout(), &session.names());
    FunctionCensus census = TakeFunctionCensus(session.model(), reader, *options, context.cancel);

    const std::string sort = context.args.Text("sort", "closures");
    const bool by_text = sort == "name" || sort == "place";
    SortByNumbers(&census.functions, sort == "bytes");
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));

    // Names and places are read only of the rows that need them.
    std::vector<Row> rows;
    uint64_t closures = 0, bytes = 0, matching = 0, looked_at = 0;
    for (const FunctionTally& tally : census.functions) {
      if (looked_at++ % kPollRows == 0 && context.cancel.Cancelled()) break;
      const bool needed = by_text || limit == 0 || rows.size() < limit;
      Row row{.tally = tally, .view = {}};
      if (needed || filter->active()) row.view = ReadShared(reader, tally.shared).value_or(FunctionView());
      if (filter->active() && !filter->Matches(row.view.name) && !filter->Matches(row.view.script_name)) continue;
      ++matching;
      closures += tally.closures;
      bytes += tally.bytes;
      if (needed) rows.push_back(std::move(row));
    }
    if (by_text) SortByText(&rows, sort == "place");
    if (limit != 0 && rows.size() > limit) rows.resize(limit);

    context.out.BeginDocument("functions", TargetCard(session));
    context.out.BeginTable({.columns = {{"closures", "Closures"},
                                        {"shallow_bytes", "Shallow bytes"},
                                        {"name", "Name", Align::kLeft},
                                        {"", "Place", Align::kLeft},
                                        {"script", ""},
                                        {"line", ""},
                                        {"column", ""},
                                        {"sample", "Sample"},
                                        {"address", ""}}});
    for (const Row& row : rows) {
      const FunctionView& view = row.view;
      const Cell cells[] = {Count{row.tally.closures},
                            Bytes{row.tally.bytes},
                            UntrustedText(NameOrAnonymous(view, context.out.is_text())),
                            PlaceCell(view),
                            view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name)),
                            PositionCell(view.line),
                            PositionCell(view.column),
                            row.tally.sample == 0 ? Cell(Absent{}) : Cell(HexAddress{row.tally.sample}),
                            HexAddress{row.tally.shared - 1}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = matching - rows.size(),
                          .total = {Count{closures}, Bytes{bytes}, std::string("all"), Absent{}, Absent{}, Absent{},
                                    Absent{}, Absent{}, Absent{}}});
    context.out.AddCard({.key = "functions", .title = "", .fields = {{"count", "Functions", Count{matching}}}});
    if (census.closures_without > 0) {
      context.out.AddNote(
          fmt::format("{} closures name no readable function and are in no row", census.closures_without));
    }
    Completeness completeness = StartCompleteness(context);
    census.gaps.Describe(&completeness);
    completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static void SortByNumbers(std::vector<FunctionTally>* functions, bool by_bytes) {
    std::ranges::sort(*functions, [by_bytes](const FunctionTally& a, const FunctionTally& b) {
      return by_bytes ? std::tie(b.bytes, b.closures, a.shared) < std::tie(a.bytes, a.closures, b.shared)
                      : std::tie(b.closures, b.bytes, a.shared) < std::tie(a.closures, a.bytes, b.shared);
    });
  }
  static void SortByText(std::vector<Row>* rows, bool by_place) {
    std::ranges::stable_sort(*rows, [by_place](const Row& a, const Row& b) {
      // What stands in no script comes last.
      if (by_place && (a.view.script == 0) != (b.view.script == 0)) return b.view.script == 0;
      return by_place ? std::tie(a.view.script_name, a.view.start, a.view.name) <
                            std::tie(b.view.script_name, b.view.start, b.view.name)
                      : std::tie(a.view.name, a.view.script_name, a.view.start) <
                            std::tie(b.view.name, b.view.script_name, b.view.start);
    });
  }
};

}  // namespace

std::unique_ptr<Command> MakeFunctionsCommand() {
  return std::make_unique<FunctionsCommand>();
}

}  // namespace corewalk
