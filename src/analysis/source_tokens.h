// The tokens of JavaScript source: enough of the grammar to find declarations, not a parser. Comments and white space
// are left out; a template is its pieces with the tokens of its substitutions between them; whether a slash begins a
// regular expression is told by the token before it. Any text gives tokens, also one that is no JavaScript: what is
// unterminated ends at the end of its line (strings, regular expressions) or of the text. No recursion; brackets are
// matched as far as they match.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/cancel.h"

namespace corewalk {

enum class TokenKind : uint8_t { kName, kNumber, kString, kTemplate, kRegExp, kMark };

// Marks of several characters that matter to a search for declarations have a letter of their own; of the rest only the
// first character is kept.
enum TokenMark : char {
  kArrow = 'A',        // =>
  kSpread = 'S',       // ...
  kOptional = 'Q',     // ?.
  kAssignIf = 'L',     // ??= ||= &&=
  kAssignWith = 'P',   // += and the like
  kStep = 'I',         // ++ --
  kSubstitution = 'T'  // ${
};

struct SourceToken {
  uint32_t begin = 0;  // bytes of the text
  uint32_t end = 0;
  uint32_t match = 0;  // of a bracket: the index of the other one; the number of tokens when there is none
  TokenKind kind = TokenKind::kMark;
  char mark = 0;             // of kMark: one of TokenMark, else its first character
  bool line_before = false;  // a line ends between the token before and this one
};

// The longest text that is looked at, and the most tokens: what is behind them is left out.
inline constexpr size_t kMaxScannedBytes = size_t{1} << 25;
inline constexpr size_t kMaxTokens = size_t{1} << 23;

// `text` is WTF-8. Cut short when cancelled.
std::vector<SourceToken> ReadTokens(std::string_view text, const Cancel& cancel);

// Words that cannot be the name of a variable.
bool IsReservedWord(std::string_view word);

}  // namespace corewalk
