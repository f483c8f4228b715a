#include "heap/object_size.h"

#include <cstring>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr uint64_t kMaxObject = uint64_t{1} << 40;

uint64_t RoundUp(uint64_t value, uint64_t to) {
  return (value + to - 1) / to * to;
}

template <typename T>
T Load(std::span<const std::byte> bytes, size_t offset) {
  T value{};
  if (offset + sizeof(T) <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// Fields of a ScopeInfo (V8: src/objects/scope-info.tq). Flag bits and scope types changed with the lines; the variant
// (18, 22, 23, 26: named after the Node major in which it appeared) is in rule.header.
uint64_t ScopeInfoSize(uint16_t variant, std::span<const std::byte> bytes) {
  const bool raw_flags = variant >= 23;
  const uint32_t flags =
      raw_flags ? Load<uint32_t>(bytes, 8) : static_cast<uint32_t>(SmiValue(Load<uint64_t>(bytes, 8)));
  const int64_t locals = SmiValue(Load<uint64_t>(bytes, 24));
  if (locals < 0 || locals > (1 << 24)) return 0;
  const uint32_t scope_type = flags & 15;
  const uint32_t module_type = variant >= 23 ? 5 : 3;
  uint64_t words = 4;  // map, flags, parameter count, context local count
  bool has_position = true;
  if (variant < 23) {
    has_position = (scope_type >= 1 && scope_type <= 4) || scope_type == 8 || (scope_type == 0 && !(flags >> 29 & 1));
  }
  if (has_position && variant >= 23) words += 2;
  uint64_t module_variables = 0;
  if (scope_type == module_type && variant >= 22) {
    module_variables = static_cast<uint64_t>(SmiValue(Load<uint64_t>(bytes, words * 8)));
    words += 1;
  }
  const uint64_t n = static_cast<uint64_t>(locals);
  words += (n >= 75 ? 1 : n) + n;
  if (flags >> 10 & 1) words += 1;  // saved class variable
  if (flags >> 12 & 3) words += 2;  // function variable
  if (flags >> 14 & 1) words += 1;  // inferred function name
  if (has_position && variant < 23) words += 2;
  if (flags >> 22 & 1) words += 1;                    // outer scope info
  if (variant < 23 && (flags >> 28 & 1)) words += 1;  // locals block list
  if (variant >= 26 && scope_type == 4) words += 1;
  if (scope_type == module_type) {
    words += 1;  // module info
    if (variant < 22) {
      module_variables = static_cast<uint64_t>(SmiValue(Load<uint64_t>(bytes, words * 8)));
      words += 1;
    }
    if (module_variables > (1 << 24)) return 0;
    words += 3 * module_variables;
  }
  return words * 8;
}

uint64_t Length(const SizeRule& rule, std::span<const std::byte> bytes, bool* plausible) {
  switch (rule.length_field) {
    case LengthField::kSmi: {
      const uint64_t word = Load<uint64_t>(bytes, rule.length_offset);
      const uint64_t value = (static_cast<uint64_t>(SmiValue(word)) >> rule.length_shift) & rule.length_mask;
      // A Smi's lower half is zero; up to 22 some lengths are flagged only in the upper half.
      if ((word & 0xffffffff) != 0 || value > 0x7fffffff) *plausible = false;
      return value;
    }
    case LengthField::kInt32: {
      const uint32_t value = (Load<uint32_t>(bytes, rule.length_offset) >> rule.length_shift) & rule.length_mask;
      if (value > 0x7fffffff) *plausible = false;
      return value;
    }
    case LengthField::kUint16:
      return Load<uint16_t>(bytes, rule.length_offset) & rule.length_mask;
  }
  return 0;
}

}  // namespace

uint64_t SizeByRule(const SizeRule& rule, const MapInfo& map, std::span<const std::byte> bytes, const Memory& memory) {
  return SizeByHead(rule, map, bytes, bytes.size(), memory);
}

uint64_t SizeByHead(const SizeRule& rule, const MapInfo& map, std::span<const std::byte> bytes, uint64_t limit,
                    const Memory& memory) {
  if (rule.op == SizeOp::kUnknown || bytes.size() < 8 || limit < 8) return 0;
  bool plausible = true;
  uint64_t size = 0;
  switch (rule.op) {
    case SizeOp::kUnknown:
      return 0;
    case SizeOp::kFixed:
      size = uint64_t{map.instance_size_in_words} * 8;
      break;
    case SizeOp::kLinear:
      size = RoundUp(rule.header + rule.scale * Length(rule, bytes, &plausible), rule.align);
      break;
    case SizeOp::kTwoLengths: {
      const uint64_t second = rule.second_offset ? Load<uint32_t>(bytes, rule.second_offset) : 0;
      if (second > 0x7fffffff) plausible = false;
      size = RoundUp(rule.header + Length(rule, bytes, &plausible) + second, rule.align);
      break;
    }
    case SizeOp::kRoundedCode:
      size = RoundUp(rule.header + RoundUp(Length(rule, bytes, &plausible), 8), rule.align);
      break;
    case SizeOp::kSixth: {
      const uint64_t slots = Length(rule, bytes, &plausible);
      const uint64_t second = rule.second_scale ? Load<uint32_t>(bytes, rule.second_offset) : 0;
      if (second > 0x7fffffff) plausible = false;
      size = RoundUp(rule.header + 4 * ((slots + 5) / 6) + rule.second_scale * second, 8);
      break;
    }
    case SizeOp::kPreparseData: {
      const uint64_t children = Load<uint32_t>(bytes, rule.second_offset);
      if (children > 0x7fffffff) plausible = false;
      size = RoundUp(rule.header + Length(rule, bytes, &plausible), 8) + 8 * children;
      break;
    }
    case SizeOp::kOnHeapTyped:
      size = Load<uint64_t>(bytes, 16) == 0 ? rule.header
                                            : RoundUp(rule.header + rule.scale * Length(rule, bytes, &plausible), 8);
      break;
    case SizeOp::kBodyInCode: {
      const uint64_t code = Load<uint64_t>(bytes, 8);
      if (!LooksLikePointer(code)) return 0;
      const auto first = memory.ReadValue<uint32_t>(Untag(code) + rule.length_offset);
      const auto second = memory.ReadValue<uint32_t>(Untag(code) + rule.second_offset);
      if (!first || !second || *first > 0x7fffffff || *second > 0x7fffffff) return 0;
      size = RoundUp(uint64_t{rule.header} + *first + *second, rule.align);
      break;
    }
    case SizeOp::kScopeInfo:
      size = ScopeInfoSize(rule.header, bytes);
      break;
    case SizeOp::kWasmStruct:
      size = uint64_t{map.in_object_start} * 8;
      break;
    case SizeOp::kWasmArray:
      size = RoundUp(rule.header + uint64_t{map.in_object_start} * Length(rule, bytes, &plausible), 8);
      break;
  }
  if (!plausible || size < 8 || size > kMaxObject || size > limit) return 0;
  return size;
}

bool HoldsNoMaps(SizeKind kind) {
  switch (kind) {
    case SizeKind::kArray:
    case SizeKind::kSloppyArguments:
    case SizeKind::kArrayList:
    case SizeKind::kHeaderedArray:
    case SizeKind::kMatchInfo:
    case SizeKind::kContext:
    case SizeKind::kNativeContext:
    case SizeKind::kWeakArrayList:
    case SizeKind::kPropertyArray:
    case SizeKind::kDescriptorArray:
    case SizeKind::kFeedbackVector:
    case SizeKind::kCode:
    case SizeKind::kInstructionStream:
    case SizeKind::kFreeSpace:
    case SizeKind::kWasmTypeInfo:
      return false;
    default:
      return true;
  }
}

}  // namespace corewalk
