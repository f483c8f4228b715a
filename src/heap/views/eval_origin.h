// Which call of eval() or new Function() made a script: its own name is empty, so this is what tells where its text is from.
#pragma once

#include <optional>

#include "heap/views/functions.h"
#include "heap/views/heap_reader.h"
#include "heap/views/scripts.h"

namespace corewalk {

struct EvalOrigin {
  FunctionView function;    // that called it
  SourcePosition position;  // of the call; line 0 = unknown
};

// Nothing when `script` is no script of eval() or V8 does not know who called it (the Function constructor called from C++).
std::optional<EvalOrigin> EvalOriginOf(HeapReader& reader, uint64_t script);

}  // namespace corewalk
