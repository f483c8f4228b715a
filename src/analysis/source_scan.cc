#include "analysis/source_scan.h"

#include <algorithm>
#include <tuple>

#include "analysis/source_scopes.h"
#include "analysis/source_tokens.h"

namespace corewalk {
namespace {

constexpr size_t kUnitStep = 4096;
constexpr size_t kShownCharacters = 60;
constexpr size_t kMostShownBytes = 4096;  // that are looked at to make a shown text
constexpr size_t kMostNesting = 100'000;  // scopes around a scope

std::string_view KeywordOf(DeclarationKind kind) {
  switch (kind) {
    case DeclarationKind::kConst:
      return "const ";
    case DeclarationKind::kLet:
      return "let ";
    case DeclarationKind::kVar:
      return "var ";
    default:
      return "";  // its text begins with its own
  }
}

// UTF-16 units of the character that begins with this byte; 0 inside of one.
int UnitsOf(char byte) {
  const auto value = static_cast<uint8_t>(byte);
  return (value & 0xc0) == 0x80 ? 0 : value >= 0xf0 ? 2 : 1;
}

bool IsGlobalName(std::string_view chain) {
  return chain == "global" || chain == "globalThis" || chain == "this" || chain == "window" || chain == "self" ||
         chain == "GLOBAL" || chain == "root";
}

}  // namespace

SourceScan::SourceScan(std::string text, const Cancel& cancel) : text_(std::move(text)) {
  MeasureUnits();
  const std::vector<SourceToken> tokens = ReadTokens(text_, cancel);
  SourceFindings found = WalkSource(text_, tokens, cancel);
  scopes_ = std::move(found.scopes);
  declarations_ = std::move(found.declarations);
  properties_ = std::move(found.properties);
  exports_ = std::move(found.exports);
}

void SourceScan::MeasureUnits() {
  one_unit_per_byte_ = std::ranges::none_of(text_, [](char c) { return (c & 0x80) != 0; });
  if (one_unit_per_byte_) return;
  uint32_t units = 0;
  for (size_t i = 0; i < text_.size(); ++i) {
    if (i % kUnitStep == 0) units_.push_back(units);
    units += static_cast<uint32_t>(UnitsOf(text_[i]));
  }
}

int64_t SourceScan::UnitsAt(uint32_t byte) const {
  if (one_unit_per_byte_) return byte;
  const size_t step = std::min<size_t>(byte / kUnitStep, units_.size() - 1);
  int64_t units = units_[step];
  for (size_t i = step * kUnitStep; i < std::min<size_t>(byte, text_.size()); ++i) units += UnitsOf(text_[i]);
  return units;
}

uint32_t SourceScan::ByteAt(int64_t units) const {
  if (units <= 0) return 0;
  if (one_unit_per_byte_) return static_cast<uint32_t>(std::min<int64_t>(units, static_cast<int64_t>(text_.size())));
  const auto above = std::ranges::upper_bound(units_, units, std::less<int64_t>());
  const size_t step = static_cast<size_t>(above - units_.begin()) - 1;
  int64_t at = units_[step];
  size_t byte = step * kUnitStep;
  while (byte < text_.size() && (at < units || UnitsOf(text_[byte]) == 0)) at += UnitsOf(text_[byte++]);
  return static_cast<uint32_t>(byte);
}

uint32_t SourceScan::ScopeOfFunction(int64_t begin, int64_t end) const {
  if (begin < 0) return 0;
  const int64_t from = ByteAt(begin), to = end < 0 ? static_cast<int64_t>(text_.size()) : ByteAt(end);
  uint32_t best = 0;
  int64_t best_distance = INT64_MAX;
  for (uint32_t i = 0; i < scopes_.size(); ++i) {
    const Scope& scope = scopes_[i];
    if (scope.kind == ScopeKind::kBlock) continue;
    const int64_t distance = std::abs(int64_t{scope.begin} - from) + std::abs(int64_t{scope.end} - to);
    if (distance < best_distance) best = i, best_distance = distance;
  }
  return best;
}

bool SourceScan::IsInside(uint32_t scope, uint32_t outer) const {
  for (size_t i = 0; i < kMostNesting; ++i) {
    if (scope == outer) return true;
    if (scope == 0) return false;
    scope = scopes_[scope].parent;
  }
  return false;
}

std::string SourceScan::Shown(std::string_view text) const {
  std::string shown;
  size_t characters = 0;
  bool space = false;
  char quote = 0;
  text = text.substr(0, kMostShownBytes);
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && c == '/' && i + 1 < text.size() && (text[i + 1] == '/' || text[i + 1] == '*')) {
      const bool line = text[i + 1] == '/';
      const size_t end = line ? text.find('\n', i) : text.find("*/", i + 2);
      if (end == std::string_view::npos) break;
      i = line ? end : end + 1;
      space = true;
      continue;
    }
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
      space = true;
      continue;
    }
    if (UnitsOf(c) > 0 && characters + (space && !shown.empty()) >= kShownCharacters) return shown + "...";
    if (space && !shown.empty()) {
      shown.push_back(' ');
      ++characters;
    }
    space = false;
    shown.push_back(c);
    characters += UnitsOf(c) > 0;
    if (c == '\\' && quote != 0 && i + 1 < text.size()) {
      shown.push_back(text[++i]);
      ++characters;
    } else if (quote != 0 ? c == quote : (c == '"' || c == '\'' || c == '`')) {
      quote = quote == 0 ? c : char{0};
    }
  }
  return shown;
}

ValueOrigin SourceScan::OriginOf(const Declaration& declaration) const {
  if (declaration.origin != ValueOrigin::kUnknown) return declaration.origin;
  // Declared first, made later.
  ValueOrigin best = ValueOrigin::kUnknown;
  const std::string_view name = TextOf(declaration.name_begin, declaration.name_end);
  for (const PropertySite& site : properties_) {
    if (site.kind != PropertySiteKind::kAssigned || site.origin >= best ||
        TextOf(site.name_begin, site.name_end) != name)
      continue;
    if (IsInside(site.scope, declaration.scope)) best = site.origin;
  }
  return best;
}

SourceSite SourceScan::SiteOf(const Declaration& declaration) const {
  return {.position = UnitsAt(declaration.name_begin),
          .text = Shown(std::string(KeywordOf(declaration.kind)) +
                        std::string(TextOf(declaration.begin, declaration.end))),
          .origin = OriginOf(declaration)};
}

std::optional<SourceSite> SourceScan::FindVariable(const VariableQuery& query) const {
  const uint32_t function = ScopeOfFunction(query.begin, query.end);
  const int64_t inside = query.inside < 0 ? -1 : ByteAt(query.inside);
  const Declaration* best = nullptr;
  using Score = std::tuple<bool, bool, size_t, bool, int64_t, int>;  // the larger the better
  Score best_score;
  for (const Declaration& declaration : declarations_) {
    if (TextOf(declaration.name_begin, declaration.name_end) != query.name) continue;
    const Scope& scope = scopes_[declaration.scope];
    const bool within = IsInside(declaration.scope, function);
    const bool seen = inside < 0 || (scope.begin <= inside && inside < scope.end);
    size_t together = 0;
    for (const std::string& sibling : query.siblings) {
      together += std::ranges::any_of(declarations_, [&](const Declaration& other) {
        return other.scope == declaration.scope && TextOf(other.name_begin, other.name_end) == sibling;
      });
    }
    const bool exact = query.in_block ? declaration.scope != function : declaration.scope == function;
    int64_t depth = 0;
    for (uint32_t at = declaration.scope; at != 0 && at != function && depth < static_cast<int64_t>(kMostNesting);
         ++depth)
      at = scopes_[at].parent;
    const Score score(within, seen, together, exact, query.in_block && inside >= 0 ? depth : -depth,
                      -static_cast<int>(declaration.origin));
    if (best == nullptr || score > best_score) best = &declaration, best_score = score;
  }
  if (best == nullptr) return std::nullopt;
  return SiteOf(*best);
}

// What stands in front of the property's name: "this", "app.locals"; of a key or field "".
std::string SourceScan::OwnerIn(const PropertySite& site) const {
  if (site.name_begin <= site.begin) return "";
  std::string_view chain = TextOf(site.begin, site.name_begin);
  while (!chain.empty() && (chain.back() == '.' || chain.back() == '?' || chain.back() == '[' || chain.back() == '\'' ||
                            chain.back() == '"' || chain.back() == ' ' || chain.back() == '\n')) {
    chain.remove_suffix(1);
  }
  return std::string(chain);
}

std::optional<SourceSite> SourceScan::FindProperty(const PropertyQuery& query) const {
  const bool ranged = query.begin >= 0;
  const int64_t from = ranged ? ByteAt(query.begin) : 0;
  const int64_t to = ranged ? ByteAt(query.end) : 0;
  const PropertySite* best = nullptr;
  using Score = std::tuple<int, int, int>;  // owner, kind, origin; the larger the better
  Score best_score;
  for (const PropertySite& site : properties_) {
    if (TextOf(site.name_begin, site.name_end) != query.name) continue;
    const std::string chain = OwnerIn(site);
    const bool own = site.kind == PropertySiteKind::kThis || site.kind == PropertySiteKind::kField;
    int owner = 0, kind = 0;
    if (query.global) {
      const bool says_so =
          (site.kind == PropertySiteKind::kMember || site.kind == PropertySiteKind::kThis) && IsGlobalName(chain);
      const bool defines = site.kind == PropertySiteKind::kDefine &&
                           TextOf(site.begin, site.name_begin).find("global") != std::string_view::npos;
      if (site.kind != PropertySiteKind::kAssigned && !says_so && !defines && site.kind != PropertySiteKind::kKey)
        continue;
      owner = says_so && chain != "this"                 ? 3
              : says_so || defines                       ? 2
              : site.kind == PropertySiteKind::kAssigned ? 1
                                                         : 0;
    } else {
      if (site.kind == PropertySiteKind::kAssigned) continue;
      const bool in_range = ranged && site.begin >= from && site.begin < to;
      bool named = false;
      if (own && !query.owner.empty()) {
        for (uint32_t at = site.scope, i = 0; at != 0 && i < kMostNesting && !named; at = scopes_[at].parent, ++i)
          named = TextOf(scopes_[at].name_begin, scopes_[at].name_end) == query.owner;
      }
      const bool same_chain = !query.owner.empty() && chain == query.owner;
      owner = in_range && own ? 4 : named || same_chain ? 3 : in_range ? 2 : !own ? 1 : 0;
      kind = own ? 3 : site.kind == PropertySiteKind::kMember ? 2 : site.kind == PropertySiteKind::kKey ? 2 : 1;
    }
    const Score score(owner, -static_cast<int>(site.origin), kind);
    if (best == nullptr || score > best_score) best = &site, best_score = score;
  }
  if (best == nullptr) return std::nullopt;
  return SourceSite{
      .position = UnitsAt(best->name_begin), .text = Shown(TextOf(best->begin, best->end)), .origin = best->origin};
}

std::string SourceScan::LocalNameOfExport(std::string_view name) const {
  for (const Export& exported : exports_) {
    if (TextOf(exported.name_begin, exported.name_end) == name)
      return std::string(TextOf(exported.local_begin, exported.local_end));
  }
  return std::string(name);
}

bool SourceScan::Exports(std::string_view name) const {
  return std::ranges::any_of(
      exports_, [&](const Export& exported) { return TextOf(exported.name_begin, exported.name_end) == name; });
}

SourceScan::Made SourceScan::MadeIn(int64_t begin, int64_t end, std::string_view class_name) const {
  Made found;
  const uint32_t function = ScopeOfFunction(begin, end);
  const auto is_of_function = [&](uint32_t scope) {
    for (size_t i = 0; i < kMostNesting && scope != function; ++i) {
      if (scope == 0 || scopes_[scope].kind != ScopeKind::kBlock) return false;
      scope = scopes_[scope].parent;
    }
    return scope == function;
  };
  for (const Declaration& declaration : declarations_) {
    const bool variable = declaration.kind == DeclarationKind::kConst || declaration.kind == DeclarationKind::kLet ||
                          declaration.kind == DeclarationKind::kVar;
    if (!variable || !is_of_function(declaration.scope) || declaration.end <= declaration.name_end) continue;
    std::string_view value = TextOf(declaration.name_end, declaration.end);
    const size_t equals = value.find('=');
    if (equals == std::string_view::npos) continue;
    value.remove_prefix(std::min(value.find_first_not_of(" \t\r\n", equals + 1), value.size()));
    bool makes = (class_name == "Array" && value.starts_with('[')) ||
                 (class_name == "Object" && (value.starts_with('{') || value.starts_with("Object.create")));
    if (value.starts_with("new ")) {
      // `new rate_limiter_1.RateLimiter(...)`, too.
      const std::string_view constructor = value.substr(4, value.find_first_of("(;\n", 4) - 4);
      makes = constructor.ends_with(class_name) && !class_name.empty();
    }
    found.any_returned |= !makes && declaration.origin == ValueOrigin::kCalled && !value.starts_with("Object.create");
    if (makes)
      found.variables.push_back({.name = std::string(TextOf(declaration.name_begin, declaration.name_end)),
                                 .site = SiteOf(declaration)});
  }
  return found;
}

bool SourceScan::LeadsTo(int64_t begin, int64_t end, std::string_view word, const Cancel& cancel) const {
  const uint32_t from = ByteAt(begin), to = std::max(from, ByteAt(end));
  const std::string_view text = TextOf(from, to);
  if (text.find(word) != std::string_view::npos) return true;
  const std::vector<SourceToken> tokens = ReadTokens(text, cancel);
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i].kind != TokenKind::kName || tokens[i + 1].kind != TokenKind::kMark || tokens[i + 1].mark != '(')
      continue;
    const std::string_view called = text.substr(tokens[i].begin, tokens[i].end - tokens[i].begin);
    const bool leads = std::ranges::any_of(scopes_, [&](const Scope& scope) {
      return scope.kind == ScopeKind::kFunction && TextOf(scope.name_begin, scope.name_end) == called &&
             TextOf(scope.begin, scope.end).find(word) != std::string_view::npos;
    });
    // `const again = () => ...`
    const bool declared = std::ranges::any_of(declarations_, [&](const Declaration& declaration) {
      return TextOf(declaration.name_begin, declaration.name_end) == called &&
             TextOf(declaration.begin, declaration.end).find(word) != std::string_view::npos;
    });
    if (leads || declared) return true;
  }
  return false;
}

uint64_t SourceScan::MemoryBytes() const {
  return text_.size() + 4 * units_.size() + sizeof(Scope) * scopes_.size() +
         sizeof(Declaration) * declarations_.size() + sizeof(PropertySite) * properties_.size() +
         sizeof(Export) * exports_.size();
}

}  // namespace corewalk
