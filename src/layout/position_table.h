// How a V8 line writes its source position tables (src/codegen/source-position-table.cc; decoded in
// heap/views/source_positions.h), and where a BytecodeArray refers to its own. A version that is not known counts as the
// newest: what is read by a wrong format shows as damage or as a place outside of the source.
#pragma once

#include <cstdint>

#include "layout/v8_version.h"

namespace corewalk {

struct PositionTableFormat {
  int64_t first_offset = -1;   // from which the first distance counts
  bool flags = true;           // code distances have two bits of flags, and no sign
  int field_of_bytecode = 24;  // bytes from the start of a BytecodeArray
};
PositionTableFormat PositionTableFormatOf(const V8Version& version);

}  // namespace corewalk
