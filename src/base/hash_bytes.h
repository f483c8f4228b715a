// A fast 64-bit hash to tell changed bytes. No protection against who makes bytes on purpose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace corewalk {

// Changes with every single bit of `bytes`, and with their number.
uint64_t HashBytes(std::span<const std::byte> bytes);

}  // namespace corewalk
