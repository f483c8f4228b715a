// source: the text of a function, with line numbers.
#include <fmt/format.h>

#include "base/text_sanitize.h"
#include "command/function_text.h"
#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultLines = 200;

class SourceCommand final : public Command {
 public:
  SourceCommand()
      : Command({.name = "source",
                 .debugger_names = {"jssource"},
                 .group = "Code",
                 .summary = "the source text of a function",
                 .usage = "[OPTION...] ADDRESS|FUNCTION-NAME",
                 .description =
                     "Prints the lines of a function with their numbers. ADDRESS is that of a closure or of a\n"
                     "SharedFunctionInfo. When several functions have the name they are listed, with the addresses to ask for.\n"
                     "The source is the text that V8 compiled: it needs no files of the dead process's machine.\n"
                     "`source list`, llnode's command about the selected stack frame, needs frames, which corewalk does not\n"
                     "read yet.",
                 .example = "source handleRequest\nsource -n 20 0x2b8f1c0d1b48",
                 .options = {{.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "lines to print, 0 = all (default 200)"},
                             {.name = "line",
                              .letter = 'l',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "of `source list`, as in llnode"}},
                 .min_words = 1,
                 .max_words = 2}) {}

  Result<void> Run(CommandContext& context) const override {
    const std::vector<std::string>& words = context.args.words();
    const bool about_frame = words[0] == "list" && (words.size() == 1 || context.args.Has("line"));
    if (about_frame) {
      return Fail(ErrorCode::kUnsupported,
                  "source list is about the selected stack frame, and stack frames are not supported yet; "
                  "source ADDRESS and source FUNCTION-NAME print the source of a function");
    }
    if (words.size() > 1) return Fail(ErrorCode::kUsage, "one address or one name, please");
    Session& session = context.session;
    HeapReader reader(session.memory(), session.layout(), &session.names());
    const Result<std::vector<FunctionView>> found = FindFunctions(context, reader, words[0]);
    if (!found) return std::unexpected(found.error());
    if (found->size() > 1) {
      TellCandidates(context, *found);
      return {};
    }
    const FunctionView& view = found->front();
    const ScriptView* script = view.script == 0 ? nullptr : ReadScript(reader, view.script);
    if (script == nullptr) {
      return Fail(ErrorCode::kNotFound, fmt::format("'{}' has no source: it is a builtin of V8 or made by C++",
                                                    Sanitize(UntrustedText(view.name), {.max_code_points = 80})));
    }
    if (script->source == 0 || view.start < 0) {
      return Fail(ErrorCode::kUnreadable, "the source of this function is not in the core");
    }
    context.out.BeginDocument("source", TargetCard(session));
    if (context.out.is_text()) {
      context.out.AddTextLine(Sanitize(UntrustedText(NameOrAnonymous(view, true) + " at " + PlaceOf(view))));
    } else {
      context.out.AddCard({.key = "function",
                           .title = "",
                           .fields = {{"name", "Name", UntrustedText(view.name)},
                                      {"script", "Script", UntrustedText(view.script_name)},
                                      {"line", "Line", PositionCell(view.line)},
                                      {"column", "Column", PositionCell(view.column)},
                                      {"address", "Address", HexAddress{view.shared - 1}}}});
    }
    const int32_t begin = view.token_start >= 0 ? view.token_start : view.start;
    const bool told = TellSource(context, reader, *script,
                                 {.begin = static_cast<uint64_t>(begin),
                                  .end = static_cast<uint64_t>(view.end),
                                  .whole_lines = true,
                                  .max_lines = static_cast<uint64_t>(context.args.Integer("limit", kDefaultLines))});
    if (!told && !context.cancel.Cancelled()) context.out.AddNote("the text of this source is not in the core");
    Completeness completeness = session.completeness();
    completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static void TellCandidates(CommandContext& context, const std::vector<FunctionView>& found) {
    context.out.BeginDocument("source", TargetCard(context.session));
    context.out.AddNote(fmt::format("{} functions have this name: give the address of one", found.size()));
    context.out.BeginTable({.key = "functions",
                            .title = "",
                            .columns = {{"address", "Address"},
                                        {"name", "Name", Align::kLeft},
                                        {"", "Place", Align::kLeft},
                                        {"script", ""},
                                        {"line", ""},
                                        {"column", ""}}});
    const size_t limit = static_cast<size_t>(context.args.Integer("limit", kDefaultLines));
    size_t shown = 0;
    for (const FunctionView& view : found) {
      if (limit != 0 && shown >= limit) break;
      ++shown;
      const Cell cells[] = {HexAddress{view.shared - 1},
                            UntrustedText(view.name),
                            PlaceCell(view),
                            view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name)),
                            PositionCell(view.line),
                            PositionCell(view.column)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = found.size() - shown});
    Completeness completeness = context.session.completeness();
    completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(completeness);
  }
};

}  // namespace

std::unique_ptr<Command> MakeSourceCommand() {
  return std::make_unique<SourceCommand>();
}

}  // namespace corewalk
