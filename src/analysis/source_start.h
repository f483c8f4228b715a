// Which code of a source runs only while its program starts: the module's own, functions that only such code calls by
// their names, and functions that it hands to what calls them at once (forEach) or once (then, readFile). What a handler,
// a timer, an event or another module may call is no such code, and neither is anything that is not understood; so "at
// start" is sure as far as the source is all there is. What stands behind `if (this.table) return`, in a function that
// gives this.table a value for good, runs once as well, whoever calls it first. No parser: tokens and brackets, as in source_scan.h. No recursion
// without a bound.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "analysis/source_tokens.h"

namespace corewalk {

// A place in a function that runs at start: it is over when a call of the function that has not ended is behind `done`.
struct StartPlace {
  uint32_t function = 0;  // where its parameters begin, in bytes; 0 = the module's own code
  uint32_t done = 0;      // the end of the outermost loop of the function around the place, or the place
  bool counted = false;   // in a loop that nothing ends but a number or a flag: while (running), of Array(n).keys()
};

class StartCode {
 public:
  // Both must outlive it.
  StartCode(std::string_view text, const std::vector<SourceToken>& tokens);

  // Whether the token is part of code that runs only at start. Adds where that is, in its function and in those that
  // lead to it, and the methods that are called on the way: another source may call these, too.
  bool RunsAtStart(size_t token, std::vector<StartPlace>* places, std::vector<std::string_view>* methods) const;

  struct Function {
    size_t head = 0;                  // tokens: where it begins
    size_t begin = 0, end = 0;        // parameters to end of body
    size_t body = 0;                  // what is behind `{`, or the expression
    size_t name = SIZE_MAX;           // token
    bool generator = false, async = false, method = false, class_body = false, expression = false, declared = false;
  };
  // The one function of that name that is declared; null when there is none, or several.
  const Function* Named(std::string_view name) const;
  // The innermost function around a token; null = the module's own code.
  const Function* Around(size_t token) const;
  // The innermost open bracket around a token; SIZE_MAX = none.
  size_t BracketAround(size_t token) const { return bracket_[token]; }
  // As StartPlace::function, of the innermost function around a byte.
  uint32_t BeginOfFunctionAt(uint32_t byte) const;

 private:
  static constexpr size_t kModule = SIZE_MAX;
  struct Step {
    size_t function;
    bool deferred;  // what leads to it comes later than the code around: then()
  };
  struct Proof {
    std::vector<Step> open;
    std::vector<size_t> known;
    std::vector<StartPlace>* places;
    std::vector<std::string_view>* methods;
    size_t work = 0;
    bool own = true;  // so far all is about the same `this`
    bool made_up = false;  // what calls the function at hand goes over a number of things that are made for that
  };
  std::string_view Word(size_t i) const {
    return i < tokens_.size() ? text_.substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin) : "";
  }
  bool Is(size_t i, char mark) const {
    return i < tokens_.size() && tokens_[i].kind == TokenKind::kMark && tokens_[i].mark == mark;
  }
  bool IsName(size_t i) const { return i < tokens_.size() && tokens_[i].kind == TokenKind::kName; }
  bool IsDot(size_t i) const { return Is(i, '.') || Is(i, kOptional); }
  size_t Match(size_t i) const { return tokens_[i].match < tokens_.size() ? tokens_[i].match : SIZE_MAX; }
  uint32_t BeginOf(size_t owner) const;
  void FindBrackets();
  void FindFunctions();
  void FindClasses();
  void FindLoops();
  bool GoesOverThings(size_t loop, size_t head, bool* made_up) const;
  bool IsMadeUp(size_t begin, size_t end) const;
  void FindOwners();
  bool IsIn(const std::vector<std::pair<size_t, size_t>>& loops, size_t token) const;
  size_t EndOfExpression(size_t at) const;
  void AddArrow(size_t arrow);
  void AddMethod(size_t open);
  bool At(size_t token, bool deferred, Proof* proof) const;
  bool OfFunction(size_t function, bool deferred, Proof* proof) const;
  bool OfMentions(size_t function, Proof* proof) const;
  bool OfPlace(const Function& function, Proof* proof) const;
  bool IsGivenTo(size_t token, Proof* proof, bool* deferred) const;
  // A name that is tested: `table`, `this.table`.
  struct Flag {
    size_t name = SIZE_MAX;
    bool of_this = false;
  };
  bool RunsOnce(size_t token, bool own) const;
  bool ReadTest(size_t head, Flag* flag, bool* negated) const;
  bool IsSetIn(const Flag& flag, size_t begin, size_t end, size_t bracket) const;
  bool StaysSet(const Flag& flag, const Function& function) const;
  bool IsSame(const Flag& flag, size_t token) const;
  bool IsNothing(size_t at) const;
  bool IsUnconditional(size_t token) const;

  const std::string_view text_;
  const std::vector<SourceToken>& tokens_;
  std::vector<size_t> bracket_;                   // by token
  std::vector<Function> functions_;               // by rising begin
  std::vector<size_t> owner_;                     // by token: index of the innermost function, kModule
  std::vector<std::pair<size_t, size_t>> loops_, counted_;  // tokens, by rising begin; those that are not over something
  std::vector<std::pair<size_t, size_t>> numbered_;  // for (;;) up to a number
  std::vector<std::pair<size_t, size_t>> made_up_;   // over Array(n).keys() and the like
};

}  // namespace corewalk
