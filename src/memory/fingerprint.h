// A number that tells one core from another without reading all of it: over its mappings, its threads' registers and
// samples of its content, spread evenly. A change of a few bytes in the middle of a core goes unseen; another process's
// core, or another core of the same process, does not.
#pragma once

#include <cstdint>

#include "memory/memory.h"

namespace corewalk {

uint64_t ContentFingerprint(const Memory& memory);

}  // namespace corewalk
