// whatif: what would be freed if some objects were gone.
#include "command/graph_text.h"
#include "command/target.h"

namespace corewalk {
namespace {

class WhatIfCommand final : public Command {
 public:
  WhatIfCommand()
      : Command({.name = "whatif",
                 .group = "Graph",
                 .summary = "what would be freed if these objects were gone, all together",
                 .usage = "ADDRESS...",
                 .description =
                     "What several objects hold together no one of them retains alone: here they are taken away at once,\n"
                     "and what can then no longer be reached is counted.",
                 .example = "whatif 0x2b8f1c0d1b49 0x2b8f1c0d2001",
                 .min_words = 1,
                 .max_words = 4096}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kPaths);
    if (!built) return std::unexpected(built.error());
    HeapGraph& graph = **built;
    const Result<std::vector<ObjectId>> nodes = NodesAt(context, graph, true);
    if (!nodes) return std::unexpected(nodes.error());
    const Result<HeapGraph::Freed> freed = graph.WithoutNodes(*nodes, context.cancel);
    if (!freed) return std::unexpected(freed.error());
    context.out.BeginDocument("whatif", TargetCard(context.session));
    context.out.AddCard({.fields = {{"gone", "Taken away", Count{nodes->size()}},
                                    {"freed_count", "Objects freed", Count{freed->nodes}},
                                    {"freed_bytes", "Bytes freed", Bytes{freed->bytes}}}});
    HeapReader reader(context.session.memory(), context.session.layout(), &context.session.names());
    context.out.BeginTable(
        {.columns = {{"address", "Object"}, {"class_name", ""}, {"value", "Value", Align::kLeft}}});
    for (const ObjectId node : *nodes) {
      const Cell cells[] = {HexAddress{NodeAddress(graph, node)}, UntrustedText(NodeClass(reader, graph, node)),
                            NodeText(reader, graph, node)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
    Completeness completeness = StartCompleteness(context);
    graph.Describe(&completeness);
    context.out.EndDocument(completeness);
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> MakeWhatIfCommand() {
  return std::make_unique<WhatIfCommand>();
}

}  // namespace corewalk
