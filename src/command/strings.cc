// strings: duplicates, slices that keep large parents, ropes, two-byte texts that need one, the largest.
#include "analysis/leaks/strings.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/holder_group_text.h"
#include "command/reference_text.h"
#include "command/target.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 10;
constexpr uint64_t kPreview = 48;    // UTF-16 units of a text in a table
constexpr size_t kCopiesAsked = 64;  // of one text, for its holders
constexpr size_t kShownHolders = 2;

const char* FormName(StringForm form) {
  switch (form) {
    case StringForm::kOneByte:
      return "one byte a character";
    case StringForm::kTwoByte:
      return "two bytes a character";
    case StringForm::kExternalOneByte:
      return "external, one byte";
    case StringForm::kExternalTwoByte:
      return "external, two bytes";
    case StringForm::kCons:
      return "concatenated (cons)";
    case StringForm::kSliced:
      return "sliced";
    case StringForm::kThin:
      return "thin (leads to another)";
    case StringForm::kNone:
      break;
  }
  return "other";
}

class StringsCommand final : public Command {
 public:
  StringsCommand()
      : Command(
            {.name = "strings",
             .group = "Leaks",
             .summary = "where the memory of strings goes: duplicates, slices, ropes, wide and large ones",
             .usage = "[OPTION...]",
             .description =
                 "Of all live strings, in sections:\n"
                 "  duplicates  texts that are there many times, with the bytes that one copy would save, and who "
                 "holds them;\n"
                 "              compared by content, whether V8 stores them in one byte a character or in two\n"
                 "  slices      large strings of which only slices are in use (text.slice(...), a field parsed out of "
                 "a\n"
                 "              document): a slice keeps the whole parent; \"only slices\" when nothing else does\n"
                 "  wide        texts in two bytes a character that would fit in one\n"
                 "  ropes       concatenated strings that were never flattened: 32 bytes for each + of their making\n"
                 "  largest     the largest strings, in the heap and outside\n"
                 "Texts inside of ropes are not compared. The program's own copies only: V8's read-only strings are "
                 "left out.",
             .example = "strings\nstrings --section duplicates -n 50\nstrings --json",
             .options = {{.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "rows of each section, 0 = 10,000 (default 10)"},
                         {.name = "section",
                          .kind = OptionKind::kChoice,
                          .value_name = "NAME",
                          .help = "duplicates, slices, wide, ropes or largest (default: all)",
                          .choices = {"duplicates", "slices", "wide", "ropes", "largest"}}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapGraph*> built = GraphWithShapes(context);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    constexpr uint64_t kMostRows = 10'000;
    const auto limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    const StringQuery query{.most = limit == 0 ? kMostRows : std::min(limit, kMostRows), .sample = kCopiesAsked};
    const StringReport report = AnalyseStrings(&reader, graph, query, context.cancel, context.progress);

    context.out.BeginDocument("strings", TargetCard(context.session));
    TellForms(context, report);
    const std::string section = context.args.Text("section");
    const auto wanted = [&section](const char* name) { return section.empty() || section == name; };
    const Tables tables{context, &reader, graph, report};
    if (wanted("duplicates")) tables.Duplicates();
    if (wanted("slices")) tables.Slices();
    if (wanted("wide")) tables.Wide();
    if (wanted("ropes")) tables.Ropes();
    if (wanted("largest")) tables.LargestOnes();

    Completeness completeness = GraphCompleteness(context, graph);
    if (report.duplicates_cut || report.slices_cut) {
      completeness.cut = true;
      if (report.duplicates_cut)
        completeness.notes.push_back("there are more different texts with copies than were kept apart");
      if (report.slices_cut) completeness.notes.push_back("there are more slices than were looked at");
    }
    if (std::ranges::any_of(report.longest_ropes, &Rope::cut)) {
      completeness.cut = true;
      completeness.notes.push_back("there are ropes of more parts than were counted: their parts, depth and bytes are at least those told");
    }
    if (report.unreadable > 0)
      completeness.notes.push_back(
          fmt::format("the text of {} strings could not be read", FormatCount(report.unreadable)));
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static void TellForms(CommandContext& context, const StringReport& report) {
    context.out.BeginTable({.key = "forms",
                            .columns = {{"count", "Count"},
                                        {"shallow_bytes", "Bytes in the heap"},
                                        {"external_bytes", "Outside"},
                                        {"form", "How V8 stores them", Align::kLeft}}});
    for (size_t i = 0; i < kStringForms; ++i) {
      const StringTally& tally = report.forms[i];
      if (tally.count == 0) continue;
      const Cell cells[] = {Count{tally.count}, Bytes{tally.bytes}, Bytes{tally.outside},
                            std::string(FormName(static_cast<StringForm>(i)))};
      context.out.AddRow(cells);
    }
    context.out.EndTable(
        {.total = {Count{report.all.count}, Bytes{report.all.bytes}, Bytes{report.all.outside}, std::string("all")}});
  }

  struct Tables {
    CommandContext& context;
    HeapReader* reader;
    const HeapGraph& graph;
    const StringReport& report;

    std::string Preview(ObjectId id) const { return BriefValue(*reader, graph.index().AddressOf(id) + 1, kPreview); }
    HexAddress AddressOf(ObjectId id) const { return HexAddress{graph.index().AddressOf(id)}; }
    std::string Holders(const ObjectSample& sample) const {
      return HolderGroupsText(GroupByHolder(reader, graph, sample, context.cancel), kShownHolders);
    }

    void Duplicates() const {
      context.out.AddCard(
          {.key = "duplicates_total",
           .title = "Duplicates",
           .fields = {{"texts", "Texts that are there more than once", Count{report.duplicate_texts}},
                      {"copies", "Strings that are one of these", Count{report.duplicate_copies}},
                      {"wasted_bytes", "One copy of each would save", Bytes{report.duplicate_wasted}}}});
      context.out.BeginTable({.key = "duplicates",
                              .columns = {{"wasted_bytes", "Wasted"},
                                          {"count", "Copies"},
                                          {"length", "Length"},
                                          {"bytes", ""},
                                          {"text", "Text", Align::kLeft},
                                          {"holders", "Held by", Align::kLeft},
                                          {"address", "One of them"}}});
      for (const DuplicateText& row : report.duplicates) {
        const Cell cells[] = {Bytes{row.wasted},    Count{row.count},    Count{row.length},     Bytes{row.bytes},
                              Preview(row.example), Holders(row.copies), AddressOf(row.example)};
        context.out.AddRow(cells);
      }
      context.out.EndTable({.omitted = report.duplicate_texts - report.duplicates.size()});
    }

    void Slices() const {
      context.out.AddCard(
          {.key = "slices_total",
           .title = "Slices",
           .fields = {{"parents", "Strings with slices", Count{report.sliced_parents}},
                      {"wasted_bytes", "Kept by slices alone, and shown by none", Bytes{report.slices_wasted}}}});
      context.out.BeginTable({.key = "slices",
                              .columns = {{"wasted_bytes", "Not shown"},
                                          {"bytes", "Bytes of the parent"},
                                          {"used_bytes", "In slices"},
                                          {"slices", "Slices"},
                                          {"only_slices", "Only slices hold it", Align::kLeft},
                                          {"text", "Parent", Align::kLeft},
                                          {"holders", "Slices are held by", Align::kLeft},
                                          {"address", "Address"}}});
      for (const SlicedParent& row : report.parents) {
        const Cell cells[] = {Bytes{row.wasted},
                              Bytes{row.bytes},
                              Bytes{row.used},
                              Count{row.slices},
                              row.holders_known ? Cell(row.only_slices) : Cell(Absent{}),
                              Preview(row.parent),
                              Holders(row.sample),
                              AddressOf(row.parent)};
        context.out.AddRow(cells);
      }
      context.out.EndTable({});
    }

    void Wide() const {
      context.out.AddCard({.key = "wide_total",
                           .title = "Two bytes where one would do",
                           .fields = {{"count", "Strings", Count{report.wide.count}},
                                      {"bytes", "Bytes", Bytes{report.wide.all()}},
                                      {"wasted_bytes", "Wasted", Bytes{report.wide_wasted}},
                                      {"holders", "Held by",
                                       report.wide.count == 0 ? Cell(Absent{}) : Cell(Holders(report.wide_sample))}}});
      Rows("wide", "Wasted", report.widest, report.wide.count);
    }

    void LargestOnes() const { Rows("largest", "Bytes", report.largest, report.all.count, "Largest"); }

    void Rows(const std::string& key, const std::string& rank, const std::vector<StringRow>& rows, uint64_t all,
              const std::string& title = "") const {
      const bool largest = key == "largest";
      context.out.BeginTable({.key = key,
                              .title = title,
                              .columns = {{largest ? "bytes" : "wasted_bytes", rank},
                                          {"length", "Length"},
                                          {"form", "Stored", Align::kLeft},
                                          {"text", "Text", Align::kLeft},
                                          {"holder", "Held by", Align::kLeft},
                                          {"address", "Address"}}});
      for (const StringRow& row : rows) {
        ObjectSample one(1);
        one.Add(row.id(), row.bytes);
        const Cell cells[] = {Bytes{row.rank},   Count{row.length}, std::string(FormName(row.form)),
                              Preview(row.id()), Holders(one),      AddressOf(row.id())};
        context.out.AddRow(cells);
      }
      context.out.EndTable({.omitted = all - std::min<uint64_t>(all, rows.size())});
    }

    void Ropes() const {
      const StringTally& conses = report.forms[static_cast<size_t>(StringForm::kCons)];
      context.out.AddCard({.key = "ropes_total",
                           .title = "Ropes",
                           .fields = {{"ropes", "Ropes", Count{report.ropes}},
                                      {"flattened", "Flattened, not yet replaced", Count{report.flat_conses}},
                                      {"parts", "Concatenated strings in all", Count{conses.count}},
                                      {"bytes", "Bytes of these, without the texts", Bytes{conses.bytes}}}});
      context.out.BeginTable({.key = "ropes",
                              .columns = {{"length", "Length"},
                                          {"parts", "Parts"},
                                          {"depth", "Depth"},
                                          {"bytes", "Bytes"},
                                          {"text", "Text", Align::kLeft},
                                          {"holder", "Held by", Align::kLeft},
                                          {"address", "Address"}}});
      for (const Rope& rope : report.longest_ropes) {
        ObjectSample one(1);
        one.Add(rope.top, rope.bytes);
        const Cell cells[] = {Count{rope.length}, Count{rope.parts}, Count{rope.depth},  Bytes{rope.bytes},
                              Preview(rope.top),  Holders(one),      AddressOf(rope.top)};
        context.out.AddRow(cells);
      }
      context.out.EndTable({.omitted = report.ropes - std::min<uint64_t>(report.ropes, report.longest_ropes.size())});
    }
  };
};

}  // namespace

std::unique_ptr<Command> MakeStringsCommand() {
  return std::make_unique<StringsCommand>();
}

}  // namespace corewalk
