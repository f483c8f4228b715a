// collections: the largest Maps, Sets, arrays and dictionaries, and all about one of them.
#include "analysis/leaks/collections.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/leaks/excuses.h"
#include "analysis/leaks/holder.h"
#include "base/number_text.h"
#include "base/text_sanitize.h"
#include "command/collection_text.h"
#include "command/graph_text.h"
#include "command/holder_text.h"
#include "command/target.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 20;
constexpr size_t kShownValues = 2;

uint64_t LiveBytes(const HeapGraph& graph) {
  uint64_t all = 0;
  for (const LiveShape& shape : graph.shapes().shapes()) {
    if (shape.space != SpaceKind::kReadOnly) all += shape.live_bytes;
  }
  for (size_t i = 0; i < graph.external().size(); ++i) {
    if (graph.IsLive(static_cast<ObjectId>(graph.object_count() + i))) all += graph.external()[i].bytes;
  }
  return all;
}

Cell TextOrAbsent(std::string text) {
  return text.empty() ? Cell(Absent{}) : Cell(std::move(text));
}
Cell NumberOrAbsent(std::optional<double> number) {
  return number ? Cell(NumberText(*number)) : Cell(Absent{});
}
Cell ShareOrAbsent(std::optional<double> share) {
  return share ? Cell(Share{*share}) : Cell(Absent{});
}
Cell CountOrAbsent(std::optional<uint64_t> count) {
  return count ? Cell(Count{*count}) : Cell(Absent{});
}

class CollectionsCommand final : public Command {
 public:
  CollectionsCommand()
      : Command(
            {.name = "collections",
             .group = "Leaks",
             .summary = "the largest Maps, Sets, arrays and dictionaries: entries, keys, values, how they grew, who "
                        "holds them",
             .usage = "[OPTION...] [ADDRESS]",
             .description =
                 "Live collections, those that retain most first: Map, Set, Array and classes derived from them, "
                 "objects\n"
                 "used as tables (in dictionary mode, with 32 properties or elements), WeakMap and WeakSet. With "
                 "ADDRESS\n"
                 "all about one: also of an object that is nothing but a collection (URLSearchParams, Headers, a "
                 "cache\n"
                 "class built on a Map).\n"
                 "\n"
                 "Counts, capacities and deleted entries are exact, from the collection's own header. Keys, classes of "
                 "values\n"
                 "and times are those of all entries of a small collection and of some thousand of a large one, "
                 "evenly\n"
                 "spread; the answer says which.\n"
                 "\n"
                 "\"unbounded\" is said only with evidence: 1,000 entries or more, nothing deleted while it grew (a "
                 "Map counts\n"
                 "its deleted entries, a dictionary all that were ever added; or the numbers of its entries have no "
                 "gap,\n"
                 "their times rise from first to last, an array was only pushed to), and an entry for each single "
                 "thing\n"
                 "(numbered keys, UUIDs, timestamps, objects). \"bounded\": it is at a limit that stands beside it\n"
                 "(cache.max), or frozen. Everything else is left open.",
             .example = "collections\ncollections --kind map,set -n 5\ncollections --min-entries 10000 --sort entries\n"
                        "collections 0x2b8f1c0d1b49",
             .options = {{.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "collections to list, 0 = all (default 20)"},
                         {.name = "min-entries",
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "only those with so many entries or more (default 1)"},
                         {.name = "kind",
                          .kind = OptionKind::kString,
                          .value_name = "KIND,...",
                          .help = "map, set, array, object, weakmap, weakset (default: all)"},
                         {.name = "sort",
                          .kind = OptionKind::kChoice,
                          .value_name = "KEY",
                          .help = "retained or entries (default retained)",
                          .choices = {"retained", "entries"}}},
             .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<CollectionQuery> query = QueryOf(context.args);
    if (!query) return std::unexpected(query.error());
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kAll);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    if (context.args.words().empty()) return List(context, &reader, graph, *query);
    const Result<std::vector<ObjectId>> nodes = NodesAt(context, graph, false);
    if (!nodes) return std::unexpected(nodes.error());
    const std::optional<CollectionFacts> facts = DescribeCollection(&reader, graph, nodes->front(), context.cancel);
    if (!facts) {
      return Fail(ErrorCode::kNotFound, fmt::format("{:#x} is no collection: {}", NodeAddress(graph, nodes->front()),
                                                    NodeText(reader, graph, nodes->front())));
    }
    TellOne(context, &reader, graph, *facts);
    return {};
  }

 private:
  static Result<CollectionQuery> QueryOf(const Arguments& args) {
    CollectionQuery query{.most = static_cast<uint64_t>(args.Integer("limit", kDefaultRows)),
                          .min_entries = static_cast<uint64_t>(args.Integer("min-entries", 1)),
                          .by_entries = args.Text("sort", "retained") == "entries",
                          .count_more = true};
    std::string list = args.Text("kind");
    while (!list.empty()) {
      const size_t comma = std::min(list.find(','), list.size());
      const std::string name = list.substr(0, comma);
      list.erase(0, comma + 1);
      bool known = false;
      for (size_t i = 0; i < kCollectionKinds; ++i) {
        if (CollectionKindName(static_cast<CollectionKind>(i)) != name) continue;
        query.kinds.push_back(static_cast<CollectionKind>(i));
        known = true;
      }
      if (!known) {
        return Fail(ErrorCode::kUsage,
                    fmt::format("collections: no such kind '{}' (map, set, array, object, weakmap, weakset)",
                                Sanitize(name, {.max_code_points = 40})));
      }
    }
    return query;
  }

  static std::string FillText(const CollectionFacts& facts) {
    if (facts.capacity == 0) return "-";
    return FormatShare(static_cast<double>(facts.entries) / static_cast<double>(facts.capacity));
  }

  // "LruCache.map", "users".
  static std::string HolderName(const Holder& holder) {
    const auto safe = [](const std::string& text) { return Sanitize(UntrustedText(text), {.max_code_points = 60}); };
    if (holder.name.empty()) return holder.kind == HolderKind::kUnknown ? "(unknown)" : safe(holder.text);
    return holder.owner.empty() ? safe(holder.name) : safe(holder.owner) + "." + safe(holder.name);
  }
  static std::string HeldBy(const Holder& holder) {
    const std::string place = HolderPlace(holder);
    return HolderName(holder) + (place.empty() ? "" : " at " + place);
  }

  Result<void> List(CommandContext& context, HeapReader* reader, const HeapGraph& graph,
                    const CollectionQuery& query) const {
    const CollectionList list = FindCollections(reader, graph, query, context.cancel);
    context.out.BeginDocument("collections", TargetCard(context.session));
    context.out.AddCard(LivenessCard(graph));
    const uint64_t all = LiveBytes(graph);
    HolderFinder holders(reader, graph, context.cancel);
    std::vector<ObjectId> nodes;
    for (const CollectionHead& head : list.rows) nodes.push_back(head.node);
    holders.Prepare(nodes);
    context.out.BeginTable({.columns = {{"retained_bytes", "Retained bytes"},
                                        {"share", "Share"},
                                        {"entries", "Entries"},
                                        {"capacity", ""},
                                        {"deleted", ""},
                                        {"kind", ""},
                                        {"", "Collection", Align::kLeft},
                                        {"class_name", ""},
                                        {"", "Keys", Align::kLeft},
                                        {"keys", ""},
                                        {"key_class", ""},
                                        {"key_pattern", ""},
                                        {"values", ""},
                                        {"bound", "Growth", Align::kLeft},
                                        {"entries_per_second", ""},
                                        {"", "Held by", Align::kLeft},
                                        {"holder", ""},
                                        {"file", ""},
                                        {"line", ""},
                                        {"address", "Address"}}});
    for (const CollectionHead& head : list.rows) {
      if (context.cancel.Cancelled()) break;
      std::optional<CollectionFacts> facts = DescribeCollection(reader, graph, head.node, context.cancel);
      if (!facts) continue;
      const uint64_t retained = head.retained;
      const Holder& holder = holders.Find(head.node);
      ApplyLimit(reader, graph, &holders.sources(), holder, &*facts);
      const Cell cells[] = {
          Bytes{retained},
          Share{all == 0 ? 0 : static_cast<double>(retained) / static_cast<double>(all)},
          Count{facts->entries},
          Count{facts->capacity},
          Count{facts->deleted},
          std::string(CollectionKindName(facts->kind)),
          CollectionText(*facts),
          UntrustedText(facts->class_name),
          TextOrAbsent(ShortKeysText(facts->keys)),
          TextOrAbsent(KeysText(facts->keys)),
          std::string(KeyClassName(facts->keys.key_class)),
          UntrustedText(facts->keys.pattern),
          TextOrAbsent(ValuesText(*facts, kShownValues)),
          TextOrAbsent(std::string(BoundName(facts->judgement.bound))),
          NumberOrAbsent(facts->growth.times ? std::optional(facts->growth.times->per_second) : std::nullopt),
          HeldBy(holder),
          HolderName(holder),
          holder.file.empty() ? Cell(Absent{}) : Cell(UntrustedText(holder.file)),
          holder.line == 0 ? Cell(Absent{}) : Cell(Count{static_cast<uint64_t>(holder.line)}),
          HexAddress{NodeAddress(graph, head.node)}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = list.more});
    Card counts{.key = "counts", .title = "Live collections"};
    static constexpr const char* kTitles[kCollectionKinds] = {
        "Maps", "Sets", "Arrays", "Objects in dictionary mode", "WeakMaps", "WeakSets"};
    for (size_t i = 0; i < kCollectionKinds; ++i)
      counts.fields.push_back(
          {std::string(CollectionKindName(static_cast<CollectionKind>(i))), kTitles[i], Count{list.counts[i]}});
    context.out.AddCard(counts);
    End(context, graph, list.cut);
    return {};
  }

  void TellOne(CommandContext& context, HeapReader* reader, const HeapGraph& graph,
               CollectionFacts facts) const {
    HolderFinder holders(reader, graph, context.cancel);
    const Holder holder = graph.IsLive(facts.node) ? holders.Find(facts.node) : Holder();
    ApplyLimit(reader, graph, &holders.sources(), holder, &facts);
    context.out.BeginDocument("collections", TargetCard(context.session));
    const uint64_t all = LiveBytes(graph), retained = graph.IsLive(facts.node) ? RetainedByCollection(graph, facts.node, facts.store) : 0;
    std::string inner_path;
    for (const std::string& name : facts.inner_path)
      inner_path += "." + Sanitize(UntrustedText(name), {.max_code_points = 60});
    context.out.AddCard(
        {.key = "collection",
         .fields = {{"address", "Collection", HexAddress{NodeAddress(graph, facts.node)}},
                    {"kind", "Kind", std::string(CollectionKindName(facts.kind))},
                    {"class_name", "Class", UntrustedText(facts.class_name)},
                    {"inner_path", inner_path.empty() ? "" : "Its entries are in", TextOrAbsent(inner_path)},
                    {"live", "", graph.IsLive(facts.node)},
                    {"retained_bytes", "Retained", Bytes{retained}},
                    {"share", "Share of the live heap",
                     Share{all == 0 ? 0 : static_cast<double>(retained) / static_cast<double>(all)}},
                    {"store_bytes", "Table alone", Bytes{facts.store_bytes}},
                    {"entries", "Entries", Count{facts.entries}},
                    {"length", facts.length != facts.entries && facts.kind == CollectionKind::kArray ? "Length" : "",
                     facts.kind == CollectionKind::kArray ? Cell(Count{facts.length}) : Cell(Absent{})},
                    {"capacity", "Room for", Count{facts.capacity}},
                    {"", "Full", FillText(facts)},
                    {"deleted", facts.deleted > 0 ? "Deleted entries" : "", Count{facts.deleted}},
                    {"holes", facts.holes.value_or(0) > 0 ? "Holes" : "", CountOrAbsent(facts.holes)},
                    {"dictionary", facts.dictionary ? "In dictionary mode" : "", facts.dictionary},
                    {"whole", facts.whole ? "" : "Undamaged", facts.whole}}});
    if (graph.IsLive(facts.node)) context.out.AddCard(HolderCard(holder));
    TellKeys(context, facts);
    TellGrowth(context, facts);
    TellValues(context, facts);
    TellEntries(context, reader, facts);
    End(context, graph, false);
  }

  static void TellKeys(CommandContext& context, const CollectionFacts& facts) {
    const KeyPattern& keys = facts.keys;
    const bool of_member = facts.kind == CollectionKind::kArray || facts.kind == CollectionKind::kSet;
    context.out.AddCard({.key = "keys",
                         .fields = {{"",
                                     keys.key_class == KeyClass::kNone ? ""
                                     : of_member                       ? "Members"
                                                                       : "Keys",
                                     TextOrAbsent(KeysText(keys))},
                                    {"key_class", "", std::string(KeyClassName(keys.key_class))},
                                    {"pattern", "", UntrustedText(keys.pattern)},
                                    {"share", "", Share{keys.share}},
                                    {"sampled", "", Count{keys.sampled}},
                                    {"first", "", NumberOrAbsent(keys.first)},
                                    {"last", "", NumberOrAbsent(keys.last)},
                                    {"lowest", "", NumberOrAbsent(keys.lowest)},
                                    {"highest", "", NumberOrAbsent(keys.highest)},
                                    {"rising", "", keys.rising},
                                    {"identifiers", "", keys.identifiers}}});
  }

  static void TellGrowth(CommandContext& context, const CollectionFacts& facts) {
    const Growth& growth = facts.growth;
    const std::string bound(BoundName(facts.judgement.bound));
    Card card{.key = "growth",
              .fields = {{"bound", bound.empty() ? "" : "Growth", TextOrAbsent(bound)},
                         {"ordered", "", growth.ordered},
                         {"deleted_from", "", growth.deleted_from ? Cell(*growth.deleted_from) : Cell(Absent{})},
                         {"ever_added", "", CountOrAbsent(growth.ever_added)},
                         {"added_since_growth", "", Count{growth.added_since_growth}},
                         {"just_grown", "", growth.just_grown},
                         {"half_empty", "", growth.half_empty},
                         {"grown_by_push", "", growth.grown_by_push},
                         {"keys_held_here", "", ShareOrAbsent(facts.keys_held_here)},
                         {"expired_share", "", ShareOrAbsent(growth.expired_share)},
                         {"dead_references", "", Count{facts.dead_references}}}};
    if (growth.times) {
      card.fields.push_back({"time_field", "", UntrustedText(growth.times->field)});
      card.fields.push_back({"oldest", "", DateText(growth.times->oldest)});
      card.fields.push_back({"newest", "", DateText(growth.times->newest)});
      card.fields.push_back({"entries_per_second", "", NumberText(growth.times->per_second)});
    }
    if (growth.sequence) {
      card.fields.push_back({"sequence_field", "", UntrustedText(growth.sequence->field)});
      card.fields.push_back({"sequence_first", "", NumberText(growth.sequence->first)});
      card.fields.push_back({"sequence_last", "", NumberText(growth.sequence->last)});
      card.fields.push_back({"sequence_gapless", "", growth.sequence->gapless});
    }
    if (growth.limit) {
      card.fields.push_back({"limit_name", "", UntrustedText(growth.limit->name)});
      card.fields.push_back({"limit_value", "", NumberText(growth.limit->value)});
      card.fields.push_back({"limit_reached", "", growth.limit->reached});
    }
    context.out.AddCard(card);
    std::string reasons;
    for (const Reason reason : facts.judgement.reasons)
      reasons += fmt::format("{}\"{}\"", reasons.empty() ? "" : ",", ReasonName(reason));
    context.out.AddJson("reasons", "[" + reasons + "]");
    const std::vector<std::string> sentences = GrowthSentences(facts);
    context.out.BeginTable({.key = "evidence", .columns = {{"text", "How it grew", Align::kLeft}}});
    for (const std::string& sentence : sentences) {
      const Cell cells[] = {sentence};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
  }

  static void TellValues(CommandContext& context, const CollectionFacts& facts) {
    constexpr size_t kMostClasses = 12;
    const std::string title =
        facts.values_exact ? "Values" : fmt::format("Values (of {} entries)", FormatCount(facts.values_sampled));
    context.out.AddCard({.key = "values_sample",
                         .fields = {{"sampled", "", Count{facts.values_sampled}}, {"exact", "", facts.values_exact}}});
    context.out.BeginTable({.key = "values",
                            .title = title,
                            .columns = {{"count", "Count"},
                                        {"share", "Share"},
                                        {"class_name", ""},
                                        {"", "Class", Align::kLeft},
                                        {"properties", ""},
                                        {"example", "One of them"}}});
    for (size_t i = 0; i < facts.values.size() && i < kMostClasses; ++i) {
      const ValueClass& value = facts.values[i];
      std::string properties;
      for (const std::string& name : value.properties) properties += (properties.empty() ? "" : ", ") + name;
      const Cell cells[] = {
          Count{value.count},
          Share{static_cast<double>(value.count) / static_cast<double>(std::max<uint64_t>(facts.values_sampled, 1))},
          UntrustedText(value.name),
          ValueClassText(value),
          UntrustedText(properties),
          value.example == 0 ? Cell(Absent{}) : Cell(HexAddress{value.example - 1})};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = facts.values.size() - std::min(facts.values.size(), kMostClasses)});
  }

  static void TellEntries(CommandContext& context, HeapReader* reader, const CollectionFacts& facts) {
    const std::string first = facts.growth.ordered ? "first" : "", last = facts.growth.ordered ? "last" : "";
    context.out.BeginTable({.key = "entries",
                            .title = fmt::format("{} of {} entries", facts.growth.ordered ? "First and last" : "Some",
                                                 FormatCount(facts.entries)),
                            .columns = {{"end", ""},
                                        {"key", "Key", Align::kLeft},
                                        {"value", "Value", Align::kLeft},
                                        {"key_address", ""},
                                        {"value_address", "Address"}}});
    const auto tell = [&](const StoreEntry& entry, const std::string& end) {
      const auto address = [&](uint64_t word, bool raw) {
        return raw || IsSmi(word) ? Cell(Absent{}) : Cell(HexAddress{Untag(word)});
      };
      const Cell cells[] = {TextOrAbsent(end), EntryKeyText(*reader, entry), EntryValueText(*reader, entry),
                            address(entry.key, entry.key == 0), address(entry.value, entry.raw_double.has_value())};
      context.out.AddRow(cells);
    };
    for (const StoreEntry& entry : facts.first) tell(entry, first);
    for (const StoreEntry& entry : facts.last) tell(entry, last);
    context.out.EndTable({});
  }

  static void End(CommandContext& context, const HeapGraph& graph, bool cut) {
    Completeness completeness = GraphCompleteness(context, graph);
    if (cut) {
      completeness.cut = true;
      completeness.notes.push_back("there are more collections than were looked at");
    }
    context.out.EndDocument(completeness);
  }
};

}  // namespace

std::unique_ptr<Command> MakeCollectionsCommand() {
  return std::make_unique<CollectionsCommand>();
}

}  // namespace corewalk
