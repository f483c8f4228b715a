#include "analysis/source_taking.h"

#include <algorithm>
#include <array>

namespace corewalk {
namespace {

// pop() takes the newest.
constexpr auto kTaking = std::to_array<std::string_view>({"clear", "delete", "shift", "splice"});
constexpr auto kGoingThrough = std::to_array<std::string_view>({"entries", "forEach", "keys", "size", "values"});
constexpr auto kKeeping = std::to_array<std::string_view>({"filter", "slice"});

class Reader : public TokenView {
 public:
  Reader(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& code, std::string_view name,
         bool property)
      : TokenView(text, tokens), code_(code), name_(name), property_(property) {}

  Taking Run() {
    Taking taking;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (!IsMeant(i)) continue;
      if (TakesAt(i)) {
        taking.takes = true;
        taking.empties |= !(Word(i + 2) == "delete" || Word(i + 2) == "shift" || (i > 0 && Word(BeginOfChain(i) - 1) == "delete"));
      }
      if (GoesThroughAt(i)) taking.iterates = true;
      if (!GivesEmptyAt(i)) continue;
      taking.takes = taking.empties = true;
      if (const std::string_view to = HandedTo(i); !to.empty()) taking.handed_to = to;
    }
    return taking;
  }

 private:
  bool IsMeant(size_t i) const { return IsName(i) && Word(i) == name_ && (i > 0 && IsDot(i - 1)) == property_; }

  bool TakesAt(size_t at) const {
    const size_t begin = BeginOfChain(at);
    if (begin > 0 && Word(begin - 1) == "delete" && (Is(at + 1, '[') || IsDot(at + 1))) return true;
    if (IsDot(at + 1) && Word(at + 2) == "length" && Is(at + 3, '=')) return true;
    if (IsDot(at + 1) && Is(at + 3, '(') && std::ranges::find(kTaking, Word(at + 2)) != kTaking.end()) return true;
    // batch = batch.slice(n)
    if (!Is(at + 1, '=')) return false;
    for (size_t i = at + 2; i < at + 8 && (IsName(i) || IsDot(i)); ++i) {
      if (IsMeant(i)) return IsDot(i + 1) && std::ranges::find(kKeeping, Word(i + 2)) != kKeeping.end() && Is(i + 3, '(');
    }
    return false;
  }

  bool GoesThroughAt(size_t at) const {
    if (IsDot(at + 1)) return std::ranges::find(kGoingThrough, Word(at + 2)) != kGoingThrough.end();
    const size_t begin = BeginOfChain(at);
    if (begin == 0) return false;
    if (Is(begin - 1, kSpread) || Word(begin - 1) == "of") return true;
    return Is(begin - 1, '(') && Is(at + 1, ')') && begin >= 2 && (Word(begin - 2) == "from" || Word(begin - 2) == "Set" || Word(begin - 2) == "Map");
  }

  // `name = []`, `name = new Map()`, but not where it is made for the first time.
  bool GivesEmptyAt(size_t at) const {
    if (!Is(at + 1, '=')) return false;
    const size_t value = at + 2;
    const bool made = Word(value) == "new" && IsName(value + 1) && (!Is(value + 2, '(') || Is(value + 3, ')'));
    const bool literal = (Is(value, '[') && Is(value + 1, ']')) || (Is(value, '{') && Is(value + 1, '}'));
    if (!made && !literal) return false;
    const size_t begin = BeginOfChain(at);
    const std::string_view before = begin > 0 ? Word(begin - 1) : "";
    if (before == "let" || before == "var" || before == "const") return false;
    const StartCode::Function* function = code_.Around(at);
    if (function == nullptr || function->class_body) return false;
    if (function->name != SIZE_MAX && Word(function->name) == "constructor") return false;
    std::vector<StartPlace> places;
    std::vector<std::string_view> methods;
    return !code_.RunsAtStart(at, &places, &methods);
  }

  // Of `older = younger; younger = new Map()`, found at the second younger, the older; also `const old = younger`.
  std::string_view HandedTo(size_t at) const {
    constexpr size_t kNear = 64;  // tokens
    const StartCode::Function* function = code_.Around(at);
    if (function == nullptr) return "";
    for (size_t i = at; i-- > function->body && i + kNear > at;) {
      if (!IsMeant(i)) continue;
      const size_t begin = BeginOfChain(i);
      const bool whole = !IsDot(i + 1) && !Is(i + 1, '[') && !Is(i + 1, '(') && !Is(i + 1, '=');
      if (whole && begin >= 2 && Is(begin - 1, '=') && IsName(begin - 2)) return Word(begin - 2);
    }
    return "";
  }

  const StartCode& code_;
  const std::string_view name_;
  const bool property_;
};

}  // namespace

Taking TakingFrom(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& code,
                  std::string_view name, NamedThing thing) {
  return Reader(text, tokens, code, name, thing == NamedThing::kProperty).Run();
}

}  // namespace corewalk
