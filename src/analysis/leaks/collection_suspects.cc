#include "analysis/leaks/collection_suspects.h"

#include "analysis/leaks/growth_text.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr uint64_t kSampleText = 60;  // UTF-16 units of a key
constexpr size_t kSampleKeys = 3;
constexpr double kNearlyAll = 0.9;

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

// The first and the last keys that are texts: "user:0, user:1, ... user:59999".
std::string SampleOf(HeapReader* reader, const CollectionFacts& facts) {
  const auto text_of = [&](const StoreEntry& entry) -> std::string {
    const uint64_t word = entry.key != 0 ? entry.key : entry.raw_double ? 0 : entry.value;
    const std::optional<StringText> text = reader->Text(word, kSampleText);
    return text ? "\"" + text->text + (text->truncated ? "..." : "") + "\"" : "";
  };
  std::string sample;
  size_t count = 0;
  for (const StoreEntry& entry : facts.first) {
    const std::string text = text_of(entry);
    if (text.empty() || ++count >= kSampleKeys) break;
    sample += (sample.empty() ? "" : ", ") + text;
  }
  if (!facts.last.empty()) {
    if (const std::string text = text_of(facts.last.back()); !text.empty())
      sample += (sample.empty() ? "" : ", ... ") + text;
  }
  const std::string keys = KeysClause(facts.keys);
  return sample.empty() ? keys : keys.empty() ? sample : keys + ": " + sample;
}

}  // namespace

Suspect CollectionSuspect(HeapReader* reader, const CollectionFacts& facts) {
  Suspect suspect{.kind = SuspectKind::kCollection,
                  .nodes = {facts.node},
                  .container = facts.node,
                  .what = facts.class_name,
                  .count = facts.entries,
                  .growth = GrowthClauses(facts),
                  .grows = facts.judgement.bound == Bound::kUnbounded,
                  .bounded = facts.judgement.bound == Bound::kBounded,
                  .sample = SampleOf(reader, facts),
                  .advice = CollectionAdvice(facts)};
  if (!facts.values.empty()) suspect.element_class = facts.values[0].name;
  return suspect;
}

std::vector<Suspect> FindCollectionSuspects(HeapReader* reader, const HeapGraph& graph,
                                            const CollectionSuspectOptions& options, const Cancel& cancel) {
  std::vector<Suspect> suspects;
  const uint64_t live = LiveBytes(graph);
  // More than are wanted: some will be left out.
  const CollectionList list = FindCollections(reader, graph, {.most = 4 * options.most}, cancel);
  for (const CollectionHead& head : list.rows) {
    if (suspects.size() >= options.most || cancel.Cancelled()) break;
    const uint64_t retained = graph.RetainedOf(head.node);
    if (static_cast<double>(head.retained) < options.least_share * static_cast<double>(live)) break;
    // The graph tells what a root holds, too.
    if (retained < head.retained) continue;
    const std::optional<CollectionFacts> facts = DescribeCollection(reader, graph, head.node, cancel);
    if (!facts || facts->entries == 0) continue;
    // A few entries, of which one is the thing.
    uint64_t largest = 0;
    for (const StoreEntry& entry : ReadEntries(*reader, facts->store, SpreadPositions(facts->store.positions, 256))) {
      const ObjectId value = entry.raw_double || IsSmi(entry.value) ? kNoObject : graph.index().At(entry.value);
      if (HeldByStore(graph, facts->store, value)) largest = std::max(largest, graph.RetainedOf(value));
    }
    if (static_cast<double>(largest) > kNearlyAll * static_cast<double>(retained)) continue;
    suspects.push_back(CollectionSuspect(reader, *facts));
    suspects.back().retained_bytes = retained;
    suspects.back().share = live == 0 ? 0 : static_cast<double>(retained) / static_cast<double>(live);
  }
  return suspects;
}

}  // namespace corewalk
