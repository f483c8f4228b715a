#include "analysis/source_start.h"

#include <algorithm>
#include <array>

namespace corewalk {
namespace {

constexpr size_t kMostWork = 4000;   // places that one question leads to
constexpr size_t kTokensOfWork = 2048;  // that are looked through, for one
constexpr size_t kMostDepth = 32;    // functions that lead to one another

// What calls a function that it is given at once, and what calls it once, later.
constexpr auto kCallsAtOnce = std::to_array<std::string_view>({"every", "filter", "find", "findIndex", "flatMap", "forEach",
                                                               "from", "map", "reduce", "reduceRight", "some", "sort"});
constexpr auto kCallsOnce = std::to_array<std::string_view>({"catch", "finally", "readFile", "readdir", "then"});
constexpr auto kTakesNext = std::to_array<std::string_view>({"exec", "next", "pop", "read", "shift"});
// Words whose parentheses are followed by a block that is no function.
constexpr auto kWithBlock = std::to_array<std::string_view>({"await", "catch", "for", "if", "switch", "while", "with"});

template <size_t N>
bool IsOneOf(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

StartCode::StartCode(std::string_view text, const std::vector<SourceToken>& tokens) : text_(text), tokens_(tokens) {
  FindBrackets();
  FindFunctions();
  FindClasses();
  std::ranges::sort(functions_, [](const Function& a, const Function& b) {
    return std::pair(a.begin, b.end) < std::pair(b.begin, a.end);
  });
  FindLoops();
  FindOwners();
}

void StartCode::FindBrackets() {
  bracket_.assign(tokens_.size(), SIZE_MAX);
  std::vector<size_t> open;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    while (!open.empty() && i >= Match(open.back())) open.pop_back();
    bracket_[i] = open.empty() ? SIZE_MAX : open.back();
    const size_t match = tokens_[i].kind == TokenKind::kMark ? Match(i) : SIZE_MAX;
    if (match != SIZE_MAX && match > i) open.push_back(i);
  }
}

void StartCode::FindFunctions() {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (Word(i) == "function" && !(i > 0 && IsDot(i - 1))) {
      Function found{.head = i > 0 && Word(i - 1) == "async" ? i - 1 : i, .async = i > 0 && Word(i - 1) == "async"};
      size_t at = i + 1;
      if (Is(at, '*')) found.generator = true, ++at;
      if (IsName(at)) found.name = at++;
      if (!Is(at, '(') || Match(at) == SIZE_MAX || !Is(Match(at) + 1, '{')) continue;
      found.begin = at;
      found.body = Match(at) + 1;
      found.end = std::min(Match(found.body), tokens_.size());
      // What stands where a statement begins is a declaration.
      const size_t before = found.head - 1;
      found.declared = found.name != SIZE_MAX && (found.head == 0 || Is(before, ';') || Is(before, '}') || Is(before, '{') ||
                                                  Is(before, ')') || tokens_[found.head].line_before);
      if (!found.declared && found.head >= 2 && Is(before, '=') && IsName(before - 1) && found.name == SIZE_MAX)
        found.name = before - 1;
      functions_.push_back(found);
    } else if (Is(i, kArrow)) {
      AddArrow(i);
    } else if (Is(i, '{') && i > 0 && Is(i - 1, ')') && Match(i - 1) != SIZE_MAX) {
      AddMethod(i);
    }
  }
}

void StartCode::AddArrow(size_t arrow) {
  if (arrow == 0) return;
  Function found;
  found.begin = Is(arrow - 1, ')') && Match(arrow - 1) != SIZE_MAX ? Match(arrow - 1) : arrow - 1;
  found.head = found.begin;
  if (found.head > 0 && Word(found.head - 1) == "async") --found.head, found.async = true;
  found.body = arrow + 1;
  found.expression = !Is(found.body, '{');
  found.end = found.expression ? EndOfExpression(found.body) : std::min(Match(found.body), tokens_.size());
  if (found.head >= 2 && Is(found.head - 1, '=') && IsName(found.head - 2)) found.name = found.head - 2;
  functions_.push_back(found);
}

// `name(...) {` of a class or a literal.
void StartCode::AddMethod(size_t open) {
  const size_t parameters = Match(open - 1);
  if (parameters == 0 || parameters == SIZE_MAX || parameters > open) return;
  const size_t name = parameters - 1;
  const bool named = IsName(name);
  if (!named && !Is(name, ']') && tokens_[name].kind != TokenKind::kString) return;
  if (named && (IsOneOf(kWithBlock, Word(name)) || Word(name) == "function" || (name > 0 && Word(name - 1) == "function") ||
                (name > 1 && Is(name - 1, '*') && Word(name - 2) == "function")))
    return;
  Function found{.head = name, .begin = parameters, .end = std::min(Match(open), tokens_.size()), .body = open, .method = true};
  if (named) found.name = name;
  for (size_t before = name; before-- > 0 && (Is(before, '*') || Word(before) == "async" || Word(before) == "static");) {
    found.generator |= Is(before, '*');
    found.async |= Word(before) == "async";
  }
  // Who reads a property does not call by name.
  if (name > 0 && (Word(name - 1) == "get" || Word(name - 1) == "set")) found.name = SIZE_MAX;
  functions_.push_back(found);
}

// A class's fields are made with each object.
void StartCode::FindClasses() {
  for (size_t i = 0; i + 1 < tokens_.size(); ++i) {
    if (Word(i) != "class" || (i > 0 && IsDot(i - 1))) continue;
    size_t at = i + 1;
    while (at < tokens_.size() && at < i + 16 && !Is(at, '{')) ++at;
    if (!Is(at, '{') || Match(at) == SIZE_MAX) continue;
    functions_.push_back({.head = i, .begin = at, .end = Match(at), .body = at, .name = IsName(i + 1) ? i + 1 : SIZE_MAX, .class_body = true});
  }
}

size_t StartCode::EndOfExpression(size_t at) const {
  for (size_t i = at; i < tokens_.size(); ++i) {
    if (Is(i, ',') || Is(i, ';') || Is(i, ')') || Is(i, ']') || Is(i, '}')) return i;
    const bool goes_on = i == at || tokens_[i].kind == TokenKind::kMark ||
                         (tokens_[i - 1].kind == TokenKind::kMark && !Is(i - 1, ')') && !Is(i - 1, ']') && !Is(i - 1, '}'));
    if (tokens_[i].line_before && !goes_on) return i;
    const bool opens = Is(i, '(') || Is(i, '[') || Is(i, '{') || Is(i, kSubstitution);
    if (opens && Match(i) != SIZE_MAX && Match(i) > i) i = Match(i);
  }
  return tokens_.size();
}

void StartCode::FindLoops() {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (i > 0 && IsDot(i - 1)) continue;
    size_t body = SIZE_MAX;
    if (Word(i) == "do" && Is(i + 1, '{')) {
      body = i + 1;
    } else if (Word(i) == "for" || Word(i) == "while") {
      const size_t head = Word(i + 1) == "await" ? i + 2 : i + 1;
      if (Is(head, '(') && Match(head) != SIZE_MAX) body = Match(head) + 1;
    }
    if (body == SIZE_MAX) continue;
    size_t end = Is(body, '{') ? Match(body) : body;
    while (end < tokens_.size() && !Is(body, '{') && !Is(end, ';') && !Is(end, '}')) {
      const bool opens = Is(end, '(') || Is(end, '[') || Is(end, '{') || Is(end, kSubstitution);
      const bool block = Is(end, '{');
      if (opens && Match(end) != SIZE_MAX && Match(end) > end) end = Match(end);
      ++end;
      if (block && end < tokens_.size() && tokens_[end].line_before) break;
    }
    loops_.emplace_back(i, std::min(end, tokens_.size()));
    const size_t tail = Is(body, '{') && Word(i) == "do" && Match(body) != SIZE_MAX ? Match(body) + 2 : SIZE_MAX;
    bool made_up = false;
    const bool over_things = GoesOverThings(i, tail != SIZE_MAX ? tail : Word(i + 1) == "await" ? i + 2 : i + 1, &made_up);
    if (made_up) made_up_.push_back(loops_.back());
    if (!over_things) counted_.push_back(loops_.back());
    if (!over_things && Word(i) == "for") numbered_.push_back(loops_.back());
  }
}

// for (... of rows), for (...; i < rows.length; ...), while ((match = pattern.exec(text))), while (at < tokens.length)
bool StartCode::GoesOverThings(size_t loop, size_t head, bool* made_up) const {
  constexpr size_t kMostTokens = 64;  // of a head
  if (!Is(head, '(') || Match(head) == SIZE_MAX) return false;
  const size_t end = std::min({Match(head), tokens_.size(), head + kMostTokens});
  const bool is_for = Word(loop) == "for";
  for (size_t at = head + 1; at < end; ++at) {
    const bool outer = bracket_[at] == head;
    if (is_for && outer && (Word(at) == "of" || Word(at) == "in")) {
      *made_up = IsMadeUp(at + 1, end);
      return true;
    }
    // `while (cache.size < 100000)` fills it up to a number.
    if ((Word(at) == "length" || Word(at) == "size") && IsDot(at - 1) && (outer || !is_for) && !Is(at + 1, '<')) return true;
    if (!is_for && (Is(at, '=') || (IsDot(at - 1) && IsOneOf(kTakesNext, Word(at))))) return true;
  }
  return false;
}

// Array.from({length: n}), Array(n).keys() and the variable that has it.
bool StartCode::IsMadeUp(size_t begin, size_t end) const {
  constexpr size_t kMostTokens = 12;  // of what the variable is given
  for (size_t i = begin; i < end; ++i) {
    if (Word(i) == "Array" && (Is(i + 1, '(') || (Word(i + 2) == "from" && Is(i + 4, '{')))) return true;
  }
  if (begin + 1 != end || !IsName(begin)) return false;
  for (size_t i = 1; i + 2 < tokens_.size(); ++i) {
    if (Word(i) != Word(begin) || !Is(i + 1, '=') || (Word(i - 1) != "const" && Word(i - 1) != "let" && Word(i - 1) != "var")) continue;
    size_t to = i + 2;
    while (to < tokens_.size() && to < i + 2 + kMostTokens && !Is(to, ';') && !(to > i + 2 && tokens_[to].line_before)) ++to;
    if (to > i + 3 && IsMadeUp(i + 2, to)) return true;
  }
  return false;
}

bool StartCode::IsIn(const std::vector<std::pair<size_t, size_t>>& loops, size_t token) const {
  return std::ranges::any_of(loops, [&](const std::pair<size_t, size_t>& loop) {
    return loop.first <= token && token <= loop.second && owner_[loop.first] == owner_[token];
  });
}

void StartCode::FindOwners() {
  owner_.assign(tokens_.size(), kModule);
  for (size_t f = 0; f < functions_.size(); ++f) {  // those inside come later
    for (size_t i = functions_[f].begin; i < std::min(functions_[f].end, tokens_.size()); ++i) owner_[i] = f;
  }
}

const StartCode::Function* StartCode::Named(std::string_view name) const {
  const Function* found = nullptr;
  for (const Function& function : functions_) {
    if (function.name == SIZE_MAX || function.method || function.class_body || Word(function.name) != name) continue;
    if (found != nullptr) return nullptr;
    found = &function;
  }
  return found;
}

const StartCode::Function* StartCode::Around(size_t token) const {
  const size_t owner = token < owner_.size() ? owner_[token] : kModule;
  return owner == kModule ? nullptr : &functions_[owner];
}

uint32_t StartCode::BeginOf(size_t owner) const {
  return owner == kModule ? 0 : tokens_[functions_[owner].begin].begin;
}

uint32_t StartCode::BeginOfFunctionAt(uint32_t byte) const {
  const auto behind = std::ranges::upper_bound(tokens_, byte, {}, &SourceToken::begin);
  return behind == tokens_.begin() ? 0 : BeginOf(owner_[static_cast<size_t>(behind - tokens_.begin()) - 1]);
}

bool StartCode::RunsAtStart(size_t token, std::vector<StartPlace>* places, std::vector<std::string_view>* methods) const {
  Proof proof{.open = {}, .known = {}, .places = places, .methods = methods};
  return token < tokens_.size() && At(token, false, &proof);
}

bool StartCode::At(size_t token, bool deferred, Proof* proof) const {
  if (++proof->work > kMostWork) return false;
  // What is loaded comes from somewhere; what comes from a number alone is made up, be it by a program that plays its load.
  if (IsIn(numbered_, token)) return false;
  const size_t owner = owner_[token];
  StartPlace place{.function = BeginOf(owner), .done = tokens_[token].end, .counted = IsIn(counted_, token) || IsIn(made_up_, token) || proof->made_up};
  proof->made_up = false;
  for (const auto& [begin, end] : loops_) {
    if (begin > token || end < token || owner_[begin] != owner) continue;
    place.done = std::max(place.done, end < tokens_.size() ? tokens_[end].end : static_cast<uint32_t>(text_.size()));
  }
  proof->places->push_back(place);
  if (owner == kModule) return true;
  // A call or a use through something else than `this` leads to another object's guard. What is no name is a function
  // that stands there.
  const bool of_this = token >= 2 && IsDot(token - 1) && Word(token - 2) == "this" && !(token >= 3 && IsDot(token - 3));
  const bool before = proof->own;
  proof->own = before && (of_this || !IsName(token));
  const bool at_start = RunsOnce(token, proof->own) || OfFunction(owner, deferred, proof);
  proof->own = before;
  return at_start;
}

bool StartCode::OfFunction(size_t index, bool deferred, Proof* proof) const {
  const Function& function = functions_[index];
  if (function.generator || function.class_body) return false;
  for (size_t i = proof->open.size(); i-- > 0;) {
    deferred |= proof->open[i].deferred || functions_[proof->open[i].function].async;
    // It calls itself: at once, as who walks a tree does, or again and again, as who polls does.
    if (proof->open[i].function == index) return !deferred;
  }
  if (std::ranges::find(proof->known, index) != proof->known.end()) return true;
  if (proof->open.size() >= kMostDepth) return false;
  proof->open.push_back({index, deferred});
  const bool named = function.name != SIZE_MAX;
  // Another `this`; At() puts it back.
  if (!named && !Is(function.body - 1, kArrow)) proof->own = false;
  const bool at_start = named ? OfMentions(index, proof) : OfPlace(function, proof);
  proof->open.pop_back();
  if (at_start && proof->open.empty()) proof->known.push_back(index);
  return at_start;
}

// Every place of its name must be a call at start.
bool StartCode::OfMentions(size_t index, Proof* proof) const {
  const Function& function = functions_[index];
  std::string_view name = Word(function.name);
  bool constructor = false;
  if (function.method && name == "constructor") {
    const Function* of_class = function.head > 0 ? Around(function.head) : nullptr;
    if (of_class == nullptr || !of_class->class_body || of_class->name == SIZE_MAX) return false;
    name = Word(of_class->name);
    constructor = true;
  }
  const bool member = function.method && !constructor;
  if (member) proof->methods->push_back(name);
  size_t calls = 0;
  proof->work += tokens_.size() / kTokensOfWork;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    // As a text it may be the name of a method that is chosen by it.
    if (member && tokens_[i].kind == TokenKind::kString && Word(i).size() == name.size() + 2 && Word(i).substr(1, name.size()) == name)
      return false;
    if (!IsName(i) || Word(i) != name || i == function.name) continue;
    if (constructor && i > 0 && Word(i - 1) == "class") {
      if (i > 1 && (Word(i - 2) == "export" || Word(i - 2) == "default" || Is(i - 2, '='))) return false;
      continue;
    }
    const bool dot = i > 0 && IsDot(i - 1);
    if (dot != member) {
      if (member && (Is(i + 1, '(') || Is(i + 1, '='))) return false;  // another method or a function of that name
      continue;
    }
    if (!member && Is(i + 1, ':') && i > 0 && (Is(i - 1, '{') || Is(i - 1, ','))) continue;
    if (constructor && (i == 0 || Word(i - 1) != "new")) return false;
    if (constructor && Word(i - 1) == "instanceof") continue;
    bool deferred = false;
    const bool called = Is(i + 1, '(') && !(i > 0 && (Word(i - 1) == "function" || Is(i - 1, '*')));
    if (!called && !IsGivenTo(i, proof, &deferred)) return false;
    // Who calls it as often as a number says plays a program's handlers and loads nothing.
    const bool itself = std::ranges::any_of(proof->open, [&](const Step& step) { return step.function == owner_[i]; });
    if (!itself && IsIn(counted_, i)) return false;
    if (!At(i, deferred, proof)) return false;
    ++calls;
  }
  const bool exported = function.head > 0 && (Word(function.head - 1) == "export" || Word(function.head - 1) == "default");
  return calls > 0 && !exported;
}

// A function without a name that is called where it stands, or given to what calls it.
bool StartCode::OfPlace(const Function& function, Proof* proof) const {
  if (function.method || function.head == 0) return false;
  const size_t last = function.expression ? function.end - 1 : function.end;
  bool deferred = false;
  // (function() {...})(), (() => {...})(), !function() {...}(), (function() {...}).call(this)
  const size_t before = function.head - 1;
  const bool wrapped = Is(before, '(') && Match(before) == last + 1;
  const size_t after = wrapped ? last + 2 : last + 1;
  const bool call = Is(after, '(') || (IsDot(after) && (Word(after + 1) == "call" || Word(after + 1) == "apply") && Is(after + 2, '('));
  const bool grouping = before == 0 || !(IsName(before - 1) && !IsReservedWord(Word(before - 1)));
  if (wrapped && grouping && call) return At(before, false, proof);
  if (!wrapped && !function.expression && call) return At(function.head - 1, false, proof);
  return IsGivenTo(function.head, proof, &deferred) && At(function.head - 1, deferred, proof);
}

// An argument of a call of one of the known ones.
bool StartCode::IsGivenTo(size_t token, Proof* proof, bool* deferred) const {
  if (token == 0 || (!Is(token - 1, '(') && !Is(token - 1, ','))) return false;
  const size_t open = bracket_[token];
  if (open == SIZE_MAX || open == 0 || !Is(open, '(') || !IsName(open - 1)) return false;
  const std::string_view callee = Word(open - 1);
  const bool member = open >= 2 && IsDot(open - 2);
  // Array.from({length: n}, f), Array(n).fill().forEach(f), [...Array(n).keys()].map(f)
  proof->made_up = member && callee == "from" && Is(open + 1, '{');
  if (member && open >= 3 && (Is(open - 3, ')') || Is(open - 3, ']'))) {
    size_t begin = open - 3;
    while (begin > 0 && (IsName(begin) || IsDot(begin) || Is(begin, ')') || Is(begin, ']')))
      begin = (Is(begin, ')') || Is(begin, ']')) && Match(begin) < begin ? Match(begin) - (Is(begin, ')') ? 1 : 0) : begin - 1;
    proof->made_up = IsMadeUp(begin, open - 2);
  } else if (member && open >= 3 && IsName(open - 3)) {
    proof->made_up |= IsMadeUp(open - 3, open - 2);
  }
  *deferred = IsOneOf(kCallsOnce, callee);
  return *deferred || (member && IsOneOf(kCallsAtOnce, callee));
}

// Whether the place is reached once only: `if (table) return; ... table = new Map()`, `if (!table) { table = ... }`,
// `table ??= load()`.
bool StartCode::RunsOnce(size_t token, bool own) const {
  const Function* function = Around(token);
  if (function == nullptr || function->class_body || function->generator) return false;
  for (size_t i = function->body; i < token; ++i) {
    if (!Is(i + 1, kAssignIf) || Word(i + 1).starts_with('&') || owner_[i] != owner_[token] || IsNothing(i + 2)) continue;
    const Flag flag{.name = i, .of_this = IsDot(i - 1)};
    if (flag.of_this && (!own || Word(i - 2) != "this")) continue;
    if (EndOfExpression(i + 2) > token && StaysSet(flag, *function)) return true;
  }
  if (function->expression) return false;
  for (size_t i = function->body + 1; i < token; ++i) {
    if (Word(i) != "if" || owner_[i] != owner_[token] || !Is(i + 1, '(') || Match(i + 1) == SIZE_MAX) continue;
    Flag flag;
    bool negated = false;
    if (!ReadTest(i + 1, &flag, &negated) || (flag.of_this && !own)) continue;
    const size_t then = Match(i + 1) + 1;
    const bool block = Is(then, '{') && Match(then) != SIZE_MAX;
    size_t end = block ? Match(then) : then;
    while (!block && end < tokens_.size() && !Is(end, ';') && !Is(end, '}') && !(end > then && tokens_[end].line_before)) ++end;
    if (negated) {
      if (token < then || token > end || !IsSetIn(flag, then, end, block ? then : bracket_[i])) continue;
    } else {
      if (bracket_[i] != function->body || end > token || !IsSetIn(flag, end, function->end, function->body)) continue;
      bool leaves = Word(then) == "return";
      for (size_t at = then; block && at < end; ++at) leaves |= Word(at) == "return" && bracket_[at] == then;
      if (!leaves) continue;
    }
    if (StaysSet(flag, *function)) return true;
  }
  return false;
}

// `(table)`, `(!this.table)`, `(table !== null)`
bool StartCode::ReadTest(size_t head, Flag* flag, bool* negated) const {
  const size_t close = Match(head);
  size_t at = head + 1;
  *negated = Is(at, '!') && Word(at).size() == 1;
  if (*negated) ++at;
  flag->of_this = Word(at) == "this" && IsDot(at + 1);
  if (flag->of_this) at += 2;
  if (!IsName(at) || (!flag->of_this && IsReservedWord(Word(at)))) return false;
  flag->name = at++;
  if (at == close) return true;
  if (*negated || !Is(at, '!') || at + 2 != close || (Word(at + 1) != "null" && Word(at + 1) != "undefined")) return false;
  *negated = Word(at).starts_with('=');
  return true;
}

bool StartCode::IsSame(const Flag& flag, size_t token) const {
  if (!IsName(token) || Word(token) != Word(flag.name)) return false;
  const bool member = token > 0 && IsDot(token - 1);
  return flag.of_this ? member && Word(token - 2) == "this" : !member;
}

// null, false, 0, ""
bool StartCode::IsNothing(size_t at) const {
  const std::string_view word = Word(at);
  return word == "null" || word == "undefined" || word == "false" || word == "0" || word == "void" || word == "''" || word == "\"\"";
}

// The token begins a statement that no condition without braces stands before.
bool StartCode::IsUnconditional(size_t token) const {
  if (token == 0) return true;
  const size_t before = token - 1;
  if (Word(before) == "return" || Is(before, ';') || Is(before, '{') || Is(before, '}')) return true;
  if (!tokens_[token].line_before || Word(before) == "else") return false;
  const size_t open = Is(before, ')') ? Match(before) : SIZE_MAX;
  return open == SIZE_MAX || open == 0 || !IsOneOf(kWithBlock, Word(open - 1));
}

// Whether it is given something between these tokens, whatever comes.
bool StartCode::IsSetIn(const Flag& flag, size_t begin, size_t end, size_t bracket) const {
  for (size_t i = begin; i < end && i + 2 < tokens_.size(); ++i) {
    if (!IsSame(flag, i) || !Is(i + 1, '=') || bracket_[i] != bracket || IsNothing(i + 2)) continue;
    const size_t statement = flag.of_this ? i - 2 : i;
    if (statement == begin || IsUnconditional(statement)) return true;
  }
  return false;
}

// Nothing unsets it but what runs before it was set, or when that failed; and there is one of it.
bool StartCode::StaysSet(const Flag& flag, const Function& function) const {
  size_t declared = 0;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (!IsName(i) || Word(i) != Word(flag.name)) continue;
    const bool member = i > 0 && IsDot(i - 1);
    const std::string_view before = i > 0 ? Word(i - 1) : "";
    const bool declares = before == "let" || before == "var" || before == "const";
    if (!flag.of_this && declares) {
      if (owner_[i] != kModule) return false;
      ++declared;
      continue;
    }
    // A parameter hides it.
    if (!flag.of_this && i > function.begin && i < function.body) return false;
    if (member != flag.of_this) continue;
    if (Is(i + 1, kStep) || Is(i + 1, kAssignWith) || (member && i >= 3 && Word(i - 3) == "delete")) return false;
    if (!Is(i + 1, '=') || !IsNothing(i + 2)) continue;
    const Function* around = Around(i);
    const bool made = around != nullptr && around->name != SIZE_MAX && Word(around->name) == "constructor";
    const size_t open = bracket_[i];
    const bool failed = open != SIZE_MAX && Is(open, '{') && open >= 1 &&
                        (Word(open - 1) == "catch" ||
                         (Is(open - 1, ')') && Match(open - 1) != SIZE_MAX && Match(open - 1) >= 1 && Word(Match(open - 1) - 1) == "catch"));
    if (!made && !failed) return false;
  }
  return flag.of_this || declared == 1;
}

}  // namespace corewalk
