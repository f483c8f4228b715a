// The stacks of a process's threads as V8 would tell them: every frame of JavaScript with its function, where it is, its
// receiver and arguments; the frames by which V8 enters and leaves JavaScript; builtins and what of C++ can be followed.
// Frames come from the stack itself (heap/stack_frames.h), so the same is told of a core, of a live process and in a
// debugger. A frame that is not what it must be is told as unknown; nothing here fails.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/async_callers.h"
#include "base/cancel.h"
#include "heap/views/code_objects.h"
#include "heap/views/eval_origin.h"
#include "heap/views/functions.h"
#include "heap/views/scripts.h"
#include "session/session.h"

namespace corewalk {

enum class FrameKind : uint8_t {
  kJavaScript,  // a function with source
  kBuiltin,     // a function that is V8's own, or a piece of V8's own code
  kApi,         // a function that C++ made, which is running C++
  kEntry,
  kConstructEntry,
  kExit,
  kConstruct,  // between `new` and the constructor
  kInternal,
  kAdaptor,
  kRegExp,
  kWasm,
  kNative,
  kUnknown,
};
std::string_view FrameKindName(FrameKind kind);  // "javascript", "builtin", ...

enum class FrameTier : uint8_t { kNone, kInterpreted, kBaseline, kMaglev, kTurboFan, kOptimized };
std::string_view FrameTierName(FrameTier tier);  // "interpreted", ...; "" for kNone

struct JsFrame {
  FrameKind kind = FrameKind::kUnknown;
  FrameTier tier = FrameTier::kNone;
  bool inlined = false;  // into the next frame that is not; then nothing is known of its receiver and arguments
  bool deoptimizes = false;  // optimized code that V8 throws away as soon as what it called returns
  Address pc = 0;
  Address fp = 0;
  FunctionView function;       // function.shared == 0: none
  std::string symbol;          // of a builtin without function: V8's name; of native code: mangled. Text of the executable
  uint64_t symbol_offset = 0;  // of native code: behind the symbol, or behind the module's beginning
  std::string module;          // of native code: its file, without folders; target text
  SourcePosition position;     // where it is; line 0 = unknown
  int32_t offset = -1;         // the same in UTF-16 units of the source
  std::optional<EvalOrigin> origin;   // of a function that eval() or new Function() made
  bool positions_unrecorded = false;  // V8 has not (yet) made the table that would tell the position
  bool unsure = false;   // `position` may be that of other code nearby: optimized code called what cannot throw it away
  bool in_loop = false;  // `position` is that of a loop; it is somewhere inside
  uint64_t context = 0;        // tagged; 0 = unknown
  std::optional<uint64_t> receiver;   // tagged
  bool arguments_known = false;
  std::vector<uint64_t> arguments;  // tagged, as they were passed: fewer or more than declared
  uint64_t arguments_omitted = 0;   // passed, but beyond the bound
};

inline constexpr size_t kMostNative = 4096;  // C++ frames in a row that are told

struct JsThread {
  int tid = 0;
  int signal = 0;
  int isolate = -1;      // number; -1 = it runs none
  bool running = false;  // it was executing JavaScript, not C++ that JavaScript called
  bool cut = false;      // the stack could not be followed to its end
  bool native_cut = false;  // a recursion of C++ of which only kMostNative frames are here
  std::vector<JsFrame> frames;
  std::vector<AsyncCaller> async_callers;  // who waits for what the newest microtask on the stack does
};

struct JsStackOptions {
  bool all_threads = false;  // else the thread of `isolate`
  int isolate = -1;          // -1 = that of the thread which the process died in, else the main one
};

struct JsStacks {
  std::vector<JsThread> threads;
  bool names_known = false;  // the executable names code
  std::vector<std::string> missing_files;  // without which C++ frames could not be followed; target text
};
JsStacks ReadJsStacks(Session& session, HeapReader& reader, const JsStackOptions& options, const Cancel& cancel);

}  // namespace corewalk
