// Which strings of a heap contain a text. Sequential and external strings are searched where they lie. Ropes (cons
// strings), slices and thin strings are made of those: what a part contains is known from the part, and only the seams
// are looked at, so that nothing is flattened and a text shared by a thousand slices is searched once.
#pragma once

#include <vector>

#include "base/cancel.h"
#include "heap/heap_walk.h"
#include "heap/string_needle.h"

namespace corewalk {

struct StringSearch {
  std::vector<Address> found;  // untagged, by address
  uint64_t strings = 0;        // that were looked at
  PageTally tally;
  bool gc_in_progress = false;
  bool interrupted = false;
};

// All strings of the chosen isolates that contain a non-empty needle. Damaged strings do not match.
StringSearch FindStrings(const HeapModel& model, const HeapWalkOptions& options, const StringNeedle& needle,
                         const Cancel& cancel, const ProgressFunction& progress);

}  // namespace corewalk
