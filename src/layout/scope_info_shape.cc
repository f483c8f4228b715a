#include "layout/scope_info_shape.h"

#include <array>

namespace corewalk {
namespace {

constexpr auto kShapes = std::to_array<ScopeInfoShape>({
    {{7, 4}, 16, false, false, 0, 3, -1, 7, 11, 13, false},
    {{7, 9}, 16, false, false, 0, 3, 10, 7, 12, 14, false},
    {{9, 1}, 8, false, false, 0, 3, 10, 7, 12, 14, false},
    {{10, 1}, 8, false, false, 75, 3, 10, -1, 12, 14, false},
    {{12, 4}, 8, false, true, 75, 3, 10, -1, 12, 14, false},
    {{12, 9}, 8, true, true, 75, 5, 10, -1, 12, 14, true},
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
ScopeType ScopeTypeOf(const ScopeInfoShape& shape, uint32_t flags) {
  using enum ScopeType;
  static constexpr ScopeType kClassFirst[] = {kClass, kEval, kFunction, kModule, kScript, kCatch, kBlock, kWith, kShadowRealm};
  static constexpr ScopeType kScriptFirst[] = {kScript, kRepl,  kClass, kEval, kFunction,
                                               kModule, kCatch, kBlock, kWith, kShadowRealm};
  const uint32_t type = flags & 15;
  if (shape.script_scope_first) return type < std::size(kScriptFirst) ? kScriptFirst[type] : kUnknown;
  return type < std::size(kClassFirst) ? kClassFirst[type] : kUnknown;
}

std::string_view ScopeTypeName(ScopeType type) {
  static constexpr std::string_view kNames[] = {"class", "eval",  "function", "module", "script",  "catch",
                                                "block", "with", "repl",     "shadow realm", "unknown"};
  return kNames[static_cast<size_t>(type)];
}

const NamingRule& FindNamingRule(const V8Version& version) {
  return Newest(kNamingRules, version);
}

}  // namespace corewalk
