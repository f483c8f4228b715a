#include "heap/views/primitives.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdio>

namespace corewalk {

std::optional<double> ReadNumber(HeapReader& reader, uint64_t tagged) {
  if (IsSmi(tagged)) return static_cast<double>(SmiValue(tagged));
  const std::string_view type = reader.TypeOf(tagged);
  if (type != "HEAP_NUMBER_TYPE" && type != "MUTABLE_HEAP_NUMBER_TYPE") return std::nullopt;
  return reader.Raw<double>(tagged, 8);
}

std::optional<double> ReadDate(HeapReader& reader, uint64_t tagged) {
  constexpr int kValue = 24;  // JSDate, src/objects/js-objects.h
  if (!reader.IsType(tagged, "JS_DATE_TYPE")) return std::nullopt;
  return reader.facts().raw_date ? reader.Raw<double>(tagged, kValue) : ReadNumber(reader, reader.Field(tagged, kValue).value_or(1));
}

// src/objects/bigint.h: the bit field (bit 0 sign, then the number of digits) at +8, 64-bit digits from +16, lowest
// first.
std::optional<BigIntText> ReadBigInt(HeapReader& reader, uint64_t tagged, uint32_t max_words) {
  const std::string_view type = reader.TypeOf(tagged);
  if (type != "BIGINT_TYPE" && type != "BIG_INT_BASE_TYPE") return std::nullopt;
  const std::optional<uint32_t> bits = reader.Raw<uint32_t>(tagged, 8);
  if (!bits) return std::nullopt;
  const bool negative = *bits & 1;
  const uint32_t length = *bits >> 1 & 0x3fffffff;
  BigIntText text;
  if (length == 0) {
    text.digits = "0";
    return text;
  }
  text.truncated = length > max_words;
  const uint32_t count = std::min(length, max_words);
  std::vector<uint64_t> words = ReadWords(reader.memory(), Untag(tagged) + 16 + 8 * uint64_t{length - count}, count);
  if (words.size() < count) return std::nullopt;
  if (text.truncated) {
    text.digits = negative ? "-0x" : "0x";
    for (auto word = words.rbegin(); word != words.rend(); ++word) {
      char hex[17];
      std::snprintf(hex, sizeof(hex), "%016lx", static_cast<unsigned long>(*word));
      text.digits += hex;
    }
    return text;
  }
  boost::multiprecision::cpp_int value;
  boost::multiprecision::import_bits(value, words.begin(), words.end(), 64, false);
  if (negative) value = -value;
  text.digits = value.str();
  return text;
}

}  // namespace corewalk
