#include "analysis/source_scopes.h"

#include <algorithm>

namespace corewalk {
namespace {

constexpr uint32_t kPollTokens = 1 << 16;
constexpr size_t kMostFindings = size_t{1} << 22;  // declarations and sites, each
constexpr uint32_t kMostExpressionTokens = 200;    // that are looked through for the end of what is shown
constexpr uint32_t kMostChainTokens = 100;         // of a chain like a.b[c].d
constexpr uint32_t kMostImports = 10'000;          // tokens of one import or export list

using enum TokenKind;
using ScopeKind = SourceScan::ScopeKind;

// What an open bracket is.
enum class Role : uint8_t {
  kStatements,  // a block, the body of a function, the whole script
  kClassBody,
  kObject,         // a literal
  kObjectPattern,  // declares names
  kArrayPattern,
  kParameters,
  kOther,  // parentheses, indexes, array literals, substitutions
};

// Where in a list of declared names, keys or members the walk is.
enum class Place : uint8_t { kKey, kTarget, kBehind, kValue };

struct Frame {
  Role role = Role::kStatements;
  Place place = Place::kKey;
  bool declares = false;  // const, let or var was read and its list goes on
  DeclarationKind kind = DeclarationKind::kVar;
  uint16_t ternaries = 0;      // ? without their :
  bool ternary_colon = false;  // the last : belonged to one
  uint32_t close = 0;          // the token that closes it
  uint32_t scope = 0;
  uint32_t target_scope = 0;  // in which the names of a pattern are declared
  uint32_t text_begin = 0;    // tokens at which the text of the declaration begins and ends
  uint32_t text_end = 0;
  uint32_t init = 0;  // the token behind the = that belongs to the whole pattern; 0 = none
};

// A function => expression: its scope ends with the expression.
struct OpenArrow {
  size_t depth = 0;  // of the frame in which it stands
  uint32_t outer_scope = 0;
};

class Walker {
 public:
  Walker(std::string_view text, const std::vector<SourceToken>& tokens)
      : text_(text), tokens_(tokens), count_(static_cast<uint32_t>(tokens.size())) {}

  SourceFindings Run(const Cancel& cancel) {
    found_.scopes.push_back({.begin = 0, .end = static_cast<uint32_t>(text_.size())});
    frames_.push_back({.close = count_});
    for (uint32_t at = 0; at < count_;) {
      if (at / kPollTokens != polled_) {
        polled_ = at / kPollTokens;
        if (cancel.Cancelled()) break;
      }
      at = std::max(Step(at), at + 1);
    }
    return std::move(found_);
  }

 private:
  // --- reading tokens
  bool Is(uint32_t at, char mark) const { return at < count_ && tokens_[at].kind == kMark && tokens_[at].mark == mark; }
  bool IsName(uint32_t at) const { return at < count_ && tokens_[at].kind == kName; }
  std::string_view Word(uint32_t at) const {
    return at < count_ ? text_.substr(tokens_[at].begin, tokens_[at].end - tokens_[at].begin) : std::string_view();
  }
  bool IsWord(uint32_t at, std::string_view word) const { return IsName(at) && Word(at) == word; }
  bool IsVariable(uint32_t at) const { return IsName(at) && !IsReservedWord(Word(at)) && Word(at)[0] != '#'; }
  uint32_t Begin(uint32_t at) const { return at < count_ ? tokens_[at].begin : static_cast<uint32_t>(text_.size()); }
  uint32_t End(uint32_t at) const { return at < count_ ? tokens_[at].end : static_cast<uint32_t>(text_.size()); }
  uint32_t Match(uint32_t at) const { return at < count_ ? tokens_[at].match : count_; }
  bool NewLine(uint32_t at) const { return at < count_ && tokens_[at].line_before; }
  bool IsOpening(uint32_t at) const { return Is(at, '(') || Is(at, '[') || Is(at, '{') || Is(at, kSubstitution); }
  bool IsProperty(uint32_t at) const { return at > 0 && (Is(at - 1, '.') || Is(at - 1, kOptional)); }

  // An expression may end with this token.
  bool EndsOperand(uint32_t at) const {
    if (at >= count_) return false;
    const SourceToken& token = tokens_[at];
    if (token.kind != kMark)
      return token.kind != kName || !IsReservedWord(Word(at)) || IsProperty(at) ||
             IsOneOf(Word(at), {"this", "null", "true", "false", "super"});
    return token.mark == ')' || token.mark == ']' || token.mark == '}' || token.mark == kStep;
  }
  static bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, word) != words.end();
  }
  // A statement without a semicolon ends in front of `at`: a line ends there, and the token cannot go on with it.
  bool EndsStatement(uint32_t at) const {
    if (!NewLine(at) || at == 0 || !EndsOperand(at - 1)) return false;
    const SourceToken& token = tokens_[at];
    if (token.kind == kName) return !IsOneOf(Word(at), {"in", "instanceof", "of"});
    return token.kind == kNumber || token.kind == kString ||
           (token.kind == kMark && (token.mark == '{' || token.mark == '@'));
  }
  // The token behind the expression that starts at `at`.
  uint32_t EndOfExpression(uint32_t at) const {
    const uint32_t start = at;
    for (uint32_t steps = 0; at < count_ && steps < kMostExpressionTokens; ++steps) {
      if (Is(at, ',') || Is(at, ';') || Is(at, ')') || Is(at, ']') || Is(at, '}')) break;
      if (at != start && EndsStatement(at)) break;
      at = IsOpening(at) ? std::max(Match(at), at) + 1 : at + 1;
    }
    return std::min(at, count_);
  }

  ValueOrigin OriginAt(uint32_t at) const {
    for (uint32_t steps = 0; at < count_ && steps < kMostChainTokens; ++steps) {
      const SourceToken& token = tokens_[at];
      if (token.kind == kMark) {
        if (token.mark == '[' || token.mark == '{') return ValueOrigin::kMade;
        if (token.mark == '(') {
          if (Is(Match(at) + 1, kArrow)) return ValueOrigin::kMade;
          ++at;
          continue;
        }
        return ValueOrigin::kUnknown;
      }
      if (token.kind != kName) return ValueOrigin::kMade;
      const std::string_view word = Word(at);
      if (word == "await" || word == "yield") {
        ++at;
        continue;
      }
      if (IsOneOf(word, {"new", "function", "class", "async"})) return ValueOrigin::kMade;
      if (IsOneOf(word, {"null", "undefined", "true", "false", "void", "typeof"})) return ValueOrigin::kUnknown;
      if (Is(at + 1, kArrow)) return ValueOrigin::kMade;
      // A chain: a.b.c, perhaps called, perhaps assigned to.
      const bool required = IsOneOf(word, {"require", "import"});
      uint32_t end = at + 1;
      bool called = false;
      for (uint32_t links = 0; links < kMostChainTokens; ++links) {
        if ((Is(end, '.') || Is(end, kOptional)) && IsName(end + 1)) {
          end += 2;
        } else if (Is(end, '(') || Is(end, '[')) {
          called |= Is(end, '(');
          end = std::max(Match(end), end) + 1;
        } else {
          break;
        }
      }
      if (Is(end, '=') || Is(end, kAssignIf) || (Is(end, '&') && word != "require")) {
        at = end + 1;  // a = b = new Map(); a || new Map()
        continue;
      }
      return required ? ValueOrigin::kRequired : called ? ValueOrigin::kCalled : ValueOrigin::kAlias;
    }
    return ValueOrigin::kUnknown;
  }

  // --- scopes
  Frame& Top() { return frames_.back(); }
  uint32_t AddScope(ScopeKind kind, uint32_t begin, uint32_t end, uint32_t name = kNone) {
    if (found_.scopes.size() >= kMostFindings) return Top().scope;
    SourceScan::Scope scope{.begin = begin, .end = end, .parent = Top().scope, .kind = kind};
    if (name != kNone) scope.name_begin = Begin(name), scope.name_end = End(name);
    found_.scopes.push_back(scope);
    return static_cast<uint32_t>(found_.scopes.size() - 1);
  }
  uint32_t FunctionScope(uint32_t scope) const {
    while (found_.scopes[scope].kind == ScopeKind::kBlock && scope != 0) scope = found_.scopes[scope].parent;
    return scope;
  }
  void Push(uint32_t open, Role role, uint32_t scope) {
    frames_.push_back({.role = role, .close = Match(open), .scope = scope, .target_scope = scope});
  }

  void AddExport(uint32_t name, uint32_t local) {
    if (found_.exports.size() < kMostFindings)
      found_.exports.push_back({Begin(name), End(name), Begin(local), End(local)});
  }
  void Declare(uint32_t name, DeclarationKind kind, uint32_t scope, uint32_t text_begin, uint32_t text_end,
               ValueOrigin origin) {
    if (scope == 0 && exporting_) AddExport(name, name);
    if (found_.declarations.size() >= kMostFindings) return;
    found_.declarations.push_back({.name_begin = Begin(name),
                                   .name_end = End(name),
                                   .begin = Begin(text_begin),
                                   .end = std::max(End(text_end), End(name)),
                                   .scope = scope,
                                   .kind = kind,
                                   .origin = origin});
  }
  // A name inside of parameters or of a pattern.
  void DeclareInPattern(uint32_t name) {
    const Frame& frame = Top();
    ValueOrigin origin = ValueOrigin::kParameter;
    uint32_t end = std::max(frame.text_end, name);
    if (frame.kind != DeclarationKind::kParameter && frame.kind != DeclarationKind::kCatch) {
      origin = frame.init == 0 ? ValueOrigin::kUnknown : OriginAt(frame.init);
      // What is made as a whole is taken apart again: its parts come from elsewhere.
      if (origin == ValueOrigin::kMade) origin = ValueOrigin::kAlias;
      if (frame.init != 0) end = EndOfExpression(frame.init) - 1;
    }
    Declare(name, frame.kind, frame.target_scope, frame.text_begin, end, origin);
  }
  void PushPattern(uint32_t open) {
    const Frame outer = Top();
    Push(open, Is(open, '{') ? Role::kObjectPattern : Role::kArrayPattern, outer.scope);
    Frame& frame = Top();
    frame.place = Is(open, '{') ? Place::kKey : Place::kTarget;
    frame.kind = outer.kind;
    frame.target_scope = outer.target_scope;
    frame.text_begin = outer.text_begin;
    frame.text_end = outer.text_end;
    frame.init = outer.init;
  }

  void Site(uint32_t name, PropertySiteKind kind, uint32_t text_begin, uint32_t value,
            ValueOrigin origin = ValueOrigin::kUnknown, uint32_t text_end = 0) {
    if (found_.properties.size() >= kMostFindings) return;
    SourceScan::PropertySite site{.name_begin = Begin(name),
                                  .name_end = End(name),
                                  .begin = Begin(text_begin),
                                  .end = std::max(End(name), text_end),
                                  .scope = Top().scope,
                                  .kind = kind,
                                  .origin = origin};
    if (tokens_[name].kind == kString && site.name_end > site.name_begin + 1) ++site.name_begin, --site.name_end;
    if (value != kNone) {
      site.origin = OriginAt(value);
      site.end = std::max(site.end, End(EndOfExpression(value) - 1));
    }
    found_.properties.push_back(site);
  }

  // --- functions
  // `open` is the parenthesis of the parameters. Gives the next token.
  uint32_t EnterFunction(uint32_t open, uint32_t name) {
    const uint32_t close = Match(open);
    const bool body = Is(close + 1, '{');
    const uint32_t scope = AddScope(ScopeKind::kFunction, Begin(open), End(body ? Match(close + 1) : close), name);
    Push(open, Role::kParameters, scope);
    Frame& frame = Top();
    frame.place = Place::kTarget;
    frame.kind = DeclarationKind::kParameter;
    frame.text_begin = name == kNone ? open : name;
    frame.text_end = std::min(close, count_ - 1);
    return open + 1;
  }
  // The token => at `arrow`; `scope` is the function's.
  uint32_t EnterArrowBody(uint32_t arrow, uint32_t scope) {
    if (Is(arrow + 1, '{')) {
      found_.scopes[scope].end = End(Match(arrow + 1));
      Push(arrow + 1, Role::kStatements, scope);
      return arrow + 2;
    }
    found_.scopes[scope].end = End(Top().close);  // until its end is met
    arrows_.push_back({frames_.size(), Top().scope});
    Top().scope = scope;
    return arrow + 1;
  }
  void EndArrows(uint32_t at) {
    while (!arrows_.empty() && arrows_.back().depth >= frames_.size()) {
      if (arrows_.back().depth == frames_.size()) {
        found_.scopes[Top().scope].end = at > 0 ? End(at - 1) : 0;
        Top().scope = arrows_.back().outer_scope;
      }
      arrows_.pop_back();
    }
  }

  // --- the walk
  uint32_t Step(uint32_t at) {
    while (frames_.size() > 1 && at > Top().close) Leave();  // brackets that do not match
    if (at == Top().close) return Close(at);
    switch (Top().role) {
      case Role::kObjectPattern:
      case Role::kArrayPattern:
      case Role::kParameters:
        return InPattern(at);
      case Role::kObject:
        return InObject(at);
      case Role::kClassBody:
        return InClass(at);
      default:
        return Expression(at);
    }
  }
  void Leave() {
    EndArrows(std::min(Top().close, count_ - 1));
    frames_.pop_back();
  }
  uint32_t Close(uint32_t at) {
    const Frame closed = Top();
    EndArrows(at);
    if (frames_.size() == 1) return at + 1;
    frames_.pop_back();
    if (closed.role != Role::kParameters || closed.kind != DeclarationKind::kParameter) return at + 1;
    if (Is(at + 1, kArrow)) return EnterArrowBody(at + 1, closed.target_scope);
    if (!Is(at + 1, '{')) return at + 1;
    Push(at + 1, Role::kStatements, closed.target_scope);
    exporting_ = false;
    return at + 2;
  }

  uint32_t InPattern(uint32_t at) {
    Frame& frame = Top();
    if (Is(at, ',')) {
      EndArrows(at);
      Top().place = frame.role == Role::kObjectPattern ? Place::kKey : Place::kTarget;
      return at + 1;
    }
    switch (frame.place) {
      case Place::kKey:
        if (Is(at, kSpread)) {
          frame.place = Place::kTarget;
        } else if (Is(at, '[')) {
          Push(at, Role::kOther, frame.scope);
        } else if (Is(at, ':')) {
          frame.place = Place::kTarget;
        } else if (!Is(at + 1, ':') && IsName(at)) {
          DeclareInPattern(at);
          frame.place = Place::kBehind;
        }
        return at + 1;
      case Place::kTarget:
        if (Is(at, '{') || Is(at, '[')) {
          frame.place = Place::kBehind;
          PushPattern(at);
        } else if (IsVariable(at)) {
          DeclareInPattern(at);
          frame.place = Place::kBehind;
        }
        return at + 1;
      case Place::kBehind:
        if (Is(at, '=')) frame.place = Place::kValue;
        return at + 1;
      case Place::kValue:
        break;
    }
    return Expression(at);
  }

  static bool IsModifier(std::string_view word) { return IsOneOf(word, {"get", "set", "async", "static", "accessor"}); }
  bool IsKey(uint32_t at) const {
    return at < count_ && (tokens_[at].kind == kName || tokens_[at].kind == kString || tokens_[at].kind == kNumber);
  }

  uint32_t InObject(uint32_t at) {
    Frame& frame = Top();
    if (Is(at, ',')) {
      EndArrows(at);
      Top().place = Place::kKey;
      return at + 1;
    }
    if (frame.place == Place::kValue) return Expression(at);
    if (IsKey(at)) {
      if (Is(at + 1, '(')) return EnterFunction(at + 1, at);
      if (Is(at + 1, ':')) {
        Site(at, PropertySiteKind::kKey, at, at + 2);
        frame.place = Place::kValue;
        return at + 2;
      }
      if (Is(at + 1, ',') || Is(at + 1, '}')) {
        Site(at, PropertySiteKind::kKey, at, kNone, ValueOrigin::kAlias);
        return at + 1;
      }
      if (!IsModifier(Word(at))) frame.place = Place::kValue;
      return at + 1;
    }
    if (Is(at, '[')) {
      Push(at, Role::kOther, frame.scope);
      return at + 1;
    }
    if (Is(at, '(')) return EnterFunction(at, kNone);  // behind a computed key
    if (!Is(at, '*')) frame.place = Place::kValue;     // ":" behind a computed key, "..."
    return at + 1;
  }

  uint32_t InClass(uint32_t at) {
    Frame& frame = Top();
    if (Is(at, ';') || (frame.place == Place::kValue && EndsStatement(at))) {
      EndArrows(at);
      Top().place = Place::kKey;
      if (Is(at, ';')) return at + 1;
    }
    if (Top().place == Place::kValue) return Expression(at);
    if (Is(at, '@')) {  // a decorator
      uint32_t end = at + 1;
      while (IsName(end) && Is(end + 1, '.')) end += 2;
      if (!Is(end, '(')) ++end;
      return Is(end, '(') ? std::max(Match(end), end) + 1 : end;
    }
    if (IsKey(at)) {
      if (IsWord(at, "static") && Is(at + 1, '{')) {
        Push(at + 1, Role::kStatements, AddScope(ScopeKind::kFunction, Begin(at + 1), End(Match(at + 1))));
        return at + 2;
      }
      if (Is(at + 1, '(')) return EnterFunction(at + 1, at);
      if (Is(at + 1, '=')) {
        Site(at, PropertySiteKind::kField, at, at + 2);
        frame.place = Place::kValue;
        return at + 2;
      }
      const bool goes_on = IsKey(at + 1) || Is(at + 1, '[') || Is(at + 1, '*');
      if (!(IsModifier(Word(at)) && goes_on && !NewLine(at + 1))) Site(at, PropertySiteKind::kField, at, kNone);
      return at + 1;
    }
    if (Is(at, '[')) {
      Push(at, Role::kOther, frame.scope);
      return at + 1;
    }
    if (Is(at, '(')) return EnterFunction(at, kNone);
    if (Is(at, '=')) frame.place = Place::kValue;
    return at + 1;
  }

  // Anything that is no list of names, keys or members: statements and expressions.
  uint32_t Expression(uint32_t at) {
    if (Is(at, ',') || Is(at, ';') || (Top().role == Role::kStatements && EndsStatement(at))) EndArrows(at);
    if (Top().declares) {
      const uint32_t next = InDeclaration(at);
      if (next != at) return next;
    }
    const SourceToken& token = tokens_[at];
    if (token.kind == kName) return Name(at);
    if (token.kind != kMark) return at + 1;
    switch (token.mark) {
      case ';':
        exporting_ = false;
        Top().ternaries = 0;
        return at + 1;
      case '?':
        ++Top().ternaries;
        return at + 1;
      case ':':
        Top().ternary_colon = Top().ternaries > 0;
        if (Top().ternaries > 0) --Top().ternaries;
        return at + 1;
      case '=':
      case kAssignIf:
        Assignment(at);
        return at + 1;
      case '(':
        return Parenthesis(at);
      case '[':
      case kSubstitution:
        Push(at, Role::kOther, Top().scope);
        return at + 1;
      case '{':
        return Brace(at);
      default:
        return at + 1;
    }
  }

  // In `const a = 1, {b} = c`. Gives `at` when the token is for others to look at.
  uint32_t InDeclaration(uint32_t at) {
    Frame& frame = Top();
    if (frame.place == Place::kTarget) {
      frame.place = Place::kBehind;
      if (Is(at, '{') || Is(at, '[')) {
        frame.text_begin = at;
        frame.text_end = std::min(Match(at), count_ - 1);
        frame.init = Is(Match(at) + 1, '=')                                       ? Match(at) + 2
                     : IsWord(Match(at) + 1, "of") || IsWord(Match(at) + 1, "in") ? Match(at) + 2
                                                                                  : 0;
        PushPattern(at);
        return at + 1;
      }
      if (!IsVariable(at)) {
        frame.declares = false;
        return at;
      }
      const bool loop = IsWord(at + 1, "of") || IsWord(at + 1, "in");
      const uint32_t init = Is(at + 1, '=') || loop ? at + 2 : 0;
      ValueOrigin origin = init == 0 ? ValueOrigin::kUnknown : loop ? ValueOrigin::kAlias : OriginAt(init);
      Declare(at, frame.kind, frame.target_scope, at, init == 0 ? at : EndOfExpression(init) - 1, origin);
      return at + 1;
    }
    if (Is(at, ',')) {
      frame.place = Place::kTarget;
      return at + 1;
    }
    if (Is(at, ';') || IsWord(at, "of") || IsWord(at, "in") || EndsStatement(at)) {
      frame.declares = IsWord(at, "in") && frame.place == Place::kValue;  // a = b in c
      exporting_ = false;
      return at;
    }
    if (frame.place == Place::kBehind && Is(at, '=')) {
      frame.place = Place::kValue;
      return at + 1;
    }
    return at;
  }

  uint32_t Name(uint32_t at) {
    const std::string_view word = Word(at);
    if (IsProperty(at)) return at + 1;
    if (Is(at + 1, kArrow)) {  // x => ...
      const uint32_t scope = AddScope(ScopeKind::kFunction, Begin(at), End(at));
      Declare(at, DeclarationKind::kParameter, scope, at, at, ValueOrigin::kParameter);
      return EnterArrowBody(at + 1, scope);
    }
    if (word == "const" || word == "let" || word == "var") {
      const bool list = Is(at + 1, '{') || Is(at + 1, '[') || IsVariable(at + 1);
      if (!list) return at + 1;
      Frame& frame = Top();
      frame.declares = true;
      frame.place = Place::kTarget;
      frame.kind = word == "const" ? DeclarationKind::kConst
                   : word == "let" ? DeclarationKind::kLet
                                   : DeclarationKind::kVar;
      frame.target_scope = word == "var" ? FunctionScope(frame.scope) : frame.scope;
      return at + 1;
    }
    if (word == "function") return Function(at);
    if (word == "class") return Class(at);
    if (word == "import" && !Is(at + 1, '(') && !Is(at + 1, '.')) return Import(at);
    if (word == "export") return Export(at);
    if (word == "catch" && Is(at + 1, '(')) return Catch(at);
    if (word == "for" && (Is(at + 1, '(') || (IsWord(at + 1, "await") && Is(at + 2, '('))))
      return ForHead(Is(at + 1, '(') ? at + 1 : at + 2);
    return at + 1;
  }

  // Whether a statement begins here, so that `function` and `class` declare.
  bool BeginsStatement(uint32_t at) const {
    if (frames_.back().role != Role::kStatements) return false;
    if (at == 0 || NewLine(at))
      return at == 0 || !tokens_[at - 1].mark ||
             !IsOneOf(std::string_view(&tokens_[at - 1].mark, 1), {"=", "(", ",", "?", ":", "&", "[", "+", "!"});
    return Is(at - 1, ';') || Is(at - 1, '}') || Is(at - 1, '{') || Is(at - 1, ')') || IsWord(at - 1, "export") ||
           IsWord(at - 1, "default") || IsWord(at - 1, "else") || (IsWord(at - 1, "async") && BeginsStatement(at - 1));
  }

  uint32_t Function(uint32_t at) {
    uint32_t next = at + 1;
    if (Is(next, '*')) ++next;
    const uint32_t name = IsName(next) ? next++ : kNone;
    if (!Is(next, '(')) return at + 1;
    const uint32_t close = Match(next);
    const uint32_t outer = Top().scope;
    const bool declares = name != kNone && BeginsStatement(at);
    const uint32_t after = EnterFunction(next, name);
    // An expression's own name is visible inside of it only.
    if (name != kNone)
      Declare(name, DeclarationKind::kFunction, declares ? outer : Top().scope, at, std::min(close, count_),
              ValueOrigin::kMade);
    Top().text_begin = at;
    return after;
  }

  uint32_t Class(uint32_t at) {
    uint32_t next = at + 1;
    const uint32_t name = IsVariable(next) && !IsWord(next, "extends") ? next++ : kNone;
    if (IsWord(next, "extends")) {
      ++next;
      for (uint32_t steps = 0; next < count_ && steps < kMostChainTokens; ++steps) {
        if (Is(next, '{') && EndsOperand(next - 1)) break;
        next = IsOpening(next) ? std::max(Match(next), next) + 1 : next + 1;
      }
    }
    if (!Is(next, '{')) return at + 1;
    const uint32_t outer = Top().scope;
    const bool declares = name != kNone && BeginsStatement(at);
    const uint32_t scope = AddScope(ScopeKind::kClass, Begin(at), End(Match(next)), name);
    if (name != kNone) {
      Declare(name, DeclarationKind::kClass, scope, at, next - 1, ValueOrigin::kMade);
      if (declares) Declare(name, DeclarationKind::kClass, outer, at, next - 1, ValueOrigin::kMade);
    }
    Push(next, Role::kClassBody, scope);
    exporting_ = false;
    return next + 1;
  }

  uint32_t Import(uint32_t at) {
    uint32_t end = at + 1;
    while (end < count_ && end - at < kMostImports && tokens_[end].kind != kString && !Is(end, ';')) ++end;
    for (uint32_t i = at + 1; i < end; ++i) {
      if (!IsName(i) || IsWord(i + 1, "as") || (IsWord(i, "from") && i + 1 == end) ||
          (IsWord(i, "as") && IsName(i + 1)))
        continue;
      Declare(i, DeclarationKind::kImport, Top().scope, at, end, ValueOrigin::kRequired);
    }
    return end;
  }

  uint32_t Export(uint32_t at) {
    if (Is(at + 1, '{')) {
      const uint32_t close = std::min(Match(at + 1), count_);
      for (uint32_t i = at + 2; i < close && i - at < kMostImports; ++i) {
        if (!IsName(i)) continue;
        if (!IsWord(i + 1, "as")) {
          AddExport(i, i);
          continue;
        }
        AddExport(i + 2, i);
        i += 2;
      }
      return close + 1;
    }
    if (IsWord(at + 1, "default")) {
      if (IsVariable(at + 2) && !IsWord(at + 2, "async") && !Is(at + 3, kArrow)) AddExport(at + 1, at + 2);
      Site(at + 1, PropertySiteKind::kMember, at, at + 2);
    }
    exporting_ = true;
    return at + 1;
  }

  uint32_t Catch(uint32_t at) {
    const uint32_t close = Match(at + 1);
    const uint32_t end = Is(close + 1, '{') ? Match(close + 1) : close;
    const uint32_t scope = AddScope(ScopeKind::kBlock, Begin(at + 1), End(end));
    Push(at + 1, Role::kParameters, scope);
    Frame& frame = Top();
    frame.place = Place::kTarget;
    frame.kind = DeclarationKind::kCatch;
    frame.text_begin = at;
    frame.text_end = std::min(close, count_ - 1);
    return at + 2;
  }

  // The variables of `for (let ...)` live in a block of their own, which holds the body too.
  uint32_t ForHead(uint32_t open) {
    const uint32_t close = Match(open);
    const uint32_t end = Is(close + 1, '{') ? Match(close + 1) : EndOfExpression(close + 1);
    const uint32_t scope = AddScope(ScopeKind::kBlock, Begin(open), End(end));
    Push(open, Role::kOther, scope);
    return open + 1;
  }

  uint32_t Parenthesis(uint32_t at) {
    const uint32_t close = Match(at);
    if (Is(close + 1, kArrow)) return EnterFunction(at, kNone);
    // Object.defineProperty(target, 'name', ...)
    if (at > 0 && IsWord(at - 1, "defineProperty")) {
      const uint32_t comma = EndOfExpression(at + 1);
      if (Is(comma, ',') && comma + 1 < count_ && tokens_[comma + 1].kind == kString)
        Site(comma + 1, PropertySiteKind::kDefine, ChainBegin(at - 1), kNone, ValueOrigin::kUnknown, End(close));
    }
    Push(at, Role::kOther, Top().scope);
    return at + 1;
  }

  uint32_t Brace(uint32_t at) {
    if (OpensBlock(at)) {
      Push(at, Role::kStatements, AddScope(ScopeKind::kBlock, Begin(at), End(Match(at))));
      // What for (...) and catch (...) declare is visible in their blocks.
      if (Is(at - 1, ')') && at > 0) AdoptHead(tokens_[at - 1].match);
    } else {
      Push(at, Role::kObject, Top().scope);
    }
    return at + 1;
  }
  void AdoptHead(uint32_t open) {
    for (size_t i = found_.scopes.size() - 1, steps = 0; i-- > 1 && steps < 64; ++steps) {
      if (found_.scopes[i].kind != ScopeKind::kBlock || found_.scopes[i].begin != Begin(open)) continue;
      found_.scopes.back().parent = static_cast<uint32_t>(i);
      return;
    }
  }
  bool OpensBlock(uint32_t at) const {
    const Frame& frame = frames_.back();
    if (frame.role != Role::kStatements || frame.declares) return false;
    if (at == 0) return true;
    const SourceToken& before = tokens_[at - 1];
    if (before.kind == kName) {
      return !IsReservedWord(Word(at - 1)) ||
             IsOneOf(Word(at - 1), {"else", "do", "try", "finally", "catch", "this", "super"});
    }
    if (before.kind != kMark) return true;
    if (before.mark == ':') return !frame.ternary_colon;
    return before.mark == ';' || before.mark == '{' || before.mark == '}' || before.mark == ')' || before.mark == ']' ||
           before.mark == kStep;
  }

  // The first token of the chain a.b.c that ends with the name at `at`.
  uint32_t ChainBegin(uint32_t at) const {
    for (uint32_t steps = 0; at >= 2 && steps < kMostChainTokens; ++steps) {
      if (!Is(at - 1, '.') && !Is(at - 1, kOptional)) break;
      uint32_t before = at - 2;
      for (uint32_t calls = 0; (Is(before, ')') || Is(before, ']')) && calls < kMostChainTokens; ++calls) {
        const uint32_t open = Match(before);
        if (open == 0 || open >= before) return at;
        before = open - 1;
      }
      if (!IsName(before)) break;
      at = before;
    }
    return at;
  }

  // The = at `at`: a site when a property or a name stands in front of it.
  void Assignment(uint32_t at) {
    if (at == 0) return;
    if (Is(at - 1, ']')) {  // x['name'] =
      const uint32_t open = Match(at - 1);
      if (open + 2 == at - 1 && open > 0 && tokens_[open + 1].kind == kString && IsName(open - 1))
        Site(open + 1, PropertySiteKind::kMember, ChainBegin(open - 1), at + 1);
      return;
    }
    if (!IsName(at - 1)) return;
    if (!IsProperty(at - 1)) {
      if (IsVariable(at - 1)) Site(at - 1, PropertySiteKind::kAssigned, at - 1, at + 1);
      return;
    }
    const uint32_t begin = ChainBegin(at - 1);
    const bool own = begin + 2 == at - 1 && IsWord(begin, "this");
    Site(at - 1, own ? PropertySiteKind::kThis : PropertySiteKind::kMember, begin, at + 1);
  }

  static constexpr uint32_t kNone = 0xffffffff;
  bool exporting_ = false;  // in the statement behind `export`

  const std::string_view text_;
  const std::vector<SourceToken>& tokens_;
  const uint32_t count_;
  uint32_t polled_ = 0;
  std::vector<Frame> frames_;
  std::vector<OpenArrow> arrows_;
  SourceFindings found_;
};

}  // namespace

SourceFindings WalkSource(std::string_view text, const std::vector<SourceToken>& tokens, const Cancel& cancel) {
  return Walker(text, tokens).Run(cancel);
}

}  // namespace corewalk
