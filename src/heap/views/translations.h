// What a frame of optimized code would be made into if it were thrown away: the functions of JavaScript in it, inlined ones
// included, each with the place in its bytecode. V8 itself makes stack traces of optimized code from these
// (OptimizedJSFrame::Summarize, src/execution/frames.cc). Format and versions: layout/translation_format.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "layout/translation_format.h"

namespace corewalk {

struct TranslatedFunction {
  bool continuation = false;     // V8's own function, which has no bytecode
  int32_t bytecode_offset = -1;  // bytes from the first bytecode; of a continuation it means nothing
  int32_t shared = -1;           // literal that is the SharedFunctionInfo
  int32_t closure = -1;          // literal that is the function itself; -1 = none
  std::optional<int32_t> closure_slot;  // or the slot of the frame that holds it
};

// Those of the translation that begins at `at`, the outermost first. Nothing when it is not exactly one: a translation says how
// many frames follow and how many of them are of JavaScript.
std::optional<std::vector<TranslatedFunction>> ReadTranslation(std::span<const std::byte> bytes, size_t at, const TranslationFormat& format);

}  // namespace corewalk
