#include "command/name_filter.h"

#include <utility>

namespace corewalk {

Result<NameFilter> NameFilter::From(const Arguments& args) {
  NameFilter filter;
  if (!args.Has("filter")) return filter;
  Result<Pattern> pattern = Pattern::Make(args.Text("filter"), "--filter");
  if (!pattern) return std::unexpected(pattern.error());
  filter.pattern_ = std::move(*pattern);
  return filter;
}

OptionSpec FilterOption(std::string what) {
  return {.name = "filter", .letter = 'f', .kind = OptionKind::kString, .value_name = "REGEX", .help = "only " + std::move(what)};
}

}  // namespace corewalk
