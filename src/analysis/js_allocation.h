// What a thread was allocating when it ran out of memory: the function of JavaScript that was nearest, the function of V8's
// that it had called, and the object that was growing. From the frames alone (analysis/js_stack.h).
#pragma once

#include <optional>
#include <string>

#include "analysis/js_stack.h"

namespace corewalk {

struct JsAllocation {
  const JsFrame* function = nullptr;  // of JavaScript; null = none was running
  const JsFrame* builtin = nullptr;   // V8's function that it called, with the object as receiver; null = none is known
  // The function was not allocating: V8 had stopped it to collect garbage. Unknown without the names of C++ functions.
  std::optional<bool> interrupted;
  std::string operation;  // what V8 did for it: "Runtime_GrowArrayElements", "MinorGCJob::Task::RunInternal"; "" = unknown
};

// Nothing when the frames do not show that the thread was giving up for lack of memory. `known`: that it did is known from
// elsewhere. The result points into `thread`.
std::optional<JsAllocation> FindAllocation(const JsThread& thread, bool known);

}  // namespace corewalk
