// Errors: their message, and their stack where V8 keeps it: under a private symbol without a description, as the text
// that `stack` gave, or as the frames from which that text would have been made. The frames' shape by V8's line:
//   7.4 to 8.6    StackTraceFrames, each of which has a FrameArray: [n, then receiver, function, code, offset, flags,
//                 parameters for each frame] (src/objects/frame-array.h)
//   9.0 to 13.6   StackFrameInfo / CallSiteInfo objects: receiver, function, code (the code first from 12.4 on),
//   offset,
//                 flags (src/objects/call-site-info.tq)
//   14.1 on       the same, or one flat array: code, receiver, function, offset, parameters, flags for each frame
// They are told apart by what stands there. Damaged or unknown shapes give no frames.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heap/views/functions.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

struct ErrorFrame {
  uint64_t function = 0;  // tagged
  FunctionView view;
  int line = 0;  // of the call; 0 = unknown
  int column = 0;
};

struct ErrorView {
  std::string message;  // raw target text; own property only
  bool has_message = false;
  std::string stack_text;          // raw target text: what `stack` gave, "" when it was never asked for
  std::vector<ErrorFrame> frames;  // innermost first, when there is no text
};
inline constexpr size_t kMostErrorFrames = 200;  // V8 keeps 10 unless Error.stackTraceLimit says otherwise

// Of any object; one without these parts gives an empty view.
ErrorView ReadError(HeapReader& reader, uint64_t object, uint64_t text_limit);

}  // namespace corewalk
