#include "analysis/source_tokens.h"

#include <algorithm>
#include <array>
#include <span>

namespace corewalk {
namespace {

constexpr size_t kPollTokens = 1 << 16;
constexpr size_t kMostUnclosed = 16;  // brackets that are given up for one that closes further out

constexpr auto kReserved = std::to_array<std::string_view>(
    {"await",  "break", "case",       "catch",  "class",   "const",  "continue", "debugger", "default",  "delete",
     "do",     "else",  "enum",       "export", "extends", "false",  "finally",  "for",      "function", "if",
     "import", "in",    "instanceof", "new",    "null",    "return", "super",    "switch",   "this",     "throw",
     "true",   "try",   "typeof",     "var",    "void",    "while",  "with",     "yield"});

// Names after which an operand follows: a slash there begins a regular expression.
constexpr auto kBeforeOperand =
    std::to_array<std::string_view>({"await", "case", "delete", "do", "else", "in", "instanceof", "new", "of", "return",
                                     "throw", "typeof", "void", "yield"});
// Names whose parentheses are followed by a statement.
constexpr auto kWithHead = std::to_array<std::string_view>({"for", "if", "while", "with"});

bool IsNameStart(uint8_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c == '#' || c == '\\' || c >= 0x80;
}
bool IsDigit(uint8_t c) {
  return c >= '0' && c <= '9';
}
bool IsNamePart(uint8_t c) {
  return IsNameStart(c) || IsDigit(c);
}

class Tokenizer {
 public:
  Tokenizer(std::string_view text, const Cancel& cancel) : text_(text.substr(0, kMaxScannedBytes)), cancel_(cancel) {}

  std::vector<SourceToken> Run() {
    if (text_.starts_with("#!")) SkipLine();
    tokens_.reserve(text_.size() / 5);
    while (at_ < text_.size() && tokens_.size() < kMaxTokens) {
      if (tokens_.size() % kPollTokens == 0 && cancel_.Cancelled()) break;
      if (!SkipBlank()) ReadToken();
    }
    const auto count = static_cast<uint32_t>(tokens_.size());
    for (const uint32_t open : open_) tokens_[open].match = count;
    return std::move(tokens_);
  }

 private:
  uint8_t At(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? static_cast<uint8_t>(text_[at_ + ahead]) : uint8_t{0};
  }
  // U+2028 and U+2029 end lines; both begin with these two bytes.
  bool AtLineSeparator() const { return At() == 0xe2 && At(1) == 0x80 && (At(2) == 0xa8 || At(2) == 0xa9); }
  void SkipLine() {
    while (at_ < text_.size() && At() != '\n' && At() != '\r' && !AtLineSeparator()) ++at_;
  }

  // True when it skipped something.
  bool SkipBlank() {
    const uint8_t c = At();
    if (c == '\n' || c == '\r') {
      line_before_ = true;
      ++at_;
      return true;
    }
    if (c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == 0) {
      ++at_;
      return true;
    }
    if (AtLineSeparator()) {
      line_before_ = true;
      at_ += 3;
      return true;
    }
    if (c == 0xc2 && At(1) == 0xa0) return at_ += 2, true;
    if (c == 0xef && At(1) == 0xbb && At(2) == 0xbf) return at_ += 3, true;
    if (c == '/' && At(1) == '/') {
      SkipLine();
      return true;
    }
    if (c == '/' && At(1) == '*') {
      const size_t end = text_.find("*/", at_ + 2);
      const size_t stop = end == std::string_view::npos ? text_.size() : end + 2;
      line_before_ |= text_.substr(at_, stop - at_).find('\n') != std::string_view::npos;
      at_ = stop;
      return true;
    }
    return false;
  }

  SourceToken& Add(size_t begin, TokenKind kind, char mark = 0) {
    tokens_.push_back({.begin = static_cast<uint32_t>(begin),
                       .end = static_cast<uint32_t>(at_),
                       .kind = kind,
                       .mark = mark,
                       .line_before = line_before_});
    line_before_ = false;
    return tokens_.back();
  }

  void ReadToken() {
    const size_t begin = at_;
    const uint8_t c = At();
    if (IsNameStart(c)) {
      while (at_ < text_.size() && IsNamePart(At()) && !AtLineSeparator()) ++at_;
      Add(begin, TokenKind::kName);
    } else if (IsDigit(c) || (c == '.' && IsDigit(At(1)))) {
      ReadNumber();
      Add(begin, TokenKind::kNumber);
    } else if (c == '"' || c == '\'') {
      ReadString(c);
      Add(begin, TokenKind::kString);
    } else if (c == '`') {
      ++at_;
      ReadTemplate(begin);
    } else if (c == '/' && OperandMayFollow() && ReadRegExp()) {
      Add(begin, TokenKind::kRegExp);
    } else {
      ReadMark();
    }
  }

  void ReadNumber() {
    while (at_ < text_.size()) {
      const uint8_t c = At();
      if (!IsNamePart(c) && c != '.') break;
      ++at_;
      const bool exponent = text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E';
      if (exponent && (At() == '+' || At() == '-') && IsDigit(At(1))) ++at_;
    }
  }

  void ReadString(uint8_t quote) {
    for (++at_; at_ < text_.size(); ++at_) {
      const uint8_t c = At();
      if (c == '\n') return;
      if (c == '\\') {
        ++at_;
      } else if (c == quote) {
        ++at_;
        return;
      }
    }
    at_ = std::min(at_, text_.size());
  }

  // A piece of a template, from behind its ` or } on.
  void ReadTemplate(size_t begin) {
    for (; at_ < text_.size(); ++at_) {
      const uint8_t c = At();
      if (c == '\\') {
        ++at_;
      } else if (c == '`') {
        ++at_;
        break;
      } else if (c == '$' && At(1) == '{') {
        Add(begin, TokenKind::kTemplate);
        at_ += 2;
        Add(at_ - 2, TokenKind::kMark, kSubstitution);
        Open();
        return;
      }
    }
    at_ = std::min(at_, text_.size());
    Add(begin, TokenKind::kTemplate);
  }

  // False, and nothing is read, when no regular expression ends on this line.
  bool ReadRegExp() {
    bool in_class = false;
    for (size_t i = at_ + 1; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '\n' || c == '\r') return false;
      if (c == '\\') {
        ++i;
      } else if (c == '[') {
        in_class = true;
      } else if (c == ']') {
        in_class = false;
      } else if (c == '/' && !in_class) {
        at_ = i + 1;
        while (at_ < text_.size() && IsNamePart(At()) && At() < 0x80) ++at_;
        return true;
      }
    }
    return false;
  }

  std::string_view TextOf(const SourceToken& token) const { return text_.substr(token.begin, token.end - token.begin); }
  bool IsWord(size_t index, std::span<const std::string_view> words) const {
    return tokens_[index].kind == TokenKind::kName && std::ranges::binary_search(words, TextOf(tokens_[index])) &&
           (index == 0 || tokens_[index - 1].mark != '.');
  }

  // Whether an operand may stand here, told by the last token.
  bool OperandMayFollow() const {
    if (tokens_.empty()) return true;
    const size_t last = tokens_.size() - 1;
    const SourceToken& token = tokens_[last];
    switch (token.kind) {
      case TokenKind::kName:
        return IsWord(last, kBeforeOperand);
      case TokenKind::kMark:
        break;
      default:
        return false;
    }
    switch (token.mark) {
      case ']':
      case kStep:
        return false;
      case ')':
        return token.match > 0 && token.match < last && IsWord(token.match - 1, kWithHead);
      case '}':
        return token.match >= last || !IsOperandBrace(token.match);
      default:
        return true;
    }
  }

  // Whether the brace opens something that stands for a value: then a division may follow it.
  bool IsOperandBrace(size_t open) const {
    if (tokens_[open].mark == kSubstitution) return true;
    if (open == 0) return false;
    const SourceToken& before = tokens_[open - 1];
    if (before.kind == TokenKind::kName)
      return IsWord(open - 1, kBeforeOperand) && TextOf(before) != "else" && TextOf(before) != "do";
    if (before.kind != TokenKind::kMark) return false;
    return before.mark != ')' && before.mark != '{' && before.mark != '}' && before.mark != ';' &&
           before.mark != kArrow && before.mark != ':';
  }

  void Open() { open_.push_back(static_cast<uint32_t>(tokens_.size() - 1)); }

  void Close(char opener) {
    const auto index = static_cast<uint32_t>(tokens_.size() - 1);
    tokens_[index].match = index;
    for (size_t back = 0; back < std::min(open_.size(), kMostUnclosed); ++back) {
      const size_t place = open_.size() - 1 - back;
      const char mark = tokens_[open_[place]].mark;
      if (mark != opener && !(opener == '{' && mark == kSubstitution)) continue;
      for (size_t i = place + 1; i < open_.size(); ++i) tokens_[open_[i]].match = index;
      tokens_[open_[place]].match = index;
      tokens_[index].match = open_[place];
      open_.resize(place);
      return;
    }
  }

  void ReadMark() {
    const size_t begin = at_;
    const uint8_t c = At(), next = At(1), third = At(2);
    char mark = static_cast<char>(c);
    size_t length = 1;
    if (c == '=' && next == '>') {
      mark = kArrow, length = 2;
    } else if (c == '.' && next == '.' && third == '.') {
      mark = kSpread, length = 3;
    } else if (c == '?' && next == '.' && !IsDigit(third)) {
      mark = kOptional, length = 2;
    } else if ((c == '?' || c == '|' || c == '&') && next == c) {
      mark = third == '=' ? char{kAssignIf} : '&', length = third == '=' ? 3 : 2;
    } else if (c == '=' && next == '=') {
      mark = '!', length = third == '=' ? 3 : 2;
    } else if (c == '!' && next == '=') {
      length = third == '=' ? 3 : 2;
    } else if ((c == '+' || c == '-') && next == c) {
      mark = kStep, length = 2;
    } else if ((c == '<' || c == '>') && next == '=') {
      length = 2;
    } else if (c == '<' || c == '>' || c == '*') {
      while (length < 3 && At(length) == c) ++length;
      if (length > 1) mark = '!';
      if (At(length) == '=' && !(c != '*' && length == 1)) mark = kAssignWith, ++length;
    } else if ((c == '+' || c == '-' || c == '/' || c == '%' || c == '&' || c == '|' || c == '^') && next == '=') {
      mark = kAssignWith, length = 2;
    } else if (c < 0x20 || (c >= 'A' && c <= 'Z')) {
      mark = '!';
    }
    at_ += length;
    Add(begin, TokenKind::kMark, mark);
    switch (mark) {
      case '(':
      case '[':
      case '{':
        Open();
        break;
      case ')':
        Close('(');
        break;
      case ']':
        Close('[');
        break;
      case '}': {
        Close('{');
        const SourceToken& closing = tokens_.back();
        if (closing.match < tokens_.size() - 1 && tokens_[closing.match].mark == kSubstitution) ReadTemplate(at_);
        break;
      }
      default:
        break;
    }
  }

  const std::string_view text_;
  const Cancel& cancel_;
  size_t at_ = 0;
  bool line_before_ = false;
  std::vector<SourceToken> tokens_;
  std::vector<uint32_t> open_;  // brackets that are not yet closed
};

}  // namespace

std::vector<SourceToken> ReadTokens(std::string_view text, const Cancel& cancel) {
  return Tokenizer(text, cancel).Run();
}

bool IsReservedWord(std::string_view word) {
  return std::ranges::binary_search(kReserved, word);
}

}  // namespace corewalk
