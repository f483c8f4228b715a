// Text of V8 strings of every representation, as UTF-8. Iterative and bounded: cons strings can be 100,000 levels deep,
// and a damaged core can make them cyclic.
#pragma once

#include <optional>
#include <string>

#include "layout/layout.h"
#include "memory/memory.h"

namespace corewalk {

struct StringText {
  std::string text;        // UTF-8; lone surrogates as WTF-8
  uint64_t length = 0;     // UTF-16 units of the whole string
  bool truncated = false;  // `limit` cut it
  bool damaged = false;    // a part could not be read
};

// The instance type of the object that `tagged` points to, or nothing when it is no heap object.
std::optional<uint16_t> InstanceTypeOf(const Memory& memory, const Layout& layout, uint64_t tagged);

// Nothing when `tagged` is no string. `limit` is in UTF-16 units.
std::optional<StringText> ReadString(const Memory& memory, const Layout& layout, uint64_t tagged, uint64_t limit);
// The units [begin, begin + limit) of it.
std::optional<StringText> ReadStringFrom(const Memory& memory, const Layout& layout, uint64_t tagged, uint64_t begin,
                                         uint64_t limit);

}  // namespace corewalk
