// The only way of target text to a screen or a file. Heap strings, names and paths may hold anything, also terminal
// escape sequences, so everything that could move the cursor, reorder the line or hide is shown as a visible escape.
// Never fails, whatever the bytes; the output is at most ten times as long as the input plus a short mark at the cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/untrusted_text.h"

namespace corewalk {

enum class EscapeStyle {
  kPlain,   // text that stands alone: a backslash of the target stays as it is
  kQuoted,  // text between double quotes: " and \ are escaped too, so that the text can be read back without doubt
};

struct SanitizeOptions {
  size_t max_code_points = 0;  // longer text is cut and ends with "...(N more)"; 0 = no limit
  EscapeStyle style = EscapeStyle::kPlain;
};

// More combining marks than this on one character are escaped: they would paint over the lines above and below.
inline constexpr int kMaxCombiningMarks = 4;

// UTF-8 that is safe to print on one line of a terminal. Newline, tab and carriage return become \n \t \r; invalid
// bytes and C0 and C1 controls \xNN; other hidden characters \u{...}. Each byte that is no valid UTF-8 counts as a code
// point.
std::string Sanitize(const UntrustedText& text, const SanitizeOptions& options = {});
std::string Sanitize(std::string_view untrusted, const SanitizeOptions& options = {});

// The inside of a JSON string, ASCII only, so that `cat` of the file is safe too. Characters beyond ASCII become \uXXXX
// (pairs above U+FFFF); invalid bytes and lone surrogates become \ufffd, since many readers refuse a lone surrogate.
std::string JsonEscape(const UntrustedText& text);
std::string JsonEscape(std::string_view text);
// The same, but lone surrogates (WTF-8) keep their escape, \ud800: for the strings of the target where they must be exact.
std::string JsonEscapeExact(std::string_view text);

}  // namespace corewalk
