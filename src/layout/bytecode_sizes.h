// How long each bytecode is: what is needed to walk a BytecodeArray. Bytecodes are renumbered in every V8 line
// (src/interpreter/bytecodes.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "layout/v8_version.h"

namespace corewalk {

struct BytecodeSizes {
  // As V8's Bytecodes::kBytecodeSizes: those with operands of normal width, then of double, then of quadruple width.
  std::vector<uint8_t> sizes;

  bool known() const { return sizes.size() >= 3; }
  size_t count() const { return sizes.size() / 3; }
  // Bytes of `bytecode` with operands of 1, 2 or 4 times the width (scale 0, 1, 2), without a prefix; 0 = there is none.
  uint8_t SizeOf(uint8_t bytecode, int scale) const {
    return bytecode < count() ? sizes[static_cast<size_t>(scale) * count() + bytecode] : 0;
  }
};

// Of the line from a table; unknown for lines without one.
BytecodeSizes BytecodeSizesOf(const V8Version& version);

}  // namespace corewalk
