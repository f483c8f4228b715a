#include "analysis/source_uses.h"

#include <algorithm>
#include <array>
#include <optional>

#include "analysis/source_taking.h"

namespace corewalk {
namespace {

// Methods that change neither a Map, a Set nor an array, nor hand it on.
constexpr auto kReading = std::to_array<std::string_view>(
    {"at",      "concat",  "entries", "every",       "filter", "find", "findIndex",      "findLast",
     "flat",    "flatMap", "forEach", "get",         "getAll", "has",  "hasOwnProperty", "includes",
     "indexOf", "join",    "keys",    "lastIndexOf", "length", "map",  "reduce",         "reduceRight",
     "size",    "slice",   "some",    "toSorted",    "values"});
// Methods that only take away or set in order; Object's functions that change nothing else but what they are given.
constexpr auto kTakingAway = std::to_array<std::string_view>({"clear", "delete", "pop", "reverse", "shift", "sort"});
constexpr auto kOfObject = std::to_array<std::string_view>({"assign", "defineProperty", "freeze", "seal"});
constexpr auto kAdding = std::to_array<std::string_view>({"push", "set", "add", "unshift", "splice"});
// Functions that make a new collection of what they are given.
constexpr auto kMaking =
    std::to_array<std::string_view>({"concat", "entries", "filter", "flat", "flatMap", "from", "fromEntries", "groupBy",
                                     "keys", "map", "parse", "slice", "sort", "split", "toSorted", "values"});
// Functions that only look at what they are given.
constexpr auto kLooking = std::to_array<std::string_view>(
    {"entries", "from", "isArray", "keys", "stringify", "values", "log", "info", "debug", "error", "warn"});

template <size_t N>
bool IsOneOf(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

class Uses : public TokenView {
 public:
  Uses(std::string_view text, const std::vector<SourceToken>& tokens, std::string_view name, NamedThing thing)
      : TokenView(text, tokens), name_(name), property_(thing == NamedThing::kProperty) {}
  virtual ~Uses() = default;

  NameUses Run() {
    for (size_t i = 0; i < tokens_.size() && !found_.changes; ++i) {
      // The name as a string may be how it is reached.
      if (tokens_[i].kind == TokenKind::kString && Word(i).size() == name_.size() + 2 &&
          Word(i).substr(1, name_.size()) == name_ && property_)
        found_.changes = true;
      if (tokens_[i].kind == TokenKind::kName && Word(i) == name_) LookAt(i);
    }
    return found_;
  }

 protected:
  bool IsAssignment(size_t i) const { return Is(i, '=') || Is(i, kAssignIf) || Is(i, kAssignWith) || Is(i, kStep); }

  // Whether the use, which is none of those that only read, is in order all the same; and so a value that begins there.
  virtual bool Allows(size_t /*at*/) { return false; }
  virtual bool AllowsValue(size_t /*name*/, size_t /*at*/) { return false; }
  virtual void MadeAt(size_t /*at*/) {}

  void LookAt(size_t at) {
    const bool member = at > 0 && IsDot(at - 1);
    if (member != property_) {
      // `{byZip: ...}` and `byZip = ...` of a class make such a property; `{byZip}` takes one, or makes one.
      if (member) return;
      if (Is(at + 1, ':')) return Fill(at, at + 2);
      if (Is(at + 1, '=') && at > 0 && (Is(at - 1, '{') || Is(at - 1, ';') || Is(at - 1, '}'))) return Fill(at, at + 2);
      // A variable of the same name, which is not meant here; but this may be `{byZip}`.
      found_.changes |= Is(at + 1, '}') || (Is(at + 1, ',') && !Is(at - 1, '('));
      return;
    }
    // A key of a literal.
    if (!property_ && Is(at + 1, ':') && at > 0 && (Is(at - 1, '{') || Is(at - 1, ','))) return;
    if (Is(at + 1, '=')) return Fill(at, at + 2);
    if (!OnlyRead(at) && !Allows(at)) found_.changes = true;
  }

  // The value begins at the token.
  void Fill(size_t name, size_t at) {
    if (MakesFrom(at)) {
      ++found_.fillings;
      MadeAt(at);
    } else if (!AllowsValue(name, at)) {
      found_.changes = true;
    }
  }

  bool MakesFrom(size_t at) const {
    if (Word(at) == "await") ++at;
    if (Word(at) == "new") {
      const bool collection = Word(at + 1) == "Map" || Word(at + 1) == "Set";
      return collection && Is(at + 2, '(') && !Is(at + 3, ')') && !(IsEmpty(at + 3));
    }
    if (Word(at) == "require" && !(Is(at + 1, '(') && tokens_[at + 1].match < tokens_.size() && IsDot(tokens_[at + 1].match + size_t{1})))
      return Is(at + 1, '(') && Word(at + 2).size() > 6 &&
             Word(at + 2).substr(1).find(".json") != std::string_view::npos;
    // A chain of names and calls, of which the last makes something new of what is there.
    bool makes = false;
    if (!IsName(at) && !Is(at, '(') && !Is(at, '[')) return false;
    while (at < tokens_.size()) {
      const size_t name = at;
      if (IsName(at)) ++at;
      bool called = false;
      while (Is(at, '(') || Is(at, '[')) {
        called = Is(at, '(');
        if (tokens_[at].match <= at || tokens_[at].match >= tokens_.size()) return false;
        at = tokens_[at].match + 1;
      }
      makes = called && IsName(name) && name > 0 && IsDot(name - 1) &&
              (IsOneOf(kMaking, Word(name)) || (Word(name) == "reduce" && BeginsWithNew(name + 1)));
      if (!IsDot(at)) break;
      ++at;
      if (!IsName(at)) return false;
    }
    // What follows must not be another operand.
    const bool ends =
        at >= tokens_.size() || Is(at, ';') || Is(at, ',') || Is(at, '}') || Is(at, ')') || tokens_[at].line_before;
    return makes && ends;
  }
  // `(function, new Map())`: reduce() returns what it began with.
  bool BeginsWithNew(size_t open) const {
    size_t last = open;
    for (size_t i = open + 1; i < tokens_[open].match && i < tokens_.size(); ++i) {
      if (Is(i, ',')) last = i;
      const bool opens = Is(i, '(') || Is(i, '[') || Is(i, '{');
      if (opens && tokens_[i].match > i && tokens_[i].match < tokens_.size()) i = tokens_[i].match;
    }
    if (last == open) return false;
    return Is(last + 1, '{') || Is(last + 1, '[') || (Word(last + 1) == "new" && IsCollectionClass(last + 2)) ||
           (Word(last + 1) == "Object" && Word(last + 3) == "create");
  }
  bool IsCollectionClass(size_t at) const { return Word(at) == "Map" || Word(at) == "Set" || Word(at) == "Array"; }
  // `[]` and `null`: nothing to be made from.
  bool IsEmpty(size_t at) const {
    return (Is(at, '[') && Is(at + 1, ']') && Is(at + 2, ')')) || Word(at) == "null" || Word(at) == "undefined";
  }

  bool OnlyRead(size_t at) const {
    const size_t begin = BeginOfChain(at);
    const size_t before = begin - 1;  // may be npos; Word and Is know
    if (begin > 0 && (Is(before, kSpread) || Is(before, kStep) || Word(before) == "delete")) return Is(before, kSpread);
    const size_t next = at + 1;
    if (IsDot(next) || Is(next, '[')) return EndsInReading(next);
    if (begin == 0) return false;
    // `if (byZip)`, `byZip !== null`; the mark is of ==, too.
    if (Is(next, '!')) return true;
    if (Is(before, '(') && Is(next, ')') && before >= 1 && (Word(before - 1) == "if" || Word(before - 1) == "while")) return true;
    if (Word(before) == "of" || Word(before) == "in" || Word(before) == "typeof") return true;
    // Object.keys(byZip), JSON.stringify(byZip)
    if (Is(before, '(') && Is(next, ')') && before >= 3)
      return IsOneOf(kLooking, Word(before - 1)) && IsDot(before - 2);
    return Is(before, '!');
  }
  // `.get(key)`, `[key]`, `.get(key).name`, `.size`: whatever is reached, it is neither assigned nor pushed to.
  bool EndsInReading(size_t at) const {
    bool first = true;
    while (at < tokens_.size()) {
      if (IsDot(at) && IsName(at + 1)) {
        // Further on it is a method of what was found: only the names of those that add are known.
        const std::string_view method = Is(at + 2, '(') ? Word(at + 1) : "";
        if (!method.empty() && (first ? !IsOneOf(kReading, method) : IsOneOf(kAdding, method))) return false;
        at += 2;
      } else if (IsDot(at) && Is(at + 1, '[')) {
        ++at;
      } else if (Is(at, '(') || Is(at, '[')) {
        if (tokens_[at].match <= at || tokens_[at].match >= tokens_.size()) return false;
        first = false;
        at = tokens_[at].match + 1;
      } else {
        break;
      }
    }
    return !IsAssignment(at);
  }

  bool IsExported(size_t name) const {
    return name >= 2 && (Word(name - 2) == "export" || Word(name - 1) == "export");
  }

  // A declaration (`let t;`) and what takes away with `delete`; a method of the property's name, of something else.
  bool IsHarmless(size_t at) const {
    const size_t begin = BeginOfChain(at), next = at + 1;
    const std::string_view before = begin > 0 ? Word(begin - 1) : "";
    if (before == "let" || before == "var") return !IsExported(begin) && !IsDot(next) && !Is(next, '(');
    return before == "delete" || (property_ && Is(next, '('));
  }

  bool Ends(size_t at) const {
    return at >= tokens_.size() || Is(at, ';') || Is(at, ',') || Is(at, '}') || Is(at, ')') || tokens_[at].line_before;
  }

  // new Map(), [], {}, Object.create(null), null
  bool IsNothing(size_t at) const {
    if (Word(at) == "new" && IsCollectionClass(at + 1))
      return !Is(at + 2, '(') || Word(at + 1) == "Array" || Is(at + 3, ')') || IsEmpty(at + 3);
    if ((Is(at, '[') && Is(at + 1, ']')) || (Is(at, '{') && Is(at + 1, '}'))) return Ends(at + 2);
    if (Word(at) == "null" || Word(at) == "undefined") return Ends(at + 1);
    return Word(at) == "Object" && Word(at + 2) == "create" && Word(at + 4) == "null";
  }

  const std::string_view name_;
  const bool property_;
  NameUses found_;
};

// Of something that is filled while the program starts.
class UsesAtStart final : public Uses {
 public:
  UsesAtStart(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& start, std::string_view name,
              NamedThing thing, bool returned = false)
      : Uses(text, tokens, name, thing), start_(start), returned_(returned) {}

  StartUses Run() {
    const NameUses uses = Uses::Run();
    // What is made anew takes the place of what was there; but who makes it later may add to it.
    uses_.changes |= uses.changes || later_ > 1 || (later_ > 0 && uses_.adders > 0);
    uses_.adders += later_;
    return std::move(uses_);
  }

 private:
  bool AtStart(size_t at) {
    if (!start_.RunsAtStart(at, &uses_.places, &uses_.methods)) return false;
    ++uses_.adders;
    return true;
  }

  bool Allows(size_t at) override {
    if (IsHarmless(at)) return true;
    const size_t begin = BeginOfChain(at), next = at + 1;
    const std::string_view before = begin > 0 ? Word(begin - 1) : "";
    if (returned_ && before == "return" && !IsDot(next) && !Is(next, '[') && !Is(next, '(')) return true;
    // Object.assign(t, more)
    if (begin >= 4 && Is(begin - 1, '(') && IsOneOf(kOfObject, Word(begin - 2)) && IsDot(begin - 3) && Word(begin - 4) == "Object")
      return Word(begin - 2) == "freeze" || Word(begin - 2) == "seal" || AtStart(at);
    if (!IsDot(next) && !Is(next, '[')) return false;
    if (IsDot(next) && IsOneOf(kTakingAway, Word(at + 2)) && Is(at + 3, '(')) return true;
    return AtStart(at);
  }

  bool AllowsValue(size_t name, size_t at) override {
    if (IsExported(BeginOfChain(name))) return false;
    if (IsNothing(at)) return true;
    // [a, b], {a: 1}
    if ((Is(at, '[') || Is(at, '{')) && Ends(tokens_[at].match + size_t{1})) {
      MadeAt(at);
      return true;
    }
    return IsMadeBy(at) && AtStart(at);
  }

  void MadeAt(size_t at) override {
    if (!AtStart(at)) ++later_;
  }

  // `load()`, where load() returns what it has made and filled itself.
  bool IsMadeBy(size_t at) {
    if (Word(at) == "await") ++at;
    if (returned_ || !IsName(at) || !Is(at + 1, '(') || tokens_[at + 1].match >= tokens_.size() || !Ends(tokens_[at + 1].match + size_t{1}))
      return false;
    const StartCode::Function* function = start_.Named(Word(at));
    if (function == nullptr || function->generator) return false;
    if (function->expression) return MakesFrom(function->body);
    size_t returns = 0;
    for (size_t i = function->body; i < function->end && i < tokens_.size(); ++i) {
      if (Word(i) != "return" || start_.Around(i) != function) continue;
      ++returns;
      if (MakesFrom(i + 1)) continue;
      if (!IsName(i + 1) || !Ends(i + 2) || !IsDeclaredIn(*function, Word(i + 1))) return false;
      StartUses made = UsesAtStart(text_, tokens_, start_, Word(i + 1), NamedThing::kVariable, true).Run();
      if (made.changes) return false;
      uses_.places.insert(uses_.places.end(), made.places.begin(), made.places.end());
      uses_.methods.insert(uses_.methods.end(), made.methods.begin(), made.methods.end());
    }
    return returns > 0;
  }
  bool IsDeclaredIn(const StartCode::Function& function, std::string_view name) const {
    for (size_t i = function.body; i < function.end && i + 1 < tokens_.size(); ++i) {
      if ((Word(i) == "const" || Word(i) == "let" || Word(i) == "var") && Word(i + 1) == name && start_.Around(i) == &function)
        return true;
    }
    return false;
  }

  const StartCode& start_;
  const bool returned_;
  size_t later_ = 0;  // places that do not run at start, but make it from something
  StartUses uses_;
};

// Of something to which is added again and again.
class UsesInTurn final : public Uses {
 public:
  UsesInTurn(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& code, std::string_view name,
             NamedThing thing)
      : Uses(text, tokens, name, thing), code_(code) {}

  Turnover Run() {
    Turnover turnover;
    if (Uses::Run().changes) return turnover;
    turnover.replaced = adders_.empty() && replaced_ > 0 && !goes_on_;
    turnover.size_checked = !adders_.empty() && std::ranges::all_of(adders_, [&](size_t at) { return IsChecked(at, &turnover.most); });
    turnover.pool = !adders_.empty() && std::ranges::all_of(adders_, [&](size_t at) { return GivesBack(at); }) &&
                    !takers_.empty() && std::ranges::all_of(takers_, [&](size_t at) { return TakesOrMakes(at); });
    return turnover;
  }

 private:
  bool Allows(size_t at) override {
    const size_t next = at + 1;
    if (IsHarmless(at)) return true;
    if (!IsDot(next)) return false;
    const std::string_view method = Word(at + 2);
    if (method == "length") return Is(at + 3, '=');
    if (!Is(at + 3, '(')) return false;
    if (IsOneOf(kAdding, method) && method != "splice") {
      adders_.push_back(at);
      return true;
    }
    if (method == "pop") takers_.push_back(at);
    return IsOneOf(kTakingAway, method) || method == "splice";
  }

  bool AllowsValue(size_t name, size_t at) override {
    if (IsExported(BeginOfChain(name))) return false;
    if (IsNothing(at)) return true;
    const std::optional<size_t> last = EndOfNew(at);
    if (!last) return false;
    const size_t end = *last;
    // Another name for what is there already, `a.b` or `a[i]`, is nothing new.
    const bool made = end > at && (Is(end - 1, ')') || Is(end - 1, '}') || (Is(end - 1, ']') && tokens_[end - 1].match == at));
    const bool given = made || IsHandedOver(at, end);
    if (given && !IsDeclared(name)) ++replaced_;
    return given;
  }

  void MadeAt(size_t at) override {
    goes_on_ |= !EndOfNew(at);
    if (at >= 2 && Is(at - 1, '=') && !IsDeclared(at - 2)) ++replaced_;
  }

  // `younger` or `this.younger` between these, which is given an empty one behind that: what was there is here now.
  bool IsHandedOver(size_t begin, size_t end) const {
    for (size_t i = begin; i < end; ++i) {
      if (!IsName(i) && !IsDot(i)) return false;
    }
    return end > begin && IsName(end - 1) &&
           TakingFrom(text_, tokens_, code_, Word(end - 1), property_ ? NamedThing::kProperty : NamedThing::kVariable).handed_to == name_;
  }

  // Behind the value; nothing when it is made of what was there: t = t.concat(more).
  std::optional<size_t> EndOfNew(size_t at) const {
    size_t end = at;
    for (; end < tokens_.size() && (end == at || !tokens_[end].line_before); ++end) {
      if (Is(end, ';') || Is(end, ',') || Is(end, '}') || Is(end, ')') || Is(end, ']')) break;
      if (Word(end) == name_) return std::nullopt;
      const bool opens = Is(end, '(') || Is(end, '[') || Is(end, '{');
      if (!opens || tokens_[end].match <= end || tokens_[end].match >= tokens_.size()) continue;
      for (size_t inside = end; inside < tokens_[end].match; ++inside) {
        if (Word(inside) == name_) return std::nullopt;
      }
      end = tokens_[end].match;
    }
    return end;
  }

  bool IsDeclared(size_t name) const {
    const std::string_view before = name > 0 ? Word(name - 1) : "";
    return before == "const" || before == "let" || before == "var" || (property_ && !(name > 0 && IsDot(name - 1)));
  }

  // `free.length < max`, then the adding; `if (free.length >= max) return`, `while (free.length > max) free.shift()`.
  bool IsChecked(size_t adder, std::string_view* most) const {
    const StartCode::Function* function = code_.Around(adder);
    const size_t begin = function == nullptr ? 0 : function->body;
    const size_t end = std::min(function == nullptr ? tokens_.size() : function->end, tokens_.size());
    for (size_t i = begin; i + 3 < end; ++i) {
      if (Word(i) != name_ || !IsDot(i + 1) || (Word(i + 2) != "length" && Word(i + 2) != "size")) continue;
      const bool less = Is(i + 3, '<'), more = Is(i + 3, '>');
      size_t with = i + 4;
      while (IsDot(with + 1)) with += 2;
      if ((!less && !more) || Word(with) == "0" || tokens_[with].kind == TokenKind::kMark) continue;
      const size_t head = code_.BracketAround(i);
      const size_t close = head != SIZE_MAX && Is(head, '(') ? tokens_[head].match : SIZE_MAX;
      size_t to = close == SIZE_MAX || close >= tokens_.size() ? i + 24 : Is(close + 1, '{') ? tokens_[close + 1].match : close + 24;
      to = std::min(to, end);
      const bool within = less && i < adder && adder < to;
      bool turns_away = false;
      for (size_t at = with; more && at < to && !turns_away; ++at)
        turns_away = Word(at) == "return" || (Word(at) == name_ && IsDot(at + 1) && IsOneOf(kTakingAway, Word(at + 2)));
      if (!within && !turns_away) continue;
      *most = Word(with);
      return true;
    }
    return false;
  }

  // What is pushed is what the function was given, and nothing it has made.
  bool GivesBack(size_t adder) const {
    if (Word(adder + 2) != "push" || !IsName(adder + 4) || !Is(adder + 5, ')')) return false;
    const StartCode::Function* function = code_.Around(adder);
    if (Word(adder + 4) == "this") return true;
    if (function == nullptr) return false;
    for (size_t i = function->begin; i < function->body; ++i) {
      if (Word(i) == Word(adder + 4)) return true;
    }
    return false;
  }

  // `free.pop() || new Thing()`; `if (free.length) return free.pop(); return new Thing()`.
  bool TakesOrMakes(size_t taker) const {
    const StartCode::Function* function = code_.Around(taker);
    const size_t end = std::min(function == nullptr ? tokens_.size() : function->end, tokens_.size());
    const size_t after = taker + 5;
    const bool either = Is(after, '&') || Is(after, ':');  // &: also ||, ??
    bool checks = false, makes = false;
    for (size_t i = function == nullptr ? 0 : function->body; i < end; ++i) {
      checks |= Word(i) == name_ && IsDot(i + 1) && Word(i + 2) == "length" && i < taker;
      makes |= i > after && (Word(i) == "new" || Is(i, '{') || (IsName(i) && Is(i + 1, '(')));
    }
    return makes && (either || (checks && function != nullptr));
  }

  const StartCode& code_;
  std::vector<size_t> adders_, takers_;
  size_t replaced_ = 0;
  bool goes_on_ = false;
};

}  // namespace

Turnover TurnoverOf(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& code,
                    std::string_view name, NamedThing thing) {
  return UsesInTurn(text, tokens, code, name, thing).Run();
}

StartUses StartUsesOf(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& start,
                      std::string_view name, NamedThing thing) {
  return UsesAtStart(text, tokens, start, name, thing).Run();
}

NameUses UsesOf(std::string_view text, const std::vector<SourceToken>& tokens, std::string_view name,
                NamedThing thing) {
  return Uses(text, tokens, name, thing).Run();
}

}  // namespace corewalk
