// From the words of a command line to an exit status: finds the command, parses its options, opens the session, chooses
// the renderer, runs, and tells errors. The one place where exceptions are caught.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "command/face.h"
#include "command/registry.h"

namespace corewalk {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCondition = 3;  // all went well, and what the user asked to be warned of is so

// Options that every command takes: --help, --json, -o, --isolate, --color, --width.
std::span<const OptionSpec> CommonOptions();

// Runs one command line, without the name of the program. Options of the face and common ones may stand before the
// command word. Never throws. With --json a failure is told as a JSON object on the output, else as "error: ..." on the
// error stream.
int RunCommand(Face& face, const Registry& registry, std::span<const std::string> words) noexcept;

}  // namespace corewalk
