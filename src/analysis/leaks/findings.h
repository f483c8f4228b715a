// What else is to say about a full heap beside its suspects, and often instead of them: that much of it is garbage,
// that the limit is simply too small, that the memory is outside of the heap, that one object is most of it, that there
// are many contexts or isolates. Pure functions over figures; each finding says on which of them it stands.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "analysis/leaks/verdict.h"

namespace corewalk {

enum class FindingKind : uint8_t {
  kGarbage,        // most of the heap would have been freed by the next collection
  kLimitTooSmall,  // it ran out of memory, and nothing stands out
  kFarFromLimit,   // something stands out, but the heap was nowhere near its limit
  kExternal,       // more memory outside of the heap than in it
  kOneObject,      // one object, not many, is most of the heap
  kContexts,       // vm contexts
  kIsolates,       // worker threads, each with a heap of its own
  kLargerIsolate,  // another isolate has a larger heap than this one
};
std::string_view FindingName(FindingKind kind);  // "garbage", "limit_too_small", ...: for JSON

struct Finding {
  FindingKind kind = FindingKind::kGarbage;
  uint64_t count = 0;  // of contexts, isolates; of kLargerIsolate its number
  uint64_t bytes = 0;  // garbage, external memory, the object; of kLimitTooSmall and kFarFromLimit what is live
  double share = 0;    // of the heap (garbage), of the limit (those two), of what is live (all else)
  uint64_t limit = 0;  // bytes, of those two; 0 = unknown
};

struct FindingFacts {
  bool out_of_memory = false;     // V8 gave up
  std::optional<uint64_t> limit;  // bytes, of the old generation of this isolate
  uint64_t isolate = 0;                 // the one that the verdict is of
  std::vector<uint64_t> isolate_bytes;  // bytes of the pages of each isolate
};

std::vector<Finding> FindFindings(const Verdict& verdict, const FindingFacts& facts);

}  // namespace corewalk
