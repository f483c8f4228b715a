// Whether a source can add to what one of its names holds: `const byZip = new Map(rows.map(...))` that is only asked
// afterwards was filled when it was made, and grows no more. Every place of the name counts, whatever its scope; a
// place that is not understood (handed to a function, exported, given another name) is one where it may be added to. So
// "filled and only read" is sure as far as the source is all there is, and anything else means nothing.
#pragma once

#include <string_view>
#include <vector>

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

// `tokens` are those of `text`. Bounded by their number.
NameUses UsesOf(std::string_view text, const std::vector<SourceToken>& tokens, std::string_view name, NamedThing thing);

}  // namespace corewalk
