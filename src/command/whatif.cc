// whatif: what would be freed if some objects were gone.
#include "command/freed_text.h"
#include "command/graph_text.h"
#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 20;

class WhatIfCommand final : public Command {
 public:
  WhatIfCommand()
      : Command({.name = "whatif",
                 .group = "Graph",
                 .summary = "what would be freed if these objects were gone, all together",
                 .usage = "[OPTION...] ADDRESS... | --class NAME",
                 .description =
                     "What several objects hold together no one of them retains alone: here they are taken away at once,\n"
                     "and what can then no longer be reached is counted. With --class all live objects of a class are.",
                 .example = "whatif 0x2b8f1c0d1b49 0x2b8f1c0d2001\nwhatif --class Session",
                 .options = {SuspectClassOption(),
                             {.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "rows of each table to print, 0 = all (default 20)"}},
                 .max_words = 4096}) {}

  Result<void> Run(CommandContext& context) const override {
    if (const Result<void> usage = CheckSuspects(context, "whatif"); !usage) return usage;
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kSuspects);
    if (!built) return std::unexpected(built.error());
    HeapGraph& graph = **built;
    const Result<Suspects> suspects = FindSuspects(context, &graph);
    if (!suspects) return std::unexpected(suspects.error());
    const Result<FreedObjects> freed = FreedWith(context, graph, suspects->nodes);
    if (!freed) return std::unexpected(freed.error());

    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    context.out.BeginDocument("whatif", TargetCard(context.session));
    Card card{.fields = {{"gone", "Taken away", Count{suspects->nodes.size()}},
                         {"freed_count", "Objects freed", Count{freed->count}},
                         {"freed_bytes", "Bytes freed", Bytes{freed->bytes}}}};
    if (suspects->class_name)
      card.fields.insert(card.fields.begin(), {"class_name", "Class", UntrustedText(*suspects->class_name)});
    context.out.AddCard(card);
    if (!suspects->class_name) TellObjects(context, graph, suspects->nodes, limit);
    TellFreed(context, *freed, "freed", "What would be freed", limit);
    context.out.EndDocument(GraphCompleteness(context, graph));
    return {};
  }

 private:
  static void TellObjects(CommandContext& context, const HeapGraph& graph, std::span<const ObjectId> nodes,
                          uint64_t limit) {
    HeapReader reader(context.session.memory(), context.session.layout(), &context.session.names());
    context.out.BeginTable({.title = "Taken away",
                            .columns = {{"address", "Address"}, {"class_name", ""}, {"value", "Object", Align::kLeft}}});
    uint64_t shown = 0;
    for (const ObjectId node : nodes) {
      if (limit != 0 && shown >= limit) break;
      ++shown;
      const Cell cells[] = {HexAddress{NodeAddress(graph, node)}, UntrustedText(NodeClass(reader, graph, node)),
                            NodeText(reader, graph, node)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = nodes.size() - shown});
  }
};

}  // namespace

std::unique_ptr<Command> MakeWhatIfCommand() {
  return std::make_unique<WhatIfCommand>();
}

}  // namespace corewalk
