// The graph of one isolate's heap: numbered objects, their references, the roots, what is live, and, on request, who
// dominates whom and how much each object retains. Built in stages; what a stage has found does not change any more.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/completeness.h"
#include "base/error.h"
#include "base/on_threads.h"
#include "base/section_file.h"
#include "graph/dominators.h"
#include "graph/marker.h"
#include "graph/object_index.h"
#include "graph/reachability.h"
#include "graph/reach_tree.h"
#include "graph/references.h"
#include "graph/retained.h"
#include "graph/roots.h"
#include "graph/shapes.h"

namespace corewalk {

struct HeapGraphOptions {
  int isolate = 0;  // number
  int threads = 2;
  // Memory is scarce: references go as soon as dominators need the room. ForEachReference() then no longer works.
  bool lean = false;
  // EnsureRetained() follows, and makes the ways to the roots (ParentOf()) from what was kept about them; EnsureWays() does
  // so without it.
  bool ways_later = false;
  // Memory is scarcer still: only what is live, and ReachedWithout(), by marks (see Marker). No references, ways, dominators or
  // blocks outside of the heap; shapes as tallies only.
  bool marks_only = false;
};

enum class Liveness : uint8_t {
  kLive,     // reached from a root
  kMaybe,    // reached only from words that look like references: registers and stacks, the Isolate struct
  kGarbage,  // not reached: the next collection would have freed it
};

class HeapGraph {
 public:
  // Numbers, references, roots and reachability. Fails when cancelled or when the heap is too large to be numbered.
  static Result<std::unique_ptr<HeapGraph>> Build(const HeapModel& model, const BinaryFacts* binary,
                                                  const HeapGraphOptions& options, const Cancel& cancel,
                                                  const ProgressFunction& progress);
  // The same of objects that are numbered already.
  static Result<std::unique_ptr<HeapGraph>> Build(std::unique_ptr<ObjectIndex> index, const BinaryFacts* binary,
                                                  const HeapGraphOptions& options, const Cancel& cancel,
                                                  const ProgressFunction& progress);

  const ObjectIndex& index() const { return *index_; }
  const HeapGraphOptions& options() const { return options_; }
  const Roots& roots() const { return roots_; }
  // Null after EnsureRetained() of a lean graph, and as long as they are left in an index, see EnsureReferences().
  const References* references() const { return references_.get(); }
  // Ways to the roots are known, and references are or can be taken from an index.
  bool has_ways() const;
  // Takes the references from the index that the graph was loaded from. kUnsupported when there are none to be had, and
  // errors of reading the index.
  Result<void> EnsureReferences(const Cancel& cancel, const ProgressFunction& progress);
  // Makes the ways to the roots where that was put off (HeapGraphOptions::ways_later); false when cancelled.
  bool EnsureWays(const Cancel& cancel);
  uint64_t node_count() const { return node_count_; }
  // Nodes from here on are memory outside of the heap: external()[node - object_count()].
  uint64_t object_count() const { return index_->size(); }
  std::span<const ExternalBlock> external() const { return external_; }
  bool IsObject(ObjectId node) const { return node < index_->size(); }
  size_t threads() const { return ClampThreads(options_.threads); }  // that passes over it may take

  Liveness LivenessOf(ObjectId node) const {
    return sure_.Has(node) ? Liveness::kLive : live_.Has(node) ? Liveness::kMaybe : Liveness::kGarbage;
  }
  bool IsLive(ObjectId node) const { return live_.Has(node); }  // maybe included
  const NodeSet& live() const { return live_; }
  // The node before on a shortest way from a root; kNoObject for a root itself and for garbage.
  ObjectId ParentOf(ObjectId node) const { return parents_.empty() ? kNoObject : parents_[node]; }
  // Nodes from which a shortest way starts, strong ones first.
  std::span<const ObjectId> root_nodes() const { return root_nodes_; }
  // The roots (but weak ones) that point to a node, as indexes into roots().roots; strong ones first.
  std::vector<uint32_t> RootsOf(ObjectId node) const;

  // What is still reached from the roots when `gone` are not there.
  Result<NodeSet> ReachedWithout(std::span<const ObjectId> gone, const Cancel& cancel, const ProgressFunction& progress) const {
    return ReachedFrom(root_nodes_, gone, cancel, progress);
  }
  // The same from other roots.
  Result<NodeSet> ReachedFrom(std::span<const ObjectId> roots, std::span<const ObjectId> gone, const Cancel& cancel,
                              const ProgressFunction& progress) const;

  // The live nodes, and their bytes, with and without `gone` and all that only they hold.
  struct Freed {
    uint64_t nodes = 0, bytes = 0;
  };
  Result<Freed> WithoutNodes(std::span<const ObjectId> gone, const Cancel& cancel) const;

  // Shapes and shallow sizes; one more pass over the heap.
  Result<void> EnsureShapes(const Cancel& cancel, const ProgressFunction& progress);
  bool has_shapes() const { return shapes_.has_value(); }
  const ShapeTable& shapes() const { return *shapes_; }

  // The live objects of every shape that has few, as a search for some left them for the next one (see LiveObjects()).
  struct RareObjects {
    std::vector<uint64_t> ends;     // by shape: where its objects end in `objects`; they begin where those before end
    std::vector<ObjectId> objects;  // each shape's in the order of their addresses
    std::span<const ObjectId> Of(size_t shape) const {
      const uint64_t begin = shape == 0 ? 0 : ends[shape - 1];
      return std::span(objects).subspan(begin, ends[shape] - begin);
    }
  };
  const RareObjects* rare_objects() const { return rare_objects_.get(); }
  void KeepRareObjects(RareObjects rare) const { rare_objects_ = std::make_unique<const RareObjects>(std::move(rare)); }

  // Dominators and retained sizes. Shapes come with them.
  Result<void> EnsureRetained(const Cancel& cancel, const ProgressFunction& progress);
  bool has_retained() const { return !retained_.empty(); }
  // EnsureRetained() needs no references any more: it was interrupted behind the dominators.
  bool has_dominators() const { return !dominators_.empty(); }
  // The node that must go for `node` to go; node_count() = the root of all; kNoObject for garbage.
  ObjectId DominatorOf(ObjectId node) const { return dominators_[node]; }
  std::span<const ObjectId> dominators() const { return {dominators_.data(), dominators_.size()}; }
  // The live nodes as they were reached: whatever dominates a node comes before it.
  std::span<const ObjectId> order() const { return {order_.data(), reached_count_}; }
  uint64_t RetainedOf(ObjectId node) const { return retained_[node] * kSizeUnit; }
  std::span<const uint32_t> retained() const { return {retained_.data(), retained_.size()}; }  // in units of kSizeUnit

  // Bytes that its arrays take, in memory or in a scratch file.
  uint64_t MemoryBytes() const;

  // What is missing or unsure about it.
  void Describe(Completeness* completeness) const;
  // What Describe() says beside: one sentence each.
  void set_notes(std::vector<std::string> notes) { notes_ = std::move(notes); }

 private:
  friend class GraphStore;
  HeapGraph() = default;
  void NumberRoots();
  Result<void> Reach(const Cancel& cancel, const ProgressFunction& progress);
  std::span<const ObjectId> sure_roots() const { return std::span(root_nodes_).first(sure_root_nodes_); }
  std::span<const ObjectId> maybe_roots() const { return std::span(root_nodes_).subspan(sure_root_nodes_); }

  HeapGraphOptions options_;
  std::unique_ptr<ObjectIndex> index_;
  std::unique_ptr<References> references_;
  std::unique_ptr<Marker> marker_;  // in their place
  std::vector<ExternalBlock> external_;
  uint64_t node_count_ = 0;
  bool code_unknown_ = false;
  Roots roots_;
  std::vector<std::pair<ObjectId, uint32_t>> numbered_roots_;  // (node, index of the root), by node
  std::vector<ObjectId> root_nodes_;
  size_t sure_root_nodes_ = 0;
  NodeSet sure_, live_;
  ReachTree tree_;  // until parents_ are made of it
  BigArray<ObjectId> parents_, order_;
  uint64_t reached_count_ = 0;
  std::optional<ShapeTable> shapes_;
  mutable std::unique_ptr<const RareObjects> rare_objects_;
  NodeKinds kinds_;
  BigArray<ObjectId> dominators_;
  BigArray<uint32_t> retained_;
  std::shared_ptr<const SectionFile> file_;  // that it was loaded from
  std::vector<std::string> notes_;
};

}  // namespace corewalk
