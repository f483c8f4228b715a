#include "analysis/leaks/unused_captures.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "analysis/leaks/closures.h"
#include "analysis/leaks/live_objects.h"
#include "analysis/source_finder.h"
#include "analysis/source_tokens.h"
#include "heap/scope_info.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"
#include "heap/views/generators.h"
#include "heap/views/scripts.h"

namespace corewalk {
namespace {

constexpr size_t kPoll = 1 << 14;
constexpr int kMostLevels = 64;                    // of a chain of contexts
constexpr int64_t kMostSource = int64_t{1} << 22;  // UTF-16 units of one function
constexpr size_t kMostUsers = 1000;                // functions of a scope that are read
constexpr size_t kKeptBy = 10;
constexpr uint32_t kSloppyEval = 1 << 4;                        // ScopeInfo::SloppyEvalCanExtendVarsBit, 7.4 to 14.6
constexpr uint64_t kContextLengthMask = 0x3fffffff;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// A name that a program gave: V8's own hold characters that no name has (".this_function", "new.target").
bool IsVariableName(const std::string& name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, IsNameByte) &&
         name != "arguments" && !IsReservedWord(name);
}

// Whether the text has the name as a word.
bool HasWord(std::string_view text, std::string_view name) {
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const bool begins = at == 0 || !IsNameByte(text[at - 1]);
    const bool ends = at + name.size() == text.size() || !IsNameByte(text[at + name.size()]);
    if (begins && ends) return true;
  }
  return false;
}

class UnusedFinder {
 public:
  UnusedFinder(HeapReader* reader, const HeapGraph& graph, const UnusedCaptureOptions& options, const Cancel& cancel)
      : reader_(*reader), graph_(graph), options_(options), cancel_(cancel), sources_(reader, &cancel) {}

  std::vector<UnusedCapture> Find() {
    CollectScopes();
    for (Scope& scope : scopes_) MeasureVariables(&scope);

    std::erase_if(scopes_, [](const Scope& scope) { return scope.candidates.empty(); });
    if (scopes_.empty() || cancel_.Cancelled()) return {};
    NumberContexts();
    FindOtherReferrers();
    CollectUsers();
    std::vector<UnusedCapture> found;
    for (Scope& scope : scopes_) {
      if (cancel_.Cancelled()) break;
      Judge(&scope, &found);
    }
    std::ranges::stable_sort(found, std::greater<>(), &UnusedCapture::retained);
    return found;
  }

 private:
  struct Variable {
    ScopeVariable scope;
    uint64_t contexts = 0;
    uint64_t retained = 0;
    ObjectId largest = kNoObject;
  };
  struct Scope {
    uint64_t scope_info = 0;
    uint64_t bound = 0;  // bytes that its contexts retain, or more
    std::vector<ObjectId> contexts;
    std::vector<Variable> candidates;
    bool uncertain = false;
    std::set<uint64_t> users;  // SharedFunctionInfos
    std::vector<bool> used;    // of the candidates: by one of these
    bool settled = false;      // none of them can be told
  };

  bool IsScopeType(uint64_t scope_info) {
    if (!reader_.IsType(scope_info, "SCOPE_INFO_TYPE")) return false;
    const std::optional<ScopeInfoParts> parts = LocateScopeInfo(reader_.memory(), reader_.layout(), scope_info);
    if (!parts || (parts->flags & kSloppyEval) != 0) return false;
    return parts->type == ScopeType::kFunction || parts->type == ScopeType::kBlock || parts->type == ScopeType::kCatch;
  }

  // The scopes whose contexts retain most.
  void CollectScopes() {
    const InstanceTypes& types = reader_.layout().types;
    const int wanted[] = {types.Number("FUNCTION_CONTEXT_TYPE"), types.Number("BLOCK_CONTEXT_TYPE"),
                          types.Number("CATCH_CONTEXT_TYPE")};
    const std::vector<ObjectId> contexts = LiveObjects(
        graph_,
        [&](const LiveShape& shape) {
          return std::ranges::find(wanted, int{shape.map.instance_type}) != std::end(wanted);
        },
        cancel_);
    std::unordered_map<uint64_t, uint32_t> numbers;
    std::vector<uint32_t> scope_of(contexts.size());
    std::vector<std::pair<uint64_t, uint64_t>> bounds;  // bytes, ScopeInfo
    constexpr int kScopeInfo = 16;  // the first element
    const std::vector<uint64_t> scope_infos = WordOfEach(reader_, graph_, contexts, kScopeInfo, cancel_);
    uint64_t last = 0;
    for (size_t i = 0; i < contexts.size(); ++i) {
      if (i % kPoll == 0 && cancel_.Cancelled()) return;
      if (i > 0 && scope_infos[i] == last) {
        scope_of[i] = scope_of[i - 1];
      } else {
        last = scope_infos[i];
        const auto [at, is_new] = numbers.try_emplace(last, static_cast<uint32_t>(bounds.size()));
        if (is_new) bounds.emplace_back(0, last);
        scope_of[i] = at->second;
      }
      bounds[scope_of[i]].first += graph_.RetainedOf(contexts[i]);
    }
    std::vector<uint32_t> order(bounds.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::erase_if(order, [&](uint32_t i) { return bounds[i].first < options_.least_bytes; });
    std::ranges::sort(order, [&](uint32_t a, uint32_t b) { return bounds[a] > bounds[b]; });
    std::vector<uint32_t> chosen(bounds.size(), kNone);
    for (const uint32_t i : order) {
      if (scopes_.size() == options_.most_scopes) break;
      if (!IsScopeType(bounds[i].second)) continue;
      chosen[i] = static_cast<uint32_t>(scopes_.size());
      scopes_.push_back({.scope_info = bounds[i].second, .bound = bounds[i].first});
    }
    for (size_t i = 0; i < contexts.size(); ++i) {
      if (chosen[scope_of[i]] != kNone) scopes_[chosen[scope_of[i]]].contexts.push_back(contexts[i]);
    }
  }

  void MeasureVariables(Scope* scope) {
    std::vector<Variable> variables;
    for (ScopeVariable& variable : VariablesOfScope(reader_, scope->scope_info)) {
      if (IsVariableName(variable.name)) variables.push_back({.scope = std::move(variable)});
    }
    size_t looked_at = 0;
    AddressCursor addresses(graph_.index());
    for (const ObjectId node : scope->contexts) {
      if (++looked_at % kPoll == 0 && cancel_.Cancelled()) return;
      const uint64_t context = addresses.AddressOf(node) + 1;
      const uint64_t length =
          static_cast<uint64_t>(SmiValue(reader_.Field(context, 8).value_or(0))) & kContextLengthMask;
      for (Variable& variable : variables) {
        if (variable.scope.slot >= length) continue;
        const HeapReader::SlotValue value =
            reader_.ThroughCell(reader_.ArrayElement(context, variable.scope.slot).value_or(0));
        const ObjectId held = value.raw_double || IsSmi(value.value) ? kNoObject : graph_.index().At(value.value);
        if (held == kNoObject) continue;
        ++variable.contexts;
        const ObjectId dominator = graph_.DominatorOf(held);
        const bool own = dominator == node || (value.cell != 0 && dominator == graph_.index().At(value.cell));
        if (!own) continue;
        variable.retained += graph_.RetainedOf(held);
        if (variable.largest == kNoObject || graph_.RetainedOf(held) > graph_.RetainedOf(variable.largest))
          variable.largest = held;
      }
    }
    for (Variable& variable : variables) {
      if (variable.retained >= options_.least_bytes) scope->candidates.push_back(std::move(variable));
    }
  }

  void NumberContexts() {
    chosen_ = NodeSet(graph_.node_count());
    for (uint32_t i = 0; i < scopes_.size(); ++i) {
      for (const ObjectId node : scopes_[i].contexts) {
        chosen_.Add(node);
        scope_of_.emplace_back(node, i);
      }
    }
    std::ranges::sort(scope_of_);
  }
  Scope& ScopeOf(ObjectId context) {
    return scopes_[std::ranges::lower_bound(scope_of_, context, {}, &std::pair<ObjectId, uint32_t>::first)->second];
  }

  // Roots, and all that is neither a function, a context nor a suspended generator.
  void FindOtherReferrers() {
    for (Scope& scope : scopes_) {
      for (const ObjectId node : scope.contexts) scope.uncertain = scope.uncertain || !graph_.RootsOf(node).empty();
    }
    const InstanceTypes& types = reader_.layout().types;
    std::vector<bool> known_kind;
    for (const LiveShape& shape : graph_.shapes().shapes()) {
      known_kind.push_back(shape.map.category == Category::kClosure || types.IsContext(shape.map.instance_type) ||
                           IsGeneratorType(types.at(shape.map.instance_type).name));
    }
    ForEachReferenceTo(graph_, chosen_, cancel_, [&](ObjectId from, ObjectId to) {
      if (!known_kind[graph_.shapes().ShapeOf(from)]) ScopeOf(to).uncertain = true;
    });
  }

  // Every function that can still run in one of the scopes, until each candidate is seen to be used: mostly soon.
  void CollectUsers() {
    size_t open = 0;
    for (Scope& scope : scopes_) {
      scope.used.assign(scope.candidates.size(), false);
      scope.settled = scope.uncertain;
      open += !scope.settled;
    }
    if (open == 0) return;
    const InstanceTypes& types = reader_.layout().types;
    const int bound = types.Number("JS_BOUND_FUNCTION_TYPE");
    std::vector<bool> is_generator;
    for (const LiveShape& shape : graph_.shapes().shapes())
      is_generator.push_back(IsGeneratorType(types.at(shape.map.instance_type).name));
    const LiveShape* const first = graph_.shapes().shapes().data();
    const std::vector<ObjectId> users = LiveObjects(
        graph_,
        [&](const LiveShape& shape) {
          return (shape.map.category == Category::kClosure && shape.map.instance_type != bound) ||
                 is_generator[static_cast<size_t>(&shape - first)];
        },
        cancel_);
    NodeSet leads_nowhere(graph_.node_count());  // contexts whose chain meets none of the scopes
    std::vector<ObjectId> way;
    size_t looked_at = 0;
    AddressCursor addresses(graph_.index());
    for (const ObjectId user : users) {
      if (++looked_at % kPoll == 0 && cancel_.Cancelled()) return;
      const uint64_t object = addresses.AddressOf(user) + 1;
      const bool generator = is_generator[graph_.shapes().ShapeOf(user)];
      const uint64_t function = generator ? reader_.Field(object, kGeneratorFunction).value_or(0) : object;
      uint64_t context = generator ? reader_.Field(object, kGeneratorContext).value_or(0)
                                   : reader_.Field(object, ObjectField::kFunctionContext).value_or(0);
      uint64_t shared = 0;
      way.clear();
      bool met = false;
      for (int level = 0; level < kMostLevels; ++level) {
        const ObjectId node = IsSmi(context) ? kNoObject : graph_.index().At(context);
        if (node == kNoObject || leads_nowhere.Has(node)) break;
        if (chosen_.Has(node)) {
          met = true;
          if (shared == 0) shared = reader_.Field(function, ObjectField::kFunctionShared).value_or(0);
          Scope& scope = ScopeOf(node);
          if (!scope.settled && scope.users.insert(shared).second) {
            scope.settled = !MayBeUnused(&scope, shared);
            if (scope.settled && --open == 0) return;
          }
        }
        way.push_back(node);
        context = reader_.ArrayElement(context, 1).value_or(0);
      }
      if (!met) {
        for (const ObjectId node : way) leads_nowhere.Add(node);
      }
    }
  }

  // Whether a candidate is left that no function mentions which was met so far, and all of them could be read.
  bool MayBeUnused(Scope* scope, uint64_t user) {
    if (scope->users.size() > kMostUsers) return false;
    std::vector<std::string> names;
    for (const Variable& variable : scope->candidates) names.push_back(variable.scope.name);
    const std::optional<FunctionView> view = ReadShared(reader_, user);
    const std::optional<std::string> source = view ? SourceOf(*view) : std::nullopt;
    const std::optional<std::vector<bool>> mentions = source ? MentionsIn(*source, names, cancel_) : std::nullopt;
    if (!mentions) return false;
    for (size_t i = 0; i < names.size(); ++i) scope->used[i] = scope->used[i] || (*mentions)[i];
    return std::ranges::find(scope->used, false) != scope->used.end();
  }

  void Judge(Scope* scope, std::vector<UnusedCapture>* found) {
    // Without any user the contexts are held by each other alone, which roots or others do: see FindOtherReferrers().
    if (scope->settled || scope->users.empty()) return;
    const std::vector<bool>& used = scope->used;
    const std::optional<FunctionView> closure = ReadShared(reader_, *scope->users.begin());
    if (!closure) return;
    const std::optional<ContextView> context =
        ReadContext(reader_, graph_.index().AddressOf(scope->contexts.front()) + 1);
    if (!context || context->extension != 0) return;
    for (size_t i = 0; i < used.size(); ++i) {
      if (used[i]) continue;
      const Variable& variable = scope->candidates[i];
      UnusedCapture capture{.name = variable.scope.name,
                            .scope_info = scope->scope_info,
                            .function_name = context->function_name,
                            .contexts = variable.contexts,
                            .retained = variable.retained,
                            .largest = variable.largest};
      if (const std::optional<PlacedSite> site = sources_.Variable(*context, *closure, capture.name)) {
        capture.file = site->file;
        capture.line = site->line;
        capture.column = site->column;
        capture.text = site->text;
      } else {
        capture.file = closure->script_name;
      }
      for (const uint64_t shared : scope->users) {
        if (capture.kept_by.size() < kKeptBy) capture.kept_by.push_back(shared);
      }
      found->push_back(std::move(capture));
    }
  }

  // The text of a function, whole; else nothing.
  std::optional<std::string> SourceOf(const FunctionView& view) {
    const int64_t begin = view.token_start >= 0 ? view.token_start : view.start;
    if (view.script == 0 || begin < 0 || view.end <= begin || view.end - begin > kMostSource) return std::nullopt;
    const ScriptView* script = ReadScript(reader_, view.script);
    if (script == nullptr || script->source == 0 || static_cast<uint64_t>(view.end) > script->source_length)
      return std::nullopt;
    std::optional<StringText> text =
        reader_.TextRange(script->source, static_cast<uint64_t>(begin), static_cast<uint64_t>(view.end));
    if (!text || text->damaged) return std::nullopt;
    return std::move(text->text);
  }

  static constexpr uint32_t kNone = 0xffffffff;
  HeapReader& reader_;
  const HeapGraph& graph_;
  const UnusedCaptureOptions& options_;
  const Cancel& cancel_;
  SourceFinder sources_;
  std::vector<Scope> scopes_;
  NodeSet chosen_;
  std::vector<std::pair<ObjectId, uint32_t>> scope_of_;  // of chosen contexts, by context
};

}  // namespace

std::optional<std::vector<bool>> MentionsIn(std::string_view source, std::span<const std::string> names,
                                            const Cancel& cancel) {
  std::vector<bool> mentions(names.size());
  const std::vector<SourceToken> tokens = ReadTokens(source, cancel);
  for (size_t i = 0; i < tokens.size(); ++i) {
    const SourceToken& token = tokens[i];
    const std::string_view text = source.substr(token.begin, token.end - token.begin);
    if (token.kind == TokenKind::kName) {
      const bool property = i > 0 && tokens[i - 1].kind == TokenKind::kMark &&
                            (tokens[i - 1].mark == '.' || tokens[i - 1].mark == kOptional);
      if (text.find('\\') != std::string_view::npos) return std::nullopt;
      if (property) continue;
      if (text == "eval" || text == "with") return std::nullopt;
      for (size_t name = 0; name < names.size(); ++name) mentions[name] = mentions[name] || text == names[name];
    } else if (token.kind != TokenKind::kNumber && token.kind != TokenKind::kMark) {
      // Were a division taken for a regular expression, code would stand in here.
      for (size_t name = 0; name < names.size(); ++name) mentions[name] = mentions[name] || HasWord(text, names[name]);
    }
  }
  // What stands behind the last token that is read may mention anything.
  if (source.size() > kMaxScannedBytes || tokens.size() >= kMaxTokens) return std::nullopt;
  return mentions;
}

std::vector<UnusedCapture> FindUnusedCaptures(HeapReader* reader, const HeapGraph& graph,
                                              const UnusedCaptureOptions& options, const Cancel& cancel) {
  return UnusedFinder(reader, graph, options, cancel).Find();
}

}  // namespace corewalk
