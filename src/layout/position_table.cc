#include "layout/position_table.h"

namespace corewalk {
namespace {

constexpr V8Version kFirstEntryCheck{8, 1};  // kFunctionEntryBytecodeOffset, src/common/globals.h
constexpr V8Version kFirstFlags{14, 1};      // PositionTableEntry::is_breakable
// src/objects/bytecode-array.tq: constant pool, handlers, positions up to 11.8; positions first from 12.4 on.
constexpr V8Version kPositionsFirst{12, 4};
constexpr int kFieldBefore = 32;

}  // namespace

PositionTableFormat PositionTableFormatOf(const V8Version& version) {
  PositionTableFormat format;
  if (!version.known()) return format;
  const V8Version line{version.major, version.minor};
  if (line < kFirstEntryCheck) format.first_offset = 0;
  if (line < kFirstFlags) format.flags = false;
  if (line < kPositionsFirst) format.field_of_bytecode = kFieldBefore;
  return format;
}

}  // namespace corewalk
