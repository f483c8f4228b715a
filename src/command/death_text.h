// The exception that ended the process, in words, for the commands that tell why it died.
#pragma once

#include <optional>
#include <string>

#include "analysis/js_death.h"
#include "command/command.h"

namespace corewalk {

struct DeathText {
  std::string_view kind;   // "uncaught exception", "unhandled rejection"
  std::string message;     // "Error: text"; "" = what was thrown is not known. Safe to print
  std::string location;    // "f (FILE:LINE:COLUMN)" where it was thrown or made; may be empty. Safe to print
  bool in_listener = false;
  uint64_t thrown = 0;     // address, 0 = unknown or no object

  // "uncaught Error: text, thrown at ..."
  std::string Line() const;
};

DeathText TextOf(HeapReader& reader, const JsDeath& death);
// Of the thread that died, whose frames are read for it.
std::optional<DeathText> ReadDeathText(CommandContext& context);

}  // namespace corewalk
