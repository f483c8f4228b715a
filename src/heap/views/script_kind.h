// Where the text of a Script comes from.
#pragma once

#include "heap/tagged.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// Of an eval() or of new Function(): Script::compilation_type, bit 0 of its flags (src/objects/script.tq). The flags, a Smi,
// stand behind the list of its functions; from 11.x on another object (compiled_lazy_function_positions) is in between.
// `script` is a Script.
inline bool IsEvalScript(HeapReader& reader, uint64_t script) {
  for (const int offset : {96, 104}) {
    const uint64_t flags = reader.Field(script, offset).value_or(1);
    if (IsSmi(flags)) return (SmiValue(flags) & 1) != 0;
  }
  return false;
}

}  // namespace corewalk
