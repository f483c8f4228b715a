// Which objects the roots reach, told straight from the pages: no references are kept, only some bits per object (beside
// their numbers a third of a byte each). Slower than Reachability when asked often, but it fits where References do not:
// the pages are visited in the order of the file, and of each page what is reached by then is followed as far as it stays
// on the page, so that a core that is larger than the memory is not read here and there.
//
// Reaches the same objects as References and Reachability; memory outside of the heap has no nodes here. Every object is
// followed once, whatever the pages hold.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "graph/dispatch_table.h"
#include "graph/node_set.h"
#include "graph/object_edges.h"
#include "graph/object_index.h"

namespace corewalk {

class Marker {
 public:
  // One pass over the heap, for the table that leads from functions to their Code. kInterrupted when cancelled.
  static Result<std::unique_ptr<Marker>> Create(const ObjectIndex& index, int threads, const Cancel& cancel,
                                                const ProgressFunction& progress);

  // Functions have handles of their Code, but the table was not found: Code that is live counts as garbage.
  bool code_unknown() const { return code_unknown_; }

  // What is reached from `roots`, and then from `more`, as if the objects of `without` (may be null) were not there. Into
  // `first` (may be null) goes what `roots` alone reach. False when cancelled.
  struct From {
    std::span<const ObjectId> roots, more;
    const NodeSet* without = nullptr;
  };
  bool Mark(const From& from, NodeSet* first, NodeSet* reached, const Cancel& cancel, const ProgressFunction& progress) const;

 private:
  class Run;
  Marker(const ObjectIndex& index, size_t threads) : index_(index), threads_(threads) {}

  const ObjectIndex& index_;
  const size_t threads_;
  std::optional<DispatchTable> table_;
  bool code_unknown_ = false;
};

}  // namespace corewalk
