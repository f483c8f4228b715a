// retainers: who holds an object at once, grouped by class and name of the reference.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/referrers.h"
#include "command/graph_text.h"
#include "command/reference_text.h"
#include "command/target.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 30;
constexpr uint64_t kMostReferrers = 200'000;

class RetainersCommand final : public Command {
 public:
  RetainersCommand()
      : Command({.name = "retainers",
                 .group = "Graph",
                 .summary = "who holds an object at once: holders by class and reference, with counts",
                 .usage = "[OPTION...] ADDRESS",
                 .description =
                     "Strong references from live objects only, grouped by the class of the holder and what the reference\n"
                     "is called; elements of arrays and values of Maps are one group each. refs lists them one by one, dead\n"
                     "and weak ones too; path tells the way from a root.",
                 .example = "retainers 0x2b8f1c0d1b49",
                 .options = {{.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "groups to print, 0 = all (default 30)"}},
                 .min_words = 1,
                 .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kPaths);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    const Result<std::vector<ObjectId>> nodes = NodesAt(context, graph, false);
    if (!nodes) return std::unexpected(nodes.error());
    const Address target = NodeAddress(graph, nodes->front());
    HeapReader reader(context.session.memory(), context.session.layout(), &context.session.names());
    const Referrers found =
        FindReferrers(context.session, &reader, std::span(&target, 1),
                      {.walk = {.isolate = graph.index().isolate(), .threads = context.session.options().threads},
                       .most = kMostReferrers,
                       .roots = false},
                      context.cancel, context.progress);
    struct Group {
      uint64_t count = 0;
      Address sample = 0;
      std::string class_name, reference;
    };
    std::map<std::pair<std::string, std::string>, Group> groups;
    uint64_t dead = 0;
    for (const Referrer& row : found.heap) {
      if (row.weak) continue;
      const ObjectId owner = graph.index().At(row.owner);
      if (owner != kNoObject && !graph.IsLive(owner)) {
        ++dead;
        continue;
      }
      std::string class_name = reader.ClassOf(row.owner + 1);
      std::string reference = Reference(reader, row);
      Group& group = groups[{class_name, reference}];
      if (group.count++ == 0) group = {1, row.owner, class_name, reference};
    }
    std::vector<Group> rows;
    for (auto& [key, group] : groups) rows.push_back(std::move(group));
    std::ranges::stable_sort(rows, [](const Group& a, const Group& b) { return a.count > b.count; });

    context.out.BeginDocument("retainers", TargetCard(context.session));
    context.out.AddCard({.key = "object",
                         .fields = {{"address", "Object", HexAddress{target}},
                                    {"class_name", "Class", UntrustedText(NodeClass(reader, graph, nodes->front()))},
                                    {"value", "Value", NodeText(reader, graph, nodes->front())},
                                    {"live", "", graph.IsLive(nodes->front())},
                                    {"dead_referrers", dead > 0 ? "Garbage that refers to it too" : "", Count{dead}}}});
    if (!graph.IsLive(nodes->front())) context.out.AddNote("no root reaches this object: it is garbage");
    if (rows.empty() && graph.RootsOf(nodes->front()).empty() && graph.IsLive(nodes->front()))
      context.out.AddNote("no reference to it was found: it may be the value of a WeakMap's key (see path)");
    const bool any = !rows.empty();
    context.out.BeginTable({.columns = {{"count", any ? "Count" : ""},
                                        {"", any ? "Held by" : "", Align::kLeft},
                                        {"class_name", ""},
                                        {"reference", ""},
                                        {"sample", any ? "One of them" : ""}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    uint64_t shown = 0;
    for (const Group& row : rows) {
      if (limit != 0 && shown >= limit) break;
      ++shown;
      const Cell cells[] = {Count{row.count}, OwnerText(reader, row.sample) + row.reference,
                            UntrustedText(row.class_name), row.reference, HexAddress{row.sample}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = rows.size() - shown});
    const std::vector<uint32_t> roots = graph.RootsOf(nodes->front());
    context.out.BeginTable({.key = "roots",
                            .columns = {{"name", roots.empty() ? "" : "Held by root", Align::kLeft}, {"strength", ""}}});
    for (const uint32_t root : roots) {
      const Cell cells[] = {RootName(graph, root),
                            std::string(graph.roots().roots[root].strength == RootStrength::kStrong ? "strong" : "maybe")};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
    Completeness completeness = StartCompleteness(context);
    found.Describe(&completeness);
    graph.Describe(&completeness);
    if (found.heap_total > found.heap.size()) {
      completeness.cut = true;
      completeness.notes.push_back(fmt::format("{} of {} references were looked at", FormatCount(found.heap.size()),
                                               FormatCount(found.heap_total)));
    }
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  // What the reference is called, without what differs from one to the next of its kind.
  static std::string Reference(HeapReader& reader, const Referrer& row) {
    const SlotName& last = row.path.back();
    std::string text = PathText(reader, std::span(row.path).first(row.path.size() - 1));
    switch (last.kind) {
      case SlotKind::kElement:
        return text + "[...]";
      case SlotKind::kEntry:
        return text + "[key]";
      default:
        return text + SlotText(reader, last);
    }
  }
};

}  // namespace

std::unique_ptr<Command> MakeRetainersCommand() {
  return std::make_unique<RetainersCommand>();
}

}  // namespace corewalk
