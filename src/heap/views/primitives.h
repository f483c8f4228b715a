// Numbers, dates and BigInts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "heap/views/heap_reader.h"

namespace corewalk {

// The value of a Smi or HeapNumber; nothing for anything else.
std::optional<double> ReadNumber(HeapReader& reader, uint64_t tagged);

// The time of a Date in milliseconds since 1970, NaN of an invalid one; nothing when `tagged` is no Date.
std::optional<double> ReadDate(HeapReader& reader, uint64_t tagged);

struct BigIntText {
  std::string digits;      // decimal with a sign; of a cut one hexadecimal with 0x, the highest digits
  bool truncated = false;  // more than `max_words` 64-bit words long
};
// Nothing when `tagged` is no BigInt.
std::optional<BigIntText> ReadBigInt(HeapReader& reader, uint64_t tagged, uint32_t max_words);

}  // namespace corewalk
