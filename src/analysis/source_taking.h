// What the source takes away again from what one of its names holds: deletes, shift(), `batch = []` once it was flushed,
// `older = younger; younger = new Map()` of a cache that turns over. That a source can take away says nothing of whether
// it does; so this is evidence only beside what the entries themselves show. And whether it goes through all of it.
#pragma once

#include <string_view>
#include <vector>

#include "analysis/source_start.h"
#include "analysis/source_tokens.h"
#include "analysis/source_uses.h"

namespace corewalk {

struct Taking {
  bool takes = false;          // some code that may run again takes from it, or gives its name an empty one
  bool empties = false;        // all of it goes at once: after that it looks as if nothing was ever taken
  std::string_view handed_to;  // the name that is given what was there before that
  bool iterates = false;       // `for (const c of clients)`, clients.forEach(), clients.size: what nothing weak can do
};

// `tokens` are those of `text`. Bounded by their number.
Taking TakingFrom(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& code,
                  std::string_view name, NamedThing thing);

}  // namespace corewalk
