// Which strings of a heap contain a text. Sequential and external strings are searched where they lie. Ropes (cons
// strings), slices and thin strings are made of those: what a part contains is known from the part, and only the seams
// are looked at, so that nothing is flattened and a text shared by a thousand slices is searched once.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "heap/heap_walk.h"

namespace corewalk {

// What is searched for, in both widths of V8's strings.
class StringNeedle {
 public:
  // UTF-8 or WTF-8 (an encoded surrogate stands for itself). Invalid bytes count as Latin-1.
  explicit StringNeedle(std::string_view text);

  size_t units() const { return two_byte_.size(); }  // UTF-16
  bool empty() const { return two_byte_.empty(); }
  // Whether the text has this character (may err to yes).
  bool Holds(uint16_t unit) const { return (units_seen_[unit % 256 / 64] >> unit % 64 & 1) != 0; }
  // Whether the characters contain the text; 1 or 2 bytes each.
  bool In(std::span<const std::byte> characters, bool one_byte) const;

 private:
  std::string one_byte_;  // empty when a unit is above 255
  std::u16string two_byte_;
  std::array<uint64_t, 4> units_seen_{};  // by their lower bytes
};

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
