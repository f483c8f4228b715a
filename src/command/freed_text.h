// What would be freed if some objects were gone, for whatif and retained: found and told.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/freed.h"
#include "command/command.h"
#include "command/graph_text.h"

namespace corewalk {

// What a command is about: objects named by address, or --class NAME.
struct Suspects {
  std::vector<ObjectId> nodes;
  std::optional<std::string> class_name;
};
// The option --class, and what the words and it say; kUsage when it is both or neither.
OptionSpec SuspectClassOption();
Result<void> CheckSuspects(const CommandContext& context, std::string_view command);
Result<Suspects> FindSuspects(CommandContext& context, HeapGraph* graph);

// What goes when all of `nodes` go, by taking them away and looking what is still reached.
Result<FreedObjects> FreedWith(CommandContext& context, const HeapGraph& graph, std::span<const ObjectId> nodes);

// A table of what is freed, by class: JSON key `key`. `limit` rows, 0 = all.
void TellFreed(CommandContext& context, const FreedObjects& freed, std::string_view key, std::string_view title,
               uint64_t limit);

}  // namespace corewalk
