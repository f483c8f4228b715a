// path: shortest ways from the roots to an object, or to all objects of a class.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/leaks/holder.h"
#include "analysis/paths.h"
#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/holder_text.h"
#include "command/path_class.h"
#include "command/reference_text.h"
#include "command/target.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 60;
constexpr size_t kMostPaths = 10'000;

class PathCommand final : public Command {
 public:
  PathCommand()
      : Command({.name = "path",
                 .group = "Graph",
                 .summary = "the shortest way from a root to an object: who keeps it alive",
                 .usage = "[OPTION...] ADDRESS | --class NAME",
                 .description =
                     "Each line is a step, from the root down to the object: through which property, element, variable or\n"
                     "field the line before refers to it. Weak references are no steps. With --all N further ways are told,\n"
                     "which differ in the last object before the target. Above them it is said who holds the object in the\n"
                     "words of the program: the variable, property or global, and the line that declares it. With --class the\n"
                     "ways of all live objects of a class are merged into one tree; the count is that of the objects at and below a line.",
                 .example = "path 0x2b8f1c0d1b49\npath --all 3 0x2b8f1c0d1b49\npath --class Session",
                 .options = {{.name = "all",
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "up to N ways (default 1)"},
                             {.name = "class",
                              .kind = OptionKind::kString,
                              .value_name = "NAME",
                              .help = "to all objects that histogram counts under this name"},
                             {.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "lines of the tree or of one way, 0 = all (default 60)"}},
                 .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const bool of_class = context.args.Has("class");
    if (of_class == !context.args.words().empty())
      return Fail(ErrorCode::kUsage, "path: give an address, or --class NAME");
    if (of_class && context.args.Has("all"))
      return Fail(ErrorCode::kUsage, "path: --all and --class exclude each other");
    // Of one object, shapes tell where the scripts are, in which the holder's name is found; of a class, its objects.
    const Result<HeapGraph*> built = GraphWithShapes(context);
    if (!built) return std::unexpected(built.error());
    HeapGraph& graph = **built;
    HeapReader reader(context.session.memory(), context.session.layout(), &context.session.names());
    if (!of_class) return OfObject(context, &reader, graph);
    return TellPathsOfClass(context, &reader, &graph, context.args.Text("class", ""),
                            static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows)));
  }

 private:
  static Result<void> OfObject(CommandContext& context, HeapReader* reader, const HeapGraph& graph) {
    const Result<std::vector<ObjectId>> nodes = NodesAt(context, graph, false);
    if (!nodes) return std::unexpected(nodes.error());
    const ObjectId target = nodes->front();
    const size_t wanted =
        static_cast<size_t>(std::clamp<int64_t>(context.args.Integer("all", 1), 1, static_cast<int64_t>(kMostPaths)));
    std::vector<std::vector<ObjectId>> paths;
    if (wanted == 1) {
      paths.push_back(ShortestPath(graph, target));
    } else {
      paths = ShortestPaths(graph, target, wanted, context.cancel);
    }
    context.out.BeginDocument("path", TargetCard(context.session));
    const Liveness liveness = graph.LivenessOf(target);
    static constexpr std::string_view kLiveness[] = {"live", "maybe", "garbage"};
    context.out.AddCard({.key = "object",
                         .fields = {{"address", "Object", HexAddress{NodeAddress(graph, target)}},
                                    {"class_name", "Class", UntrustedText(NodeClass(*reader, graph, target))},
                                    {"value", "Value", NodeText(*reader, graph, target)},
                                    {"liveness", "Liveness", std::string(kLiveness[static_cast<size_t>(liveness)])}}});
    if (liveness != Liveness::kGarbage) {
      HolderFinder finder(reader, graph, context.cancel);
      context.out.AddCard(HolderCard(finder.Find(target)));
    }
    if (liveness == Liveness::kGarbage) {
      context.out.AddNote("no root reaches this object: the next collection would have freed it");
      paths.clear();
    }
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    size_t number = 0;
    context.out.BeginTable({.columns = {{"path", paths.size() > 1 ? "Way" : ""},
                                        {"step", ""},
                                        {"", "Through", Align::kLeft},
                                        {"reference", "", Align::kLeft},
                                        {"kind", ""},
                                        {"name", ""},
                                        {"value", "Object", Align::kLeft},
                                        {"class_name", ""},
                                        {"address", "Address"}}});
    for (const std::vector<ObjectId>& path : paths) {
      if (!path.empty()) TellPath(context, reader, graph, ++number, path, limit);
    }
    context.out.EndTable({});
    context.out.EndDocument(GraphCompleteness(context, graph));
    return {};
  }

  // The first and the last steps of a way say most; from the middle of a long one some are left out.
  static void TellPath(CommandContext& context, HeapReader* reader, const HeapGraph& graph, size_t number,
                       std::span<const ObjectId> path, uint64_t limit) {
    constexpr uint64_t kObjectsPerStep = 8;  // parts of an object are no steps of their own
    const auto describe = [&](std::span<const ObjectId> part) {
      return DescribePath(reader, graph, part, context.cancel);
    };
    WayText text(reader, graph);
    const uint64_t head = std::clamp<uint64_t>(limit / 4, 1, 5), tail = std::max(limit, head + 1) - head;
    std::vector<PathStep> first, last;
    if (limit == 0 || path.size() <= kObjectsPerStep * (head + tail)) {
      first = describe(path);
      if (limit != 0 && first.size() > head + tail) {
        last.assign(first.end() - static_cast<ptrdiff_t>(tail), first.end());
        first.resize(head);
      }
    } else {
      first = describe(path.first(kObjectsPerStep * head));
      last = describe(path.last(kObjectsPerStep * tail));
      first.resize(std::min(first.size(), head));
      if (last.size() > tail) last.erase(last.begin(), last.end() - static_cast<ptrdiff_t>(tail));
    }
    size_t step = 0;
    for (const PathStep& one : first) TellStep(context, reader, graph, number, step++, one, &text);
    if (last.empty() || first.empty()) return;
    const auto place = [&](const PathStep& one) { return std::ranges::find(path, one.node) - path.begin(); };
    const std::string left_out = fmt::format("({} objects between are left out: -n 0 tells all)",
                                             FormatCount(static_cast<uint64_t>(place(last.front()) - place(first.back()) - 1)));
    const Cell gap[] = {Count{number}, Absent{}, std::string("..."), std::string("..."), std::string("gap"),
                        Absent{},      left_out, Absent{},           Absent{}};
    context.out.AddRow(gap);
    text.set_script(0);
    for (const PathStep& one : last) TellStep(context, reader, graph, number, ++step, one, &text);
  }

  static void TellStep(CommandContext& context, HeapReader* reader, const HeapGraph& graph, size_t number, size_t i,
                       const PathStep& step, WayText* text) {
    std::string through, kind = "root";
    Cell name = Absent{};
    if (step.through.empty()) {
      const std::vector<uint32_t> roots = graph.RootsOf(step.node);
      through = roots.empty() ? "(further from the root)" : RootName(graph, roots.front());
      if (!roots.empty() && graph.roots().roots[roots.front()].strength == RootStrength::kMaybe) kind = "maybe";
    } else {
      through = StepText(*reader, step.through);
      const SlotName& last = step.through.back();
      kind = SlotKindName(last.kind);
      if (last.kind == SlotKind::kProperty || last.kind == SlotKind::kVariable) name = UntrustedText(last.text);
      if (last.kind == SlotKind::kElement) name = Count{last.index};
      if (last.kind == SlotKind::kField) name = last.label;
    }
    const Cell cells[] = {Count{number},
                          Count{i},
                          through,
                          through,
                          kind,
                          name,
                          text->Next(step.node),
                          UntrustedText(NodeClass(*reader, graph, step.node)),
                          HexAddress{NodeAddress(graph, step.node)}};
    context.out.AddRow(cells);
  }
};

}  // namespace

std::unique_ptr<Command> MakePathCommand() {
  return std::make_unique<PathCommand>();
}

}  // namespace corewalk
