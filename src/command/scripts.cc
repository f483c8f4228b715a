// scripts: what was loaded, how large its source is, how many functions and closures it has.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "analysis/function_census.h"
#include "base/text_sanitize.h"
#include "command/function_text.h"
#include "command/name_filter.h"
#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 30;
constexpr uint64_t kPollRows = 256;

struct Row {
  const ScriptView* script = nullptr;
  uint64_t functions = 0;
  uint64_t closures = 0;
};

class ScriptsCommand final : public Command {
 public:
  ScriptsCommand()
      : Command({.name = "scripts",
                 .group = "Code",
                 .summary = "scripts, with the size of their source, functions and closures",
                 .description =
                     "Every script that V8 holds: files, modules, eval and vm code, Node.js's own. Many scripts of one name, or\n"
                     "a great number without one, are a sign of code that is compiled again and again (eval, new Function,\n"
                     "vm.runInContext). Functions are those that V8 has met so far, in the source or when called.\n"
                     "--source prints the text that was compiled: it can be had even when the file is long gone.",
                 .example = "scripts -n 10\nscripts --filter node_modules --sort closures\nscripts --source /srv/app.js",
                 .options = {FilterOption("scripts whose name matches"),
                             {.name = "sort",
                              .letter = 's',
                              .kind = OptionKind::kChoice,
                              .value_name = "KEY",
                              .help = "size (default), functions, closures, name or id",
                              .choices = {"size", "functions", "closures", "name", "id"}},
                             {.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "rows to print (default 30), lines with --source (default all); 0 = all"},
                             {.name = "source",
                              .kind = OptionKind::kString,
                              .value_name = "NAME|ID",
                              .help = "print the source text of one script"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<NameFilter> filter = NameFilter::From(context.args);
    if (!filter) return std::unexpected(filter.error());
    const Result<HeapWalkOptions> options = WalkOptionsFor(context);
    if (!options) return std::unexpected(options.error());
    Session& session = context.session;
    HeapReader reader(session.memory_and_image(), session.layout(), &session.names());
    const FunctionCensus census = TakeFunctionCensus(session.model(), reader, *options, context.cancel);
    std::vector<Row> rows = RowsOf(context, reader, census);
    if (context.args.Has("source")) return TellOne(context, reader, rows, context.args.Text("source"));

    std::erase_if(rows, [&](const Row& row) { return !filter->Matches(row.script->name); });
    Sort(&rows, context.args.Text("sort", "size"));
    TellTable(context, rows);
    Completeness completeness = StartCompleteness(context);
    census.gaps.Describe(&completeness);
    completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static std::vector<Row> RowsOf(CommandContext& context, HeapReader& reader, const FunctionCensus& census) {
    std::vector<Row> rows;
    std::unordered_map<uint64_t, size_t> index;
    uint64_t looked_at = 0;
    for (const uint64_t script : census.scripts) {
      if (looked_at++ % kPollRows == 0 && context.cancel.Cancelled()) return rows;
      const ScriptView* view = ReadScript(reader, script);
      if (view != nullptr && index.try_emplace(script, rows.size()).second) rows.push_back({.script = view});
    }
    for (const FunctionTally& tally : census.functions) {
      if (looked_at++ % kPollRows == 0 && context.cancel.Cancelled()) return rows;
      const auto at = index.find(ScriptOf(reader, tally.shared));
      if (at == index.end()) continue;
      ++rows[at->second].functions;
      rows[at->second].closures += tally.closures;
    }
    return rows;
  }

  static void Sort(std::vector<Row>* rows, const std::string& key) {
    const auto number = [&key](const Row& row) -> int64_t {
      return key == "functions"  ? static_cast<int64_t>(row.functions)
             : key == "closures" ? static_cast<int64_t>(row.closures)
             : key == "id"       ? -row.script->id
             : key == "name"     ? 0
                                 : static_cast<int64_t>(row.script->source_bytes);
    };
    std::ranges::stable_sort(*rows, [&](const Row& a, const Row& b) {
      const int64_t first = number(a), second = number(b);
      if (first != second) return first > second;
      return std::tie(a.script->name, a.script->id) < std::tie(b.script->name, b.script->id);
    });
  }

  static void TellTable(CommandContext& context, const std::vector<Row>& rows) {
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    context.out.BeginDocument("scripts", TargetCard(context.session));
    context.out.BeginTable({.columns = {{"id", "Id"},
                                        {"source_bytes", "Source bytes"},
                                        {"functions", "Functions"},
                                        {"closures", "Closures"},
                                        {"address", "Address"},
                                        {"name", "Name", Align::kLeft}}});
    uint64_t bytes = 0, functions = 0, closures = 0, shown = 0;
    for (const Row& row : rows) {
      bytes += row.script->source_bytes;
      functions += row.functions;
      closures += row.closures;
      if (limit != 0 && shown >= limit) continue;
      ++shown;
      const Cell cells[] = {row.script->id,     row.script->source == 0 ? Cell(Absent{}) : Cell(Bytes{row.script->source_bytes}),
                            Count{row.functions}, Count{row.closures},
                            HexAddress{row.script->script - 1}, UntrustedText(row.script->name)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = rows.size() - shown,
                          .total = {Absent{}, Bytes{bytes}, Count{functions}, Count{closures}, Absent{},
                                    fmt::format("{} scripts", rows.size())}});
  }

  static Result<void> TellOne(CommandContext& context, HeapReader& reader, const std::vector<Row>& rows,
                              const std::string& wanted) {
    std::vector<Row> found;
    for (const Row& row : rows) {
      if (row.script->name == wanted) found.push_back(row);
    }
    if (const std::optional<int64_t> id = ParseInteger(wanted); found.empty() && id) {
      for (const Row& row : rows) {
        if (row.script->id == *id) found.push_back(row);
      }
    }
    const std::string shown = Sanitize(UntrustedText(wanted), {.max_code_points = 200});
    if (found.empty()) return Fail(ErrorCode::kNotFound, fmt::format("no script is called '{}'", shown));
    Completeness completeness = context.session.completeness();
    if (found.size() > 1) {
      Sort(&found, "id");
      TellTable(context, found);
      context.out.AddNote(fmt::format("{} scripts are called '{}': give the id of one", found.size(), shown));
      context.out.EndDocument(completeness);
      return {};
    }
    const ScriptView& script = *found.front().script;
    if (script.source == 0) return Fail(ErrorCode::kUnreadable, "the source of this script is not in the core");
    context.out.BeginDocument("scripts", TargetCard(context.session));
    if (!context.out.is_text()) {
      context.out.AddCard({.key = "script",
                           .title = "",
                           .fields = {{"name", "Name", UntrustedText(script.name)},
                                      {"id", "Id", script.id},
                                      {"source_bytes", "Source bytes", Bytes{script.source_bytes}},
                                      {"address", "Address", HexAddress{script.script - 1}}}});
    }
    const bool told =
        TellSource(context, reader, script,
                   {.begin = 0,
                    .end = script.source_length,
                    .whole_lines = false,
                    .max_lines = static_cast<uint64_t>(context.args.Integer("limit", 0))});
    if (!told && script.source_length > 0 && !context.cancel.Cancelled())
      context.out.AddNote("the text of this source is not in the core");
    completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> MakeScriptsCommand() {
  return std::make_unique<ScriptsCommand>();
}

}  // namespace corewalk
