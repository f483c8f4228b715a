#include "heap/string_needle.h"

#include <algorithm>
#include <cstring>

#include "base/unicode.h"

namespace corewalk {

StringNeedle::StringNeedle(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    DecodedCodePoint c = DecodeUtf8(text, at);
    if (!c.valid) c.value = static_cast<uint8_t>(text[at]), c.size = 1;
    at += static_cast<size_t>(c.size);
    if (c.value >= 0x10000) {
      two_byte_.push_back(static_cast<char16_t>(0xd800 + ((c.value - 0x10000) >> 10)));
      two_byte_.push_back(static_cast<char16_t>(0xdc00 + ((c.value - 0x10000) & 0x3ff)));
    } else {
      two_byte_.push_back(static_cast<char16_t>(c.value));
    }
  }
  for (const char16_t unit : two_byte_) units_seen_[unit % 256 / 64] |= uint64_t{1} << unit % 64;
  if (std::ranges::all_of(two_byte_, [](char16_t unit) { return unit < 256; })) one_byte_.assign(two_byte_.begin(), two_byte_.end());
}

bool StringNeedle::In(std::span<const std::byte> characters, bool one_byte) const {
  if (one_byte) {
    return !one_byte_.empty() && memmem(characters.data(), characters.size(), one_byte_.data(), one_byte_.size()) != nullptr;
  }
  // A hit at an odd byte is none.
  const size_t size = 2 * two_byte_.size();
  const std::byte* const begin = characters.data();
  const std::byte* const end = begin + characters.size();
  for (const std::byte* at = begin; at < end;) {
    const auto* hit = static_cast<const std::byte*>(memmem(at, static_cast<size_t>(end - at), two_byte_.data(), size));
    if (hit == nullptr) return false;
    if ((hit - begin) % 2 == 0) return true;
    at = hit + 1;
  }
  return false;
}

}  // namespace corewalk
