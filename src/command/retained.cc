// retained: how much would be freed with an object or with all objects of a class, and what that is.
#include <fmt/format.h>

#include "command/freed_text.h"
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
                 .usage = "[OPTION...] ADDRESS | --class NAME",
                 .description =
                     "The retained bytes of an object are those of all objects that can only be reached through it, itself\n"
                     "included; memory outside of the heap (of ArrayBuffers, external strings) counts with its owner.\n"
                     "Of a class two figures are told: what all its live objects hold together, which is what would be\n"
                     "freed if all of them were gone (the table); and the sum of what each retains alone, objects that\n"
                     "another one of the class retains left out, as DevTools counts it. Where the second is smaller, the\n"
                     "rest is shared: no one of them holds it alone.",
                 .example = "retained 0x2b8f1c0d1b49\nretained --class Session",
                 .options = {SuspectClassOption(),
                             {.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "classes to print, 0 = all (default 20)"}},
                 .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    if (const Result<void> usage = CheckSuspects(context, "retained"); !usage) return usage;
    return context.args.Has("class") ? OfClass(context) : OfObject(context);
  }

 private:
  static uint64_t Limit(const CommandContext& context) {
    return static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
  }

  static Result<void> End(CommandContext& context, const HeapGraph& graph) {
    context.out.EndDocument(GraphCompleteness(context, graph));
    return {};
  }

  static Result<void> OfClass(CommandContext& context) {
    Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kAll);
    if (!built && built.error().code == ErrorCode::kNoMemory) built = GraphFor(context, Session::GraphNeed::kSuspects);
    if (!built) return std::unexpected(built.error());
    HeapGraph& graph = **built;
    const Result<Suspects> suspects = FindSuspects(context, &graph);
    if (!suspects) return std::unexpected(suspects.error());
    const Result<FreedObjects> freed = FreedWith(context, graph, suspects->nodes);
    if (!freed) return std::unexpected(freed.error());
    Card card{.key = "class",
              .fields = {{"name", "Class", UntrustedText(*suspects->class_name)},
                         {"live_count", "Live objects", Count{suspects->nodes.size()}},
                         {"freed_bytes", "Held by all together", Bytes{freed->bytes}},
                         {"freed_count", "in objects", Count{freed->count}},
                         {"retained_bytes", graph.has_retained() ? "Retained one by one" : "", Absent{}}}};
    if (graph.has_retained()) card.fields.back().value = Bytes{SumOfRetained(graph, suspects->nodes, context.cancel)};
    context.out.BeginDocument("retained", TargetCard(context.session));
    context.out.AddCard(card);
    TellFreed(context, *freed, "rows", "What they hold together", Limit(context));
    return End(context, graph);
  }

  // Over those that no other of them dominates.
  static uint64_t SumOfRetained(const HeapGraph& graph, std::span<const ObjectId> nodes, const Cancel& cancel) {
    NodeSet members(graph.node_count());
    for (const ObjectId node : nodes) members.Add(node);
    const std::vector<uint64_t> sums =
        SumRetainedOfGroups(graph.dominators(), graph.retained(), 2,
                            [&](ObjectId node) { return members.Has(node) ? 1u : 0u; }, cancel);
    return sums.empty() ? 0 : sums[1] * kSizeUnit;
  }

  static Result<void> OfObject(CommandContext& context) {
    Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kRetained);
    const bool by_marks = !built && built.error().code == ErrorCode::kNoMemory;
    if (by_marks) built = GraphFor(context, Session::GraphNeed::kSuspects);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    const Result<std::vector<ObjectId>> nodes = NodesAt(context, graph, true);
    if (!nodes) return std::unexpected(nodes.error());
    const ObjectId node = nodes->front();
    HeapReader reader(context.session.memory(), context.session.layout(), &context.session.names());
    const uint64_t shallow = graph.IsObject(node) ? reader.SizeOf(graph.index().AddressOf(node) + 1)
                                                  : graph.external()[node - graph.object_count()].bytes;
    FreedObjects dominated;
    Cell dominator_address = Absent{}, dominator_value = Absent{};
    std::string dominator_text = "not known: memory is short for dominators";
    if (by_marks) {
      Result<FreedObjects> freed = FreedWith(context, graph, *nodes);
      if (!freed) return std::unexpected(freed.error());
      dominated = std::move(*freed);
    } else {
      dominated = DominatedBy(graph, node, context.cancel);
      const ObjectId dominator = graph.DominatorOf(node);
      dominator_text = "nothing else: the roots, or several objects, hold it";
      dominator_value = std::string("(roots)");
      if (dominator != graph.node_count()) {
        const std::string value = NodeText(reader, graph, dominator);
        dominator_address = HexAddress{NodeAddress(graph, dominator)};
        dominator_text = fmt::format("{:#x} {}", NodeAddress(graph, dominator), value);
        dominator_value = value;
      }
    }
    context.out.BeginDocument("retained", TargetCard(context.session));
    context.out.AddCard(
        {.key = "object",
         .fields = {{"address", "Object", HexAddress{NodeAddress(graph, node)}},
                    {"class_name", "Class", UntrustedText(NodeClass(reader, graph, node))},
                    {"value", "Value", NodeText(reader, graph, node)},
                    {"shallow_bytes", "Shallow", Bytes{shallow}},
                    {"retained_bytes", "Retained", Bytes{by_marks ? dominated.bytes : graph.RetainedOf(node)}},
                    {"retained_count", "Objects", Count{dominated.count}},
                    {"", "Dominated by", dominator_text},
                    {"dominator", "", dominator_address},
                    {"dominator_value", "", dominator_value}}});
    TellFreed(context, dominated, "rows", "What is retained", Limit(context));
    return End(context, graph);
  }
};

}  // namespace

std::unique_ptr<Command> MakeRetainedCommand() {
  return std::make_unique<RetainedCommand>();
}

}  // namespace corewalk
