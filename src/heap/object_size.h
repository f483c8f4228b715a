// The size of one object of a variable-size type, by the rule that the layout chose.
#pragma once

#include <cstdint>
#include <span>

#include "heap/map_cache.h"
#include "layout/size_rule.h"
#include "memory/memory.h"

namespace corewalk {

// Bytes that the object at the start of `bytes` takes according to `rule`, a multiple of 8 and at least 8; 0 when the
// rule needs to see more than is there, gives an impossible size (larger than `bytes`), or is "to the next map".
// `bytes` runs from the object to the end of what can be read of its area. `memory` is used by the one rule that must
// look into another object.
uint64_t SizeByRule(const SizeRule& rule, const MapInfo& map, std::span<const std::byte> bytes, const Memory& memory);

// The same when only the object's first bytes are at hand: `head`; the object itself may take up to `limit` bytes.
uint64_t SizeByHead(const SizeRule& rule, const MapInfo& map, std::span<const std::byte> head, uint64_t limit,
                    const Memory& memory);

// Whether an object of this kind can never contain a pointer to a Map, so that "it ends at the next valid map word" is
// a sound way to measure it.
bool HoldsNoMaps(SizeKind kind);

}  // namespace corewalk
