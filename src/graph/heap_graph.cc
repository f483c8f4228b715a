#include "graph/heap_graph.h"

#include <algorithm>

namespace corewalk {
namespace {

Error Interrupted(const char* what) {
  return {ErrorCode::kInterrupted, std::string("interrupted while ") + what};
}

}  // namespace

Result<std::unique_ptr<HeapGraph>> HeapGraph::Build(const HeapModel& model, const BinaryFacts* binary,
                                                    const HeapGraphOptions& options, const Cancel& cancel,
                                                    const ProgressFunction& progress) {
  std::unique_ptr<HeapGraph> graph(new HeapGraph());
  graph->options_ = options;
  Result<std::unique_ptr<ObjectIndex>> index =
      ObjectIndex::Build(model, options.isolate, options.threads, cancel, progress);
  if (!index) return std::unexpected(index.error());
  graph->index_ = std::move(*index);
  Result<std::unique_ptr<References>> references =
      References::Build(*graph->index_, options.threads, cancel, progress);
  if (!references) return std::unexpected(references.error());
  graph->references_ = std::move(*references);
  graph->node_count_ = graph->references_->node_count();
  graph->code_unknown_ = graph->references_->code_unknown();
  graph->external_.assign(graph->references_->external().begin(), graph->references_->external().end());
  if (progress) progress("finding roots", 0, 1);
  graph->roots_ = CollectRoots(model, model.isolates()[options.isolate], binary, cancel, options.threads);
  if (graph->roots_.interrupted) return std::unexpected(Interrupted("roots were searched for"));
  graph->NumberRoots();

  if (progress) progress("reaching objects", 0, 1);
  Reachability reach(*graph->references_, {.parents = !options.lean});
  const std::span<const ObjectId> roots = graph->root_nodes_;
  reach.ReachFrom(roots.first(graph->sure_root_nodes_), cancel);
  graph->sure_ = reach.reached();
  reach.ReachFrom(roots.subspan(graph->sure_root_nodes_), cancel);
  if (!reach.complete()) return std::unexpected(Interrupted("objects were reached"));
  graph->live_ = reach.TakeReached();
  graph->parents_ = reach.TakeParents();
  graph->reached_count_ = reach.count();
  graph->order_ = reach.TakeOrder();
  return graph;
}

void HeapGraph::NumberRoots() {
  std::vector<ObjectId> sure, maybe;
  for (uint32_t i = 0; i < roots_.roots.size(); ++i) {
    const Root& root = roots_.roots[i];
    if (root.strength == RootStrength::kWeak) continue;
    const ObjectId node = index_->At(root.object);
    if (node == kNoObject) continue;
    numbered_roots_.emplace_back(node, i);
    (root.strength == RootStrength::kStrong ? sure : maybe).push_back(node);
  }
  const auto once = [](std::vector<ObjectId>* nodes) {
    std::ranges::sort(*nodes);
    const auto repeated = std::ranges::unique(*nodes);
    nodes->erase(repeated.begin(), repeated.end());
  };
  once(&sure);
  once(&maybe);
  std::ranges::set_difference(maybe, sure, std::back_inserter(root_nodes_));
  root_nodes_.insert(root_nodes_.begin(), sure.begin(), sure.end());
  sure_root_nodes_ = sure.size();
  std::ranges::sort(numbered_roots_, [this](const auto& a, const auto& b) {
    const auto key = [this](const auto& entry) {
      return std::tuple(entry.first, roots_.roots[entry.second].strength, entry.second);
    };
    return key(a) < key(b);
  });
}

std::vector<uint32_t> HeapGraph::RootsOf(ObjectId node) const {
  std::vector<uint32_t> result;
  for (const auto& [of, root] : std::ranges::equal_range(numbered_roots_, node, {}, &std::pair<ObjectId, uint32_t>::first))
    result.push_back(root);
  return result;
}

Result<HeapGraph::Freed> HeapGraph::WithoutNodes(std::span<const ObjectId> gone, const Cancel& cancel) const {
  NodeSet without(node_count_);
  for (const ObjectId node : gone) without.Add(node);
  Reachability reach(*references_, {.without = &without});
  reach.ReachFrom(root_nodes_, cancel);
  if (!reach.complete()) return std::unexpected(Interrupted("objects were reached"));
  Freed freed;
  MapCache maps(index_->model().memory(), index_->model().layout());
  PageWalker walker = index_->MakeWalker(&maps, &cancel);
  const auto add = [&](ObjectId node, uint64_t bytes) {
    if (!live_.Has(node) || reach.reached().Has(node)) return;
    ++freed.nodes;
    freed.bytes += bytes;
  };
  for (size_t page = 0; page < index_->page_count() && !cancel.Cancelled(); ++page) {
    index_->VisitPage(page, &walker, [&](ObjectId id, MapCache::Slot&, Address, uint64_t size, const std::byte*) {
      add(id, size);
    });
  }
  if (cancel.Cancelled()) return std::unexpected(Interrupted("objects were measured"));
  for (size_t i = 0; i < external_.size(); ++i) add(static_cast<ObjectId>(index_->size() + i), external_[i].bytes);
  return freed;
}

Result<void> HeapGraph::EnsureShapes(const Cancel& cancel, const ProgressFunction& progress) {
  if (shapes_) return {};
  shapes_ = ShapeTable::Build(*index_, sure_, live_, external_.size(), options_.threads, cancel, progress);
  if (!shapes_) return std::unexpected(Interrupted("objects were measured"));
  return {};
}

Result<void> HeapGraph::EnsureRetained(const Cancel& cancel, const ProgressFunction& progress) {
  if (has_retained() || node_count_ == 0) return {};
  // Dominators first: their arrays are gone when the sizes come.
  if (dominators_.empty()) {
    if (kinds_.stores.empty()) kinds_ = references_->TakeKinds();
    // Words on stacks that look like references count as roots only for what nothing else keeps alive: most are stale,
    // and would hide the true holder.
    std::vector<ObjectId> roots(root_nodes_.begin(), root_nodes_.begin() + static_cast<ptrdiff_t>(sure_root_nodes_));
    std::ranges::copy_if(root_nodes_, std::back_inserter(roots), [this](ObjectId node) { return !sure_.Has(node); });
    Result<BigArray<ObjectId>> dominators = FindDominators({.references = &references_,
                                                            .live = &live_,
                                                            .order = order(),
                                                            .roots = roots,
                                                            .keep_references = !options_.lean,
                                                            .rooted = &kinds_.rooted,
                                                            .threads = options_.threads},
                                                           cancel, progress);
    if (!dominators) return std::unexpected(dominators.error());
    dominators_ = std::move(*dominators);
    PassOverInitialMaps({dominators_.data(), dominators_.size()}, &kinds_);
    HoistFromParts(kinds_, {dominators_.data(), dominators_.size()});
    kinds_ = {};
  }
  if (const Result<void> measured = EnsureShapes(cancel, progress); !measured) return measured;
  BigArray<uint32_t> sizes = shapes_->TakeSizes();
  for (size_t i = 0; i < external_.size(); ++i) {
    sizes[index_->size() + i] =
        static_cast<uint32_t>(std::min<uint64_t>((external_[i].bytes + kSizeUnit - 1) / kSizeUnit, 0xffffffff));
  }
  if (progress) progress("summing up", 0, 1);
  SumRetained(dominators(), order(), {sizes.data(), sizes.size()});
  retained_ = std::move(sizes);
  return {};
}

void HeapGraph::Describe(Completeness* completeness) const {
  const PageTally& tally = index_->tally();
  completeness->bytes_lost += tally.lost_bytes;
  completeness->objects_skipped += tally.lost_places;
  completeness->bytes_unreadable += tally.unreadable_bytes;
  completeness->gc_in_progress |= index_->gc_in_progress();
  if (code_unknown_)
    completeness->notes.push_back("the table that leads from functions to their code was not found: compiled code counts as garbage");
  for (size_t i = 0; i < roots_.groups.size(); ++i) {
    const RootGroupState& group = roots_.groups[i];
    if (!group.found && !group.problem.empty()) {
      completeness->notes.push_back("roots: " + std::string(RootGroupName(static_cast<RootGroup>(i))) + ": " +
                                    group.problem);
    }
  }
}

}  // namespace corewalk
