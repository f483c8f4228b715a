#include "graph/heap_graph.h"

#include <algorithm>

#include "base/on_threads.h"
#include "graph/graph_store.h"

namespace corewalk {
namespace {

Error Interrupted(const char* what) {
  return {ErrorCode::kInterrupted, std::string("interrupted while ") + what};
}

}  // namespace

Result<std::unique_ptr<HeapGraph>> HeapGraph::Build(const HeapModel& model, const BinaryFacts* binary,
                                                    const HeapGraphOptions& options, const Cancel& cancel,
                                                    const ProgressFunction& progress) {
  Result<std::unique_ptr<ObjectIndex>> index =
      ObjectIndex::Build(model, options.isolate, options.threads, cancel, progress);
  if (!index) return std::unexpected(index.error());
  return Build(std::move(*index), binary, options, cancel, progress);
}

Result<std::unique_ptr<HeapGraph>> HeapGraph::Build(std::unique_ptr<ObjectIndex> index, const BinaryFacts* binary,
                                                    const HeapGraphOptions& options, const Cancel& cancel,
                                                    const ProgressFunction& progress) {
  std::unique_ptr<HeapGraph> graph(new HeapGraph());
  graph->options_ = options;
  graph->index_ = std::move(index);
  const HeapModel& model = graph->index_->model();
  if (options.marks_only) {
    Result<std::unique_ptr<Marker>> marker = Marker::Create(*graph->index_, options.threads, cancel, progress);
    if (!marker) return std::unexpected(marker.error());
    graph->marker_ = std::move(*marker);
    graph->node_count_ = graph->index_->size();
    graph->code_unknown_ = graph->marker_->code_unknown();
  } else {
    Result<std::unique_ptr<References>> references =
        References::Build(*graph->index_, options.threads, cancel, progress);
    if (!references) return std::unexpected(references.error());
    graph->references_ = std::move(*references);
    graph->node_count_ = graph->references_->node_count();
    graph->code_unknown_ = graph->references_->code_unknown();
    graph->external_.assign(graph->references_->external().begin(), graph->references_->external().end());
  }
  if (progress) progress("finding roots", 0, 1);
  graph->roots_ = CollectRoots(model, model.isolates()[options.isolate], binary, cancel, options.threads);
  if (graph->roots_.interrupted) return std::unexpected(Interrupted("roots were searched for"));
  graph->NumberRoots();
  if (const Result<void> reached = graph->Reach(cancel, progress); !reached) return std::unexpected(reached.error());
  return graph;
}

Result<void> HeapGraph::Reach(const Cancel& cancel, const ProgressFunction& progress) {
  if (progress) progress("reaching objects", 0, 1);
  if (marker_ != nullptr) {
    if (!marker_->Mark({sure_roots(), maybe_roots()}, &sure_, &live_, cancel, progress))
      return std::unexpected(Interrupted("objects were reached"));
    reached_count_ = live_.Count();
    return {};
  }
  Reachability reach(*references_, {.tree = !options_.lean, .threads = options_.threads});
  reach.ReachFrom(sure_roots(), cancel);
  sure_ = reach.reached();
  reach.ReachFrom(maybe_roots(), cancel);
  if (!reach.complete()) return std::unexpected(Interrupted("objects were reached"));
  live_ = reach.TakeReached();
  tree_ = reach.TakeTree();
  reached_count_ = reach.count();
  order_ = reach.TakeOrder();
  if (!options_.ways_later && !EnsureWays(cancel)) return std::unexpected(Interrupted("objects were reached"));
  return {};
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

Result<NodeSet> HeapGraph::ReachedFrom(std::span<const ObjectId> roots, std::span<const ObjectId> gone, const Cancel& cancel,
                                       const ProgressFunction& progress) const {
  if (progress) progress("reaching objects", 0, 1);
  NodeSet without(node_count_);
  for (const ObjectId node : gone) without.Add(node);
  if (references_ == nullptr) {
    NodeSet reached;
    if (marker_ == nullptr) return Fail(ErrorCode::kUnsupported, "the references of this graph are not known");
    if (!marker_->Mark({roots, {}, &without}, nullptr, &reached, cancel, progress))
      return std::unexpected(Interrupted("objects were reached"));
    return reached;
  }
  Reachability reach(*references_, {.without = &without, .threads = options_.threads});
  reach.ReachFrom(roots, cancel);
  if (!reach.complete()) return std::unexpected(Interrupted("objects were reached"));
  return reach.TakeReached();
}

Result<HeapGraph::Freed> HeapGraph::WithoutNodes(std::span<const ObjectId> gone, const Cancel& cancel) const {
  const Result<NodeSet> reached = ReachedWithout(gone, cancel, {});
  if (!reached) return std::unexpected(reached.error());
  Freed freed;
  MapCache maps(index_->model().memory(), index_->model().layout());
  PageWalker walker = index_->MakeWalker(&maps, &cancel);
  const auto add = [&](ObjectId node, uint64_t bytes) {
    if (!live_.Has(node) || reached->Has(node)) return;
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

bool HeapGraph::EnsureWays(const Cancel& cancel) {
  if (tree_.empty() || node_count_ == 0) return true;
  parents_ = tree_.Parents(order(), node_count_, cancel);
  if (parents_.empty()) return false;
  tree_ = {};
  return true;
}

bool HeapGraph::has_ways() const {
  return !parents_.empty() && (references_ != nullptr || (file_ != nullptr && GraphStore::HasReferences(*file_)));
}

Result<void> HeapGraph::EnsureReferences(const Cancel& cancel, const ProgressFunction& progress) {
  if (references_ != nullptr) return {};
  if (file_ == nullptr || !GraphStore::HasReferences(*file_))
    return Fail(ErrorCode::kUnsupported, "the references of this graph are not known");
  if (progress) progress("reading the index", 0, 1);
  Result<std::unique_ptr<References>> references = GraphStore::LoadReferences(*file_, *this, cancel);
  if (!references) return std::unexpected(references.error());
  references_ = std::move(*references);
  return {};
}

Result<void> HeapGraph::EnsureShapes(const Cancel& cancel, const ProgressFunction& progress) {
  if (shapes_) return {};
  shapes_ = ShapeTable::Build(*index_, sure_, live_, external_.size(), !options_.marks_only, options_.threads, cancel, progress);
  if (!shapes_) return std::unexpected(Interrupted("objects were measured"));
  return {};
}

Result<void> HeapGraph::EnsureRetained(const Cancel& cancel, const ProgressFunction& progress) {
  if (has_retained() || node_count_ == 0) return {};
  if (options_.marks_only) return Fail(ErrorCode::kUnsupported, "dominators need the references, which are not known");
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
    PassOverInitialMaps({dominators->data(), dominators->size()}, &kinds_);
    if (!HoistFromParts(kinds_, {dominators->data(), dominators->size()}, cancel))
      return std::unexpected(Interrupted("dominators were computed"));
    dominators_ = std::move(*dominators);
    kinds_ = {};
  }
  if (shapes_ && !shapes_->has_sizes()) shapes_.reset();  // an index keeps none, and summing up was interrupted
  if (const Result<void> measured = EnsureShapes(cancel, progress); !measured) return measured;
  BigArray<uint32_t> sizes = shapes_->TakeSizes();
  for (size_t i = 0; i < external_.size(); ++i) {
    sizes[index_->size() + i] =
        static_cast<uint32_t>(std::min<uint64_t>((external_[i].bytes + kSizeUnit - 1) / kSizeUnit, 0xffffffff));
  }
  if (progress) progress("summing up", 0, 1);
  bool summed = false;
  const ScratchSpace* const scratch = ScratchSpace::Current();
  OnThreads(!tree_.empty() && threads() > 1 ? 2 : 1, [&](size_t thread) {
    const ScratchScope scope(scratch);
    if (thread == 0) summed = SumRetained(dominators(), order(), {sizes.data(), sizes.size()}, cancel);
    if (thread == 1) EnsureWays(cancel);
  });
  if (!EnsureWays(cancel) || !summed)
    return std::unexpected(Interrupted("sizes were summed up"));
  retained_ = std::move(sizes);
  return {};
}

uint64_t HeapGraph::MemoryBytes() const {
  return index_->MemoryBytes() + (references_ != nullptr ? references_->MemoryBytes() : 0) + sure_.MemoryBytes() +
         live_.MemoryBytes() + tree_.MemoryBytes() + 4 * (parents_.size() + order_.size() + dominators_.size() + retained_.size());
}

void HeapGraph::Describe(Completeness* completeness) const {
  completeness->notes.insert(completeness->notes.end(), notes_.begin(), notes_.end());
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
