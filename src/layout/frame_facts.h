// What V8's stack frames and machine code look like, by V8 line, where the binary's own constants do not say it. All
// distances are bytes from the frame pointer, on x64 (src/execution/frame-constants.h and x64/frame-constants-x64.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "layout/v8_version.h"

namespace corewalk {

struct FrameFacts {
  V8Version first;
  // The count of the arguments that were passed, 0 = no such slot: then arguments lie as many as the function declares
  // (another count makes an arguments adaptor frame), the first one highest. With the slot the first one lies lowest.
  int8_t argument_count;
  bool count_has_receiver;  // the receiver counts as one, here and in SharedFunctionInfo's formal parameter count
  int8_t bytecode_array;    // of interpreted and baseline frames
  int8_t bytecode_offset;   // a Smi, of interpreted frames
  // SharedFunctionInfo: u16 count of the declared parameters.
  uint8_t formal_count;
  // Code (or, up to 10.x, the object that holds the instructions itself).
  uint8_t code_deoptimization_data;  // of baseline code its bytecode
  uint8_t code_source_positions;     // of baseline code its table of bytecode offsets
  uint8_t code_flags;                // u32; the kind in its lower bits
  uint8_t code_start;                // 0 = the instructions follow in the object itself, else the field with their address
  uint8_t code_size;                 // u32, bytes of instructions
  uint8_t code_header;               // code_start == 0: where they follow
  uint8_t baseline_kind;                // CodeKind::BASELINE; 0 = the kind tells nothing
  bool has_maglev;
  // DeoptimizationData of optimized code: which elements.
  uint8_t literals, inlining_positions;
  // Where the receiver and the arguments of a builtin that is C++ begin, and how many words more its count has.
  uint8_t exit_receiver, exit_extra;
  // Where those of an API callback begin, 0 = a pointer under the frame leads to the first argument.
  uint8_t api_receiver;
  // FunctionKind of the functions that set the fields of a class, and its static ones, which V8 names by that alone; 0 = not.
  uint8_t members_initializer, static_initializer;
};

// Of the newest line that is not newer than `version` (the newest for an unknown version).
const FrameFacts& FindFrameFacts(const V8Version& version);

// The kinds of frames that mark themselves in the word under the frame pointer.
enum class FrameMarker : uint8_t {
  kUnknown,
  kEntry,
  kConstructEntry,
  kExit,
  kBuiltinExit,
  kApiCallbackExit,
  kApiAccessorExit,
  kStub,
  kInternal,
  kConstruct,
  kArgumentsAdaptor,
  kBuiltin,
  kBuiltinContinuation,
  kJavaScriptBuiltinContinuation,
  kWasm,
  kJsToWasm,
  kWasmToJs,
  kRegExp,
  kNative,
};
struct BinaryFacts;

// Numbers of markers -> what they are.
class FrameMarkers {
 public:
  // `binary` may be null: then from the table of the line.
  FrameMarkers(const BinaryFacts* binary, const V8Version& version);
  // `word` as it stands in the frame: twice the number.
  FrameMarker Of(uint64_t word) const;
  // V8's own name of it, "ApiCallbackExit"; "" when unknown.
  std::string_view NameOf(uint64_t word) const;

 private:
  std::map<uint64_t, std::string> names_;
};

}  // namespace corewalk
