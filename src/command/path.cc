// path: shortest ways from the roots to an object, or to all objects of a class.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/leaks/holder.h"
#include "analysis/paths.h"
#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/holder_text.h"
#include "command/reference_text.h"
#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 60;
constexpr size_t kMostPaths = 10'000;

std::string Trimmed(std::string text) {
  if (text.starts_with(' ')) text.erase(0, 1);
  return text;
}

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
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kPaths);
    if (!built) return std::unexpected(built.error());
    HeapGraph& graph = **built;
    HeapReader reader(context.session.memory(), context.session.layout(), &context.session.names());
    return of_class ? OfClass(context, &reader, &graph) : OfObject(context, &reader, &graph);
  }

 private:
  static Result<void> OfObject(CommandContext& context, HeapReader* reader, HeapGraph* built) {
    // Shapes tell where the scripts are, in which the holder's name is found.
    if (const Result<void> shapes = built->EnsureShapes(context.cancel, context.progress); !shapes) return shapes;
    const HeapGraph& graph = *built;
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
    uint64_t omitted = 0;
    for (const std::vector<ObjectId>& path : paths) {
      if (path.empty()) continue;
      ++number;
      const std::vector<PathStep> steps = DescribePath(reader, graph, Shortened(path, limit));
      omitted += limit != 0 && path.size() > limit ? path.size() - limit : 0;
      for (size_t i = 0; i < steps.size(); ++i) TellStep(context, reader, graph, number, i, steps[i]);
    }
    context.out.EndTable({.omitted = omitted});
    return End(context, graph);
  }

  // The last objects of a way say most; of a long one its beginning is left out, but for the root.
  static std::vector<ObjectId> Shortened(const std::vector<ObjectId>& path, uint64_t limit) {
    if (limit == 0 || path.size() <= limit) return path;
    return {path.end() - static_cast<ptrdiff_t>(limit), path.end()};
  }

  static void TellStep(CommandContext& context, HeapReader* reader, const HeapGraph& graph, size_t number, size_t i,
                       const PathStep& step) {
    std::string through, kind = "root";
    Cell name = Absent{};
    if (step.through.empty()) {
      const std::vector<uint32_t> roots = graph.RootsOf(step.node);
      through = roots.empty() ? "(further from the root)" : RootName(graph, roots.front());
      if (!roots.empty() && graph.roots().roots[roots.front()].strength == RootStrength::kMaybe) kind = "maybe";
    } else {
      through = Trimmed(PathText(*reader, step.through));
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
                          NodeText(*reader, graph, step.node),
                          UntrustedText(NodeClass(*reader, graph, step.node)),
                          HexAddress{NodeAddress(graph, step.node)}};
    context.out.AddRow(cells);
  }

  static Result<void> End(CommandContext& context, const HeapGraph& graph) {
    Completeness completeness = StartCompleteness(context);
    graph.Describe(&completeness);
    completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }

  // A line of the merged tree.
  struct Line {
    ObjectId node = kNoObject;
    ObjectId parent = kNoObject;
    uint64_t depth = 0;
    uint64_t targets = 0;
    uint64_t alike = 1;  // so many nodes stand in this line
    std::string text;    // of several
  };

  Result<void> OfClass(CommandContext& context, HeapReader* reader, HeapGraph* graph) const {
    if (const Result<void> shapes = graph->EnsureShapes(context.cancel, context.progress); !shapes) return shapes;
    const std::string wanted = context.args.Text("class", "");
    std::vector<bool> is_wanted(graph->shapes().shapes().size());
    bool any = false;
    for (size_t i = 0; i < is_wanted.size(); ++i) {
      const LiveShape& shape = graph->shapes().shapes()[i];
      is_wanted[i] = shape.live_count > 0 && ShapeClass(context.session.names(), shape) == wanted;
      any |= is_wanted[i];
    }
    if (!any) {
      return Fail(ErrorCode::kNotFound, fmt::format("there is no live object of a class '{}' (see histogram --live)",
                                                    Sanitize(UntrustedText(wanted), {.max_code_points = 80})));
    }
    std::vector<ObjectId> targets;
    for (ObjectId id = 0; id < graph->object_count(); ++id) {
      if (id % (1 << 20) == 0 && context.cancel.Cancelled()) break;
      if (graph->IsLive(id) && is_wanted[graph->shapes().ShapeOf(id)]) targets.push_back(id);
    }
    const PathTree tree = MergePaths(*graph, targets, context.cancel);
    context.out.BeginDocument("path", TargetCard(context.session));
    context.out.AddCard({.key = "class",
                         .fields = {{"name", "Class", UntrustedText(wanted)},
                                    {"live_count", "Live objects", Count{targets.size()}},
                                    {"not_shown", "", Count{tree.not_shown}}}});
    if (tree.not_shown > 0) context.out.AddNote(fmt::format("{} objects are too far from the roots, or too many, to be shown", tree.not_shown));
    context.out.BeginTable({.columns = {{"count", "Count"},
                                        {"depth", ""},
                                        {"", "Way from the root", Align::kLeft},
                                        {"reference", ""},
                                        {"value", ""},
                                        {"class_name", ""},
                                        {"address", "Address"}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    uint64_t shown = 0, omitted = 0;
    std::vector<Line> open = Lines(context, reader, *graph, tree, tree.roots, kNoObject, 0);
    while (!open.empty() && !context.cancel.Cancelled()) {
      const Line line = std::move(open.back());
      open.pop_back();
      if (limit != 0 && shown >= limit) {
        ++omitted;
        continue;
      }
      ++shown;
      TellLine(context, reader, *graph, line);
      if (line.alike > 1) continue;
      const std::vector<Line> below =
          Lines(context, reader, *graph, tree, tree.nodes.at(line.node).children, line.node, line.depth + 1);
      open.insert(open.end(), below.begin(), below.end());
    }
    context.out.EndTable({.omitted = omitted});
    return End(context, *graph);
  }

  // The children of a node as lines, the last one first; of a class that occurs more than three times, those with few
  // targets are one line.
  static std::vector<Line> Lines(CommandContext& context, HeapReader* reader, const HeapGraph& graph, const PathTree& tree,
                                 const std::vector<ObjectId>& children, ObjectId parent, uint64_t depth) {
    constexpr size_t kAlike = 3;
    std::vector<Line> lines;
    std::map<std::string, Line> groups;
    std::map<std::string, size_t> per_class;
    std::vector<std::string> classes;
    for (const ObjectId child : children) {
      if (classes.size() % 4096 == 0 && context.cancel.Cancelled()) return {};
      classes.push_back(NodeClass(*reader, graph, child));
      ++per_class[classes.back()];
    }
    for (size_t i = 0; i < classes.size(); ++i) {
      const uint64_t below = tree.nodes.at(children[i]).targets;
      const bool alone = per_class[classes[i]] <= kAlike || below * 20 > tree.targets;
      if (alone) {
        lines.push_back({children[i], parent, depth, below, 1, ""});
        continue;
      }
      Line& group = groups[classes[i]];
      if (group.targets == 0) group = {children[i], parent, depth, 0, 0, classes[i]};
      group.targets += below;
      ++group.alike;
    }
    for (auto& [name, group] : groups) lines.push_back(std::move(group));
    std::ranges::stable_sort(lines, {}, &Line::targets);  // rising: the last is told first
    return lines;
  }

  static void TellLine(CommandContext& context, HeapReader* reader, const HeapGraph& graph, const Line& line) {
    std::string through;
    if (line.parent == kNoObject) {
      const std::vector<uint32_t> roots = graph.RootsOf(line.node);
      through = roots.empty() ? "(root)" : RootName(graph, roots.front());
    } else {
      const std::vector<PathStep> steps = DescribePath(reader, graph, {line.parent, line.node});
      through = Trimmed(PathText(*reader, steps.back().through));
    }
    const std::string value = line.alike > 1
                                  ? fmt::format("{} x {}", line.alike, Sanitize(UntrustedText(line.text)))
                                  : NodeText(*reader, graph, line.node);
    const std::string shown = std::string(2 * std::min<uint64_t>(line.depth, 40), ' ') +
                              (line.alike > 1 ? value : through + (through.empty() ? "" : ": ") + value);
    const Cell cells[] = {Count{line.targets},
                          Count{line.depth},
                          shown,
                          line.alike > 1 ? Cell(Absent{}) : Cell(through),
                          value,
                          UntrustedText(NodeClass(*reader, graph, line.node)),
                          line.alike > 1 ? Cell(Absent{}) : Cell(HexAddress{NodeAddress(graph, line.node)})};
    context.out.AddRow(cells);
  }
};

}  // namespace

std::unique_ptr<Command> MakePathCommand() {
  return std::make_unique<PathCommand>();
}

}  // namespace corewalk
