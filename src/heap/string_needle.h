// A text that is searched for among the characters of V8's strings, which are one or two bytes wide.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

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

}  // namespace corewalk
