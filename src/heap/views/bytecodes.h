// Bytecode as bytes: walked one by one with the sizes of its V8 line, and the table by which baseline code finds the
// bytecode that an instruction of it was made from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "heap/views/heap_reader.h"
#include "layout/bytecode_sizes.h"

namespace corewalk {

// The bytecodes of a BytecodeArray (tagged); empty when it is none or cannot be read.
std::vector<std::byte> ReadBytecodes(HeapReader& reader, uint64_t bytecode_array);

// Bytes of the bytecode at `offset`, its prefix included; 0 when there is none.
size_t BytecodeLength(std::span<const std::byte> bytecodes, size_t offset, const BytecodeSizes& sizes);

// The offset of the bytecode whose instructions end at or behind `pc_offset` bytes of baseline code, as V8 finds it for a
// return address; -1 = the prologue. `table`: Code's bytecode offset table, the lengths of the instructions of the
// prologue and of each bytecode (src/baseline/bytecode-offset-iterator.h). Nothing when the table ends before.
std::optional<int64_t> BytecodeOffsetOfBaseline(std::span<const std::byte> table, std::span<const std::byte> bytecodes,
                                                const BytecodeSizes& sizes, uint64_t pc_offset);

}  // namespace corewalk
