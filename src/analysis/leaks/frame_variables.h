// Variables of functions and modules whose code is still running and that no function closes over: they are in no Context
// but in the registers of the frame, without a name. The frame is found from the slot on the stack; what the variable may
// be called is what the source declares there that makes such an object. A module's own variables are no work in
// progress, unlike those of a function that runs.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "analysis/source_finder.h"
#include "heap/views/functions.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// The function of the JavaScript frame in whose registers the slot lies, or among the arguments that it passes on.
std::optional<FunctionView> FunctionOfSlot(HeapReader& reader, Address slot);

// Whether it is a module's own code, which covers its whole source.
bool IsModuleCode(HeapReader& reader, const FunctionView& function);

struct FrameVariable {
  // What the source declares there that makes such an object, in its order: it is one of these. Empty when nothing does,
  // but what some function returned may be one.
  std::vector<SourceScan::NamedSite> declared;
  FunctionView function;
  bool of_module = false;  // the frame is that of a module's own code
};
// Of an object of that class in a slot of a frame of the program's; nothing when it is no such frame, or no variable of
// the function or module can be it.
std::optional<FrameVariable> FrameVariableAt(HeapReader& reader, SourceFinder& sources, Address slot,
                                             std::string_view class_name);

}  // namespace corewalk
