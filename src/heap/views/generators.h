// Generators and async functions that wait: objects that know which function goes on and with which variables.
// src/objects/js-generator.tq: the same from 7.4 to 14.6.
#pragma once

#include <cstdint>
#include <string_view>

#include "heap/views/heap_reader.h"

namespace corewalk {

inline constexpr int kGeneratorFunction = 24, kGeneratorContext = 32;
inline constexpr int kGeneratorContinuation = 64;  // which of the function's awaits and yields, or why none

// `type` is V8's name of an instance type.
inline bool IsGeneratorType(std::string_view type) {
  return type == "JS_ASYNC_FUNCTION_OBJECT_TYPE" || type == "JS_ASYNC_GENERATOR_OBJECT_TYPE" ||
         type == "JS_GENERATOR_OBJECT_TYPE";
}

// The function that goes on, tagged; 0 for what is no generator and what cannot be read.
inline uint64_t FunctionOfGenerator(HeapReader& reader, uint64_t object) {
  return IsGeneratorType(reader.TypeOf(object)) ? reader.Field(object, kGeneratorFunction).value_or(0) : 0;
}

}  // namespace corewalk
