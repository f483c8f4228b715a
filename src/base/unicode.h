// What a code point does to a terminal: whether it shows at all, whether it combines with the one before it, how many
// columns it takes. The tables are compact ranges taken from the Unicode Character Database 14.0 (general categories,
// Default_Ignorable_Code_Point, East_Asian_Width); unassigned code points count as ordinary visible characters.
// Any 32-bit value may be asked for; values beyond U+10FFFF are hidden.
#pragma once

#include <cstdint>
#include <string_view>

namespace corewalk {

enum class GlyphKind {
  kHidden,     // control, format, bidi, zero-width, surrogate, private use, tag, noncharacter: never print
  kCombining,  // changes the character before it; takes no column
  kNarrow,     // one column
  kWide,       // two columns
};

GlyphKind KindOf(char32_t code_point);

// One step of UTF-8 decoding. `size` is the bytes taken (1..4, never beyond the text); not `valid` when the bytes at
// `position` are no well-formed UTF-8, then size is 1. An encoded surrogate (WTF-8: ED A0..BF xx) counts as valid and
// gives the surrogate's code point, so that the caller can show which one it was.
struct DecodedCodePoint {
  char32_t value = 0;
  int size = 1;
  bool valid = false;
};
DecodedCodePoint DecodeUtf8(std::string_view text, size_t position);

// Columns that text takes on a terminal. Assumes text that is safe to print (own or sanitized); an invalid byte or
// hidden character counts as one column.
size_t DisplayWidth(std::string_view text);

}  // namespace corewalk
