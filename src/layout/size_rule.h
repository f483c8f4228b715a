// How many bytes an object of a variable-size type takes: the rules, and for each type the candidates among which the
// core itself decides (heap/size_calibration). Plain data; the V8 ranges say where a rule was seen to hold and only
// break ties.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "layout/v8_version.h"

namespace corewalk {

// Formula of a rule. `n` is the length read at length_offset (masked and shifted), `m` a second one.
enum class SizeOp : uint8_t {
  kUnknown,       // no rule: the object ends where the next valid map word stands (never for types that hold Maps)
  kFixed,         // Map::instance_size
  kLinear,        // align(header + scale * n, align)
  kTwoLengths,    // align(header + n + m, align): instructions and metadata, both u32/i32
  kRoundedCode,   // align(header + align8(n), align)
  kSixth,         // align8(header + 4 * ceil(n / 6) + second_scale * m): FeedbackMetadata packs six slots in a word
  kPreparseData,  // align8(header + n) + 8 * m
  kOnHeapTyped,   // 32 when the base pointer is null (external data), else align8(32 + scale * n)
  kBodyInCode,    // align(header + n + m, align), n and m are fields of the Code object that header word 8 points to
  kScopeInfo,     // flags decide; see ScopeInfoRule in heap/object_size.cc
  kWasmStruct,    // Map byte 9 holds the size in words
  kWasmArray,     // align8(header + esize * n), esize = Map byte 9
};

enum class LengthField : uint8_t { kSmi, kInt32, kUint16 };

struct SizeRule {
  SizeOp op = SizeOp::kUnknown;
  LengthField length_field = LengthField::kSmi;
  uint8_t length_offset = 8;  // bytes from the object's start
  uint8_t length_shift = 0;   // applied before the mask
  uint8_t second_offset = 0;  // of `m`, an int32
  uint8_t align = 8;          // bytes
  uint16_t header = 0;        // bytes
  uint16_t scale = 0;         // bytes per element
  uint16_t second_scale = 0;
  uint32_t length_mask = 0xffffffff;

  friend bool operator==(const SizeRule&, const SizeRule&) = default;
};

// The types whose size needs a rule. One entry per formula family, not per instance type: many types share kArray.
enum class SizeKind : uint8_t {
  kNone,  // fixed size
  kArray,
  kSloppyArguments,
  kArrayList,
  kHeaderedArray,
  kMatchInfo,
  kContext,
  kNativeContext,
  kWeakArrayList,
  kPropertyArray,
  kByteArray,
  kSeqOneByteString,
  kSeqTwoByteString,
  kBigInt,
  kDescriptorArray,
  kFreeSpace,
  kBytecodeArray,
  kFeedbackVector,
  kFeedbackMetadata,
  kPreparseData,
  kCoverageInfo,
  kFixedTypedArray1,
  kFixedTypedArray2,
  kFixedTypedArray4,
  kFixedTypedArray8,
  kScopeInfo,
  kCode,
  kInstructionStream,
  kDoubleStringCache,
  kWasmTypeInfo,
  kWasmDispatchTable,
  kWasmImportsTable,
  kWasmNull,
  kWasmStruct,
  kWasmArray,
  kSmallOrderedHashMap,
  kSmallOrderedHashSet,
  kSmallOrderedNameDictionary,
  kUnknown,
  kCount
};

struct SizeRuleCandidate {
  SizeKind kind;
  const char* name;  // for the `layout` command
  V8Version first;   // holds from this line ...
  V8Version last;    // ... to this line (major.minor; patch levels only where a line changed inside)
  SizeRule rule;
};

// All candidates of a kind, the most usual first. Kinds that never changed have exactly one.
std::span<const SizeRuleCandidate> SizeRuleCandidates(SizeKind kind);
std::string_view SizeKindName(SizeKind kind);

// The kind that an instance type called `type_name` ("FIXED_ARRAY_TYPE") has when its Map says "variable size".
SizeKind SizeKindOfType(std::string_view type_name);

}  // namespace corewalk
