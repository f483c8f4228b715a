// dominators: the dominator tree, the biggest first.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/dominator_tree.h"
#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/target.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 60;
constexpr int64_t kDefaultLargest = 30;
constexpr uint64_t kChain = 3;  // so many in a row are told as a chain

class DominatorsCommand final : public Command {
 public:
  DominatorsCommand()
      : Command({.name = "dominators",
                 .group = "Graph",
                 .summary = "the dominator tree: what would be freed with what, the biggest first",
                 .usage = "[OPTION...] [ADDRESS]",
                 .description =
                     "An object dominates what can only be reached through it; its retained bytes are what would be freed\n"
                     "with it. Below the roots, or below ADDRESS, the tree is told level by level; more than three\n"
                     "of a class are one line, and so is a chain of one class (a linked list). Shares are of the first line.\n"
                     "With --largest the objects that retain most are listed, wherever they stand in the tree; shares are of\n"
                     "all that is live.",
                 .example = "dominators\ndominators --depth 2 0x2b8f1c0d1b49\ndominators --largest -n 10 --json",
                 .options = {{.name = "depth",
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "levels of the tree (default 4)"},
                             {.name = "per-level",
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "lines below one line (default 8)"},
                             {.name = "largest", .help = "the objects that retain most, without the tree"},
                             {.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "lines in all, 0 = all (default 60; with --largest 30)"}},
                 .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kRetained);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    ObjectId start = static_cast<ObjectId>(graph.node_count());
    if (!context.args.words().empty()) {
      const Result<std::vector<ObjectId>> nodes = NodesAt(context, graph, true);
      if (!nodes) return std::unexpected(nodes.error());
      start = nodes->front();
    }
    if (context.args.Has("largest") && start != graph.node_count())
      return Fail(ErrorCode::kUsage, "dominators: --largest is about the whole heap, without an address");
    HeapReader reader(context.session.memory(), context.session.layout(), &context.session.names());
    const auto class_of = [&](ObjectId node) { return ClassOf(context, graph, node); };
    const auto shallow_of = [&](ObjectId node) { return ShallowOf(&reader, graph, node); };
    const bool largest = context.args.Has("largest");
    DominatorTreeText text;
    if (largest) {
      const uint64_t wanted = static_cast<uint64_t>(context.args.Integer("limit", kDefaultLargest));
      for (const ObjectId node : LargestRetained(graph, wanted == 0 ? graph.node_count() : wanted, context.cancel)) {
        text.lines.push_back({.node = node, .shallow = shallow_of(node), .retained = graph.RetainedOf(node),
                              .class_name = class_of(node)});
      }
    } else {
      text = ReadDominatorTree(graph, start,
                               {.depth = static_cast<uint64_t>(std::max<int64_t>(1, context.args.Integer("depth", 4))),
                                .per_level = static_cast<uint64_t>(std::max<int64_t>(1, context.args.Integer("per-level", 8)))},
                               class_of, shallow_of, context.cancel);
    }
    context.out.BeginDocument("dominators", TargetCard(context.session));
    if (start == graph.node_count()) context.out.AddCard(LivenessCard(graph));
    Tell(context, &reader, graph, text, largest);
    context.out.EndDocument(GraphCompleteness(context, graph));
    return {};
  }

 private:
  // Through the shapes, so that a class is looked up once per Map and not once per object.
  static std::string ClassOf(CommandContext& context, const HeapGraph& graph, ObjectId node) {
    if (!graph.IsObject(node)) return "(external)";
    const LiveShape& shape = graph.shapes().shapes()[graph.shapes().ShapeOf(node)];
    return ShapeClass(context.session.names(), shape);
  }

  static uint64_t ShallowOf(HeapReader* reader, const HeapGraph& graph, ObjectId node) {
    if (!graph.IsObject(node)) return graph.external()[node - graph.object_count()].bytes;
    return reader->SizeOf(graph.index().AddressOf(node) + 1);
  }

  static void Tell(CommandContext& context, HeapReader* reader, const HeapGraph& graph, const DominatorTreeText& text,
                   bool largest) {
    // Of the first line, or of all that is live.
    uint64_t all = !largest && !text.lines.empty() ? text.lines.front().retained : 0;
    if (largest) {
      for (const LiveShape& shape : graph.shapes().shapes()) {
        if (shape.space != SpaceKind::kReadOnly) all += shape.live_bytes;
      }
      for (size_t i = 0; i < graph.external().size(); ++i) {
        if (graph.IsLive(static_cast<ObjectId>(graph.object_count() + i))) all += graph.external()[i].bytes;
      }
    }
    context.out.BeginTable({.columns = {{"depth", ""},
                                        {"retained_bytes", "Retained bytes"},
                                        {"share", "Share"},
                                        {"shallow_bytes", "Shallow bytes"},
                                        {"count", ""},
                                        {"chain", ""},
                                        {"", "Object", Align::kLeft},
                                        {"value", ""},
                                        {"class_name", ""},
                                        {"address", "Address"}}});
    const uint64_t limit = largest ? 0 : static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    uint64_t shown = 0, omitted = 0;
    for (const DominatorLine& line : text.lines) {
      if (limit != 0 && shown >= limit) {
        ++omitted;
        continue;
      }
      ++shown;
      const bool root = line.node == graph.node_count();
      const std::string class_name = Sanitize(UntrustedText(line.class_name));
      std::string value = root ? "(roots)" : line.count > 1 ? fmt::format("{} x {}", FormatCount(line.count), class_name)
                                                            : NodeText(*reader, graph, line.node);
      if (line.chain + 1 >= kChain) value += fmt::format(" (first of a chain of {} {})", FormatCount(line.chain + 1), class_name);
      const Cell cells[] = {
          Count{line.depth},
          Bytes{line.retained},
          Share{all == 0 ? 0 : static_cast<double>(line.retained) / static_cast<double>(all)},
          Bytes{line.shallow},
          Count{line.count},
          Count{line.chain},
          std::string(2 * std::min<uint64_t>(line.depth, 40), ' ') + value,
          value,
          root ? Cell(Absent{}) : Cell(UntrustedText(line.class_name)),
          root ? Cell(Absent{}) : Cell(HexAddress{NodeAddress(graph, line.node)})};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = omitted});
    if (!largest) context.out.AddCard({.key = "tree", .fields = {{"left_out", "", Count{text.left_out}}}});
    if (text.left_out > 0) {
      context.out.AddNote(fmt::format("{} objects right below those shown have no line: they retain less than 0.5 % of the "
                                      "first line, or there are larger ones (--per-level)",
                                      FormatCount(text.left_out)));
    }
  }
};

}  // namespace

std::unique_ptr<Command> MakeDominatorsCommand() {
  return std::make_unique<DominatorsCommand>();
}

}  // namespace corewalk
