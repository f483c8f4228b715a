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

// What every search through tokens asks of them. Any index may be asked about: behind the last there is nothing.
class TokenView {
 public:
  // Both must outlive it.
  TokenView(std::string_view text, const std::vector<SourceToken>& tokens) : text_(text), tokens_(tokens) {}

 protected:
  std::string_view Word(size_t i) const {
    return i < tokens_.size() ? text_.substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin) : "";
  }
  bool Is(size_t i, char mark) const {
    return i < tokens_.size() && tokens_[i].kind == TokenKind::kMark && tokens_[i].mark == mark;
  }
  bool IsDot(size_t i) const { return Is(i, '.') || Is(i, kOptional); }
  bool IsName(size_t i) const { return i < tokens_.size() && tokens_[i].kind == TokenKind::kName; }
  // Of `a.b.name` the a.
  size_t BeginOfChain(size_t at) const {
    while (at >= 2 && IsDot(at - 1) && IsName(at - 2)) at -= 2;
    return at;
  }

  const std::string_view text_;
  const std::vector<SourceToken>& tokens_;
};

// Words that cannot be the name of a variable.
bool IsReservedWord(std::string_view word);

}  // namespace corewalk
