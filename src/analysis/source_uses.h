// Whether a source can add to what one of its names holds: `const byZip = new Map(rows.map(...))` that is only asked
// afterwards was filled when it was made, and grows no more. Every place of the name counts, whatever its scope; a
// place that is not understood (handed to a function, exported, given another name) is one where it may be added to. So
// "filled and only read" is sure as far as the source is all there is, and anything else means nothing.
#pragma once

#include <string_view>
#include <vector>

#include "analysis/source_start.h"
#include "analysis/source_tokens.h"

namespace corewalk {

enum class NamedThing : uint8_t {
  kVariable,
  kProperty,  // this.byZip, table.byZip; every object's property of that name counts
};

struct NameUses {
  size_t fillings = 0;   // places where it is made from something: new Map(rows), rows.map(...), JSON.parse(...)
  bool changes = false;  // it may be added to, or be made anew, somewhere
};

// The same for what is filled step by step while the program starts: `const t = new Map()`, then t.set() in a loop of the
// module or in load(), which only the module calls. Code that runs at start (source_start.h) may add to it, what runs
// later may not. What has another name, is handed on or exported may be added to there.
struct StartUses {
  size_t adders = 0;     // places at start that add to it, or make it from something
  bool changes = false;  // something else may add to it
  std::vector<StartPlace> places;         // of the adders and of the calls that lead to them
  std::vector<std::string_view> methods;  // that these are; a source in which the names stand may call them
};
StartUses StartUsesOf(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& start,
                      std::string_view name, NamedThing thing);

// How what is added goes again, in the source's words. Nothing is said (all false) when something else may add to it.
struct Turnover {
  bool size_checked = false;  // each place that adds looks at its size, in the same function
  std::string_view most;      // with what it is compared: a number, or the name of a variable or property
  // An object pool: `free.pop() || new Thing()` takes from it, and what a function was given is pushed to it.
  bool pool = false;
  bool replaced = false;  // nothing adds to it, but its name is given another one, made anew, somewhere
};
Turnover TurnoverOf(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& code,
                    std::string_view name, NamedThing thing);

// `tokens` are those of `text`. Bounded by their number.
NameUses UsesOf(std::string_view text, const std::vector<SourceToken>& tokens, std::string_view name, NamedThing thing);

}  // namespace corewalk
