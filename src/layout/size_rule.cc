#include "layout/size_rule.h"

#include <algorithm>
#include <array>
#include <vector>

namespace corewalk {
namespace {

constexpr V8Version kFirst{7, 4};
constexpr V8Version kLast{99, 0};

constexpr SizeRule Linear(uint16_t header, uint16_t scale, LengthField field = LengthField::kSmi, uint8_t offset = 8,
                          uint32_t mask = 0xffffffff, uint8_t shift = 0) {
  return {.op = SizeOp::kLinear,
          .length_field = field,
          .length_offset = offset,
          .length_shift = shift,
          .align = 8,
          .header = header,
          .scale = scale,
          .length_mask = mask};
}
constexpr SizeRule Of(SizeOp op, uint16_t header, uint8_t offset, uint8_t second, uint8_t align, uint16_t scale = 1,
                      uint16_t second_scale = 0, LengthField field = LengthField::kInt32) {
  return {.op = op,
          .length_field = field,
          .length_offset = offset,
          .second_offset = second,
          .align = align,
          .header = header,
          .scale = scale,
          .second_scale = second_scale};
}

// Sorted by kind. V8's own sizes: src/objects/*.h (SizeFor) of each line; the ranges were confirmed by complete walks
// of cores of every release in scripts/node-releases.txt.
constexpr auto kCandidates = std::to_array<SizeRuleCandidate>({
    {SizeKind::kArray, "16+8n", kFirst, kLast, Linear(16, 8)},
    // {context, arguments} stand in front of the mapped entries, and from 9.0 the length counts the entries alone.
    {SizeKind::kSloppyArguments, "32+8n", {9, 0}, kLast, Linear(32, 8)},
    {SizeKind::kSloppyArguments, "16+8n", kFirst, {8, 6}, Linear(16, 8)},
    {SizeKind::kArrayList, "24+8n", {12, 4}, kLast, Linear(24, 8)},
    {SizeKind::kArrayList, "16+8n", kFirst, {11, 8}, Linear(16, 8)},
    // ScriptContextTable, ObjectBoilerplateDescription: a FixedArray until 11.8, then with two fields of their own.
    {SizeKind::kHeaderedArray, "16+8n", kFirst, {11, 8}, Linear(16, 8)},
    {SizeKind::kHeaderedArray, "32+8n", {12, 4}, kLast, Linear(32, 8)},
    {SizeKind::kHeaderedArray, "24+8n", {12, 4}, kLast, Linear(24, 8)},
    {SizeKind::kMatchInfo, "40+8n", {12, 4}, kLast, Linear(40, 8)},
    {SizeKind::kMatchInfo, "16+8n", kFirst, {11, 8}, Linear(16, 8)},
    // Bit 30 of the length is a flag in 7.9 (src/objects/contexts.h).
    {SizeKind::kContext, "16+8n", kFirst, kLast, Linear(16, 8, LengthField::kSmi, 8, 0x3fffffff)},
    {SizeKind::kNativeContext, "24+8n", kFirst, kLast, Linear(24, 8, LengthField::kSmi, 8, 0x3fffffff)},
    {SizeKind::kWeakArrayList, "24+8n", kFirst, kLast, Linear(24, 8)},
    {SizeKind::kPropertyArray, "16+8n", kFirst, kLast, Linear(16, 8, LengthField::kSmi, 8, 0x3ff)},
    {SizeKind::kByteArray, "16+n", kFirst, kLast, Linear(16, 1)},
    {SizeKind::kSeqOneByteString, "16+n", kFirst, kLast, Linear(16, 1, LengthField::kInt32, 12)},
    {SizeKind::kSeqTwoByteString, "16+2n", kFirst, kLast, Linear(16, 2, LengthField::kInt32, 12)},
    {SizeKind::kBigInt, "16+8n", kFirst, kLast, Linear(16, 8, LengthField::kInt32, 8, 0x3fffffff, 1)},
    {SizeKind::kDescriptorArray, "24+24n", kFirst, {13, 6}, Linear(24, 24, LengthField::kUint16)},
    {SizeKind::kDescriptorArray, "32+24n", {14, 1}, kLast, Linear(32, 24, LengthField::kUint16)},
    // Bytes until 13.6.233.10 (Node 24.10), words from 13.6.233.17 (Node 24.12).
    {SizeKind::kFreeSpace, "bytes", kFirst, {13, 6}, Linear(0, 1)},
    {SizeKind::kFreeSpace, "words", {13, 6}, kLast, Linear(0, 8)},
    {SizeKind::kBytecodeArray, "64+n", {12, 4}, kLast, Linear(64, 1)},
    {SizeKind::kBytecodeArray, "54+n", {7, 5}, {11, 3}, Linear(54, 1)},
    {SizeKind::kBytecodeArray, "56+n", {10, 2}, {10, 2}, Linear(56, 1)},
    {SizeKind::kBytecodeArray, "52+n", {11, 8}, {11, 8}, Linear(52, 1)},
    {SizeKind::kBytecodeArray, "58+n", {7, 4}, {7, 4}, Linear(58, 1)},
    {SizeKind::kFeedbackVector, "48+8n@8", {9, 0}, {10, 8}, Linear(48, 8, LengthField::kInt32, 8)},
    {SizeKind::kFeedbackVector, "48+8n@8", {13, 6}, kLast, Linear(48, 8, LengthField::kInt32, 8)},
    {SizeKind::kFeedbackVector, "56+8n@8", {11, 3}, {12, 9}, Linear(56, 8, LengthField::kInt32, 8)},
    {SizeKind::kFeedbackVector, "48+8n@32", {7, 5}, {8, 6}, Linear(48, 8, LengthField::kInt32, 32)},
    {SizeKind::kFeedbackVector, "40+8n@24", {7, 4}, {7, 4}, Linear(40, 8, LengthField::kInt32, 24)},
    {SizeKind::kFeedbackMetadata, "16+4*ceil(n/6)", {7, 5}, {12, 4}, Of(SizeOp::kSixth, 16, 8, 12, 8)},
    {SizeKind::kFeedbackMetadata, "16+4*ceil(n/6)+2m", {12, 9}, kLast, Of(SizeOp::kSixth, 16, 8, 12, 8, 1, 2)},
    {SizeKind::kFeedbackMetadata, "12+4*ceil(n/6)", {7, 4}, {7, 4}, Of(SizeOp::kSixth, 12, 8, 12, 8)},
    {SizeKind::kPreparseData, "16+n+8m", kFirst, kLast, Of(SizeOp::kPreparseData, 16, 8, 12, 8)},
    {SizeKind::kCoverageInfo, "16+16n", kFirst, kLast, Linear(16, 16, LengthField::kInt32, 8)},
    {SizeKind::kCoverageInfo, "16+24n", kFirst, kLast, Linear(16, 24, LengthField::kInt32, 8)},
    {SizeKind::kFixedTypedArray1,
     "32+n",
     kFirst,
     {7, 5},
     Of(SizeOp::kOnHeapTyped, 32, 8, 0, 8, 1, 0, LengthField::kSmi)},
    {SizeKind::kFixedTypedArray2,
     "32+2n",
     kFirst,
     {7, 5},
     Of(SizeOp::kOnHeapTyped, 32, 8, 0, 8, 2, 0, LengthField::kSmi)},
    {SizeKind::kFixedTypedArray4,
     "32+4n",
     kFirst,
     {7, 5},
     Of(SizeOp::kOnHeapTyped, 32, 8, 0, 8, 4, 0, LengthField::kSmi)},
    {SizeKind::kFixedTypedArray8,
     "32+8n",
     kFirst,
     {7, 5},
     Of(SizeOp::kOnHeapTyped, 32, 8, 0, 8, 8, 0, LengthField::kSmi)},
    // The header field of kScopeInfo names the variant of ScopeInfoSize.
    {SizeKind::kScopeInfo, "fields 12.9+", {12, 9}, kLast, Of(SizeOp::kScopeInfo, 23, 8, 0, 8)},
    {SizeKind::kScopeInfo, "fields 14.6+", {14, 6}, kLast, Of(SizeOp::kScopeInfo, 26, 8, 0, 8)},
    {SizeKind::kScopeInfo, "fields 10.1-11.8", {10, 1}, {11, 8}, Of(SizeOp::kScopeInfo, 18, 8, 0, 8)},
    {SizeKind::kScopeInfo, "fields 12.4", {12, 4}, {12, 4}, Of(SizeOp::kScopeInfo, 22, 8, 0, 8)},
    {SizeKind::kScopeInfo, "16+8n", kFirst, {9, 0}, Linear(16, 8)},
    {SizeKind::kScopeInfo, "to the next map", {9, 1}, {9, 6}, SizeRule{}},
    {SizeKind::kCode, "32|64+r8(n)", kFirst, {8, 3}, Of(SizeOp::kRoundedCode, 64, 40, 0, 32)},
    {SizeKind::kCode, "32|96+r8(n)", {8, 4}, {8, 6}, Of(SizeOp::kRoundedCode, 96, 40, 0, 32)},
    {SizeKind::kCode, "32|96+n+m", {9, 0}, {9, 4}, Of(SizeOp::kTwoLengths, 96, 40, 44, 32)},
    {SizeKind::kCode, "64|128+n+m", {9, 5}, {10, 8}, Of(SizeOp::kTwoLengths, 128, 40, 44, 64)},
    {SizeKind::kInstructionStream, "64|32+n", {11, 8}, kLast, Of(SizeOp::kTwoLengths, 32, 24, 0, 64)},
    {SizeKind::kInstructionStream, "64|16+code", {11, 3}, {11, 3}, Of(SizeOp::kBodyInCode, 16, 56, 60, 64)},
    {SizeKind::kDoubleStringCache, "16+16n", {14, 1}, kLast, Linear(16, 16, LengthField::kInt32, 8)},
    {SizeKind::kWasmTypeInfo, "24+8n", {13, 6}, kLast, Linear(24, 8, LengthField::kSmi, 16)},
    {SizeKind::kWasmTypeInfo, "40+8n", {12, 4}, {12, 9}, Linear(40, 8, LengthField::kSmi, 32)},
    {SizeKind::kWasmDispatchTable, "40+24n", {13, 6}, {14, 1}, Linear(40, 24, LengthField::kInt32, 12)},
    {SizeKind::kWasmDispatchTable, "40+16n", {14, 6}, kLast, Linear(40, 16, LengthField::kInt32, 12)},
    {SizeKind::kWasmDispatchTable, "16+24n", {12, 4}, {12, 9}, Linear(16, 24, LengthField::kInt32, 12)},
    {SizeKind::kWasmImportsTable, "24+24n", {14, 6}, kLast, Linear(24, 24, LengthField::kInt32, 12)},
    {SizeKind::kWasmImportsTable, "40+24n", {13, 6}, {14, 1}, Linear(40, 24, LengthField::kInt32, 12)},
    {SizeKind::kWasmNull, "to the next map", kFirst, kLast, SizeRule{}},
    {SizeKind::kWasmStruct, "map byte 9", kFirst, kLast, Of(SizeOp::kWasmStruct, 0, 0, 0, 8)},
    {SizeKind::kWasmArray, "24+esize*n", kFirst, kLast, Of(SizeOp::kWasmArray, 24, 16, 0, 8)},
    {SizeKind::kWasmArray, "20+esize*n", kFirst, kLast, Of(SizeOp::kWasmArray, 20, 16, 0, 8)},
    {SizeKind::kUnknown, "to the next map", kFirst, kLast, SizeRule{}},
});

struct TypeKind {
  std::string_view type;
  SizeKind kind;
};

// Types not listed here that are of variable size fall back to "until the next valid map word".
constexpr auto kTypeKinds = std::to_array<TypeKind>({
    {"ARRAY_LIST_TYPE", SizeKind::kArrayList},
    {"BIGINT_TYPE", SizeKind::kBigInt},
    {"BIG_INT_BASE_TYPE", SizeKind::kBigInt},
    {"BYTECODE_ARRAY_TYPE", SizeKind::kBytecodeArray},
    {"BYTE_ARRAY_TYPE", SizeKind::kByteArray},
    {"CLOSURE_FEEDBACK_CELL_ARRAY_TYPE", SizeKind::kArray},
    {"CODE_TYPE", SizeKind::kCode},
    {"COVERAGE_INFO_TYPE", SizeKind::kCoverageInfo},
    {"DESCRIPTOR_ARRAY_TYPE", SizeKind::kDescriptorArray},
    {"DOUBLE_STRING_CACHE_TYPE", SizeKind::kDoubleStringCache},
    {"EMBEDDER_DATA_ARRAY_TYPE", SizeKind::kArray},
    {"EPHEMERON_HASH_TABLE_TYPE", SizeKind::kArray},
    {"EXTERNAL_POINTER_ARRAY_TYPE", SizeKind::kArray},
    {"FEEDBACK_METADATA_TYPE", SizeKind::kFeedbackMetadata},
    {"FEEDBACK_VECTOR_TYPE", SizeKind::kFeedbackVector},
    {"FIXED_ARRAY_TYPE", SizeKind::kArray},
    {"FIXED_BIGINT64_ARRAY_TYPE", SizeKind::kFixedTypedArray8},
    {"FIXED_BIGUINT64_ARRAY_TYPE", SizeKind::kFixedTypedArray8},
    {"FIXED_DOUBLE_ARRAY_TYPE", SizeKind::kArray},
    {"FIXED_FLOAT32_ARRAY_TYPE", SizeKind::kFixedTypedArray4},
    {"FIXED_FLOAT64_ARRAY_TYPE", SizeKind::kFixedTypedArray8},
    {"FIXED_INT16_ARRAY_TYPE", SizeKind::kFixedTypedArray2},
    {"FIXED_INT32_ARRAY_TYPE", SizeKind::kFixedTypedArray4},
    {"FIXED_INT8_ARRAY_TYPE", SizeKind::kFixedTypedArray1},
    {"FIXED_UINT16_ARRAY_TYPE", SizeKind::kFixedTypedArray2},
    {"FIXED_UINT32_ARRAY_TYPE", SizeKind::kFixedTypedArray4},
    {"FIXED_UINT8_ARRAY_TYPE", SizeKind::kFixedTypedArray1},
    {"FIXED_UINT8_CLAMPED_ARRAY_TYPE", SizeKind::kFixedTypedArray1},
    {"FREE_SPACE_TYPE", SizeKind::kFreeSpace},
    {"GLOBAL_DICTIONARY_TYPE", SizeKind::kArray},
    {"HASH_TABLE_TYPE", SizeKind::kArray},
    {"INSTRUCTION_STREAM_TYPE", SizeKind::kInstructionStream},
    {"MODULE_INFO_TYPE", SizeKind::kArray},
    {"NAME_DICTIONARY_TYPE", SizeKind::kArray},
    {"NAME_TO_INDEX_HASH_TABLE_TYPE", SizeKind::kArray},
    {"NATIVE_CONTEXT_TYPE", SizeKind::kNativeContext},
    {"NUMBER_DICTIONARY_TYPE", SizeKind::kArray},
    {"OBJECT_BOILERPLATE_DESCRIPTION_TYPE", SizeKind::kHeaderedArray},
    {"ORDERED_HASH_MAP_TYPE", SizeKind::kArray},
    {"ORDERED_HASH_SET_TYPE", SizeKind::kArray},
    {"ORDERED_NAME_DICTIONARY_TYPE", SizeKind::kArray},
    {"PREPARSE_DATA_TYPE", SizeKind::kPreparseData},
    {"PROPERTY_ARRAY_TYPE", SizeKind::kPropertyArray},
    {"PROTECTED_FIXED_ARRAY_TYPE", SizeKind::kArray},
    {"PROTECTED_WEAK_FIXED_ARRAY_TYPE", SizeKind::kArray},
    {"REGISTERED_SYMBOL_TABLE_TYPE", SizeKind::kArray},
    {"REG_EXP_MATCH_INFO_TYPE", SizeKind::kMatchInfo},
    {"SCOPE_INFO_TYPE", SizeKind::kScopeInfo},
    {"SCRIPT_CONTEXT_TABLE_TYPE", SizeKind::kHeaderedArray},
    {"SIMPLE_NAME_DICTIONARY_TYPE", SizeKind::kArray},
    {"SIMPLE_NUMBER_DICTIONARY_TYPE", SizeKind::kArray},
    {"SLOPPY_ARGUMENTS_ELEMENTS_TYPE", SizeKind::kSloppyArguments},
    {"STRING_TABLE_TYPE", SizeKind::kArray},
    {"STRONG_DESCRIPTOR_ARRAY_TYPE", SizeKind::kDescriptorArray},
    {"TRANSITION_ARRAY_TYPE", SizeKind::kArray},
    {"TRUSTED_BYTE_ARRAY_TYPE", SizeKind::kByteArray},
    {"TRUSTED_FIXED_ARRAY_TYPE", SizeKind::kArray},
    {"TRUSTED_WEAK_FIXED_ARRAY_TYPE", SizeKind::kArray},
    {"WASM_ARRAY_TYPE", SizeKind::kWasmArray},
    {"WASM_DISPATCH_TABLE_FOR_IMPORTS_TYPE", SizeKind::kWasmImportsTable},
    {"WASM_DISPATCH_TABLE_TYPE", SizeKind::kWasmDispatchTable},
    {"WASM_NULL_TYPE", SizeKind::kWasmNull},
    {"WASM_STRUCT_TYPE", SizeKind::kWasmStruct},
    {"WASM_TYPE_INFO_TYPE", SizeKind::kWasmTypeInfo},
    {"WEAK_ARRAY_LIST_TYPE", SizeKind::kWeakArrayList},
    {"WEAK_FIXED_ARRAY_TYPE", SizeKind::kArray},
});

constexpr std::array<std::string_view, static_cast<size_t>(SizeKind::kCount)> kKindNames = {
    "fixed",
    "FixedArray",
    "SloppyArgumentsElements",
    "ArrayList",
    "ScriptContextTable",
    "RegExpMatchInfo",
    "Context",
    "NativeContext",
    "WeakArrayList",
    "PropertyArray",
    "ByteArray",
    "SeqOneByteString",
    "SeqTwoByteString",
    "BigInt",
    "DescriptorArray",
    "FreeSpace",
    "BytecodeArray",
    "FeedbackVector",
    "FeedbackMetadata",
    "PreparseData",
    "CoverageInfo",
    "FixedTypedArray/1",
    "FixedTypedArray/2",
    "FixedTypedArray/4",
    "FixedTypedArray/8",
    "ScopeInfo",
    "Code",
    "InstructionStream",
    "DoubleStringCache",
    "WasmTypeInfo",
    "WasmDispatchTable",
    "WasmDispatchTableForImports",
    "WasmNull",
    "WasmStruct",
    "WasmArray",
    "SmallOrderedHashMap",
    "SmallOrderedHashSet",
    "SmallOrderedNameDictionary",
    "unknown"};

}  // namespace

std::span<const SizeRuleCandidate> SizeRuleCandidates(SizeKind kind) {
  const auto range = std::ranges::equal_range(kCandidates, kind, {}, &SizeRuleCandidate::kind);
  return {range.begin(), range.end()};
}

std::string_view SizeKindName(SizeKind kind) {
  return kKindNames[static_cast<size_t>(kind)];
}

SizeKind SizeKindOfType(std::string_view type_name) {
  const auto at = std::ranges::lower_bound(kTypeKinds, type_name, {}, &TypeKind::type);
  return at != kTypeKinds.end() && at->type == type_name ? at->kind : SizeKind::kUnknown;
}

}  // namespace corewalk
