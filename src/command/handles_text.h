// What the commands about handles and requests share: the census of each chosen isolate, their options, and cells.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/handles.h"
#include "command/command.h"

namespace corewalk {

inline constexpr int64_t kDefaultHandleRows = 30;

// The census of each chosen isolate; workers have loops of their own.
struct HandleCensuses {
  struct One {
    int isolate = 0;
    HandleCensus census;
  };
  std::vector<One> all;
  Completeness completeness;
};
Result<HandleCensuses> TakeHandleCensuses(CommandContext& context, HeapReader* reader);

template <typename T>
Cell Maybe(const std::optional<T>& value) {
  return value ? Cell(int64_t{*value}) : Cell(Absent{});
}
Cell MaybeText(const UntrustedText& text);
Cell ObjectCell(uint64_t tagged);

// Options of a list of `what`: --list, --filter, --limit.
std::vector<OptionSpec> HandleListOptions(std::string_view what);
// Whether one of the texts has the filter in it, or there is none.
bool MatchesText(const std::string& filter, std::initializer_list<std::string_view> texts);

}  // namespace corewalk
