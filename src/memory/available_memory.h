// How much memory this process may still take on this machine.
#pragma once

#include <cstdint>

namespace corewalk {

// Bytes: what the kernel calls available, or what the control groups (v1 and v2) of this process leave, whichever is
// less. Files in the page cache count as available. 0 when nothing is known.
uint64_t AvailableMemory();

}  // namespace corewalk
