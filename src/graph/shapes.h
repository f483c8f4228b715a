// The shape (Map) and the shallow size of every numbered object, and tallies of what is live and what is garbage.
// Memory: 3 bytes per object, 4 more while sizes are kept.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/big_array.h"
#include "base/cancel.h"
#include "graph/object_index.h"
#include "graph/reachability.h"

namespace corewalk {

// All objects with one Map in one space (but those with names of their own, see NameResolver::HasOwnName).
struct LiveShape {
  MapInfo map;
  SpaceKind space = SpaceKind::kUnknown;
  Address sample = 0;  // the first of them
  Address live_sample = 0, garbage_sample = 0;  // the first live one, the first that is garbage; 0 when there is none
  bool own_name = false;  // a single object whose name is not that of the others with its Map
  uint64_t live_count = 0, live_bytes = 0;        // shallow
  uint64_t maybe_count = 0, maybe_bytes = 0;      // of these, held only by what looks like a reference
  uint64_t garbage_count = 0, garbage_bytes = 0;
};

class ShapeTable {
 public:
  // `sure` and `live` as in HeapGraph; `extra_sizes` more sizes than objects are kept, for the caller to fill. Without
  // `per_object` only the tallies are: then ShapeOf() and TakeSizes() must not be called. Nothing when cancelled.
  static std::optional<ShapeTable> Build(const ObjectIndex& index, const NodeSet& sure, const NodeSet& live,
                                         uint64_t extra_sizes, bool per_object, int threads, const Cancel& cancel,
                                         const ProgressFunction& progress);

  // In no particular order (it depends on the threads). Read-only objects, which are not numbered, have shapes too; they are always live.
  std::span<const LiveShape> shapes() const { return shapes_; }
  uint32_t ShapeOf(ObjectId id) const { return uint32_t{high_[id]} << 16 | low_[id]; }
  // Shallow sizes in units of 8 bytes, by id; they are given away to become retained sizes.
  BigArray<uint32_t> TakeSizes() { return std::move(sizes_); }
  bool has_sizes() const { return !sizes_.empty(); }

 private:
  friend class GraphStore;
  class Worker;

  std::vector<LiveShape> shapes_;
  BigArray<uint16_t> low_;
  BigArray<uint8_t> high_;
  BigArray<uint32_t> sizes_;
};

}  // namespace corewalk
