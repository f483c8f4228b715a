#include "analysis/source_uses.h"

#include <algorithm>
#include <array>

namespace corewalk {
namespace {

// Methods that change neither a Map, a Set nor an array, nor hand it on.
constexpr auto kReading = std::to_array<std::string_view>(
    {"at",      "concat",  "entries", "every",       "filter", "find", "findIndex",      "findLast",
     "flat",    "flatMap", "forEach", "get",         "getAll", "has",  "hasOwnProperty", "includes",
     "indexOf", "join",    "keys",    "lastIndexOf", "length", "map",  "reduce",         "reduceRight",
     "size",    "slice",   "some",    "toSorted",    "values"});
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

class Uses {
 public:
  Uses(std::string_view text, const std::vector<SourceToken>& tokens, std::string_view name, NamedThing thing)
      : text_(text), tokens_(tokens), name_(name), property_(thing == NamedThing::kProperty) {}

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

 private:
  std::string_view Word(size_t i) const {
    return i < tokens_.size() ? text_.substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin) : "";
  }
  bool Is(size_t i, char mark) const {
    return i < tokens_.size() && tokens_[i].kind == TokenKind::kMark && tokens_[i].mark == mark;
  }
  bool IsDot(size_t i) const { return Is(i, '.') || Is(i, kOptional); }
  bool IsName(size_t i) const { return i < tokens_.size() && tokens_[i].kind == TokenKind::kName; }
  bool IsAssignment(size_t i) const { return Is(i, '=') || Is(i, kAssignIf) || Is(i, kAssignWith) || Is(i, kStep); }

  void LookAt(size_t at) {
    const bool member = at > 0 && IsDot(at - 1);
    if (member != property_) {
      // `{byZip: ...}` and `byZip = ...` of a class make such a property; `{byZip}` takes one, or makes one.
      if (member) return;
      if (Is(at + 1, ':')) return Fill(at + 2);
      if (Is(at + 1, '=') && at > 0 && (Is(at - 1, '{') || Is(at - 1, ';') || Is(at - 1, '}'))) return Fill(at + 2);
      // A variable of the same name, which is not meant here; but this may be `{byZip}`.
      found_.changes |= Is(at + 1, '}') || (Is(at + 1, ',') && !Is(at - 1, '('));
      return;
    }
    // A key of a literal.
    if (!property_ && Is(at + 1, ':') && at > 0 && (Is(at - 1, '{') || Is(at - 1, ','))) return;
    if (Is(at + 1, '=')) return Fill(at + 2);
    if (!OnlyRead(at)) found_.changes = true;
  }

  // The value begins at the token.
  void Fill(size_t at) {
    if (MakesFrom(at)) {
      ++found_.fillings;
    } else {
      found_.changes = true;
    }
  }

  bool MakesFrom(size_t at) const {
    if (Word(at) == "await") ++at;
    if (Word(at) == "new") {
      const bool collection = Word(at + 1) == "Map" || Word(at + 1) == "Set";
      return collection && Is(at + 2, '(') && !Is(at + 3, ')') && !(IsEmpty(at + 3));
    }
    if (Word(at) == "require")
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
      makes = called && IsName(name) && name > 0 && IsDot(name - 1) && IsOneOf(kMaking, Word(name));
      if (!IsDot(at)) break;
      ++at;
      if (!IsName(at)) return false;
    }
    // What follows must not be another operand.
    const bool ends =
        at >= tokens_.size() || Is(at, ';') || Is(at, ',') || Is(at, '}') || Is(at, ')') || tokens_[at].line_before;
    return makes && ends;
  }
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
    if (Word(before) == "of" || Word(before) == "in" || Word(before) == "typeof") return true;
    // Object.keys(byZip), JSON.stringify(byZip)
    if (Is(before, '(') && Is(next, ')') && before >= 3)
      return IsOneOf(kLooking, Word(before - 1)) && IsDot(before - 2);
    return Is(before, '!');
  }
  // Of `a.b.name` the a.
  size_t BeginOfChain(size_t at) const {
    while (at >= 2 && IsDot(at - 1) && IsName(at - 2)) at -= 2;
    return at;
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

  const std::string_view text_;
  const std::vector<SourceToken>& tokens_;
  const std::string_view name_;
  const bool property_;
  NameUses found_;
};

}  // namespace

NameUses UsesOf(std::string_view text, const std::vector<SourceToken>& tokens, std::string_view name,
                NamedThing thing) {
  return Uses(text, tokens, name, thing).Run();
}

}  // namespace corewalk
