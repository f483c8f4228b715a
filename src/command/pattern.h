// Regular expressions of users over text of the target. std::regex recurses over its subject unless it is told not to,
// and its time can explode; here neither can happen: matching takes time in proportion to the subject, back references
// are refused, and every exception becomes an error or a "no".
#pragma once

#include <regex>
#include <string>
#include <string_view>

#include "base/error.h"

namespace corewalk {

class Pattern {
 public:
  // `option` names the option for the error message.
  static Result<Pattern> Make(const std::string& expression, std::string_view option, bool ignore_case = false);

  // Subjects are cut after kMaxSubject bytes.
  static constexpr size_t kMaxSubject = 1 << 16;
  bool Matches(std::string_view text) const;

  // A text that every match contains, "" when none is known: what a fast search may look for first. ASCII.
  const std::string& literal() const { return literal_; }

 private:
  std::regex regex_;
  std::string literal_;
};

// The longest text that every match of an ECMAScript expression contains, as far as it is plain to see.
std::string RequiredLiteral(std::string_view expression);

}  // namespace corewalk
