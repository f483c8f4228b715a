// waste: memory that objects take and do not use, by kind, with who holds most of it.
#include "analysis/leaks/waste.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/holder_group_text.h"
#include "command/target.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 5;

struct KindText {
  const char* title;
  const char* advice;
};
KindText TextOf(WasteKind kind) {
  switch (kind) {
    case WasteKind::kArrayRoom:
      return {"Room behind the length of arrays", "arrays.slice() copies one without its room"};
    case WasteKind::kHoles:
      return {"Holes of arrays that have more holes than elements", "use a Map, or an object, keyed by index"};
    case WasteKind::kTableRoom:
      return {"Free and deleted entries of Maps and Sets", "new Map(map) copies one without its room"};
    case WasteKind::kDictionaries:
      return {"Dictionaries of objects with few properties",
              "do not delete properties; set them to undefined, or use a Map"};
    case WasteKind::kEmpty:
      return {"Empty Maps, Sets, arrays and objects", "make them when the first entry comes"};
    case WasteKind::kObjectRoom:
      return {"Slots of objects that no property uses",
              "create objects with all their properties, in a class or a literal"};
    case WasteKind::kNumbers:
      return {"Numbers in boxes of their own",
              "a Float64Array, or an array of nothing but numbers, keeps them without"};
    case WasteKind::kShapes:
      return {"Hidden classes of constructors that have many",
              "add properties in one order; use a Map for keys that are data"};
  }
  return {"", ""};
}

class WasteCommand final : public Command {
 public:
  WasteCommand()
      : Command({.name = "waste",
                 .group = "Leaks",
                 .summary =
                     "memory that objects take and do not use: room, holes, empty collections, boxes, hidden classes",
                 .usage = "[OPTION...]",
                 .description =
                     "Of all live objects, by kind of waste:\n"
                     "  array_room    elements behind the length of an Array: V8 makes room for half as many again\n"
                     "  holes         of Arrays with more holes than elements\n"
                     "  table_room    free and deleted entries of Maps and Sets; their tables double\n"
                     "  dictionaries  hash tables of objects in dictionary mode with at most 128 properties: what they "
                     "take\n"
                     "                beyond 8 bytes a property\n"
                     "  empty         Maps, Sets, Arrays and plain objects that hold nothing, with their own tables\n"
                     "  object_room   slots that V8 keeps in an object for properties that never came\n"
                     "  numbers       HeapNumbers: a number that is no small integer in a box of 16 bytes\n"
                     "  shapes        hidden classes (V8 calls them Maps) of constructors that have 64 or more\n"
                     "With --kind one of them in full: who holds most of it and the largest ones. Holders are those of "
                     "a sample\n"
                     "of some hundred objects of each kind. Waste of strings: see strings.",
                 .example = "waste\nwaste --kind table_room -n 20",
                 .options = {{.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "rows of each list, 0 = 10,000 (default 5)"},
                             {.name = "kind",
                              .kind = OptionKind::kChoice,
                              .value_name = "KIND",
                              .help = "only this kind, with its largest objects",
                              .choices = {"array_room", "holes", "table_room", "dictionaries", "empty", "object_room",
                                          "numbers", "shapes"}}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapGraph*> built = GraphWithShapes(context);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    HeapReader reader(context.session.memory(), context.session.layout(), &context.session.names());
    constexpr size_t kMostRows = 10'000;
    const auto limit = static_cast<size_t>(context.args.Integer("limit", kDefaultRows));
    const WasteQuery query{.most = limit == 0 ? kMostRows : std::min(limit, kMostRows)};
    const WasteReport report = FindWaste(&reader, graph, query, context.cancel, context.progress);
    const std::string only = context.args.Text("kind");

    context.out.BeginDocument("waste", TargetCard(context.session));
    context.out.AddCard(LivenessCard(graph));
    TellKinds(context, &reader, graph, report, only);
    for (size_t i = 0; i < kWasteKinds; ++i) {
      const auto kind = static_cast<WasteKind>(i);
      if (only == WasteKindName(kind)) TellKind(context, &reader, graph, kind, report[kind], query.most);
    }
    context.out.EndDocument(GraphCompleteness(context, graph));
    return {};
  }

 private:
  static uint64_t LiveBytes(const HeapGraph& graph) {
    uint64_t all = 0;
    for (const LiveShape& shape : graph.shapes().shapes()) {
      if (shape.space != SpaceKind::kReadOnly) all += shape.live_bytes;
    }
    return all;
  }

  static std::string ClassesText(const WasteCategory& category, size_t most) {
    std::string text;
    for (size_t i = 0; i < category.classes.size() && i < most; ++i) {
      const WasteClass& one = category.classes[i];
      if (i > 0 && 100 * one.bytes < category.bytes) break;
      text +=
          (i == 0 ? "" : ", ") + Sanitize(UntrustedText(one.name), {.max_code_points = 40}) + " " +
          FormatShare(category.bytes == 0 ? 0 : static_cast<double>(one.bytes) / static_cast<double>(category.bytes));
    }
    return text;
  }

  static void TellKinds(CommandContext& context, HeapReader* reader, const HeapGraph& graph, const WasteReport& report,
                        const std::string& only) {
    constexpr size_t kShown = 2;
    const uint64_t live = LiveBytes(graph);
    context.out.BeginTable({.columns = {{"wasted_bytes", "Wasted"},
                                        {"share", "Of the heap"},
                                        {"count", "Objects"},
                                        {"kind", "Kind", Align::kLeft},
                                        {"", "What", Align::kLeft},
                                        {"holders", "Held by", Align::kLeft},
                                        {"advice", ""}}});
    std::vector<WasteKind> kinds;
    for (size_t i = 0; i < kWasteKinds; ++i) kinds.push_back(static_cast<WasteKind>(i));
    std::ranges::stable_sort(kinds, [&](WasteKind a, WasteKind b) { return report[a].bytes > report[b].bytes; });
    for (const WasteKind kind : kinds) {
      if (!only.empty() && only != WasteKindName(kind)) continue;
      const WasteCategory& category = report[kind];
      const KindText text = TextOf(kind);
      const std::string holders =
          category.classes.empty()
              ? HolderGroupsText(GroupByHolder(reader, graph, category.sample, context.cancel), kShown)
              : ClassesText(category, kShown);
      const Cell cells[] = {Bytes{category.bytes},
                            Share{live == 0 ? 0 : static_cast<double>(category.bytes) / static_cast<double>(live)},
                            Count{category.count},
                            std::string(WasteKindName(kind)),
                            std::string(text.title),
                            holders.empty() ? Cell(Absent{}) : Cell(holders),
                            std::string(text.advice)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
  }

  static void TellKind(CommandContext& context, HeapReader* reader, const HeapGraph& graph, WasteKind kind,
                       const WasteCategory& category, size_t most) {
    context.out.AddNote(fmt::format("what to try: {}", TextOf(kind).advice));
    if (!category.classes.empty()) {
      const bool shapes = kind == WasteKind::kShapes;
      context.out.BeginTable({.key = "classes",
                              .title = "Classes",
                              .columns = {{"wasted_bytes", "Wasted"},
                                          {"shapes", "Hidden classes"},
                                          {"objects", shapes ? "Objects with one of them" : "Objects"},
                                          {"class_name", "Class", Align::kLeft}}});
      for (const WasteClass& one : category.classes) {
        const Cell cells[] = {Bytes{one.bytes}, Count{one.shapes}, Count{one.objects}, UntrustedText(one.name)};
        context.out.AddRow(cells);
      }
      context.out.EndTable({});
      return;
    }
    TellHolderGroups(context, graph, "held_by", category.sample.whole() ? "Held by" : "Held by (of a sample)",
                     GroupByHolder(reader, graph, category.sample, context.cancel), category.sample, most);
    if (category.largest.empty()) return;
    context.out.BeginTable({.key = "largest",
                            .title = "The largest",
                            .columns = {{"wasted_bytes", "Wasted"},
                                        {"used", "In use"},
                                        {"room", "Room for"},
                                        {"value", "Object", Align::kLeft},
                                        {"holder", "Held by", Align::kLeft},
                                        {"address", "Address"}}});
    for (const WasteItem& item : category.largest) {
      ObjectSample one(1);
      one.Add(item.id(), item.rank);
      const Cell cells[] = {Bytes{item.rank},
                            Count{item.used},
                            Count{item.room},
                            NodeText(*reader, graph, item.id()),
                            HolderGroupsText(GroupByHolder(reader, graph, one, context.cancel), 1),
                            HexAddress{NodeAddress(graph, item.id())}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = category.count - std::min<uint64_t>(category.count, category.largest.size())});
  }
};

}  // namespace

std::unique_ptr<Command> MakeWasteCommand() {
  return std::make_unique<WasteCommand>();
}

}  // namespace corewalk
