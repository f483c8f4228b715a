// The frames of JavaScript on a thread's stack, as the machine has them: from the frame in which JavaScript was left for
// C++ (an exit frame) up to the one in which it was entered, stretch by stretch. What the frames mean is
// analysis/js_stack.h; which of their words are roots, graph/roots_stacks.cc.
//
// Frames on x64 (src/execution/frame-constants.h): [fp] the caller's fp, [fp + 8] the return address, [fp - 8] a context,
// which is a tagged pointer, or twice the frame's type. The types of entry frames are 1 and 2 in every version
// (src/execution/frames.h, STACK_FRAME_TYPE_LIST). An exit frame has at [fp - 16] the stack pointer with which it called
// C++.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "memory/memory.h"

namespace corewalk {

// Of a frame of a function, from its frame pointer (StandardFrameConstants, the same from 7.4 to 14.6).
inline constexpr int64_t kFrameContext = -8, kFrameFunction = -16;

// The mapping that a thread's stack is in, by its stack pointer; null when there is none. A stack that overflowed ends
// above its stack pointer: what died there reserved a frame, or was about to write a first word, below the last page.
const Region* StackRegion(const Memory& memory, Address sp);

// The words of a thread's stack from its stack pointer (and what x86-64 code may use below it) on.
struct StackWords {
  Address start = 0;
  std::vector<uint64_t> words;

  bool Contains(Address at) const { return at >= start && at - start < 8 * words.size() && (at & 7) == 0; }
  uint64_t At(Address at) const { return Contains(at) ? words[(at - start) / 8] : 0; }
};
StackWords ReadStack(const Memory& memory, const ThreadState& thread);

struct StackFrame {
  Address fp = 0;
  Address pc = 0;       // where it goes on; 0 in an exit frame that was not left by a call of its own
  bool returns = true;  // pc is a return address, not where the thread stopped
};

struct JavaScriptFrames {
  struct Range {
    Address begin, end;
  };
  std::vector<Range> ranges;       // the stretches, the newest first
  std::vector<StackFrame> frames;  // the newest first; each stretch ends with an entry frame
  bool of_isolate = false;         // the Isolate itself names them
  bool running = false;            // JavaScript was not left: registers belong to the newest frame
  bool cut = false;                // the last stretch leads to no entry frame: the stack is damaged or not all there
};

inline bool IsEntryMarker(uint64_t marker) {
  return marker == 2 || marker == 4;
}

// `isolate` are the words of the Isolate: one of them is the newest exit frame (ThreadLocalTop::c_entry_fp_). When there is
// none, JavaScript may be running: then `thread`'s frame pointer is in one of its frames, or, when JavaScript called a C
// function without leaving a frame, the Isolate knows that too (IsolateData::fast_c_call_caller_fp_). Versions that do not
// clear c_entry_fp when JavaScript is entered again leave an older exit frame there.
JavaScriptFrames FindJavaScriptFrames(const Memory& memory, const ThreadState& thread, const StackWords& stack,
                                      std::span<const uint64_t> isolate);

}  // namespace corewalk
