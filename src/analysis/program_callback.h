// The program's own callback behind one that Node.js made around it: `makeCallback(cb)` of lib/fs.js, `wrapper` of its
// write(), `ondone` of crypto's jobs close over it by the name of `cb` or `callback`, or have it bound (12 to 26).
#pragma once

#include <cstdint>

#include "heap/views/heap_reader.h"

namespace corewalk {

// `function` (tagged; any word is fine) itself where it is the program's, or nothing is known behind it.
uint64_t ProgramCallback(HeapReader& reader, uint64_t function);

}  // namespace corewalk
