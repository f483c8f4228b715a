// Variables of functions and modules whose code is still running and that no function closes over: they are in no
// Context but in the registers of the frame, without a name. The frame is found from the slot on the stack; what the
// variable may be called is what the source declares there that makes such an object. A module's own variables are no
// work in progress, unlike those of a function that runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/source_finder.h"
#include "graph/roots.h"
#include "heap/views/functions.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// The function of the JavaScript frame in whose registers the slot lies, or among the arguments that it passes on.
std::optional<FunctionView> FunctionOfSlot(HeapReader& reader, Address slot);

struct FrameVariable {
  std::vector<SourceSite> candidates;  // not empty; the first is in the source first
  std::vector<std::string> names;
  FunctionView function;
  bool of_module = false;  // the frame is that of a module's own code
};
// Of an object of that class in a slot of a frame of the program's; nothing when it is no such frame, or nothing that
// the function or module declares makes such an object.
std::optional<FrameVariable> FrameVariableAt(HeapReader& reader, SourceFinder& sources, Address slot,
                                             std::string_view class_name);

}  // namespace corewalk
