// Where the memory of strings goes: texts that are there many times, slices that keep a large parent alive, ropes,
// texts of one-byte characters stored in two bytes, the largest ones, text outside of the heap. Live strings only. One
// walk over the heap on all threads notes 8 bytes for each string; only those whose hash repeats are read again (see
// duplicate_table.h for the memory that takes). Deterministic: what is told of equals does not depend on the threads.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "analysis/leaks/holder_census.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/flat_text.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

struct StringTally {
  uint64_t count = 0;
  uint64_t bytes = 0;    // in the heap
  uint64_t outside = 0;  // of external strings
  uint64_t all() const { return bytes + outside; }
};

struct StringRow {
  uint64_t rank = 0;    // by which the list is sorted: bytes, or bytes wasted
  uint64_t number = 0;  // the ObjectId
  ObjectId id() const { return static_cast<ObjectId>(number); }
  StringForm form = StringForm::kNone;
  uint64_t length = 0;  // characters (UTF-16 units)
  uint64_t bytes = 0;   // in the heap and outside
};

struct DuplicateText {
  ObjectId example = kNoObject;
  uint64_t length = 0;
  uint64_t count = 0;   // copies, the first one among them
  uint64_t bytes = 0;   // of all of them
  uint64_t wasted = 0;  // of all but one
  ObjectSample copies{0};
};

// A string of which only slices are needed.
struct SlicedParent {
  ObjectId parent = kNoObject;
  uint64_t slices = 0;       // live ones
  uint64_t bytes = 0;        // of the parent
  uint64_t used = 0;         // bytes of it that slices show
  uint64_t wasted = 0;       // the rest
  bool only_slices = false;  // nothing else holds it, so the rest would be freed if the slices were copies
  bool holders_known = false;
  ObjectSample sample{0};  // of the slices
};

struct Rope {
  ObjectId top = kNoObject;
  uint64_t length = 0;
  uint64_t parts = 0;  // cons strings
  uint64_t depth = 0;
  uint64_t bytes = 0;  // of the cons strings alone
  bool cut = false;    // it has more parts than were counted
};

struct StringReport {
  std::array<StringTally, kStringForms> forms;
  StringTally all;
  uint64_t unreadable = 0;  // flat strings whose text could not be read

  uint64_t duplicate_texts = 0;   // texts that are there more than once
  uint64_t duplicate_copies = 0;  // strings that are one of these
  uint64_t duplicate_wasted = 0;
  std::vector<DuplicateText> duplicates;
  bool duplicates_cut = false;  // more different texts than were kept

  StringTally wide;  // two-byte strings all of whose characters fit in one byte
  uint64_t wide_wasted = 0;
  std::vector<StringRow> widest;
  ObjectSample wide_sample{0};

  uint64_t sliced_parents = 0;
  uint64_t slices_wasted = 0;  // of parents that only slices hold
  std::vector<SlicedParent> parents;
  bool slices_cut = false;

  uint64_t ropes = 0;        // cons strings that are no part of another
  uint64_t flat_conses = 0;  // cons strings that were flattened since: they only lead to the text
  std::vector<Rope> longest_ropes;

  std::vector<StringRow> largest;
};

struct StringQuery {
  size_t most = 20;     // rows of each list
  size_t sample = 256;  // strings of a row whose holders can be asked for
};

// The graph must have shapes. Interrupted: what was found until then.
StringReport AnalyseStrings(HeapReader* reader, const HeapGraph& graph, const StringQuery& query, const Cancel& cancel,
                            const ProgressFunction& progress);

}  // namespace corewalk
