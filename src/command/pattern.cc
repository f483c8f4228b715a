#include "command/pattern.h"

#include <fmt/format.h>

#include "base/text_sanitize.h"

namespace corewalk {
namespace {

constexpr size_t kMaxExpression = 1000;

// The position behind a bracket expression that starts at `at`.
size_t SkipClass(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != ']'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

// The position behind a group that starts at `at`.
size_t SkipGroup(std::string_view text, size_t at) {
  int depth = 0;
  while (at < text.size()) {
    if (text[at] == '\\') {
      at += 2;
      continue;
    }
    if (text[at] == '[') {
      at = SkipClass(text, at);
      continue;
    }
    if (text[at] == '(') ++depth;
    if (text[at] == ')' && --depth == 0) return at + 1;
    ++at;
  }
  return at;
}

bool IsLetterOrDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::string RequiredLiteral(std::string_view text) {
  std::string best, run;
  const auto end_run = [&] {
    if (run.size() > best.size()) best = run;
    run.clear();
  };
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    switch (c) {
      case '|':
        return "";  // an alternative of the whole
      case '(':
        end_run();
        at = SkipGroup(text, at);
        continue;
      case '[':
        end_run();
        at = SkipClass(text, at);
        continue;
      case '\\': {
        if (at + 1 >= text.size()) return "";
        const char escaped = text[at + 1];
        if (!IsLetterOrDigit(escaped)) {
          run.push_back(escaped);
          at += 2;
          continue;
        }
        end_run();
        at += 2;
        if (escaped == 'x') at += 2;
        if (escaped == 'u') at += 4;
        if (escaped == 'c') at += 1;
        while (escaped >= '0' && escaped <= '9' && at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
        continue;
      }
      case '*':
      case '?':
      case '{':
        if (!run.empty()) run.pop_back();
        end_run();
        if (c == '{') {
          while (at < text.size() && text[at] != '}') ++at;
        }
        ++at;
        continue;
      case '+':
      case '.':
      case '^':
      case '$':
      case ')':
        end_run();
        ++at;
        continue;
      default:
        if (static_cast<unsigned char>(c) >= 0x80) {
          end_run();
        } else {
          run.push_back(c);
        }
        ++at;
    }
  }
  end_run();
  return best;
}

Result<Pattern> Pattern::Make(const std::string& expression, std::string_view option, bool ignore_case) {
  if (expression.size() > kMaxExpression) {
    return Fail(ErrorCode::kUsage, fmt::format("the expression of {} is too long ({} characters at most)", option, kMaxExpression));
  }
  Pattern pattern;
  try {
    auto flags = std::regex::ECMAScript;
#ifdef __GLIBCXX__
    flags |= std::regex_constants::__polynomial;  // no recursion over the subject, no exponential time
#endif
    if (ignore_case) flags |= std::regex::icase;
    // Checked alone first, so that its parentheses cannot close ours.
    pattern.regex_.assign(expression, flags);
    // The matcher starts anew at every character; with what may stand in front as part of the expression it starts once.
    pattern.regex_.assign("[\\s\\S]*?(?:" + expression + ")", flags);
  } catch (const std::regex_error&) {
    return Fail(ErrorCode::kUsage, fmt::format("{}: '{}' is not a regular expression (or has a back reference)", option,
                                               Sanitize(UntrustedText(expression), {.max_code_points = 80})));
  }
  if (!ignore_case) pattern.literal_ = RequiredLiteral(expression);
  return pattern;
}

bool Pattern::Matches(std::string_view text) const {
  text = text.substr(0, kMaxSubject);
  try {
    return std::regex_search(text.begin(), text.end(), regex_,
                             std::regex_constants::match_continuous | std::regex_constants::match_any);
  } catch (const std::regex_error&) {
    return false;
  }
}

}  // namespace corewalk
