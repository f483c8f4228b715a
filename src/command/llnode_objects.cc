// findjsobjects and findjsinstances: llnode's commands, with llnode's columns and paging, so that eyes and scripts that
// know them keep working. JSON rows are those of histogram and instances.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/inspect.h"
#include "base/text_sanitize.h"
#include "command/target.h"
#include "command/value_text.h"
#include "heap/strings.h"
#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr Address kElements = 16;     // JSObject
constexpr size_t kShownProperties = 3;
constexpr int64_t kDefaultStringLength = 16;

// llnode's names: engine kinds in its own parentheses. Empty = not one of the objects that llnode counts.
std::string LlnodeName(NameResolver& names, const Layout& layout, const MapInfo& map, Address sample) {
  switch (map.category) {
    case Category::kString:
    case Category::kConsString:
    case Category::kSlicedString:
      return "(String)";
    case Category::kClosure:
      return "Function";
    case Category::kRegExp:
      return "RegExp";
    case Category::kObject:
      break;
    default:
      return "";
  }
  const std::string& type = layout.types.at(map.instance_type).name;
  const std::string& name = names.ClassName(map, sample);
  if (type == "JS_ARRAY_TYPE" && name == "Array") return "(Array)";
  const bool view = type == "JS_TYPED_ARRAY_TYPE" || type == "JS_DATA_VIEW_TYPE";
  static constexpr std::string_view kViews[] = {"Buffer",         "DataView",      "Uint8Array",   "Int8Array",
                                                "Uint16Array",    "Int16Array",    "Uint32Array",  "Int32Array",
                                                "Float16Array",   "Float32Array",  "Float64Array", "Uint8ClampedArray",
                                                "BigUint64Array", "BigInt64Array", "FastBuffer"};
  if (view && std::ranges::find(kViews, name) != std::end(kViews)) return "(ArrayBufferView)";
  if (name == "Object" && !IsStrongPointer(map.constructor)) return "(Object)";
  return name;
}

std::string Safe(const std::string& text) {
  return Sanitize(UntrustedText(text));
}

class FindObjectsCommand final : public Command {
 public:
  FindObjectsCommand()
      : Command({.name = "findjsobjects",
                 .debugger_names = {"findjsobjects"},
                 .group = "llnode",
                 .summary = "JavaScript objects by class, in llnode's format",
                 .description = "Instances and bytes by class, the most frequent last. -d groups by properties too and "
                                "shows a sample\n"
                                "object of each group.",
                 .example = "findjsobjects\nfindjsobjects -d",
                 .options = {{.name = "detailed", .letter = 'd', .help = "by properties, with a sample object"},
                             {.name = "verbose", .letter = 'v', .help = "the same as -d"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapWalkOptions> options = WalkOptionsFor(context);
    if (!options) return std::unexpected(options.error());
    const HeapWalkResult walk = WalkHeap(context.session.model(), *options, context.cancel, context.progress);
    context.out.BeginDocument("findjsobjects", TargetCard(context.session));
    if (context.args.Has("detailed") || context.args.Has("verbose")) {
      Detailed(context, walk);
    } else {
      Plain(context, walk);
    }
    Completeness completeness = context.session.completeness();
    walk.Describe(&completeness);
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  struct Row {
    std::string name;
    uint64_t count = 0, bytes = 0;
    Address sample = 0;
    uint64_t elements = 0;
    std::vector<std::string> properties;
  };

  static void SortRows(std::vector<Row>* rows) {
    std::ranges::sort(*rows, [](const Row& a, const Row& b) {
      return std::tie(a.count, a.bytes, a.name) < std::tie(b.count, b.bytes, b.name);
    });
  }

  static void Plain(CommandContext& context, const HeapWalkResult& walk) {
    Session& session = context.session;
    std::map<std::string, Row> by_name;
    for (const ShapeTally& shape : walk.shapes) {
      std::string name = LlnodeName(session.names(), session.layout(), shape.map, shape.sample);
      if (name.empty()) continue;
      Row& row = by_name[name];
      row.name = std::move(name);
      row.count += shape.count;
      row.bytes += shape.bytes;
    }
    std::vector<Row> rows;
    for (auto& [name, row] : by_name) rows.push_back(std::move(row));
    SortRows(&rows);
    uint64_t count = 0, bytes = 0;
    context.out.AddTextLine(" Instances  Total Size Name");
    context.out.AddTextLine(" ---------- ---------- ----");
    if (!context.out.is_text())
      context.out.BeginTable({.columns = {{"name", ""}, {"count", ""}, {"shallow_bytes", ""}}});
    for (const Row& row : rows) {
      count += row.count, bytes += row.bytes;
      if (context.out.is_text()) {
        context.out.AddTextLine(fmt::format(" {:>10} {:>10} {}", row.count, row.bytes, Safe(row.name)));
      } else {
        const Cell cells[] = {UntrustedText(row.name), Count{row.count}, Bytes{row.bytes}};
        context.out.AddRow(cells);
      }
    }
    if (!context.out.is_text()) context.out.EndTable({});
    context.out.AddTextLine(" ---------- ---------- ");
    context.out.AddTextLine(fmt::format(" {:>10} {:>10} ", count, bytes));
  }

  static void Detailed(CommandContext& context, const HeapWalkResult& walk) {
    Session& session = context.session;
    const Memory& memory = session.memory();
    std::map<std::string, Row> groups;
    for (const ShapeTally& shape : walk.shapes) {
      std::string name = LlnodeName(session.names(), session.layout(), shape.map, shape.sample);
      if (name.empty()) continue;
      Row row;
      std::string key = name;
      if (shape.map.category == Category::kObject) {
        row.properties = session.names().PropertyNames(shape.map, shape.sample);
        const uint64_t elements = memory.ReadWord(shape.sample + kElements).value_or(0);
        if (LooksLikePointer(elements)) {
          row.elements =
              static_cast<uint64_t>(std::max<int64_t>(0, SmiValue(memory.ReadWord(Untag(elements) + 8).value_or(0))));
        }
        for (const std::string& property : row.properties) key += '\0' + property;
      }
      Row& group = groups[key];
      if (group.count == 0) {
        group = std::move(row);
        group.name = name;
        group.sample = shape.sample;
      }
      group.count += shape.count;
      group.bytes += shape.bytes;
    }
    std::vector<Row> rows;
    for (auto& [key, row] : groups) rows.push_back(std::move(row));
    SortRows(&rows);
    context.out.AddTextLine("   Sample Obj.  Instances  Total Size  Properties  Elements  Name");
    context.out.AddTextLine(" ------------- ---------- ----------- ----------- --------- -----");
    uint64_t count = 0, bytes = 0;
    if (!context.out.is_text()) {
      context.out.BeginTable({.columns = {{"name", ""},
                                          {"count", ""},
                                          {"shallow_bytes", ""},
                                          {"sample", ""},
                                          {"properties", ""},
                                          {"elements", ""},
                                          {"property_names", ""}}});
    }
    for (const Row& row : rows) {
      count += row.count, bytes += row.bytes;
      std::string list;
      for (size_t i = 0; i < row.properties.size() && i < kShownProperties; ++i) {
        list += (i == 0 ? "" : ", ") + row.properties[i];
      }
      if (row.properties.size() > kShownProperties) list += ", ...";
      if (context.out.is_text()) {
        context.out.AddTextLine(fmt::format(" {:>13x} {:>10} {:>11} {:>11} {:>9} {}", row.sample + 1, row.count,
                                            row.bytes, row.properties.size(), row.elements,
                                            Safe(row.name) + (list.empty() ? "" : ": " + Safe(list))));
      } else {
        const Cell cells[] = {
            UntrustedText(row.name),      Count{row.count},    Bytes{row.bytes},   HexAddress{row.sample},
            Count{row.properties.size()}, Count{row.elements}, UntrustedText(list)};
        context.out.AddRow(cells);
      }
    }
    if (!context.out.is_text()) context.out.EndTable({});
    context.out.AddTextLine(" ------------ ---------- ----------- ----------- ----------- ----");
    context.out.AddTextLine(fmt::format(" {:>13} {:>10} {:>11} {:>11} {:>9} ", "", count, bytes, "", ""));
  }
};

class FindInstancesCommand final : public Command {
 public:
  FindInstancesCommand()
      : Command(
            {.name = "findjsinstances",
             .debugger_names = {"findjsinstances"},
             .group = "llnode",
             .summary = "the objects of one class, in llnode's format",
             .usage = "[OPTION...] NAME",
             .description =
                 "With -n N the same command typed again prints the next N objects, and starts over behind the last.",
             .example = "findjsinstances -n 10 Session",
             .options = {{.name = "output-limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "objects to print at a time, 0 = all (default)"},
                         {.name = "verbose", .letter = 'v', .help = "print the content of each object, as inspect does"},
                         {.name = "detailed", .letter = 'd', .help = "the same as -v"},
                         {.name = "full-string", .letter = 'F', .help = "print whole strings"},
                         {.name = "print-map", .letter = 'm', .help = "print the address of the Map too"},
                         {.name = "string-length",
                          .letter = 'l',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "characters of a string to print (default 16; 0 = all)",
                          .aliases = {"length"}}},
             .min_words = 1,
             .max_words = 16}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapWalkOptions> options = WalkOptionsFor(context);
    if (!options) return std::unexpected(options.error());
    Session& session = context.session;
    std::string wanted;  // llnode joins the words
    for (const std::string& word : context.args.words()) wanted += word;
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("output-limit", 0));

    const std::string memory_key = fmt::format("findjsinstances {} {} {}", wanted, limit, options->isolate);
    uint64_t& next = context.memory_of_face.numbers[memory_key];
    const uint64_t first = limit == 0 ? 0 : next;

    context.out.BeginDocument("findjsinstances", TargetCard(session));
    if (!context.out.is_text()) {
      context.out.BeginTable({.columns = {{"address", ""}, {"name", ""}, {"shallow_bytes", ""}, {"value", ""}}});
    }
    const bool detailed = context.args.Has("detailed") || context.args.Has("verbose");
    const int64_t length = context.args.Integer("string-length", kDefaultStringLength);
    InspectOptions looking{.depth = detailed ? 1 : 0};
    looking.string_length = context.args.Has("full-string") ? 0 : static_cast<uint64_t>(length);
    looking.array_length = static_cast<uint64_t>(length);
    const ValueTextOptions text{.print_map = context.args.Has("print-map"), .color = context.out.color()};
    HeapReader reader(session.memory_and_image(), session.layout(), &session.names());
    Inspector inspector(reader, looking, context.cancel);
    uint64_t total = 0, shown = 0;
    const VisitGaps gaps = VisitObjects(
        session.model(), *options, context.cancel,
        [&](const MapInfo& map, Address at) {
          return LlnodeName(session.names(), session.layout(), map, at) == wanted;
        },
        [&](const MapInfo& map, Address address, uint64_t size, const Page&) {
          ++total;
          if (total <= first || (limit != 0 && shown >= limit)) return true;
          ++shown;
          const Inspected value = inspector.Inspect(address + 1);
          if (context.out.is_text()) {
            AddValueLines(detailed ? ValueText(value, text) : ShortValueText(value, text), &context.out);
          } else {
            const Cell cells[] = {HexAddress{address}, UntrustedText(session.names().ObjectName(map, address)),
                                  Bytes{size}, ShortValueText(value, {.print_address = false})};
            context.out.AddRow(cells);
          }
          return true;
        });
    if (!context.out.is_text()) context.out.EndTable({.omitted = total - shown});
    if (total == 0) {
      context.out.AddTextLine("No objects found with type name " + Safe(wanted));
    } else if (limit != 0) {
      next = first + shown < total ? first + shown : 0;
      if (next != 0) context.out.AddTextLine("..........");
      context.out.AddTextLine(fmt::format("(Showing {} to {} of {} instances)", first + 1, first + shown, total));
    }
    Completeness completeness = session.completeness();
    gaps.Describe(&completeness);
    if (total == 0 && completeness.complete()) {
      return Fail(ErrorCode::kNotFound, "no objects found with type name " + Safe(wanted));
    }
    context.out.EndDocument(completeness);
    return {};
  }

 private:
};

}  // namespace

std::unique_ptr<Command> MakeFindObjectsCommand() {
  return std::make_unique<FindObjectsCommand>();
}
std::unique_ptr<Command> MakeFindInstancesCommand() {
  return std::make_unique<FindInstancesCommand>();
}

}  // namespace corewalk
