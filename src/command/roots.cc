// roots: where the garbage collector starts, by groups, or the roots of one group.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 50;

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

class RootsCommand final : public Command {
 public:
  RootsCommand()
      : Command({.name = "roots",
                 .group = "Graph",
                 .summary = "the garbage collector's roots, by groups",
                 .description =
                     "Groups are named as in DevTools. Weak roots keep nothing alive. Of stacks, the frames of\n"
                     "JavaScript are roots; where they cannot be followed, and in the Isolate, a word that looks like a\n"
                     "reference is taken for one, and what only such words hold is told apart (\"only by looks\"). Objects\n"
                     "are those outside of read-only space, each counted once per group. With --group the roots of one\n"
                     "group are listed, strong ones first: the object, and which part of Node.js or V8 holds it.",
                 .example = "roots\nroots --group 'global handles' -n 20",
                 .options = {{.name = "group",
                              .letter = 'g',
                              .kind = OptionKind::kString,
                              .value_name = "NAME",
                              .help = "the roots of the group whose name contains NAME"},
                             {.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "roots to print, 0 = all (default 50)"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kPaths);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    HeapReader reader(context.session.memory(), context.session.layout(), &context.session.names());
    if (context.args.Has("group")) return List(context, &reader, graph);
    struct Sum {
      uint64_t objects = 0, bytes = 0;
      std::vector<ObjectId> nodes;
    };
    std::array<Sum, static_cast<size_t>(RootGroup::kCount)> sums;
    for (const Root& root : graph.roots().roots) {
      if (const ObjectId node = graph.index().At(root.object); node != kNoObject)
        sums[static_cast<size_t>(root.group)].nodes.push_back(node);
    }
    for (Sum& sum : sums) {
      std::ranges::sort(sum.nodes);
      const auto repeated = std::ranges::unique(sum.nodes);
      sum.nodes.erase(repeated.begin(), repeated.end());
      for (const ObjectId node : sum.nodes) {
        ++sum.objects;
        sum.bytes += reader.SizeOf(graph.index().AddressOf(node) + 1);
      }
    }
    const bool problems = std::ranges::any_of(graph.roots().groups, [](const RootGroupState& g) { return !g.problem.empty(); });
    context.out.BeginDocument("roots", TargetCard(context.session));
    context.out.BeginTable({.columns = {{"name", "Group", Align::kLeft},
                                        {"count", "Roots"},
                                        {"weak_count", "Weak"},
                                        {"objects", "Objects"},
                                        {"shallow_bytes", "Shallow bytes"},
                                        {"strength", "Found", Align::kLeft},
                                        {"problem", problems ? "Problem" : "", Align::kLeft}}});
    for (size_t i = 0; i < sums.size(); ++i) {
      const RootGroupState& state = graph.roots().groups[i];
      const Cell cells[] = {std::string(RootGroupName(static_cast<RootGroup>(i))),
                            Count{state.count},
                            Count{state.weak},
                            Count{sums[i].objects},
                            Bytes{sums[i].bytes},
                            std::string(!state.problem.empty() && !state.found ? "not found"
                                      : !state.found                         ? "none seen"
                                      : state.conservative                   ? "by looks"
                                                                             : "exactly"),
                            state.problem.empty() ? Cell(Absent{}) : Cell(state.problem)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
    return End(context, graph);
  }

 private:
  static Result<void> End(CommandContext& context, const HeapGraph& graph) {
    context.out.EndDocument(GraphCompleteness(context, graph));
    return {};
  }

  static Result<void> List(CommandContext& context, HeapReader* reader, const HeapGraph& graph) {
    const std::string wanted = Lower(context.args.Text("group", ""));
    std::vector<RootGroup> groups;
    for (size_t i = 0; i < static_cast<size_t>(RootGroup::kCount); ++i) {
      if (Lower(std::string(RootGroupName(static_cast<RootGroup>(i)))).find(wanted) != std::string::npos)
        groups.push_back(static_cast<RootGroup>(i));
    }
    if (groups.empty())
      return Fail(ErrorCode::kNotFound, fmt::format("no group of roots is called '{}' (see roots)",
                                                    Sanitize(UntrustedText(wanted), {.max_code_points = 80})));
    context.out.BeginDocument("roots", TargetCard(context.session));
    context.out.BeginTable({.columns = {{"group", groups.size() > 1 ? "Group" : "", Align::kLeft},
                                        {"label", "Held by", Align::kLeft},
                                        {"strength", "Strength", Align::kLeft},
                                        {"value", "Object", Align::kLeft},
                                        {"class_name", ""},
                                        {"address", "Address"},
                                        {"slot", ""}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    static constexpr std::string_view kStrength[] = {"strong", "weak", "maybe"};
    std::vector<std::pair<const Root*, ObjectId>> rows;
    for (const Root& root : graph.roots().roots) {
      if (std::ranges::find(groups, root.group) == groups.end()) continue;
      if (const ObjectId node = graph.index().At(root.object); node != kNoObject) rows.emplace_back(&root, node);
    }
    // What keeps something alive first.
    const auto rank = [](const Root& root) { return root.strength == RootStrength::kWeak; };
    std::ranges::stable_sort(rows, [&](const auto& a, const auto& b) {
      return std::tuple(a.first->group, rank(*a.first)) < std::tuple(b.first->group, rank(*b.first));
    });
    uint64_t shown = 0, omitted = 0;
    for (const auto& [row, node] : rows) {
      const Root& root = *row;
      if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) {
        ++omitted;
        continue;
      }
      ++shown;
      const std::string& label = graph.roots().labels[root.label];
      const Cell cells[] = {std::string(RootGroupName(root.group)),
                            label.empty() ? Cell(Absent{}) : Cell(UntrustedText(label)),
                            std::string(kStrength[static_cast<size_t>(root.strength)]),
                            NodeText(*reader, graph, node),
                            UntrustedText(NodeClass(*reader, graph, node)),
                            HexAddress{NodeAddress(graph, node)},
                            root.slot == 0 ? Cell(Absent{}) : Cell(HexAddress{root.slot})};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = omitted});
    return End(context, graph);
  }
};

}  // namespace

std::unique_ptr<Command> MakeRootsCommand() {
  return std::make_unique<RootsCommand>();
}

}  // namespace corewalk
