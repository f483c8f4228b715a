#include "analysis/leaks/siblings.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "analysis/leaks/accumulation.h"
#include "analysis/leaks/inner_collections.h"

namespace corewalk {
namespace {

constexpr size_t kLeastSiblings = 3;     // two are told one by one
constexpr double kMostOfTheHeap = 0.5;

// The object that alone holds a collection, by one of its properties, elements or entries. kNoObject when several do.
ObjectId OwnerOf(HeapReader* reader, const HeapGraph& graph, ObjectId collection) {
  constexpr int kMostStores = 2;  // a table
  ObjectId owner = graph.IsObject(collection) ? graph.DominatorOf(collection) : kNoObject;
  for (int i = 0; i <= kMostStores && owner != kNoObject && graph.IsObject(owner); ++i, owner = graph.DominatorOf(owner)) {
    const MapInfo* map = reader->MapOf(graph.index().AddressOf(owner) + 1);
    if (map == nullptr) break;
    if (reader->layout().types.IsJSReceiver(map->instance_type)) return map->category == Category::kClosure ? kNoObject : owner;
  }
  return kNoObject;
}

// Those whose names are declared one by one (this.rows = []; this.columns = []) are told one by one.
auto DeclarationOf(const Suspect& suspect) {
  const Holder& holder = suspect.holder;
  return std::tuple(holder.kind, holder.file, holder.line, holder.column);
}

}  // namespace

void JoinSiblings(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders, const HeapTotals& totals,
                  std::vector<Considered>* judged, const Cancel& cancel) {
  std::map<ObjectId, std::vector<Considered*>> by_owner;
  for (Considered& one : *judged) {
    if (one.suspect.nodes.empty() || one.suspect.kind != SuspectKind::kCollection || one.excuse != Excuse::kNone ||
        !one.suspect.grows)
      continue;
    if (const ObjectId owner = OwnerOf(reader, graph, one.suspect.container); owner != kNoObject)
      by_owner[owner].push_back(&one);
  }
  for (auto& [owner, siblings] : by_owner) {
    Considered& first = *siblings[0];
    std::erase_if(siblings, [&](const Considered* one) {
      return one->suspect.what != first.suspect.what || one->suspect.element_class != first.suspect.element_class ||
             DeclarationOf(one->suspect) != DeclarationOf(first.suspect);
    });
    double share = 0;
    for (const Considered* one : siblings) share += one->suspect.share;
    if (siblings.size() < kLeastSiblings || share < kMostOfTheHeap) continue;
    const std::optional<InnerCollections> inner =
        FindInnerCollections(reader, graph, owner, siblings.size(), cancel);
    if (!inner || !inner->property.empty() || inner->all.size() < siblings.size()) continue;
    Suspect& told = first.suspect;
    for (size_t i = 1; i < siblings.size(); ++i) {
      told.text_bytes += siblings[i]->suspect.text_bytes;
      siblings[i]->suspect.nodes.clear();
    }
    told.nodes = {owner};
    told.container = owner;
    told.what = ClassOfNode(reader->names(), graph, owner);
    told.parts = inner->all.size();
    told.count = inner->entries;
    told.retained_bytes = graph.RetainedOf(owner);
    told.alike.clear();
    told.alike_bytes = 0;
    told.share = static_cast<double>(told.weight()) / static_cast<double>(totals.all_live());
    told.holder = holders->Find(owner);
  }
  std::ranges::stable_sort(*judged, std::ranges::greater(), [](const Considered& one) { return one.suspect.weight(); });
}

}  // namespace corewalk
