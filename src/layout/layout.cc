#include "layout/layout.h"

#include <array>

namespace corewalk {
namespace {

constexpr auto kConstants = std::to_array<LayoutConstantInfo>({
    {LayoutConstant::kFirstNonstringType, "FirstNonstringType", "instance types below are strings"},
    {LayoutConstant::kFirstContextType, "FirstContextType", "first instance type of contexts"},
    {LayoutConstant::kLastContextType, "LastContextType", "last instance type of contexts"},
    {LayoutConstant::kMapDescriptors, "class_Map__instance_descriptors_offset", "Map: descriptor array"},
    {LayoutConstant::kBitField3IsDictionaryShift, "bit_field3_is_dictionary_map_shift",
     "Map bit_field3: dictionary mode"},
    {LayoutConstant::kBitField3OwnDescriptorsMask, "bit_field3_number_of_own_descriptors_mask",
     "Map bit_field3: own descriptors"},
    {LayoutConstant::kBitField3OwnDescriptorsShift, "bit_field3_number_of_own_descriptors_shift",
     "Map bit_field3: own descriptors"},
    {LayoutConstant::kPropKindMask, "prop_kind_mask", "PropertyDetails: accessor"},
    {LayoutConstant::kPropLocationMask, "prop_location_mask", "PropertyDetails: in descriptor"},
    {LayoutConstant::kPropLocationShift, "prop_location_shift", "PropertyDetails: in descriptor"},
    {LayoutConstant::kPropRepresentationMask, "prop_representation_mask", "PropertyDetails: representation"},
    {LayoutConstant::kPropRepresentationShift, "prop_representation_shift", "PropertyDetails: representation"},
    {LayoutConstant::kPropRepresentationDouble, "prop_representation_double", "PropertyDetails: double field"},
    {LayoutConstant::kPropIndexMask, "prop_index_mask", "PropertyDetails: field index"},
    {LayoutConstant::kPropIndexShift, "prop_index_shift", "PropertyDetails: field index"},
    {LayoutConstant::kNameDictionaryPrefixSize, "namedictionaryshape_prefix_size", "NameDictionary: prefix words"},
    {LayoutConstant::kFunctionShared, "class_JSFunction__shared__", "JSFunction: SharedFunctionInfo"},
    {LayoutConstant::kFunctionContext, "class_JSFunction__context__", "JSFunction: context"},
    {LayoutConstant::kSharedName, "class_SharedFunctionInfo__name_or_scope_info__",
     "SharedFunctionInfo: name or ScopeInfo"},
    {LayoutConstant::kUncompiledInferredName, "class_UncompiledData__inferred_name__", "UncompiledData: inferred name"},
    {LayoutConstant::kArrayBufferByteLength, "class_JSArrayBuffer__byte_length__", "JSArrayBuffer: byte length"},
    {LayoutConstant::kArrayBufferBackingStore, "class_JSArrayBuffer__backing_store__", "JSArrayBuffer: backing store"},
    {LayoutConstant::kApiObjectType, "APIObjectType", "instance types from here to JS_OBJECT are API objects"},
    {LayoutConstant::kDescriptorArrayHeader, "class_DescriptorArray__header_size__", "DescriptorArray: first entry"},
    {LayoutConstant::kBytecodeArrayHeader, "class_BytecodeArray__data__", "BytecodeArray: first bytecode"},
});
static_assert(kConstants.size() == static_cast<size_t>(LayoutConstant::kCount));

}  // namespace

std::span<const LayoutConstantInfo> LayoutConstants() {
  return kConstants;
}

const LayoutTable* FindLayoutTable(const V8Version& version) {
  const LayoutTable* found = nullptr;
  for (const LayoutTable* table : LayoutTables()) {
    if (table->from.SameLine(version) && table->from <= version) found = table;
  }
  return found;
}

}  // namespace corewalk
