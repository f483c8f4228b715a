// How commands write what analysis/leaks/collections.h tells: keys, values and growth in a few words or a sentence.
// Everything is safe to print.
#pragma once

#include <string>
#include <vector>

#include "analysis/leaks/collections.h"

namespace corewalk {

// "user:… (sequential, 1 to 1,851,267)"; "" when keys say nothing.
std::string KeysText(const KeyPattern& keys);
// The same for a narrow column: "user:…", "uuids".
std::string ShortKeysText(const KeyPattern& keys);
// "Map of Session", "Array of Object {id, at} and 2 more".
std::string CollectionText(const CollectionFacts& facts);
// "Session 98 %, Object {id, at} 2 %", at most `most` classes.
std::string ValuesText(const CollectionFacts& facts, size_t most);
std::string ValueClassText(const ValueClass& value, size_t most_properties = 8);
// Sentences without a full stop: what the heap shows of how the collection grew.
std::vector<std::string> GrowthSentences(const CollectionFacts& facts);
// "unbounded", "bounded" or "".
std::string_view BoundName(Bound bound);
std::string_view ReasonName(Reason reason);  // for JSON: "never_deleted"
// Entry i of a collection: "\"user:1\"", "[3]", "Session"; and its value.
std::string EntryKeyText(HeapReader& reader, const StoreEntry& entry);
std::string EntryValueText(HeapReader& reader, const StoreEntry& entry);

}  // namespace corewalk
