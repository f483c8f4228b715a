// The table of async functions that nothing can resume (analysis/async/lost_calls.h), which `async` and `promises` share.
#pragma once

#include <cstddef>

#include "command/async_text.h"
#include "command/name_filter.h"

namespace corewalk {

struct LostCallsTable {
  size_t limit = 0;    // rows, 0 = all
  bool list = false;   // each by itself
};
// JSON "lost"; nothing when there are none. `filter` chooses by the function's name and file.
void TellLostCalls(CommandContext& context, const HeapGraph& graph, const AsyncCensus& census, AsyncText& text,
                   const NameFilter& filter, const LostCallsTable& table);

}  // namespace corewalk
