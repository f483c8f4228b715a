// Evidence of how a collection grew: whether entries were ever deleted, when the oldest and the newest were made, what
// limits it. Each field is something that the heap shows; what it does not show stays empty. The conclusion is drawn in
// one place, Judge(), and says on which of these it stands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/leaks/key_pattern.h"
#include "graph/heap_graph.h"
#include "heap/views/collection_store.h"

namespace corewalk {

// A date or a time in the entries that rises from the oldest to the newest.
struct TimeSpan {
  std::string field;  // the property's name; "" when the entry itself (or its key) is the time
  bool of_key = false;
  double oldest = 0, newest = 0;  // milliseconds since 1970
  double per_second = 0;          // entries; 0 when they are of one moment
  bool foreign = false;           // they span more time than the process can have lived: data, no growth
};

// A number in the entries that is one more in each than in the one before.
struct SequenceSpan {
  std::string field;  // as in TimeSpan
  bool of_key = false;
  double first = 0, last = 0;
  bool gapless = false;  // every number between is there: no entry is missing
};

// A number beside the collection that is named like a limit.
struct SizeLimit {
  std::string name;  // "max"
  double value = 0;
  bool reached = false;  // the collection holds about as many
  bool of_context = false;  // a variable, not a property of what holds the collection
};

struct Growth {
  bool ordered = false;  // the order of insertion is known
  // Whether an entry was ever deleted: true and false are proven, nothing is unknown.
  std::optional<bool> deleted_from;
  uint64_t deleted_now = 0;            // still in the table
  std::optional<uint64_t> ever_added;  // of dictionaries
  uint64_t added_since_growth =
      0;                       // of Maps and Sets: at least so many were added, and none deleted, since the table grew
  bool just_grown = false;     // nearly half of the table is still empty, and nothing was deleted
  bool grown_by_push = false;  // an array whose room is what V8 gives to one that starts empty and is pushed to
  bool exact = false;          // an array with room for what it holds and no more: made at once, by JSON.parse(), map(), slice()
  bool half_empty = false;     // less than half is in use although nothing was deleted lately: it was once larger
  std::optional<TimeSpan> times;
  std::optional<SequenceSpan> sequence;
  // The share of entries that had expired when the newest was made, and the property that says so.
  std::optional<double> expired_share;
  std::string expiry_field;
  std::optional<SizeLimit> limit;
};

// What the header of a store shows.
Growth GrowthOfStore(const StoreView& store);
// Times and sequences in the keys and values of entries in the order of insertion; `first` and `last` are those of the
// whole collection, `entries` is their number.
void FindSpans(HeapReader& reader, std::span<const StoreEntry> sample, const StoreEntry* first, const StoreEntry* last,
               uint64_t entries, const KeyPattern& keys, Growth* growth);
// A limit among the numbers of the object or context that holds the collection.
std::optional<SizeLimit> FindLimit(HeapReader& reader, uint64_t holder, uint64_t entries);

enum class Bound : uint8_t { kUnknown, kBounded, kUnbounded };

// On what a judgement stands; each names fields of Growth.
enum class Reason : uint8_t {
  kAtLimit,       // holds as many as limit allows
  kFrozen,        // cannot change
  kOldestGone,    // its entries are the last few of a long sequence: the oldest are deleted as new ones are added
  kDeleted,       // entries are deleted from it
  kNeverDeleted,  // no entry was deleted while it grew to this size
  kNoneMissing,   // the numbers of its entries have no gap
  kOnlyPushed,    // grown_by_push
  kByTime,        // its entries were made one after the other
  kMadeAtOnce,    // exact, and no times say that it was made anew for each entry
  kIdentifiers,   // a key for each single thing
  kObjects,       // it holds as many objects of one class
};

struct BoundJudgement {
  Bound bound = Bound::kUnknown;
  std::vector<Reason> reasons;
};

// `one_class`: nearly all values are objects of one class. A collection with fewer entries than kManyEntries is never
// called unbounded.
inline constexpr uint64_t kManyEntries = 1000;
BoundJudgement Judge(const StoreView& store, uint64_t entries, const KeyPattern& keys, bool one_class,
                     const Growth& growth);

}  // namespace corewalk
