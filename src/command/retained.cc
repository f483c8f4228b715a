// retained: how much would be freed with an object, and what that is.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/dominator_tree.h"
#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 20;

class RetainedCommand final : public Command {
 public:
  RetainedCommand()
      : Command({.name = "retained",
                 .group = "Graph",
                 .summary = "what would be freed with an object: bytes, and objects by class",
                 .usage = "[OPTION...] ADDRESS",
                 .description =
                     "The retained bytes of an object are those of all objects that can only be reached through it, itself\n"
                     "included; memory outside of the heap (of ArrayBuffers, external strings) counts with its owner.",
                 .example = "retained 0x2b8f1c0d1b49",
                 .options = {{.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "classes to print, 0 = all (default 20)"}},
                 .min_words = 1,
                 .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kRetained);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    const Result<std::vector<ObjectId>> nodes = NodesAt(context, graph, true);
    if (!nodes) return std::unexpected(nodes.error());
    const ObjectId node = nodes->front();
    HeapReader reader(context.session.memory(), context.session.layout(), &context.session.names());

    struct Row {
      uint64_t count = 0, bytes = 0;
    };
    std::map<std::string, Row> classes;
    uint64_t objects = 0;
    const auto size_of = [&](ObjectId n) {
      return graph.IsObject(n) ? reader.SizeOf(graph.index().AddressOf(n) + 1)
                               : graph.external()[n - graph.object_count()].bytes;
    };
    VisitDominated(graph, node, context.cancel, [&](ObjectId n) {
      std::string name = "(external)";
      if (graph.IsObject(n)) {
        const LiveShape& shape = graph.shapes().shapes()[graph.shapes().ShapeOf(n)];
        name = ShapeClass(context.session.names(), shape);
      }
      Row& row = classes[name];
      ++objects;
      ++row.count;
      row.bytes += size_of(n);
    });
    const ObjectId dominator = graph.DominatorOf(node);
    context.out.BeginDocument("retained", TargetCard(context.session));
    context.out.AddCard(
        {.key = "object",
         .fields = {{"address", "Object", HexAddress{NodeAddress(graph, node)}},
                    {"class_name", "Class", UntrustedText(NodeClass(reader, graph, node))},
                    {"value", "Value", NodeText(reader, graph, node)},
                    {"shallow_bytes", "Shallow", Bytes{size_of(node)}},
                    {"retained_bytes", "Retained", Bytes{graph.RetainedOf(node)}},
                    {"retained_count", "Objects", Count{objects}},
                    {"dominator", "Dominated by",
                     dominator == graph.node_count() ? Cell(Absent{}) : Cell(HexAddress{NodeAddress(graph, dominator)})},
                    {"dominator_value", "",
                     dominator == graph.node_count() ? Cell(std::string("(roots)"))
                                                     : Cell(NodeText(reader, graph, dominator))}}});
    std::vector<std::pair<std::string, Row>> rows(classes.begin(), classes.end());
    std::ranges::stable_sort(rows, [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
    context.out.BeginTable({.title = "What is retained",
                            .columns = {{"count", "Count"},
                                        {"shallow_bytes", "Shallow bytes"},
                                        {"name", "Name", Align::kLeft}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    uint64_t shown = 0;
    for (const auto& [name, row] : rows) {
      if (limit != 0 && shown >= limit) break;
      ++shown;
      const Cell cells[] = {Count{row.count}, Bytes{row.bytes}, UntrustedText(name)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = rows.size() - shown});
    Completeness completeness = StartCompleteness(context);
    graph.Describe(&completeness);
    completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> MakeRetainedCommand() {
  return std::make_unique<RetainedCommand>();
}

}  // namespace corewalk
