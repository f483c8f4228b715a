// Which place of the source a bytecode, or an instruction of compiled code, belongs to: V8's source position tables
// (src/codegen/source-position-table.cc), and the bytecode of a function. A table is a ByteArray of pairs (distance to
// the entry before in code, in positions), each number in groups of seven bits, the lowest first:
//   7.4 to 13.6   code: zig-zag; negative (-1 - distance) = an expression, else a statement
//   14.1 on       code: unsigned, bit 0 = statement, bit 1 = breakable, distance from bit 2 on
//   positions     zig-zag in all versions, of a 64-bit SourcePosition (src/codegen/source-position.h)
// Code offsets begin at 0 up to 7.9, at -1 (the check on entry) from 8.1 on. On damaged tables what was decoded before
// the damage holds; without a table (an empty or not yet made one) there is no position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "heap/views/heap_reader.h"
#include "heap/views/scripts.h"
#include "layout/position_table.h"

namespace corewalk {

struct TablePosition {
  int64_t code_offset = 0;
  int64_t position = -1;  // UTF-16 units from the beginning of the source; -1 = unknown
  int inlining_id = -1;   // of machine code: index of the InliningPosition that it was inlined at; -1 = not inlined
  bool statement = false;
  bool external = false;  // a place in V8's own source (builtins): `position` is none
};

// A SourcePosition as V8 packs it; its code offset is not set.
TablePosition UnpackPosition(uint64_t raw);

// Entry by entry by rising code offset; `visit` returns false to stop. False when the table is damaged.
bool ForEachTablePosition(std::span<const std::byte> table, const PositionTableFormat& format,
                          const std::function<bool(const TablePosition&)>& visit);
// The last entry at or in front of `code_offset`.
std::optional<TablePosition> FindTablePosition(std::span<const std::byte> table, const PositionTableFormat& format,
                                               int64_t code_offset);

// The bytes of a ByteArray (or TrustedByteArray), tagged; empty for what is none. At most kMaxPositionTable.
inline constexpr uint64_t kMaxPositionTable = uint64_t{1} << 26;
std::vector<std::byte> ReadByteArray(HeapReader& reader, uint64_t array);

// The BytecodeArray of a SharedFunctionInfo (or of a BytecodeArray, InterpreterData, baseline code), tagged; 0 when it
// has none: it never ran, or its bytecode was thrown away.
uint64_t BytecodeOf(HeapReader& reader, uint64_t shared);
// From the untagged start of a BytecodeArray to its first bytecode, in bytes; 0 = unknown. What V8 keeps in frames and
// suspended generators as an offset is one less (the tag) plus the index of the bytecode.
int64_t BytecodeHeader(const Layout& layout);
// Its source position table, tagged; 0 when there is none.
uint64_t PositionTableOf(HeapReader& reader, uint64_t bytecode);

// The place of the bytecode at `index` (bytes from the first one; -1 = the entry).
std::optional<TablePosition> PositionOfBytecode(HeapReader& reader, uint64_t bytecode, int64_t index);

}  // namespace corewalk
