// What the commands about leak patterns write in common: functions with their places, what closures keep alive.
#pragma once

#include <string>

#include "analysis/leaks/pinned.h"
#include "command/function_text.h"

namespace corewalk {

// The function, looked through bind(); an empty view when it is none. Raw target text.
FunctionView ViewOfFunction(HeapReader& reader, uint64_t function);
// "onUpdate /app/bus.js:12:20"; safe to print.
std::string FunctionText(const FunctionView& view);
// "client: HubClient, 12.3 MiB in 10,000; cache: Map, 1.0 KiB": the variables that retain most; "" when there are none.
// Safe to print.
std::string PinnedText(HeapReader& reader, const HeapGraph& graph, const ClosurePins& pinned);

}  // namespace corewalk
