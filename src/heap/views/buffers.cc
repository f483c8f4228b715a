#include "heap/views/buffers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr uint32_t kWasDetached = 1 << 2, kResizable = 1 << 5;  // JSArrayBuffer::BitField, src/objects/js-array-buffer.tq
constexpr uint32_t kLengthTracking = 1;                         // JSArrayBufferView::BitField

// The elements kinds of typed arrays in V8's order (src/objects/elements-kind.h); 13.6 moved the big and float ones.
constexpr NumberType kOrder[] = {
    NumberType::kUint8,   NumberType::kInt8,    NumberType::kUint16,       NumberType::kInt16,
    NumberType::kUint32,  NumberType::kInt32,   NumberType::kFloat32,      NumberType::kFloat64,
    NumberType::kUint8Clamped, NumberType::kBigUint64, NumberType::kBigInt64, NumberType::kFloat16};
constexpr NumberType kOrderFloatsLast[] = {
    NumberType::kUint8,     NumberType::kInt8,     NumberType::kUint16,       NumberType::kInt16,
    NumberType::kUint32,    NumberType::kInt32,    NumberType::kBigUint64,    NumberType::kBigInt64,
    NumberType::kUint8Clamped, NumberType::kFloat32, NumberType::kFloat64,    NumberType::kFloat16};

NumberType TypeOfKind(const ObjectFacts& facts, int kind) {
  const int first = facts.dictionary_elements + 5;  // behind the dictionary, arguments and wrapper kinds
  const int count = facts.has_float16 ? 12 : 11;
  if (kind < first || kind >= first + 2 * count) return NumberType::kNone;
  const int index = (kind - first) % count;  // the second list is that of views on resizable buffers
  return facts.float_kinds_last ? kOrderFloatsLast[index] : kOrder[index];
}

double FromHalf(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int mantissa = half & 1023;
  const double sign = (half & 0x8000) != 0 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  if (exponent == 31) return mantissa != 0 ? std::nan("") : sign * HUGE_VAL;
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

}  // namespace

std::string_view NumberTypeName(NumberType type) {
  static constexpr std::string_view kNames[] = {"uint8",   "int8",         "uint16",    "int16",    "uint32",  "int32", "float32",
                                                "float64", "uint8clamped", "biguint64", "bigint64", "float16", ""};
  return kNames[static_cast<size_t>(type)];
}

uint32_t NumberTypeSize(NumberType type) {
  static constexpr uint32_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 8, 1, 8, 8, 2, 1};
  return kSizes[static_cast<size_t>(type)];
}

std::optional<ArrayBufferInfo> ReadArrayBuffer(HeapReader& reader, uint64_t buffer) {
  if (reader.TypeOf(buffer) != "JS_ARRAY_BUFFER_TYPE") return std::nullopt;
  ArrayBufferInfo info;
  info.byte_length = reader.Field(buffer, ObjectField::kArrayBufferByteLength).value_or(0);
  info.backing_store = reader.Field(buffer, ObjectField::kArrayBufferBackingStore).value_or(0);
  const uint32_t flags = reader.Raw<uint32_t>(buffer, reader.offset(ObjectField::kArrayBufferFlags)).value_or(0);
  info.detached = (flags & kWasDetached) != 0;
  info.shared = (flags >> reader.facts().shared_buffer_bit & 1) != 0;
  // The bit of resizable buffers had another meaning before they existed, in the lines without JSArrayBufferView flags.
  info.resizable = (flags & kResizable) != 0 && reader.offset(ObjectField::kViewFlags) >= 0;
  if (!info.resizable) return info;
  info.max_byte_length = reader.Raw<uint64_t>(buffer, reader.offset(ObjectField::kArrayBufferByteLength) + 8).value_or(0);
  if (info.shared) {
    // It may grow under the eyes of other isolates: the length stands in the BackingStore alone
    // {buffer_start, byte_length, max_byte_length} (src/objects/backing-store.h).
    const uint64_t extension = reader.Field(buffer, ObjectField::kArrayBufferExtension).value_or(0);
    const int at = reader.offset(ObjectField::kBackingStoreOfExtension);
    const uint64_t store = at < 0 ? 0 : reader.Word(extension + static_cast<uint64_t>(at)).value_or(0);
    info.byte_length = std::min(reader.Word(store + 8).value_or(0), info.max_byte_length);
  }
  return info;
}

std::optional<ArrayBufferViewInfo> ReadArrayBufferView(HeapReader& reader, uint64_t view) {
  const MapInfo* map = reader.MapOf(view);
  if (map == nullptr) return std::nullopt;
  const std::string& type = reader.layout().types.at(map->instance_type).name;
  const bool data_view = type == "JS_DATA_VIEW_TYPE" || type == "JS_RAB_GSAB_DATA_VIEW_TYPE";
  if (!data_view && type != "JS_TYPED_ARRAY_TYPE") return std::nullopt;
  const ElementsInfo elements = ElementsOf(reader.layout(), reader.facts(), *map);
  ArrayBufferViewInfo info;
  info.buffer = reader.Field(view, ObjectField::kViewBuffer).value_or(0);
  info.byte_offset = reader.Field(view, ObjectField::kViewByteOffset).value_or(0);
  info.byte_length = reader.Field(view, ObjectField::kViewByteLength).value_or(0);
  const std::optional<ArrayBufferInfo> buffer = ReadArrayBuffer(reader, info.buffer);
  info.detached = buffer && buffer->detached;
  const uint32_t flags = reader.Raw<uint32_t>(view, reader.offset(ObjectField::kViewFlags)).value_or(0);
  info.length_tracking = (flags & kLengthTracking) != 0;
  info.length_tracking &= buffer && buffer->resizable;
  const uint64_t least = info.length_tracking ? 0 : info.byte_length;
  // The buffer of an on-heap typed array has no memory and no length.
  const bool too_long = buffer && (buffer->resizable || buffer->backing_store != 0) &&
                        (info.byte_offset > buffer->byte_length || least > buffer->byte_length - info.byte_offset);
  const bool out_of_bounds = too_long && buffer->resizable;
  info.whole = buffer && (info.detached || !too_long || out_of_bounds);
  if (!info.whole && too_long) info.byte_length = buffer->byte_length - std::min(buffer->byte_length, info.byte_offset);
  if (info.detached || out_of_bounds) info.byte_length = 0, info.byte_offset = 0;
  if (info.length_tracking && buffer && !out_of_bounds) info.byte_length = buffer->byte_length - info.byte_offset;
  if (data_view) {
    if (buffer && buffer->backing_store != 0) info.data = buffer->backing_store + info.byte_offset;
    info.whole &= info.data < kUserAddressEnd;
    return info;
  }
  info.type = TypeOfKind(reader.facts(), elements.number);
  const uint32_t size = NumberTypeSize(info.type);
  if (info.length_tracking) info.byte_length = info.byte_length / size * size;
  info.length = info.byte_length / size;
  uint64_t base = 0, external = 0;
  if (reader.offset(ObjectField::kTypedArrayExternalPointer) >= 0) {
    base = reader.Field(view, ObjectField::kTypedArrayBasePointer).value_or(0);
    external = reader.Field(view, ObjectField::kTypedArrayExternalPointer).value_or(0);
  } else {
    // Up to 7.5 the elements are a FixedTypedArray {length, base_pointer, external_pointer} (src/objects/fixed-array.h).
    constexpr int kElements = 16, kBase = 16, kExternal = 24;
    const uint64_t store = reader.Field(view, kElements).value_or(0);
    base = reader.Field(store, kBase).value_or(0);
    external = reader.Field(store, kExternal).value_or(0);
  }
  info.on_heap = !IsSmi(base);
  info.data = (info.on_heap ? base : 0) + external;
  info.whole &= info.type != NumberType::kNone && info.data < kUserAddressEnd;
  return info;
}

std::optional<TypedElement> ReadTypedElement(const HeapReader& reader, const ArrayBufferViewInfo& view, uint64_t index) {
  const Memory& memory = reader.memory();
  const Address at = view.data + index * NumberTypeSize(view.type);
  const auto number = [](auto value) -> std::optional<TypedElement> {
    if (!value) return std::nullopt;
    return TypedElement{.number = static_cast<double>(*value)};
  };
  switch (view.type) {
    case NumberType::kUint8:
    case NumberType::kUint8Clamped:
      return number(memory.ReadValue<uint8_t>(at));
    case NumberType::kInt8:
      return number(memory.ReadValue<int8_t>(at));
    case NumberType::kUint16:
      return number(memory.ReadValue<uint16_t>(at));
    case NumberType::kInt16:
      return number(memory.ReadValue<int16_t>(at));
    case NumberType::kUint32:
      return number(memory.ReadValue<uint32_t>(at));
    case NumberType::kInt32:
      return number(memory.ReadValue<int32_t>(at));
    case NumberType::kFloat32:
      return number(memory.ReadValue<float>(at));
    case NumberType::kFloat64:
      return number(memory.ReadValue<double>(at));
    case NumberType::kFloat16: {
      const std::optional<uint16_t> half = memory.ReadValue<uint16_t>(at);
      if (!half) return std::nullopt;
      return TypedElement{.number = FromHalf(*half)};
    }
    case NumberType::kBigUint64:
    case NumberType::kBigInt64: {
      const std::optional<uint64_t> bits = memory.ReadValue<uint64_t>(at);
      if (!bits) return std::nullopt;
      return TypedElement{.bits = *bits};
    }
    default:
      return std::nullopt;
  }
}

}  // namespace corewalk
