// --filter REGEX of the commands that list names.
#pragma once

#include <optional>
#include <regex>
#include <string>

#include "base/error.h"
#include "command/command.h"

namespace corewalk {

class NameFilter {
 public:
  // From --filter of the command line; without it everything matches. kUsage when it is no expression.
  static Result<NameFilter> From(const Arguments& args);

  bool active() const { return expression_.has_value(); }
  // Text of the target; only its first 4096 bytes are looked at.
  bool Matches(std::string_view text) const;

 private:
  std::optional<std::regex> expression_;
};

// The option itself; `what` says which names.
OptionSpec FilterOption(std::string what);

}  // namespace corewalk
