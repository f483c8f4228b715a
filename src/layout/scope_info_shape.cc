#include "layout/scope_info_shape.h"

#include <array>

namespace corewalk {
namespace {

constexpr auto kShapes = std::to_array<ScopeInfoShape>({
    {{7, 4}, 16, false, false, 0, 3, -1, 7, 11, 13},
    {{7, 9}, 16, false, false, 0, 3, 10, 7, 12, 14},
    {{9, 1}, 8, false, false, 0, 3, 10, 7, 12, 14},
    {{10, 1}, 8, false, false, 75, 3, 10, -1, 12, 14},
    {{12, 4}, 8, false, true, 75, 3, 10, -1, 12, 14},
    {{12, 9}, 8, true, true, 75, 5, 10, -1, 12, 14},
});

constexpr auto kNamingRules = std::to_array<NamingRule>({
    {{7, 4}, true, false, 0, 1u << 27, 2, 0},
    {{7, 7}, true, false, 1, 0, 0, 1u << 20},
    {{10, 0}, false, false, 1, 0, 0, 1u << 20},
    {{14, 6}, false, true, 1, 0, 0, 1u << 20},
});

template <typename Table>
const auto& Newest(const Table& table, const V8Version& version) {
  if (!version.known()) return table.back();
  const V8Version line{version.major, version.minor};
  for (auto at = table.rbegin(); at != table.rend(); ++at) {
    if (at->first <= line) return *at;
  }
  return table.front();
}

}  // namespace

const ScopeInfoShape& FindScopeInfoShape(const V8Version& version) {
  return Newest(kShapes, version);
}
const NamingRule& FindNamingRule(const V8Version& version) {
  return Newest(kNamingRules, version);
}

}  // namespace corewalk
