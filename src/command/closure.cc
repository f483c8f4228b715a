// closure: the variables that a function keeps alive, context by context.
#include <fmt/format.h>

#include <unordered_set>

#include "analysis/inspect.h"
#include "base/text_sanitize.h"
#include "command/function_text.h"
#include "command/target.h"
#include "command/value_json.h"
#include "command/value_text.h"
#include "heap/tagged.h"
#include "heap/views/contexts.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultVariables = 100;
constexpr size_t kMaxContexts = 1000;
constexpr uint64_t kStringLength = 60;  // UTF-16 units of a string in text
constexpr int kBoundTarget = 24;        // JSBoundFunction, src/objects/js-function.tq
constexpr int kMaxBound = 100;

std::string Hex(Address address) { return fmt::format("\"0x{:x}\"", address); }

class ClosureCommand final : public Command {
 public:
  ClosureCommand()
      : Command({.name = "closure",
                 .group = "Code",
                 .summary = "the variables that a function keeps alive",
                 .usage = "[OPTION...] ADDRESS",
                 .description =
                     "Walks up the chain of contexts of a function (or of a context) and prints the variables of each with\n"
                     "their values. Closures of one scope share one context: a variable that any of them uses is kept alive by\n"
                     "all of them. Variables that no function captures live on the stack and are not here.",
                 .example = "closure 0x2b8f1c0d1b48",
                 .options = {{.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "variables to print of each context, 0 = all (default 100)"},
                             {.name = "string-length",
                              .letter = 'l',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "characters of a string to print, 0 = all (default 60)",
                              .aliases = {"length"}}},
                 .min_words = 1,
                 .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<uint64_t> parsed = ParseAddress(context.args.words()[0]);
    if (!parsed) return std::unexpected(parsed.error());
    Session& session = context.session;
    HeapReader reader(session.memory(), session.layout(), &session.names());
    uint64_t word = Untag(*parsed) | 1;
    for (int i = 0; i < kMaxBound && reader.IsType(word, "JS_BOUND_FUNCTION_TYPE"); ++i)
      word = reader.Field(word, kBoundTarget).value_or(0);
    const std::optional<FunctionView> function = ReadFunction(reader, word);
    const uint64_t first = function ? function->context : word;
    if (!function && !ReadContext(reader, first))
      return Fail(ErrorCode::kNotFound, fmt::format("no function and no context at {:#x}", *parsed), *parsed);

    InspectOptions options{.depth = 0};
    options.string_length = static_cast<uint64_t>(context.args.Integer("string-length", kStringLength));
    Inspector inspector(reader, options, context.cancel);
    context.out.BeginDocument("closure", TargetCard(session));
    if (function) TellFunction(context.out, *function);
    TellContexts(context, reader, inspector, first);
    Completeness completeness = session.completeness();
    completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static void TellFunction(Reporter& out, const FunctionView& view) {
    if (out.is_text()) {
      const std::string place = PlaceOf(view);
      out.AddTextLine(fmt::format("0x{:x}: function {}{}", view.function,
                                  Sanitize(UntrustedText(NameOrAnonymous(view, true))),
                                  place.empty() ? "" : " at " + Sanitize(UntrustedText(place))));
      return;
    }
    out.AddCard({.key = "function",
                 .title = "",
                 .fields = {{"address", "Address", HexAddress{view.function - 1}},
                            {"name", "Name", UntrustedText(view.name)},
                            {"script", "Script", view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name))},
                            {"line", "Line", PositionCell(view.line)},
                            {"column", "Column", PositionCell(view.column)}}});
  }

  static void TellContexts(CommandContext& context, HeapReader& reader, Inspector& inspector, uint64_t at) {
    const size_t limit = static_cast<size_t>(context.args.Integer("limit", kDefaultVariables));
    std::unordered_set<uint64_t> seen;
    std::string json, problem;
    while (at != 0 && problem.empty() && !context.cancel.Cancelled()) {
      const std::optional<ContextView> view = ReadContext(reader, at);
      if (!view) {
        problem = fmt::format("no context at 0x{:x}, to which the chain leads", at);
      } else if (!seen.insert(at).second) {
        problem = fmt::format("the chain of contexts comes back to 0x{:x}: this core is damaged", at);
      } else if (seen.size() > kMaxContexts) {
        problem = fmt::format("the chain of contexts goes on after {}", kMaxContexts);
      } else {
        if (context.out.is_text()) {
          TellContext(context.out, inspector, *view, limit);
        } else {
          json += (json.empty() ? "\n" : ",\n") + ContextJson(inspector, *view, limit);
        }
        at = view->previous;
      }
    }
    if (!context.out.is_text()) context.out.AddJson("contexts", "[" + json + (json.empty() ? "]" : "\n]"));
    if (!problem.empty()) context.out.AddNote(problem);
  }

  static Inspected ValueOf(Inspector& inspector, const ContextVariable& variable) {
    if (!variable.readable) {
      Inspected unreadable;
      unreadable.address = variable.slot;
      unreadable.reason = "this memory is not in the core";
      return unreadable;
    }
    return variable.raw_double ? InspectedNumber(*variable.raw_double) : inspector.Inspect(variable.value);
  }

  static void TellContext(Reporter& out, Inspector& inspector, const ContextView& view, size_t limit) {
    std::string head = fmt::format("  0x{:x}: {} context", view.context, view.scope_type.empty() ? "unknown" : view.scope_type);
    if (!view.function_name.empty()) head += " of " + Sanitize(UntrustedText(view.function_name));
    out.AddTextLine(head);
    if (view.extension != 0)
      out.AddTextLine("    (extension) = " + ShortValueText(inspector.Inspect(view.extension)));
    size_t shown = 0;
    for (const ContextVariable& variable : view.variables) {
      if (limit != 0 && shown >= limit) break;
      ++shown;
      out.AddTextLine(fmt::format("    {} = {}", variable.name.empty() ? "???" : Sanitize(UntrustedText(variable.name)),
                                  ShortValueText(ValueOf(inspector, variable))));
    }
    if (shown < view.variables.size())
      out.AddTextLine(fmt::format("    ... {} more (use -n 0 for all)", view.variables.size() - shown));
  }

  static std::string ContextJson(Inspector& inspector, const ContextView& view, size_t limit) {
    std::string json = fmt::format("{{\"address\":{},\"scope\":\"{}\",\"function\":\"{}\"", Hex(view.context - 1),
                                   view.scope_type.empty() ? "unknown" : view.scope_type, JsonEscapeExact(view.function_name));
    if (view.extension != 0) json += ",\"extension\":" + ValueJson(inspector.Inspect(view.extension));
    json += ",\"variables\":[";
    size_t shown = 0;
    for (const ContextVariable& variable : view.variables) {
      if (limit != 0 && shown >= limit) break;
      json += fmt::format("{}{{\"key\":\"{}\",\"value\":{}}}", shown == 0 ? "" : ",", JsonEscapeExact(variable.name),
                          ValueJson(ValueOf(inspector, variable)));
      ++shown;
    }
    return json + fmt::format("],\"variables_omitted\":{}}}", view.variables.size() - shown);
  }
};

}  // namespace

std::unique_ptr<Command> MakeClosureCommand() {
  return std::make_unique<ClosureCommand>();
}

}  // namespace corewalk
