#include "heap/scope_info.h"

#include "heap/tagged.h"

namespace corewalk {

std::optional<ScopeInfoParts> LocateScopeInfo(const Memory& memory, const Layout& layout, uint64_t scope_info) {
  constexpr int64_t kMaxLocals = 1 << 20;
  constexpr uint32_t kInContext = 2, kOnStack = 1;  // VariableAllocationInfo, src/common/globals.h
  constexpr uint64_t kFixedArrayHeader = 16;
  const ScopeInfoShape& shape = FindScopeInfoShape(layout.version);
  Address at = Untag(scope_info) + shape.fields_from;
  // The empty ScopeInfo of the lines in which it is a FixedArray has no fields at all.
  if (shape.fields_from == kFixedArrayHeader && SmiValue(memory.ReadWord(at - 8).value_or(0)) < 3) return std::nullopt;
  const std::optional<uint64_t> flags = memory.ReadWord(at);
  const std::optional<uint64_t> locals = memory.ReadWord(at + 16);
  if (!flags || !locals) return std::nullopt;
  ScopeInfoParts parts;
  parts.flags = shape.raw_flags ? static_cast<uint32_t>(*flags) : static_cast<uint32_t>(SmiValue(*flags));
  parts.type = ScopeTypeOf(shape, parts.flags);
  if (SmiValue(*locals) < 0 || SmiValue(*locals) > kMaxLocals) return std::nullopt;
  parts.locals = static_cast<uint32_t>(SmiValue(*locals));
  parts.has_extension_slot = parts.flags >> kScopeHasExtensionSlotBit & 1;
  at += 24;
  if (shape.raw_flags) {
    parts.positions = at;
    at += 16;
  }
  if (shape.module_count_in_front && (parts.flags & 15) == shape.module_scope_type) at += 8;
  parts.names = at;
  parts.hashed_names = shape.hashed_names_from != 0 && parts.locals >= shape.hashed_names_from;
  at += 8 * (uint64_t{parts.hashed_names ? 1 : parts.locals} + parts.locals);
  if (shape.saved_class_variable_bit >= 0 && (parts.flags >> shape.saved_class_variable_bit & 1)) at += 8;
  if (shape.receiver_shift >= 0) {
    const uint32_t receiver = parts.flags >> shape.receiver_shift & 3;
    if (receiver == kInContext) parts.receiver_slot = at;
    if (receiver == kOnStack || receiver == kInContext) at += 8;
  }
  if (const uint32_t function = parts.flags >> shape.function_variable_shift & 3; function != 0) {
    parts.function_name = at;
    if (function == kInContext) parts.function_slot = at + 8;
    at += 16;
  }
  if (parts.flags >> shape.inferred_name_bit & 1) {
    parts.inferred_name = at;
    at += 8;
  }
  using enum ScopeType;
  if (!shape.raw_flags && (parts.type == kFunction || parts.type == kScript || parts.type == kEval || parts.type == kModule))
    parts.positions = at;
  return parts;
}

}  // namespace corewalk
