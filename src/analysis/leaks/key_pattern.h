// What the keys of a collection have in common and what differs from one to the next: "user:…" with consecutive
// numbers, "session-…" with UUIDs, timestamps. Told from a sample of keys; pure text work, no memory is read. Keys may
// hold anything, and the pattern is as untrusted as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace corewalk {

struct KeySample {
  enum class Kind : uint8_t { kString, kNumber, kSymbol, kBigInt, kObject, kOther };
  Kind kind = Kind::kOther;
  std::string text;    // of a string or of a symbol's description, WTF-8, may be cut; the class of an object
  double number = 0;   // of a number
  uint64_t order = 0;  // rises by one from one entry of the collection to the next that was added
};

enum class KeyClass : uint8_t {
  kNone,        // too few to tell
  kSequential,  // each number is one more than that of the entry before
  kTimestamps,  // milliseconds of this century, as Date.now() gives them
  kUuids,
  kHex,     // 8 digits or more
  kTokens,  // letters and digits without a system
  kDates,   // 2026-11-20, with or without the time
  kIntegers,
  kNumbers,  // with fractions
  kTexts,    // words, names, paths
  kSymbols,
  kObjects,
  kMixed,
};
std::string_view KeyClassName(KeyClass key_class);  // "sequential", "uuids": for JSON and for people

struct KeyPattern {
  KeyClass key_class = KeyClass::kNone;
  // The key with "…" where keys differ; "" when they have no text in common. Of objects their class when it is one.
  std::string pattern;
  double share = 0;  // of the sampled keys that have this pattern
  uint64_t sampled = 0;
  // Of what is a number or a time in the keys, in the order of the entries; milliseconds since 1970 for kTimestamps.
  std::optional<double> first, last;
  std::optional<double> lowest, highest;
  bool rising = false;  // it rises in the order of the entries
  // What differs names single things (a request, a session, an object), so that nothing bounds the number of keys.
  bool identifiers = false;
};

// `samples` in the order of insertion, where that is known.
KeyPattern FindKeyPattern(std::span<const KeySample> samples);

// Whether a number is a time of this century: milliseconds since 1970 as Date.now() gives them.
bool IsMilliseconds(double number);

}  // namespace corewalk
