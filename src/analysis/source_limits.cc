#include "analysis/source_limits.h"

#include <algorithm>
#include <array>

namespace corewalk {
namespace {

constexpr auto kTakingAway = std::to_array<std::string_view>({"clear", "delete", "pop", "shift", "splice"});
constexpr auto kAdding = std::to_array<std::string_view>({"push", "set", "add", "unshift"});
constexpr auto kTurningAway = std::to_array<std::string_view>({"return", "break", "continue", "throw"});
constexpr size_t kMostUses = 1000;         // places that take away or add
constexpr size_t kMostComparisons = 4000;  // that are looked at
constexpr int kMostBrackets = 4;           // around a comparison: if (!((a > b)))

template <size_t N>
bool IsOneOf(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

class GuardFinder : public TokenView {
 public:
  GuardFinder(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& code)
      : TokenView(text, tokens), code_(code) {}

  SizeGuards OfName(std::string_view name, NamedThing thing) {
    const bool property = thing == NamedThing::kProperty;
    for (size_t i = 0; i < tokens_.size() && removers_.size() + adders_.size() < kMostUses; ++i) {
      if (tokens_[i].kind != TokenKind::kName || Word(i) != name || (i > 0 && IsDot(i - 1)) != property) continue;
      Note(i, i + 1);
    }
    return Guards();
  }

  SizeGuards OfClass(std::string_view name) {
    for (size_t i = 0; i + 2 < tokens_.size(); ++i) {
      if (Word(i) != "class" || Word(i + 1) != name || Word(i + 2) != "extends") continue;
      size_t open = i + 3;
      while (open < tokens_.size() && !Is(open, '{')) ++open;
      if (open >= tokens_.size()) break;
      for (size_t at = open; at < std::min<size_t>(tokens_[open].match, tokens_.size()) && removers_.size() + adders_.size() < kMostUses; ++at) {
        if ((Word(at) == "this" || Word(at) == "super") && !(at > 0 && IsDot(at - 1))) Note(at, at + 1);
      }
      break;
    }
    return Guards();
  }

 private:
  size_t Match(size_t i) const { return tokens_[i].match > i && tokens_[i].match < tokens_.size() ? tokens_[i].match : SIZE_MAX; }

  // A use of the collection, what is behind its name at `next`.
  void Note(size_t at, size_t next) {
    const size_t begin = BeginOfChain(at);
    if (begin > 0 && Word(begin - 1) == "delete") return Remove(at);
    if (IsDot(next) && IsName(next + 1)) {
      if (Is(next + 2, '(') && IsOneOf(kTakingAway, Word(next + 1))) Remove(at);
      if (Is(next + 2, '(') && IsOneOf(kAdding, Word(next + 1))) adders_.push_back(at);
      if (Word(next + 1) == "length" && Is(next + 2, '=') && !Is(next + 3, '=')) Remove(at);
    } else if (Is(next, '[') && Match(next) != SIZE_MAX) {
      const size_t behind = Match(next) + 1;
      if (Is(behind, '=') && Word(behind) == "=") adders_.push_back(at);
    }
  }
  void Remove(size_t at) { removers_.push_back(at); }

  // What calls a function that takes away, takes away as well: but for one that adds, too, as set() of what keeps an order
  // does (`map.delete(key); map.set(key, value)`).
  void AddCalls() {
    std::vector<std::pair<size_t, std::string_view>> names;  // of functions, with where the name stands
    for (const size_t remover : removers_) {
      const StartCode::Function* function = code_.Around(remover);
      if (function == nullptr || function->name == SIZE_MAX || AnyIn(adders_, function->begin, function->end)) continue;
      if (std::ranges::find(names, function->name, &std::pair<size_t, std::string_view>::first) == names.end())
        names.emplace_back(function->name, Word(function->name));
    }
    for (size_t i = 0; i < tokens_.size() && !names.empty() && removers_.size() < kMostUses; ++i) {
      if (tokens_[i].kind != TokenKind::kName || !Is(i + 1, '(')) continue;
      const std::string_view word = Word(i);
      if (std::ranges::any_of(names, [&](const auto& one) { return one.second == word && one.first != i; })) removers_.push_back(i);
    }
    std::ranges::sort(removers_);
  }

  static bool AnyIn(const std::vector<size_t>& sorted, size_t begin, size_t end) {
    const auto at = std::ranges::lower_bound(sorted, begin);
    return at != sorted.end() && *at < end;
  }

  size_t EndOfFunction(size_t at) const {
    const StartCode::Function* function = code_.Around(at);
    return std::min(function == nullptr ? tokens_.size() : function->end, tokens_.size());
  }
  // Behind the statement that begins at `at`.
  size_t EndOfStatement(size_t at) const {
    if (Is(at, '{')) return Match(at) == SIZE_MAX ? tokens_.size() : Match(at) + 1;
    const size_t first = at;
    for (; at < tokens_.size(); ++at) {
      if (Is(at, '(') || Is(at, '[') || Is(at, '{')) {
        if (Match(at) == SIZE_MAX) return tokens_.size();
        at = Match(at);
        // if (...) statement, for (...) statement
        if (Is(at, ')') && at > first && at + 1 < tokens_.size() && !IsDot(at + 1) && Is(at + 1, '{')) return EndOfStatement(at + 1);
        continue;
      }
      if (Is(at, ';') || Is(at, '}') || Is(at, ')') || Is(at, ']')) return at;
      if (at > first && tokens_[at].line_before && IsName(at) && !Is(at - 1, ',') && tokens_[at - 1].kind != TokenKind::kMark) return at;
    }
    return at;
  }

  // The tokens that run only when the comparison at `at` says so. Nothing for the head of a loop that counts.
  struct Guard {
    size_t begin = 0, end = 0;
    bool turns_away = false;  // what leaves first: if (map.size <= max) return
  };
  Guard Guarded(size_t at) const {
    size_t head = code_.BracketAround(at);
    for (int i = 0; i < kMostBrackets && head != SIZE_MAX && Is(head, '(') && head > 0; ++i) {
      const std::string_view before = Word(head - 1);
      if (before == "for") return {};
      if (before == "if" || before == "while") {
        if (Match(head) == SIZE_MAX) return {};
        const size_t begin = Match(head) + 1;
        size_t end = EndOfStatement(begin);
        bool turns_away = false;
        for (size_t inside = begin; inside < end && !turns_away; ++inside) turns_away = IsOneOf(kTurningAway, Word(inside));
        if (turns_away) return {begin, EndOfFunction(at), true};
        if (Is(end, ';')) ++end;
        if (Word(end) == "else") end = EndOfStatement(end + 1);
        return {at, end};
      }
      if (IsName(head - 1) || Is(head - 1, ']') || Is(head - 1, ')')) break;  // a call
      head = code_.BracketAround(head);
    }
    // In an expression: a > b && remove(), a > b ? remove() : 0.
    const size_t end = EndOfStatement(at + 1);
    for (size_t i = at + 1; i < end; ++i) {
      if (Is(i, '&') || Is(i, '|') || Is(i, '?')) return {i, end};
    }
    return {};
  }

  // The last name of the chain, or the number, that ends in front of `at` or begins there.
  std::string_view Before(size_t at) const {
    if (at == 0) return "";
    const SourceToken& token = tokens_[at - 1];
    return token.kind == TokenKind::kName || token.kind == TokenKind::kNumber ? Word(at - 1) : "";
  }
  std::string_view Behind(size_t at) const {
    if (at < tokens_.size() && tokens_[at].kind == TokenKind::kNumber) return Word(at);
    if (!IsName(at)) return "";
    while (IsDot(at + 1) && IsName(at + 2)) at += 2;
    return Is(at + 1, '(') ? "" : Word(at);
  }

  SizeGuards Guards() {
    SizeGuards found{.guards = {}, .removes = !removers_.empty()};
    std::ranges::sort(adders_);
    AddCalls();
    size_t comparisons = 0;
    if (!found.removes) comparisons = kMostComparisons;
    for (size_t i = 1; i + 1 < tokens_.size(); ++i) {
      if (Is(i, '%') && !Behind(i + 1).empty()) found.moduli.push_back(Behind(i + 1));
    }
    for (size_t i = 1; i + 1 < tokens_.size() && comparisons < kMostComparisons; ++i) {
      if (tokens_[i].kind != TokenKind::kMark) continue;
      const std::string_view mark = Word(i);
      const bool difference = mark == "-" && (Before(i) == "size" || Before(i) == "length");
      const bool compares = mark == "<" || mark == ">" || mark == "<=" || mark == ">=";
      if (!difference && !compares) continue;
      ++comparisons;
      const Guard guarded = difference ? Guard{i, EndOfFunction(i)} : Guarded(i);
      if (guarded.begin >= guarded.end || !AnyIn(removers_, guarded.begin, guarded.end)) continue;
      SizeGuard guard;
      // The other side is what is counted, of which there are always as many as there are.
      const bool less = mark.starts_with('<');
      for (const std::string_view operand : {less || guarded.turns_away ? Before(i) : "", !less || guarded.turns_away ? Behind(i + 1) : ""}) {
        if (!operand.empty() && operand != "0" && operand != "size" && operand != "length") guard.operands.push_back(operand);
      }
      if (guard.operands.empty()) continue;
      const StartCode::Function* const function = code_.Around(i);
      guard.all_adders = !adders_.empty() && function != nullptr && std::ranges::all_of(adders_, [&](size_t adder) {
        if (code_.Around(adder) == function) return true;
        // Whose function calls it: set(k, v) { this.map.set(k, v); this.prune(); }
        const StartCode::Function* const adding = code_.Around(adder);
        if (adding == nullptr || function->name == SIZE_MAX) return false;
        for (size_t at = adding->body; at + 1 < adding->end && at + 1 < tokens_.size(); ++at) {
          if (IsName(at) && Is(at + 1, '(') && Word(at) == Word(function->name)) return true;
        }
        return false;
      });
      found.guards.push_back(std::move(guard));
    }
    return found;
  }

  const StartCode& code_;
  std::vector<size_t> removers_, adders_;  // tokens, rising
};

}  // namespace

SizeGuards FindSizeGuards(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& code,
                          std::string_view name, NamedThing thing) {
  return GuardFinder(text, tokens, code).OfName(name, thing);
}

SizeGuards FindSizeGuardsOfClass(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& code,
                                 std::string_view class_name) {
  return GuardFinder(text, tokens, code).OfClass(class_name);
}

}  // namespace corewalk
