// Which exception of the program ended the process, from the frames of the thread that died and the handles of its newest
// C++ frames:
//   --abort-on-uncaught-exception: V8 stops inside of throw, in Isolate::CreateMessageOrAbort() (src/execution/isolate.cc, 8.4 to
//     14.6; before that in Throw() itself, which is not told). It has just made the JSMessageObject, whose `argument` is what
//     was thrown (src/objects/js-objects.tq).
//   An unhandled rejection, or an error that was reported later, with that option: Node.js aborts in the function
//     triggerUncaughtException(error, fromPromise) (src/node_errors.cc, 12.17 to 26).
//   process.on('uncaughtException') and 'unhandledRejection' whose listener aborts: their callers have the error.
// What was thrown is told only where one object can be it; otherwise the kind alone.
#pragma once

#include <optional>

#include "analysis/js_stack.h"

namespace corewalk {

struct JsDeath {
  bool rejection = false;        // of a promise that nobody handled; false: thrown and not caught
  bool in_listener = false;      // the program's own listener was told, and the process died there
  std::optional<uint64_t> thrown;  // tagged
  const JsFrame* thrower = nullptr;  // newest frame of JavaScript, where it was being thrown; null = that is over
};

// Nothing when the frames do not show it. The result points into `thread`, which must be the one that died.
std::optional<JsDeath> FindJsDeath(const Session& session, HeapReader& reader, const JsThread& thread);

}  // namespace corewalk
