// ArrayBuffers and the views on them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "heap/views/heap_reader.h"

namespace corewalk {

struct ArrayBufferInfo {
  uint64_t byte_length = 0;
  uint64_t max_byte_length = 0;  // of resizable and growable ones
  Address backing_store = 0;     // 0: no memory, or that of an on-heap typed array
  bool shared = false;
  bool resizable = false;
  bool detached = false;
};
// Nothing when `buffer` is no JSArrayBuffer.
std::optional<ArrayBufferInfo> ReadArrayBuffer(HeapReader& reader, uint64_t buffer);

enum class NumberType : uint8_t {
  kUint8, kInt8, kUint16, kInt16, kUint32, kInt32, kFloat32, kFloat64, kUint8Clamped, kBigUint64, kBigInt64, kFloat16,
  kNone
};
std::string_view NumberTypeName(NumberType type);  // "uint8", ...
uint32_t NumberTypeSize(NumberType type);          // bytes

struct ArrayBufferViewInfo {
  uint64_t buffer = 0;  // tagged
  NumberType type = NumberType::kNone;  // kNone for a DataView
  uint64_t length = 0;                  // elements; 0 for a DataView
  uint64_t byte_offset = 0;
  uint64_t byte_length = 0;
  Address data = 0;  // of the first element; 0 = unknown
  bool on_heap = false;
  bool detached = false;
  bool length_tracking = false;
  bool whole = true;  // false: its fields contradict those of its buffer, or that is none
};
// Nothing when `view` is neither a typed array nor a DataView.
std::optional<ArrayBufferViewInfo> ReadArrayBufferView(HeapReader& reader, uint64_t view);

// One element of a typed array: a number, or a BigInt's bits.
struct TypedElement {
  double number = 0;
  uint64_t bits = 0;  // of BigInt types
};
std::optional<TypedElement> ReadTypedElement(const HeapReader& reader, const ArrayBufferViewInfo& view, uint64_t index);

}  // namespace corewalk
