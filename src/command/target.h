// What commands about a target share: the card that says which target it is, and which isolate a command is about.
#pragma once

#include "command/command.h"
#include "heap/heap_walk.h"
#include "session/session.h"

namespace corewalk {

// The JSON member "target" and the first lines of some texts.
Card TargetCard(Session& session);

// The isolate that --isolate or `isolate select` chose (the main one when neither did); -1 = all.
Result<int> ChosenIsolate(const CommandContext& context);
Result<HeapWalkOptions> WalkOptionsFor(const CommandContext& context);

// What an answer of this command starts from: the session's completeness, and a note when it is about one of several
// isolates that nobody chose.
Completeness StartCompleteness(const CommandContext& context);

// An address as people type it: hexadecimal with or without 0x, decimal only with a leading "0d"; a tagged pointer is
// fine.
Result<uint64_t> ParseAddress(const std::string& word);

}  // namespace corewalk
