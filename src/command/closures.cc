// closures: the functions whose closures keep most alive, the variables that do it, and captured variables that nobody
// uses.
#include "analysis/leaks/closures.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/leaks/unused_captures.h"
#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/leak_text.h"
#include "command/name_filter.h"
#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 30;
constexpr uint64_t kDefaultLeastUnused = 16 * 1024;

class ClosuresCommand final : public Command {
 public:
  ClosuresCommand()
      : Command(
            {.name = "closures",
             .group = "Leaks",
             .summary = "functions by what their closures keep alive; captured variables that nobody uses",
             .usage = "[OPTION...] [FUNCTION]",
             .description =
                 "One row per function of the source: its live closures, their contexts (distinct ones, with their "
                 "own\n"
                 "bytes), what would be freed with all of them, and the variable that keeps most alive. Many closures "
                 "of\n"
                 "one function are closures that something collects: listeners, callbacks, caches of functions. With\n"
                 "FUNCTION, a name or an address, its variables are told one by one.\n\n"
                 "All closures of a scope share one context: a variable that any of them uses is kept alive by all. "
                 "The\n"
                 "second table tells variables that some closure once captured but that no function mentions any more\n"
                 "which can still run: they are held for nothing. It is told only when certain: scopes in which\n"
                 "eval or `with` occur, whose source is not in the core, or whose function may still be running are "
                 "left\n"
                 "out. A remedy is a function of its own for the closure that stays, or setting the variable to "
                 "null.\n\n"
                 "`functions` counts all closures, dead ones too, without a graph; `closure ADDRESS` shows the "
                 "variables of\n"
                 "one closure with their values.",
             .example =
                 "closures\nclosures --sort count -n 10\nclosures onMessage\nclosures --filter 'server\\.js' --json",
             .options = {FilterOption("functions whose name or file matches"),
                         {.name = "sort",
                          .letter = 's',
                          .kind = OptionKind::kChoice,
                          .value_name = "KEY",
                          .help = "retained (default) or count",
                          .choices = {"retained", "count"}},
                         {.name = "least-unused",
                          .kind = OptionKind::kSize,
                          .value_name = "BYTES",
                          .help = "unused variables that retain less are not told (default 16k)"},
                         {.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "rows to print, 0 = all (default 30)"}},
             .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<NameFilter> filter = NameFilter::From(context.args);
    if (!filter) return std::unexpected(filter.error());
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kAll);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    std::vector<FunctionView> only;
    if (!context.args.words().empty()) {
      Result<std::vector<FunctionView>> found = FindFunctions(context, reader, context.args.words()[0]);
      if (!found) return std::unexpected(found.error());
      only = std::move(*found);
    }
    ClosureCensus census(&reader, graph, context.cancel);
    std::vector<ClosureGroup*> rows = Choose(context, reader, *filter, only, &census);
    if (!only.empty() && rows.empty()) {
      return Fail(ErrorCode::kNotFound,
                  fmt::format("no live closure of '{}' (see functions)",
                              Sanitize(UntrustedText(context.args.words()[0]), {.max_code_points = 80})));
    }
    const size_t all = rows.size();
    MeasureAndSort(context, &census, &rows);

    context.out.BeginDocument("closures", TargetCard(context.session));
    context.out.AddCard({.key = "closures",
                         .fields = {{"closures", "Live closures", Count{census.closures()}},
                                    {"functions", "Functions", Count{census.functions()}}}});
    const std::vector<ClosurePins> pins = TellGroups(context, reader, graph, census, rows, all);
    if (!only.empty()) TellVariables(context, reader, graph, rows, pins);
    TellUnused(context, reader, graph, *filter, only, rows);
    Completeness completeness = GraphCompleteness(context, graph);
    completeness.interrupted |= census.interrupted();
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static std::vector<ClosureGroup*> Choose(CommandContext& context, HeapReader& reader, const NameFilter& filter,
                                           const std::vector<FunctionView>& only, ClosureCensus* census) {
    std::vector<ClosureGroup*> rows;
    size_t looked_at = 0;
    for (ClosureGroup& group : census->groups()) {
      if (++looked_at % 256 == 0 && context.cancel.Cancelled()) break;
      if (!only.empty() && std::ranges::find(only, group.shared, &FunctionView::shared) == only.end()) continue;
      if (filter.active()) {
        const FunctionView view = ReadShared(reader, group.shared).value_or(FunctionView());
        if (!filter.Matches(view.name) && !filter.Matches(view.script_name)) continue;
      }
      rows.push_back(&group);
    }
    return rows;
  }

  // Retained bytes are exact of the rows that are told; which those are is chosen by the upper bound, with some to
  // spare.
  static void MeasureAndSort(CommandContext& context, ClosureCensus* census, std::vector<ClosureGroup*>* rows) {
    const bool by_count = context.args.Text("sort", "retained") == "count";
    const auto sort = [&] {
      std::ranges::sort(*rows, [&](const ClosureGroup* a, const ClosureGroup* b) {
        return by_count ? std::tie(b->count, b->retained, a->shared) < std::tie(a->count, a->retained, b->shared)
                        : std::tie(b->retained, b->count, a->shared) < std::tie(a->retained, a->count, b->shared);
      });
    };
    sort();
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    constexpr uint64_t kSpare = 100;
    if (limit != 0 && rows->size() > limit + kSpare) rows->resize(limit + kSpare);
    census->Measure(*rows, context.cancel);
    sort();
    if (limit != 0 && rows->size() > limit) rows->resize(limit);
  }

  static std::vector<ClosurePins> TellGroups(CommandContext& context, HeapReader& reader, const HeapGraph& graph,
                                             ClosureCensus& census, const std::vector<ClosureGroup*>& rows,
                                             size_t all) {
    std::vector<ClosurePins> told;
    context.out.BeginTable({.columns = {{"closures", "Closures"},
                                        {"retained_bytes", "Retained"},
                                        {"contexts", "Contexts"},
                                        {"context_bytes", "Their bytes"},
                                        {"", "Function", Align::kLeft},
                                        {"name", ""},
                                        {"script", ""},
                                        {"line", ""},
                                        {"column", ""},
                                        {"", "They keep alive", Align::kLeft},
                                        {"pinned_variable", ""},
                                        {"pinned_class", ""},
                                        {"pinned_bytes", ""},
                                        {"shallow_bytes", ""},
                                        {"sample", "Sample"},
                                        {"address", ""}}});
    for (const ClosureGroup* group : rows) {
      if (context.cancel.Cancelled()) break;
      const FunctionView view = ReadShared(reader, group->shared).value_or(FunctionView());
      told.push_back(census.PinsOf(*group, context.cancel));
      const ClosurePins& pins = told.back();
      const PinnedVariable* pinned = pins.variables.empty() ? nullptr : &pins.variables[0];
      const Cell cells[] = {
          Count{group->count},
          Bytes{group->retained},
          Count{pins.contexts},
          Bytes{pins.context_bytes},
          FunctionText(view),
          UntrustedText(view.name),
          view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name)),
          PositionCell(view.line),
          PositionCell(view.column),
          PinnedText(reader, graph, pins),
          pinned == nullptr ? Cell(Absent{}) : Cell(UntrustedText(pinned->name)),
          pinned == nullptr ? Cell(Absent{}) : Cell(UntrustedText(NodeClass(reader, graph, pinned->largest))),
          pinned == nullptr ? Cell(Absent{}) : Cell(Bytes{pinned->retained}),
          Bytes{group->bytes},
          HexAddress{graph.index().AddressOf(group->sample)},
          HexAddress{group->shared - 1}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = all - told.size()});
    return told;
  }

  static void TellVariables(CommandContext& context, HeapReader& reader, const HeapGraph& graph,
                            const std::vector<ClosureGroup*>& rows, const std::vector<ClosurePins>& pins) {
    context.out.BeginTable({.key = "variables",
                            .title = "Variables",
                            .columns = {{"retained_bytes", "Retained"},
                                        {"count", "In contexts"},
                                        {"", "Variable", Align::kLeft},
                                        {"variable", ""},
                                        {"class_name", "Class", Align::kLeft},
                                        {"largest_bytes", "Largest"},
                                        {"largest", "Address"},
                                        {"function", ""}}});
    for (size_t i = 0; i < pins.size(); ++i) {
      for (const PinnedVariable& variable : pins[i].variables) {
        if (variable.largest == kNoObject) continue;
        const Cell cells[] = {Bytes{variable.retained},
                              Count{variable.count},
                              UntrustedText(variable.name),
                              UntrustedText(variable.name),
                              UntrustedText(NodeClass(reader, graph, variable.largest)),
                              Bytes{variable.largest_retained},
                              HexAddress{NodeAddress(graph, variable.largest)},
                              HexAddress{rows[i]->shared - 1}};
        context.out.AddRow(cells);
      }
    }
    context.out.EndTable({});
  }

  static void TellUnused(CommandContext& context, HeapReader& reader, const HeapGraph& graph, const NameFilter& filter,
                         const std::vector<FunctionView>& only, const std::vector<ClosureGroup*>& rows) {
    std::vector<UnusedCapture> unused = FindUnusedCaptures(
        &reader, graph, {.least_bytes = context.args.Size("least-unused", kDefaultLeastUnused)}, context.cancel);
    std::erase_if(unused, [&](const UnusedCapture& capture) {
      const bool matches = !filter.active() || filter.Matches(capture.function_name) || filter.Matches(capture.file);
      const bool asked = only.empty() || std::ranges::any_of(rows, [&](const ClosureGroup* group) {
                           return std::ranges::find(capture.kept_by, group->shared) != capture.kept_by.end();
                         });
      return !matches || !asked;
    });
    if (unused.empty() && context.out.is_text()) return;
    context.out.BeginTable({.key = "unused",
                            .title = "Captured, but used by no function that can still run",
                            .columns = {{"retained_bytes", "Retained"},
                                        {"contexts", "Contexts"},
                                        {"variable", "Variable", Align::kLeft},
                                        {"class_name", "Class", Align::kLeft},
                                        {"", "Of", Align::kLeft},
                                        {"", "Declared at", Align::kLeft},
                                        {"", "Kept by", Align::kLeft},
                                        {"function_name", ""},
                                        {"script", ""},
                                        {"line", ""},
                                        {"column", ""},
                                        {"declaration", ""},
                                        {"kept_by", ""},
                                        {"kept_by_functions", ""},
                                        {"largest", "Largest"}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    size_t shown = 0;
    for (const UnusedCapture& capture : unused) {
      if (limit != 0 && shown >= limit) break;
      ++shown;
      std::string place = Sanitize(UntrustedText(capture.file));
      if (capture.line != 0) place += fmt::format(":{}:{}", capture.line, capture.column);
      const std::string keeper =
          capture.kept_by.empty() ? "" : FunctionText(ReadShared(reader, capture.kept_by[0]).value_or(FunctionView()));
      const std::string more =
          capture.kept_by.size() > 1 ? fmt::format(" and {} more", capture.kept_by.size() - 1) : "";
      const Cell cells[] = {Bytes{capture.retained},
                            Count{capture.contexts},
                            UntrustedText(capture.name),
                            UntrustedText(NodeClass(reader, graph, capture.largest)),
                            capture.function_name.empty()
                                ? std::string("(anonymous)")
                                : Sanitize(UntrustedText(capture.function_name), {.max_code_points = 60}),
                            place,
                            keeper + more,
                            UntrustedText(capture.function_name),
                            capture.file.empty() ? Cell(Absent{}) : Cell(UntrustedText(capture.file)),
                            PositionCell(capture.line),
                            PositionCell(capture.column),
                            capture.text.empty() ? Cell(Absent{}) : Cell(UntrustedText(capture.text)),
                            keeper,
                            Count{capture.kept_by.size()},
                            HexAddress{NodeAddress(graph, capture.largest)}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = unused.size() - shown});
  }
};

}  // namespace

std::unique_ptr<Command> MakeClosuresCommand() {
  return std::make_unique<ClosuresCommand>();
}

}  // namespace corewalk
