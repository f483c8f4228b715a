#include "layout/scope_info_shape.h"

#include <array>
#include <span>

namespace corewalk {
namespace {

constexpr auto kShapes = std::to_array<ScopeInfoShape>({
    {{7, 4}, 16, false, false, 0, 2, -1, 7, 10, 12, ScopeTypeOrder::kEvalFirst},
    {{7, 5}, 16, false, false, 0, 3, -1, 7, 10, 12, ScopeTypeOrder::kClassFirst},
    {{7, 6}, 16, false, false, 0, 3, -1, 7, 11, 13, ScopeTypeOrder::kClassFirst},
    {{7, 9}, 16, false, false, 0, 3, 10, 7, 12, 14, ScopeTypeOrder::kClassFirst},
    {{9, 1}, 8, false, false, 0, 3, 10, 7, 12, 14, ScopeTypeOrder::kClassFirst},
    {{10, 1}, 8, false, false, 75, 3, 10, -1, 12, 14, ScopeTypeOrder::kClassFirst},
    {{12, 4}, 8, false, true, 75, 3, 10, -1, 12, 14, ScopeTypeOrder::kClassFirst},
    {{12, 9}, 8, true, true, 75, 5, 10, -1, 12, 14, ScopeTypeOrder::kScriptFirst},
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
  static constexpr ScopeType kEvalFirst[] = {kEval, kFunction, kModule, kScript, kCatch, kBlock, kWith};
  static constexpr ScopeType kClassFirst[] = {kClass, kEval,  kFunction, kModule,     kScript,
                                              kCatch, kBlock, kWith,     kShadowRealm};
  static constexpr ScopeType kScriptFirst[] = {kScript, kRepl,  kClass, kEval, kFunction,
                                               kModule, kCatch, kBlock, kWith, kShadowRealm};
  static constexpr std::span<const ScopeType> kOrders[] = {kEvalFirst, kClassFirst, kScriptFirst};
  const std::span<const ScopeType> order = kOrders[static_cast<size_t>(shape.scope_types)];
  const uint32_t type = flags & 15;
  return type < order.size() ? order[type] : kUnknown;
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
