#include "heap/views/eval_origin.h"

#include "heap/views/script_kind.h"
#include "heap/views/source_positions.h"

namespace corewalk {
namespace {

// Script: eval_from_shared_or_wrapped_arguments, eval_from_position, the same from 7.4 to 14.6 (src/objects/script.tq).
constexpr int kCaller = 72;
constexpr int kPosition = 80;

}  // namespace

std::optional<EvalOrigin> EvalOriginOf(HeapReader& reader, uint64_t script) {
  if (!reader.IsType(script, "SCRIPT_TYPE") || !IsEvalScript(reader, script)) return std::nullopt;
  const uint64_t caller = reader.Field(script, kCaller).value_or(0);
  const uint64_t place = reader.Field(script, kPosition).value_or(1);
  std::optional<FunctionView> function = ReadShared(reader, caller);
  if (!function || !IsSmi(place)) return std::nullopt;
  EvalOrigin origin{.function = *std::move(function)};
  int64_t position = SmiValue(place);
  if (position < 0) {
    // Not translated yet: minus the offset of the bytecode that calls (Script::GetEvalPosition, src/objects/script.cc).
    const uint64_t bytecode = BytecodeOf(reader, caller);
    const std::optional<TablePosition> at = bytecode == 0 ? std::nullopt : PositionOfBytecode(reader, bytecode, -position);
    position = at ? at->position : -1;
  }
  if (position >= 0 && origin.function.script != 0) origin.position = PositionIn(reader, origin.function.script, position);
  return origin;
}

}  // namespace corewalk
