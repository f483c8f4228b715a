// --filter REGEX of the commands that list names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "command/command.h"
#include "command/pattern.h"

namespace corewalk {

class NameFilter {
 public:
  // From --filter of the command line; without it everything matches. kUsage when it is no expression.
  static Result<NameFilter> From(const Arguments& args);

  bool active() const { return pattern_.has_value(); }
  bool Matches(std::string_view text) const { return !pattern_ || pattern_->Matches(text); }

 private:
  std::optional<Pattern> pattern_;
};

// The option itself; `what` says which names.
OptionSpec FilterOption(std::string what);

}  // namespace corewalk
