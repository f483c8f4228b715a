// Where objects say what memory outside of the heap they hold; ArrayBuffers' fields are in the layout. The same in every V8
// from 7.4 to 14.6.
#pragma once

#include <cstdint>

namespace corewalk {

// src/objects/string.h: String::length_, and ExternalString::resource_data_, the cached pointer to the text.
inline constexpr uint64_t kExternalStringLength = 12;
inline constexpr uint64_t kExternalStringData = 24;
// More than a process can map behind one ArrayBuffer: a length above it is damaged.
inline constexpr uint64_t kMaxBufferBytes = uint64_t{1} << 46;

}  // namespace corewalk
