// The evidence of a collection's growth in words. The texts hold names of the target's and are as untrusted as these.
#pragma once

#include <string>
#include <vector>

#include "analysis/leaks/collections.h"

namespace corewalk {

// What the heap shows, one clause each, without a full stop: "since its table last grew, 802,691 or more entries were
// added and none was deleted".
std::vector<std::string> GrowthClauses(const CollectionFacts& facts);
// What to try, one clause each.
// `iterated`: the program goes through all of it, which it could not with a WeakMap or WeakSet.
std::vector<std::string> CollectionAdvice(const CollectionFacts& facts, bool iterated = false);
// "user:… (sequential, 0 to 59,999)"; "" when keys say nothing.
std::string KeysClause(const KeyPattern& keys);

}  // namespace corewalk
