// inspect and print: one value of the program, its content in llnode's format or as typed JSON.
#include <fmt/format.h>

#include "analysis/inspect.h"
#include "command/target.h"
#include "command/value_json.h"
#include "command/value_text.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultLength = 16;           // llnode's
constexpr int64_t kDefaultJsonString = 1 << 16;  // JSON is meant to be complete
constexpr int64_t kDefaultJsonArray = 10'000;

std::vector<OptionSpec> InspectOptionSpecs(bool inspect) {
  return {{.name = "full-string", .letter = 'F', .help = "print whole strings"},
          {.name = "print-map", .letter = 'm', .help = "print the address of each value's Map too"},
          {.name = "print-source", .letter = 's', .help = "print the source of functions"},
          {.name = "length",
           .letter = 'l',
           .kind = OptionKind::kInteger,
           .value_name = "N",
           .help = "characters of a string and elements of an array to print (default 16; 0 = all)"},
          {.name = "string-length", .kind = OptionKind::kInteger, .value_name = "N", .help = "characters of a string alone"},
          {.name = "array-length", .kind = OptionKind::kInteger, .value_name = "N", .help = "elements, entries and bytes alone"},
          {.name = "depth",
           .letter = 'D',
           .kind = OptionKind::kInteger,
           .value_name = "N",
           .help = inspect ? "levels of objects to open (default 1)" : "levels of objects to open (default 0)",
           .maximum = InspectOptions::kMaxDepth},
          {.name = "llnode", .help = "llnode's habits even where they are wrong: external strings as \"(external)\""},
          {.name = "verbose", .letter = 'v', .help = "accepted for llnode's sake"},
          {.name = "detailed", .letter = 'd', .help = "accepted for llnode's sake"},
          {.name = "output-limit", .letter = 'n', .kind = OptionKind::kInteger, .value_name = "N", .help = "accepted for llnode's sake"}};
}

class InspectCommand final : public Command {
 public:
  explicit InspectCommand(bool inspect)
      : Command({.name = inspect ? "inspect" : "print",
                 .debugger_names = inspect ? std::vector<std::string>{"jsprint"} : std::vector<std::string>{},
                 .group = "Objects",
                 .summary = inspect ? "an object with its properties, elements, entries" : "a value on one line",
                 .usage = "[OPTION...] ADDRESS...",
                 .description =
                     "ADDRESS is one as corewalk prints them, tagged or not. In LLDB it may be any expression whose value is\n"
                     "a tagged word, as in llnode. Unreadable parts print as ???, and the rest goes on.",
                 .example = inspect ? "inspect 0x102207cc1149\ninspect --depth 3 -l 100 0x102207cc1149"
                                    : "print 0x102207cc1149",
                 .options = InspectOptionSpecs(inspect),
                 .min_words = 1,
                 .max_words = 1000}),
        inspect_(inspect) {}

  Result<void> Run(CommandContext& context) const override {
    Session& session = context.session;
    const Result<std::vector<uint64_t>> words = Words(context);
    if (!words) return std::unexpected(words.error());
    HeapReader reader(session.memory_and_image(), session.layout(), &session.names());
    const InspectOptions options = Options(context);
    Inspector inspector(reader, options, context.cancel);
    std::vector<Inspected> values;
    for (uint64_t word : *words) {
      // An address without its tag, as the other commands print them.
      if (IsSmi(word) && reader.MapOf(word + 1) != nullptr) {
        ++word;
      } else if (IsSmi(word) && session.model().index().At(word) != nullptr) {
        return Fail(ErrorCode::kNotFound, fmt::format("no object starts at 0x{:x}; whatis 0x{:x} says what is there", word, word));
      }
      values.push_back(inspector.Inspect(word));
      if (values.back().type == Inspected::Type::kUnreadable && words->size() == 1) {
        return Fail(ErrorCode::kNotFound, fmt::format("no value at 0x{:x}: {}", word, values.back().reason));
      }
    }
    context.out.BeginDocument(info().name, TargetCard(session));
    const ValueTextOptions text{.print_map = context.args.Has("print-map"),
                                .color = context.out.color(),
                                .llnode_strict = context.args.Has("llnode")};
    std::string list;
    for (const Inspected& value : values) {
      if (!context.out.is_text()) {
        list += (list.empty() ? "" : ",") + ValueJson(value);
        continue;
      }
      AddValueLines(options.depth > 0 ? ValueText(value, text) : ShortValueText(value, text), &context.out);
    }
    if (!context.out.is_text()) {
      context.out.AddJson(values.size() == 1 ? "value" : "values", values.size() == 1 ? list : "[" + list + "]");
    }
    Completeness completeness = session.completeness();
    completeness.interrupted |= context.cancel.Cancelled();
    completeness.cut = inspector.stopped() && !completeness.interrupted;
    if (completeness.cut)
      completeness.notes.push_back(fmt::format("the answer was cut after {} values", options.values));
    if (inspector.damaged() > 0) {
      completeness.notes.push_back(fmt::format("{} {} of the answer could not be read or made no sense",
                                               inspector.damaged(), inspector.damaged() == 1 ? "value" : "values"));
    }
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  // Addresses each for itself; anything else is one expression, whose words llnode joins.
  static Result<std::vector<uint64_t>> Words(const CommandContext& context) {
    std::vector<uint64_t> words;
    std::string expression;
    bool all = true;
    for (const std::string& word : context.args.words()) {
      expression += word;
      const Result<uint64_t> address = ParseAddress(word);
      if (address) words.push_back(*address);
      all &= address.has_value();
    }
    if (all) return words;
    const Result<uint64_t> value = context.evaluate(expression);
    if (!value) return std::unexpected(value.error());
    return std::vector<uint64_t>{*value};
  }

  InspectOptions Options(const CommandContext& context) const {
    const bool json = !context.out.is_text();
    const int64_t length = context.args.Integer("length", -1);
    InspectOptions options;
    options.depth = static_cast<int>(context.args.Integer("depth", inspect_ ? 1 : 0));
    const int64_t strings = length >= 0 ? length : json ? kDefaultJsonString : kDefaultLength;
    const int64_t arrays = length >= 0 ? length : json ? kDefaultJsonArray : kDefaultLength;
    options.string_length = static_cast<uint64_t>(context.args.Integer("string-length", strings));
    options.array_length = static_cast<uint64_t>(context.args.Integer("array-length", arrays));
    if (context.args.Has("full-string")) options.string_length = 0;
    if (options.array_length == 0) options.values = uint64_t{1} << 24;  // all of it was asked for
    if (options.array_length == 0 || json) options.property_count = 0;
    options.source = context.args.Has("print-source");
    return options;
  }

  bool inspect_;
};

}  // namespace

std::unique_ptr<Command> MakeInspectCommand() {
  return std::make_unique<InspectCommand>(true);
}
std::unique_ptr<Command> MakePrintCommand() {
  return std::make_unique<InspectCommand>(false);
}

}  // namespace corewalk
