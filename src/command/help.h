// Help texts, made from what the commands say about themselves, and the two commands that need no target: `help` and
// `version`.
#pragma once

#include <string>
#include <string_view>

#include "command/command.h"
#include "command/registry.h"

namespace corewalk {

std::string_view Version();  // "0.1.0"

// The name and what follows it: "histogram [-n N] [--by WHAT]".
std::string UsageLine(const CommandInfo& info);

// All commands by group, one line each, under the usage lines of the face.
std::string CommandList(const Registry& registry, std::string_view face_help, std::string_view invocation);

// The long help of one command.
std::string CommandHelp(const CommandInfo& info, std::string_view invocation, std::string_view face_help);

// Lines "  -n, --limit N   help" for a help text.
std::string OptionLines(std::span<const OptionSpec> options);

}  // namespace corewalk
