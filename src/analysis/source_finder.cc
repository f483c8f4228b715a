#include "analysis/source_finder.h"

#include <algorithm>

#include "analysis/source_limits.h"
#include "analysis/source_taking.h"
#include "analysis/source_tokens.h"
#include "heap/scope_info.h"

namespace corewalk {
namespace {

constexpr uint64_t kMostKeptBytes = uint64_t{1} << 28;      // of scanned sources
constexpr uint64_t kMostSearchedBytes = uint64_t{1} << 28;  // of sources that are searched without knowing where
constexpr int kMostOuterContexts = 64;

void AddGuards(const SizeGuards& guards, SourceFinder::FoundGuards* found) {
  found->known = true;
  found->removes |= guards.removes;
  for (const std::string_view modulus : guards.moduli) found->moduli.emplace_back(modulus);
  for (const SizeGuard& guard : guards.guards) {
    SourceFinder::FoundGuards::Guard one{.operands = {}, .all_adders = guard.all_adders};
    for (const std::string_view operand : guard.operands) one.operands.emplace_back(operand);
    found->guards.push_back(std::move(one));
  }
}

bool InPackage(const std::string& name) {
  return name.find("/node_modules/") != std::string::npos;
}

}  // namespace

ScopeRange RangeOfScope(HeapReader& reader, uint64_t scope_info) {
  if (!reader.IsType(scope_info, "SCOPE_INFO_TYPE")) return {};
  const std::optional<ScopeInfoParts> parts = LocateScopeInfo(reader.memory(), reader.layout(), scope_info);
  if (!parts || parts->positions == 0) return {};
  const std::optional<uint64_t> begin = reader.Word(parts->positions);
  const std::optional<uint64_t> end = reader.Word(parts->positions + 8);
  if (!begin || !end || !IsSmi(*begin) || !IsSmi(*end) || SmiValue(*begin) < 0 || SmiValue(*end) < SmiValue(*begin))
    return {};
  return {SmiValue(*begin), SmiValue(*end)};
}

bool SourceFinder::IsUserScript(uint64_t script) {
  const auto [known, is_new] = user_.try_emplace(script, false);
  if (!is_new) return known->second;
  const ScriptView* view = ReadScript(reader_, script);
  if (view == nullptr) return false;
  const std::string& name = view->name;
  bool user = !name.starts_with("node:") && !name.starts_with("extensions::") && !name.starts_with("native ");
  if (user && name.find("://") == std::string::npos && !name.starts_with('/')) {
    const MapInfo* map = reader_.MapOf(view->source);
    const bool external =
        map != nullptr && (map->instance_type & string_bits::kRepresentationMask) == string_bits::kExternal;
    user = view->source != 0 && !(external && (name.ends_with(".js") || name.find('/') != std::string::npos));
  }
  return known->second = user;
}

const SourceScan* SourceFinder::ScanOf(uint64_t script) {
  if (const auto known = by_script_.find(script); known != by_script_.end()) {
    scans_.splice(scans_.begin(), scans_, known->second);
    return scans_.front().scan ? &*scans_.front().scan : nullptr;
  }
  const ScriptView* view = ReadScript(reader_, script);
  Scanned scanned{.script = script};
  if (view != nullptr && view->source != 0 && view->source_length <= kMaxScannedBytes) {
    // What is behind an unreadable part would stand at other positions, so only what is in front of it counts.
    const std::optional<StringText> text = reader_.Text(view->source, view->source_length);
    if (text && !text->damaged) scanned.scan.emplace(text->text, cancel_);
  }
  bytes_ += scanned.scan ? scanned.scan->MemoryBytes() : 0;
  scans_.push_front(std::move(scanned));
  by_script_[script] = scans_.begin();
  while (bytes_ > kMostKeptBytes && scans_.size() > 1) {
    bytes_ -= scans_.back().scan ? scans_.back().scan->MemoryBytes() : 0;
    by_script_.erase(scans_.back().script);
    scans_.pop_back();
  }
  return scans_.front().scan ? &*scans_.front().scan : nullptr;
}

std::optional<PlacedSite> SourceFinder::Place(uint64_t script, std::optional<SourceSite> site) {
  if (!site) return std::nullopt;
  const SourcePosition position = PositionIn(reader_, script, site->position);
  const ScriptView* view = ReadScript(reader_, script);
  return PlacedSite{.script = script,
                    .file = view == nullptr ? "" : view->name,
                    .line = position.line,
                    .column = position.column,
                    .text = std::move(site->text),
                    .origin = site->origin};
}

std::optional<PlacedSite> SourceFinder::Variable(const ContextView& context, const FunctionView& closure,
                                                 std::string_view name) {
  const SourceScan* scan = ScanOf(closure.script);
  if (scan == nullptr) return std::nullopt;
  std::vector<std::string> siblings;
  for (const ContextVariable& variable : context.variables) {
    if (variable.name != name && siblings.size() < 32) siblings.push_back(variable.name);
  }
  // Of a block the function around it is known at best.
  ScopeRange range = RangeOfScope(reader_, context.scope_info);
  const bool in_block = context.scope_type == "block" || context.scope_type == "class" || context.scope_type == "catch";
  std::optional<ContextView> outer;
  uint64_t previous = context.previous;
  if (in_block) range = {};
  for (int i = 0; in_block && range.begin < 0 && previous != 0 && i < kMostOuterContexts; ++i) {
    outer = ReadContext(reader_, previous);
    if (!outer) break;
    if (outer->scope_type == "function" || outer->scope_type == "module" || outer->scope_type == "script" ||
        outer->scope_type == "eval")
      range = RangeOfScope(reader_, outer->scope_info);
    previous = outer->previous;
  }
  return Place(closure.script, scan->FindVariable({.name = name,
                                                   .begin = range.begin,
                                                   .end = range.end,
                                                   .in_block = in_block,
                                                   .siblings = siblings,
                                                   .inside = closure.start}));
}

std::optional<PlacedSite> SourceFinder::TopLevelVariable(uint64_t script, std::string_view name) {
  const SourceScan* scan = ScanOf(script);
  if (scan == nullptr) return std::nullopt;
  return Place(script, scan->FindVariable({.name = scan->LocalNameOfExport(name)}));
}

std::optional<PlacedSite> SourceFinder::Property(uint64_t script, const PropertyQuery& query) {
  const SourceScan* scan = ScanOf(script);
  return scan == nullptr ? std::nullopt : Place(script, scan->FindProperty(query));
}

// Whether the name occurs at all, which is cheaper to see than where.
bool SourceFinder::Mentions(uint64_t script, std::string_view name) {
  if (by_script_.contains(script)) return true;
  const ScriptView* view = ReadScript(reader_, script);
  if (view == nullptr || view->source == 0 || view->source_length > kMaxScannedBytes) return false;
  searched_bytes_ += view->source_length;
  const std::optional<StringText> text = reader_.Text(view->source, view->source_length);
  return text && text->text.find(name) != std::string::npos;
}

// Those of the program itself first, then in the order in which they were loaded.
void SourceFinder::SortScripts() {
  if (sorted_) return;
  sorted_ = true;
  std::erase_if(scripts_, [this](uint64_t script) { return !IsUserScript(script); });
  std::ranges::stable_sort(scripts_, {}, [this](uint64_t script) {
    const ScriptView* view = ReadScript(reader_, script);
    return std::pair(InPackage(view->name), view->id);
  });
}

std::optional<PlacedSite> SourceFinder::ExportAnywhere(std::string_view name) {
  SortScripts();
  for (const uint64_t script : scripts_) {
    if (cancel_.Cancelled() || searched_bytes_ > kMostSearchedBytes) break;
    if (!Mentions(script, "export")) continue;
    const SourceScan* scan = ScanOf(script);
    if (scan == nullptr || !scan->Exports(name)) continue;
    if (std::optional<PlacedSite> site = TopLevelVariable(script, name)) return site;
  }
  return std::nullopt;
}

std::optional<PlacedSite> SourceFinder::PropertyAnywhere(const PropertyQuery& query) {
  SortScripts();
  std::optional<PlacedSite> best;
  for (const uint64_t script : scripts_) {
    if (cancel_.Cancelled() || searched_bytes_ > kMostSearchedBytes) break;
    if (best && InPackage(ReadScript(reader_, script)->name) && !InPackage(best->file)) break;
    if (!Mentions(script, query.name)) continue;
    std::optional<PlacedSite> site = Property(script, query);
    if (site && (!best || site->origin < best->origin)) best = std::move(site);
  }
  return best;
}

template <typename Visit>
bool SourceFinder::ForEachUser(std::string_view file, std::string_view name, NamedThing thing, Visit visit) {
  if (name.empty() || file.empty()) return false;
  SortScripts();
  for (const uint64_t script : scripts_) {
    if (cancel_.Cancelled() || searched_bytes_ > kMostSearchedBytes) return false;
    const ScriptView* view = ReadScript(reader_, script);
    const bool is_file = view != nullptr && view->name == file;
    if (thing == NamedThing::kVariable ? !is_file : !Mentions(script, name)) continue;
    if (!visit(script, is_file)) return false;
  }
  return true;
}

bool SourceFinder::IsFilledOnce(std::string_view file, std::string_view name, NamedThing thing) {
  size_t fillings = 0;
  bool here = false;
  const bool all = ForEachUser(file, name, thing, [&](uint64_t script, bool is_file) {
    const SourceScan* scan = ScanOf(script);
    if (scan == nullptr) return false;
    here |= is_file;
    const NameUses uses = UsesOf(scan->text(), ReadTokens(scan->text(), cancel_), name, thing);
    fillings += uses.fillings;
    return !uses.changes;
  });
  return all && here && fillings == 1;
}

bool SourceFinder::MayCall(uint64_t script, std::string_view method) {
  const SourceScan* scan = ScanOf(script);
  if (scan == nullptr) return true;
  const std::vector<SourceToken> tokens = ReadTokens(scan->text(), cancel_);
  for (size_t i = 1; i < tokens.size(); ++i) {
    const std::string_view word = scan->text().substr(tokens[i].begin, tokens[i].end - tokens[i].begin);
    const bool dot = tokens[i - 1].kind == TokenKind::kMark && (tokens[i - 1].mark == '.' || tokens[i - 1].mark == kOptional);
    if (tokens[i].kind == TokenKind::kName && dot && word == method) return true;
  }
  return false;
}

SourceFinder::StartFilling SourceFinder::FillingAtStart(std::string_view file, std::string_view name, NamedThing thing,
                                                        std::span<const Activation> activations) {
  size_t adders = 0;
  bool here = false, under_way = false;
  std::vector<std::pair<uint64_t, std::string>> methods;  // by the script that has them
  const bool all = ForEachUser(file, name, thing, [&](uint64_t script, bool is_file) {
    const SourceScan* scan = ScanOf(script);
    if (scan == nullptr) return false;
    here |= is_file;
    const std::vector<SourceToken> tokens = ReadTokens(scan->text(), cancel_);
    const StartCode start(scan->text(), tokens);
    const StartUses uses = StartUsesOf(scan->text(), tokens, start, name, thing);
    if (uses.changes) return false;
    adders += uses.adders;
    for (const std::string_view method : uses.methods) methods.emplace_back(script, method);
    for (const Activation& activation : activations) {
      if (activation.script != script) continue;
      if (activation.position < 0) return false;
      const uint32_t at = scan->ByteAt(activation.position), function = start.BeginOfFunctionAt(at);
      for (const StartPlace& place : uses.places) {
        if (place.function != function || (at >= place.done && !(place.counted && activation.running))) continue;
        // A suspended one may go over what comes in for ever.
        if (place.counted || !activation.running) return false;
        under_way = true;
      }
    }
    return true;
  });
  if (!all) return StartFilling::kNo;
  // Another source that has a method of that name may call it.
  for (const auto& [script, method] : methods) {
    for (const uint64_t other : scripts_) {
      if (other != script && Mentions(other, method) && MayCall(other, method)) return StartFilling::kNo;
    }
  }
  if (!here || adders == 0) return StartFilling::kNo;
  return under_way ? StartFilling::kUnderWay : StartFilling::kOver;
}

SourceFinder::FoundTurnover SourceFinder::TurnoverIn(std::string_view file, std::string_view name, NamedThing thing) {
  FoundTurnover found;
  const bool all = ForEachUser(file, name, thing, [&](uint64_t script, bool is_file) {
    if (!is_file && !MayCall(script, name)) return true;
    const SourceScan* scan = is_file ? ScanOf(script) : nullptr;
    if (scan == nullptr) return false;
    const std::vector<SourceToken> tokens = ReadTokens(scan->text(), cancel_);
    const Turnover turnover = TurnoverOf(scan->text(), tokens, StartCode(scan->text(), tokens), name, thing);
    found = {.size_checked = turnover.size_checked, .pool = turnover.pool, .replaced = turnover.replaced, .most = std::string(turnover.most)};
    return true;
  });
  return all ? found : FoundTurnover();
}

SourceFinder::FoundGuards SourceFinder::GuardsIn(std::string_view file, std::string_view name, NamedThing thing) {
  FoundGuards found;
  (void)ForEachUser(file, name, thing, [&](uint64_t script, bool) {
    const SourceScan* scan = ScanOf(script);
    if (scan == nullptr) return true;
    const std::vector<SourceToken> tokens = ReadTokens(scan->text(), cancel_);
    AddGuards(FindSizeGuards(scan->text(), tokens, StartCode(scan->text(), tokens), name, thing), &found);
    return true;
  });
  return found;
}

SourceFinder::FoundGuards SourceFinder::GuardsOfClass(std::string_view class_name) {
  FoundGuards found;
  (void)ForEachUser("class", class_name, NamedThing::kProperty, [&](uint64_t script, bool) {
    const SourceScan* scan = ScanOf(script);
    if (scan == nullptr) return true;
    const std::vector<SourceToken> tokens = ReadTokens(scan->text(), cancel_);
    AddGuards(FindSizeGuardsOfClass(scan->text(), tokens, StartCode(scan->text(), tokens), class_name), &found);
    return true;
  });
  return found;
}

SourceFinder::FoundTaking SourceFinder::TakingFromIn(std::string_view file, std::string_view name, NamedThing thing) {
  FoundTaking found;
  ForEachUser(file, name, thing, [&](uint64_t script, bool is_file) {
    const SourceScan* scan = is_file ? ScanOf(script) : nullptr;
    if (scan == nullptr) return true;
    const std::vector<SourceToken> tokens = ReadTokens(scan->text(), cancel_);
    const Taking taking = TakingFrom(scan->text(), tokens, StartCode(scan->text(), tokens), name, thing);
    found = {.takes = taking.takes, .empties = taking.empties, .handed_to = std::string(taking.handed_to), .iterates = taking.iterates};
    return true;
  });
  return found;
}

}  // namespace corewalk
