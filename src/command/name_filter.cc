#include "command/name_filter.h"

#include <fmt/format.h>

#include "base/text_sanitize.h"

namespace corewalk {
namespace {

constexpr size_t kMaxExpression = 1000;
constexpr size_t kMaxText = 4096;

// libstdc++'s other matcher recurses over its input and can take exponential time.
#ifdef __GLIBCXX__
constexpr std::regex::flag_type kFlags = std::regex::ECMAScript | std::regex_constants::__polynomial;
#else
constexpr std::regex::flag_type kFlags = std::regex::ECMAScript;
#endif

}  // namespace

Result<NameFilter> NameFilter::From(const Arguments& args) {
  NameFilter filter;
  if (!args.Has("filter")) return filter;
  const std::string text = args.Text("filter");
  if (text.size() > kMaxExpression)
    return Fail(ErrorCode::kUsage, "the expression of --filter is too long (1000 characters at most)");
  try {
    filter.expression_.emplace(text, kFlags);
  } catch (const std::regex_error&) {
    return Fail(ErrorCode::kUsage, fmt::format("--filter: '{}' is not a regular expression",
                                               Sanitize(UntrustedText(text), {.max_code_points = 80})));
  }
  return filter;
}

bool NameFilter::Matches(std::string_view text) const {
  if (!expression_) return true;
  text = text.substr(0, kMaxText);
  return std::regex_search(text.begin(), text.end(), *expression_);
}

OptionSpec FilterOption(std::string what) {
  return {.name = "filter", .letter = 'f', .kind = OptionKind::kString, .value_name = "REGEX", .help = "only " + std::move(what)};
}

}  // namespace corewalk
