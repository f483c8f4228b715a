// How a V8 line writes down what the frames of optimized code would be made into (src/deoptimizer/translation-opcode.h). A
// translation is a row of opcodes with VLQ numbers (src/base/vlq.h): one that begins it, then for each frame, the
// outermost first, one of the frame and those of its values, the function itself first.
#pragma once

#include <cstdint>
#include <span>

#include "layout/v8_version.h"

namespace corewalk {

enum class TranslationOp : uint8_t {
  kValue,
  kBegin,
  kInterpreted,     // a frame of a function that has bytecode
  kContinuation,    // one of V8's own function, which goes on where optimized code stood in the middle of it
  kOtherFrame,      // none of JavaScript
  kLiteral,         // a value that is a literal of the code
  kStackSlot,       // a tagged value on the stack
  kMatchPrevious,   // as many as its number says are those of the translation before
};

struct TranslationOpcode {
  TranslationOp op = TranslationOp::kValue;
  uint8_t operands = 0;
};

struct TranslationFormat {
  V8Version first;
  std::span<const TranslationOpcode> opcodes;  // by number; empty = not known of this line
  // Up to 10.2 opcodes are signed VLQ numbers like all others, and a translation begins with the counts of its frames; later
  // how far back the one lies that it repeats stands in front of them.
  bool matches = true;
};
const TranslationFormat& TranslationFormatOf(const V8Version& version);

}  // namespace corewalk
