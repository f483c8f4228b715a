// Who points to given objects: the words of a heap's pages (and of the memory around it) are compared with a set of
// addresses, without decoding anything. Only a page with a hit is walked, to learn which object holds the word and to
// drop what lies in free space or is no pointer. So the usual question, a few referrers in a big heap, costs one pass at
// the speed of reading.
#pragma once

#include <span>
#include <vector>

#include "base/cancel.h"
#include "heap/heap_walk.h"

namespace corewalk {

// The objects that are searched for.
class NeedleSet {
 public:
  // Untagged addresses (or tagged: the tag is dropped).
  explicit NeedleSet(std::span<const Address> objects);

  size_t size() const { return sorted_.size(); }
  // Whether `word` is a strong or a weak pointer to one of the objects.
  bool Holds(uint64_t word) const;
  // The index of the first word of `data`, from `from` on, that is such a pointer; `count` when there is none.
  size_t Find(const std::byte* data, size_t from, size_t count) const;

 private:
  static constexpr size_t kFew = 4;  // so many are compared side by side
  size_t FilterBit(uint64_t word) const { return (word >> 3 ^ word >> 18) & filter_mask_; }

  std::vector<uint64_t> sorted_;  // with a weak tag: a strong pointer becomes one by | 2
  std::vector<uint64_t> filter_;  // bits; empty for few needles
  size_t filter_mask_ = 0;
};

// A word of an object.
struct HeapHit {
  Address holder = 0;       // start of the object
  uint64_t holder_map = 0;  // its map word, tagged
  Address slot = 0;         // where the word stands
  uint64_t word = 0;        // strong or weak
};

struct HeapHits {
  std::vector<HeapHit> hits;  // by pages in the order of a walk, then by address; no more than were asked for
  uint64_t total = 0;         // of all, kept or not
  PageTally tally;            // of what could not be read or understood
  bool gc_in_progress = false;
  bool interrupted = false;
};

// Every word of every object of the chosen isolates that points to a needle. Words of objects that hold none by their
// type (text, doubles, bytes) are left out.
HeapHits FindInHeap(const HeapModel& model, const HeapWalkOptions& options, const NeedleSet& needles, uint64_t most,
                    const Cancel& cancel, const ProgressFunction& progress);

// A word outside of V8's pages.
struct OutsideHit {
  Address slot = 0;
  uint64_t word = 0;
};
struct OutsideHits {
  std::vector<OutsideHit> hits;  // by address
  uint64_t total = 0;
  bool interrupted = false;
};
// The same for all writable memory that is no page of V8: stacks, the Isolate, what C++ allocated.
OutsideHits FindOutside(const HeapModel& model, int threads, const NeedleSet& needles, uint64_t most,
                        const Cancel& cancel);

// False for objects whose words are data by their type.
bool HoldsPointers(const Layout& layout, const MapInfo& map);

}  // namespace corewalk
