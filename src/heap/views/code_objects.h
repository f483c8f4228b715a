// Machine code in the heap: which Code object an address belongs to, what kind of code it is, and where in the source an
// instruction of it comes from, inlined functions included. Code is found by the page that holds the address, so every
// object's beginning and end are known before anything is read from it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "heap/heap_model.h"
#include "heap/views/heap_reader.h"
#include "heap/views/safepoints.h"
#include "layout/binary_facts.h"
#include "layout/bytecode_sizes.h"
#include "layout/frame_facts.h"

namespace corewalk {

enum class CodeTier : uint8_t { kUnknown, kBaseline, kMaglev, kTurboFan, kOptimized, kBuiltin, kRegExp, kWasm };
std::string_view CodeTierName(CodeTier tier);  // "baseline", "Maglev", ...

struct CodeView {
  uint64_t code = 0;       // tagged Code
  Address start = 0;       // of its instructions
  Address end = 0;
  CodeTier tier = CodeTier::kUnknown;
};

// One function that an instruction of optimized code belongs to.
struct CodeFunction {
  uint64_t shared = 0;  // tagged SharedFunctionInfo; 0 = that of the frame's own function
  int32_t position = -1;
};

// One function of what a frame of optimized code would be made into when it is thrown away at a call.
struct DeoptFunction {
  uint64_t shared = 0;           // tagged SharedFunctionInfo
  uint64_t closure = 0;          // tagged, the function itself; 0 = not a literal of the code
  std::optional<int64_t> closure_at;  // or where it stands, in bytes from the frame pointer
  int64_t bytecode_offset = -1;  // bytes from the first bytecode
  bool continuation = false;     // V8's own function, which has no bytecode
};

class CodeFinder {
 public:
  // `binary` may be null; `sizes` may be unknown.
  CodeFinder(const HeapModel& model, HeapReader& reader, const BinaryFacts* binary, BytecodeSizes sizes);

  // The Code whose instructions hold `pc`; nothing when no page of code does.
  std::optional<CodeView> At(Address pc);
  // Whether `pc` is on a page of the heap, be it in a Code that was found or not.
  bool IsInCodePage(Address pc) const { return model_.index().At(pc) != nullptr; }
  // Whether code of a frame that has bytecode was compiled from it.
  bool IsBaseline(const CodeView& code);
  // The functions that the call before `pc` belongs to, the innermost first; the last is the frame's own function. Empty
  // when the code keeps no positions. For optimized code.
  std::vector<CodeFunction> FunctionsAt(const CodeView& code, Address pc, bool returns);
  // Where a frame that waits for a call returns to, also when its return address leads to a deoptimization exit; nothing
  // when the code's safepoint table is not found or does not know the address. For optimized code.
  std::optional<ReturnPlace> ReturnPlaceOf(const CodeView& code, Address pc);
  // `entry` as a ReturnPlace has it; the innermost function first. Empty when the data do not hold together, or how this V8
  // writes them is not known.
  std::vector<DeoptFunction> DeoptFunctionsOf(const CodeView& code, int32_t entry);
  // The bytecode offset of the call before `pc` in baseline code; -1 = in its prologue; nothing when unknown.
  std::optional<int64_t> BytecodeOffsetAt(const CodeView& code, Address pc, uint64_t bytecode);

  const FrameFacts& facts() const { return facts_; }

 private:
  struct Object {
    Address begin, end;
    uint64_t type;  // instance type
  };
  const std::vector<Object>& ObjectsOf(const Page& page);
  uint64_t CodeOfStream(uint64_t stream);
  CodeTier TierOf(uint64_t code);
  std::optional<ReturnPlace> FindReturnPlaceOf(const CodeView& code, Address pc);
  // A literal that names a function's SharedFunctionInfo; 0 when it is none.
  uint64_t SharedOf(uint64_t literal);

  const HeapModel& model_;
  HeapReader& reader_;
  const FrameFacts& facts_;
  const BinaryFacts* binary_;
  BytecodeSizes sizes_;
  std::map<Address, std::vector<Object>> pages_;
  std::unordered_map<Address, std::optional<ReturnPlace>> places_;  // by return address: a recursion has few
};

}  // namespace corewalk
