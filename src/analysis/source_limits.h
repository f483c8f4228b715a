// Where a source keeps a collection small: what takes away from it only when a comparison says so, as in
// `if (this.size > max) this.delete(oldest)`, `while (list.length >= 100) list.shift()`, `++n > max && (delete table[k])`
// or `const over = map.size - max; if (over <= 0) return; ...`. It says with what is compared, not what that is: whether
// the number fits what is there is for who knows the heap. No parser: tokens and brackets, as in source_scan.h.
#pragma once

#include <string_view>
#include <vector>

#include "analysis/source_start.h"
#include "analysis/source_tokens.h"
#include "analysis/source_uses.h"

namespace corewalk {

struct SizeGuard {
  std::vector<std::string_view> operands;  // of the comparison: numbers, and the last names of `this.options.max`
  bool all_adders = false;                 // every place that adds is in a function which compares so, or calls one
};
struct SizeGuards {
  std::vector<SizeGuard> guards;
  bool removes = false;                  // something takes away from it, whenever that is
  std::vector<std::string_view> moduli;  // what stands behind a `%` in the source: how long its rings are
};

// Of the variable or property of that name. `tokens` are those of `text`, `code` theirs.
SizeGuards FindSizeGuards(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& code,
                          std::string_view name, NamedThing thing);

// Of `this` in `class NAME extends Map`.
SizeGuards FindSizeGuardsOfClass(std::string_view text, const std::vector<SourceToken>& tokens, const StartCode& code,
                                 std::string_view class_name);

}  // namespace corewalk
