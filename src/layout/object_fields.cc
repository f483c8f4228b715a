#include "layout/object_fields.h"

#include <algorithm>

namespace corewalk {
namespace {

struct FieldSince {
  ObjectField field;
  V8Version first;  // line from which the offset holds
  int16_t offset;   // -1 = none
};

// One line per change; within a field by rising version.
constexpr auto kFields = std::to_array<FieldSince>({
    // src/objects/js-function.tq
    {ObjectField::kFunctionShared, {7, 4}, 24},
    {ObjectField::kFunctionShared, {11, 8}, 32},
    {ObjectField::kFunctionContext, {7, 4}, 32},
    {ObjectField::kFunctionContext, {11, 8}, 40},
    // src/objects/shared-function-info.tq
    {ObjectField::kSharedData, {7, 4}, 8},
    {ObjectField::kSharedUntrusted, {7, 4}, -1},
    {ObjectField::kSharedUntrusted, {12, 9}, 16},
    {ObjectField::kSharedNameOrScope, {7, 4}, 16},
    {ObjectField::kSharedNameOrScope, {12, 9}, 24},
    {ObjectField::kSharedScript, {7, 4}, 32},
    {ObjectField::kSharedScript, {12, 9}, 40},
    {ObjectField::kSharedFunctionToken, {7, 4}, 46},
    {ObjectField::kSharedFunctionToken, {8, 3}, 44},
    {ObjectField::kSharedFunctionToken, {12, 9}, 52},
    {ObjectField::kSharedFlags, {7, 4}, 48},
    {ObjectField::kSharedFlags, {12, 9}, 56},
    // src/objects/js-array-buffer.{h,tq}
    {ObjectField::kArrayBufferByteLength, {7, 4}, 24},
    {ObjectField::kArrayBufferByteLength, {11, 3}, 32},
    {ObjectField::kArrayBufferByteLength, {12, 9}, 40},
    {ObjectField::kArrayBufferBackingStore, {7, 4}, 32},
    {ObjectField::kArrayBufferBackingStore, {9, 2}, 40},
    {ObjectField::kArrayBufferBackingStore, {11, 3}, 48},
    {ObjectField::kArrayBufferBackingStore, {12, 9}, 56},
    {ObjectField::kArrayBufferExtension, {7, 4}, -1},
    {ObjectField::kArrayBufferExtension, {8, 3}, 40},
    {ObjectField::kArrayBufferExtension, {9, 2}, 48},
    {ObjectField::kArrayBufferExtension, {11, 3}, 56},
    {ObjectField::kArrayBufferExtension, {12, 9}, 64},
    {ObjectField::kArrayBufferFlags, {7, 4}, 40},
    {ObjectField::kArrayBufferFlags, {8, 3}, 48},
    {ObjectField::kArrayBufferFlags, {9, 2}, 56},
    {ObjectField::kArrayBufferFlags, {11, 3}, 64},
    {ObjectField::kArrayBufferFlags, {12, 9}, 72},
    {ObjectField::kBackingStoreOfExtension, {7, 4}, -1},
    {ObjectField::kBackingStoreOfExtension, {8, 3}, 8},
    {ObjectField::kBackingStoreOfExtension, {13, 6}, 0},
    {ObjectField::kViewBuffer, {7, 4}, 24},
    {ObjectField::kViewBuffer, {12, 9}, 32},
    {ObjectField::kViewByteOffset, {7, 4}, 32},
    {ObjectField::kViewByteOffset, {12, 9}, 48},
    {ObjectField::kViewByteLength, {7, 4}, 40},
    {ObjectField::kViewByteLength, {12, 9}, 56},
    {ObjectField::kViewFlags, {7, 4}, -1},
    {ObjectField::kViewFlags, {10, 1}, 48},
    {ObjectField::kViewFlags, {12, 9}, 40},
    {ObjectField::kTypedArrayLength, {7, 4}, 48},
    {ObjectField::kTypedArrayLength, {10, 1}, 56},
    {ObjectField::kTypedArrayLength, {12, 9}, 64},
    {ObjectField::kTypedArrayExternalPointer, {7, 4}, -1},  // in the elements
    {ObjectField::kTypedArrayExternalPointer, {7, 6}, 56},
    {ObjectField::kTypedArrayExternalPointer, {10, 1}, 64},
    {ObjectField::kTypedArrayExternalPointer, {12, 9}, 72},
    {ObjectField::kTypedArrayBasePointer, {7, 4}, -1},
    {ObjectField::kTypedArrayBasePointer, {7, 6}, 64},
    {ObjectField::kTypedArrayBasePointer, {10, 1}, 72},
    {ObjectField::kTypedArrayBasePointer, {12, 9}, 80},
    {ObjectField::kDataViewPointer, {7, 4}, 48},
    {ObjectField::kDataViewPointer, {10, 1}, 56},
    {ObjectField::kDataViewPointer, {12, 9}, 64},
    // src/objects/promise.tq
    {ObjectField::kReactionNext, {7, 4}, 8},
    {ObjectField::kReactionNext, {12, 4}, 16},
    {ObjectField::kReactionReject, {7, 4}, 16},
    {ObjectField::kReactionReject, {12, 4}, 24},
    {ObjectField::kReactionFulfill, {7, 4}, 24},
    {ObjectField::kReactionFulfill, {12, 4}, 32},
    {ObjectField::kReactionPromise, {7, 4}, 32},
    {ObjectField::kReactionPromise, {12, 4}, 40},
    // src/objects/js-weak-refs.tq
    {ObjectField::kWeakCellTarget, {7, 4}, 16},
    {ObjectField::kWeakCellTarget, {14, 6}, 24},
    {ObjectField::kWeakCellHoldings, {7, 4}, 32},
    {ObjectField::kWeakCellHoldings, {14, 6}, 16},
    // src/objects/module.tq
    {ObjectField::kModuleNamespaceModule, {7, 4}, 24},
    {ObjectField::kModuleNamespaceModule, {12, 9}, 32},
    // src/objects/js-objects.h: JSAPIObjectWithEmbedderSlots; 12.9 put cpp_heap_wrappable in front
    {ObjectField::kEmbedderFields, {7, 4}, 24},
    {ObjectField::kEmbedderFields, {12, 9}, 32},
});

constexpr auto kFacts = std::to_array<ObjectFacts>({
    {.first = {7, 4},
     .raw_date = false,
     .attributes_shift = 3,
     .elements_kind_shift = 3,
     .dictionary_elements = 6,
     .shared_buffer_bit = 3,
     .private_symbol_mask = 1,
     .unboxed_doubles = true,
     .float_kinds_last = false,
     .has_float16 = false,
     .context_locals = 4,
     .context_cells = false},
    {.first = {7, 5},
     .raw_date = false,
     .attributes_shift = 3,
     .elements_kind_shift = 3,
     .dictionary_elements = 8,
     .shared_buffer_bit = 3,
     .private_symbol_mask = 1,
     .unboxed_doubles = true,
     .float_kinds_last = false,
     .has_float16 = false,
     .context_locals = 4,
     .context_cells = false},
    {.first = {7, 6},
     .raw_date = false,
     .attributes_shift = 3,
     .elements_kind_shift = 3,
     .dictionary_elements = 10,
     .shared_buffer_bit = 3,
     .private_symbol_mask = 1,
     .unboxed_doubles = true,
     .float_kinds_last = false,
     .has_float16 = false,
     .context_locals = 4,
     .context_cells = false},
    {.first = {7, 8},
     .raw_date = false,
     .attributes_shift = 3,
     .elements_kind_shift = 3,
     .dictionary_elements = 12,
     .shared_buffer_bit = 3,
     .private_symbol_mask = 1,
     .unboxed_doubles = true,
     .float_kinds_last = false,
     .has_float16 = false,
     .context_locals = 4,
     .context_cells = false},
    {.first = {7, 9},
     .raw_date = false,
     .attributes_shift = 3,
     .elements_kind_shift = 3,
     .dictionary_elements = 12,
     .shared_buffer_bit = 4,
     .private_symbol_mask = 1,
     .unboxed_doubles = true,
     .float_kinds_last = false,
     .has_float16 = false,
     .context_locals = 4,
     .context_cells = false},
    {.first = {8, 1},
     .raw_date = false,
     .attributes_shift = 3,
     .elements_kind_shift = 3,
     .dictionary_elements = 12,
     .shared_buffer_bit = 4,
     .private_symbol_mask = 1,
     .unboxed_doubles = false,
     .float_kinds_last = false,
     .has_float16 = false,
     .context_locals = 0,
     .context_cells = false},
    {.first = {9, 2},
     .raw_date = false,
     .attributes_shift = 3,
     .elements_kind_shift = 2,
     .dictionary_elements = 12,
     .shared_buffer_bit = 4,
     .private_symbol_mask = 1,
     .unboxed_doubles = false,
     .float_kinds_last = false,
     .has_float16 = false,
     .context_locals = 0,
     .context_cells = false},
    {.first = {9, 5},
     .raw_date = false,
     .attributes_shift = 2,
     .elements_kind_shift = 2,
     .dictionary_elements = 12,
     .shared_buffer_bit = 4,
     .private_symbol_mask = 1,
     .unboxed_doubles = false,
     .float_kinds_last = false,
     .has_float16 = false,
     .context_locals = 0,
     .context_cells = false},
    {.first = {10, 7},
     .raw_date = false,
     .attributes_shift = 2,
     .elements_kind_shift = 2,
     .dictionary_elements = 13,
     .shared_buffer_bit = 4,
     .private_symbol_mask = 1,
     .unboxed_doubles = false,
     .float_kinds_last = false,
     .has_float16 = false,
     .context_locals = 0,
     .context_cells = false},
    {.first = {12, 4},
     .raw_date = false,
     .attributes_shift = 2,
     .elements_kind_shift = 2,
     .dictionary_elements = 13,
     .shared_buffer_bit = 4,
     .private_symbol_mask = 1,
     .unboxed_doubles = false,
     .float_kinds_last = false,
     .has_float16 = true,
     .context_locals = 0,
     .context_cells = false},
    {.first = {12, 9},
     .raw_date = true,
     .attributes_shift = 2,
     .elements_kind_shift = 2,
     .dictionary_elements = 13,
     .shared_buffer_bit = 4,
     .private_symbol_mask = 1,
     .unboxed_doubles = false,
     .float_kinds_last = false,
     .has_float16 = true,
     .context_locals = 0,
     .context_cells = false},
    {.first = {13, 6},
     .raw_date = true,
     .attributes_shift = 2,
     .elements_kind_shift = 2,
     .dictionary_elements = 13,
     .shared_buffer_bit = 4,
     .private_symbol_mask = 1,
     .unboxed_doubles = false,
     .float_kinds_last = true,
     .has_float16 = true,
     .context_locals = 0,
     .context_cells = false},
    {.first = {14, 6},
     .raw_date = true,
     .attributes_shift = 2,
     .elements_kind_shift = 2,
     .dictionary_elements = 13,
     .shared_buffer_bit = 4,
     .private_symbol_mask = 3,
     .unboxed_doubles = false,
     .float_kinds_last = true,
     .has_float16 = true,
     .context_locals = 0,
     .context_cells = true},
});

}  // namespace

int FieldOffset(ObjectField field, const V8Version& version) {
  const V8Version line{version.major, version.minor};
  int offset = -1;
  bool any = false;
  for (const FieldSince& fact : kFields) {
    if (fact.field != field || (version.known() && any && !(fact.first <= line))) continue;
    offset = fact.offset;
    any = true;
  }
  return offset;
}

const ObjectFacts& FindObjectFacts(const V8Version& version) {
  if (!version.known()) return kFacts.back();
  const V8Version line{version.major, version.minor};
  for (auto at = kFacts.rbegin(); at != kFacts.rend(); ++at) {
    if (at->first <= line) return *at;
  }
  return kFacts.front();
}

ObjectOffsets::ObjectOffsets(const V8Version& version) : facts(FindObjectFacts(version)) {
  for (size_t i = 0; i < offsets.size(); ++i) {
    offsets[i] = static_cast<int16_t>(FieldOffset(static_cast<ObjectField>(i), version));
  }
}

}  // namespace corewalk
