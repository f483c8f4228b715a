// What bind() made: JSBoundFunction {target, this, arguments}, src/objects/js-function.tq, the same from 7.4 to 14.6.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "heap/views/heap_reader.h"

namespace corewalk {

inline constexpr int kBoundTarget = 24, kBoundThis = 32, kBoundArguments = 40;

inline bool IsBoundFunction(HeapReader& reader, uint64_t function) {
  return reader.IsType(function, "JS_BOUND_FUNCTION_TYPE");
}

// The first arguments that were bound, tagged; none when it is no bound function, or when they cannot be read.
inline std::vector<uint64_t> BoundArguments(HeapReader& reader, uint64_t function) {
  constexpr uint64_t kMost = 8;
  std::vector<uint64_t> values;
  if (!IsBoundFunction(reader, function)) return values;
  const uint64_t arguments = reader.Field(function, kBoundArguments).value_or(0);
  const uint64_t count = std::min(reader.ArrayLength(arguments).value_or(0), kMost);
  for (uint64_t i = 0; i < count; ++i) values.push_back(reader.ArrayElement(arguments, i).value_or(0));
  return values;
}

}  // namespace corewalk
