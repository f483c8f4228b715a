// Where optimized code was called from, when the return address on the stack no longer says it. Code that is to be thrown
// away while it is on the stack gets another return address: that of the exit that deoptimizes the frame as soon as the call
// returns (ActivationsFinder, src/deoptimizer/deoptimizer.cc). The safepoint table behind the instructions has both, the
// place behind the call and the exit. Three layouts, all told apart by their own consistency, not by the version:
//   rows      up to 9.8: u32 count, u32 bytes of bits; count times u32 pc, i32 deopt index, i32 exit
//             (src/codegen/safepoint-table.h)
//   packed    9.9 on, and Maglev's (maglev-safepoint-table.h): u32 count and a word with the sizes of the numbers, around
//             them words with slot counts; numbers of as many bytes: pc, deopt index + 1, exit + 1, then what a frame holds
//   deltas    newest: u32 stack slots, a word with the length and two flags; LEB128 distances from the entry before
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace corewalk {

struct ReturnPlace {
  uint32_t offset = 0;       // behind the call, in bytes from the first instruction
  bool deoptimizes = false;  // the frame is thrown away when the call returns
  int32_t entry = -1;        // of the deoptimization data: what the frame would become; -1 = none
};

// `offset` = the return address, in bytes from the first instruction; `size` = of the instructions. Nothing when `table` is no
// safepoint table or has no such place.
std::optional<ReturnPlace> FindReturnPlace(std::span<const std::byte> table, uint32_t size, uint32_t offset);

}  // namespace corewalk
