#include "heap/views/functions.h"

#include "heap/scope_info.h"
#include "heap/views/scripts.h"

namespace corewalk {
namespace {

constexpr int kDebugInfoScript = 24;        // src/objects/debug-objects.tq; lines up to 11.x
constexpr int kUncompiledStart = 16;        // src/objects/shared-function-info.tq: UncompiledData, two int32
constexpr int kUncompiledEnd = 20;
constexpr uint16_t kNoToken = 0xffff;       // SharedFunctionInfo::kFunctionTokenOutOfRange
constexpr uint32_t kClassConstructorBit = 1 << 10;  // SharedFunctionInfo::flags, the same from 7.4 to 14.6

bool IsUncompiled(std::string_view type) { return type.starts_with("UNCOMPILED_DATA"); }

void ReadPositions(HeapReader& reader, uint64_t shared, FunctionView* view) {
  const uint64_t scope_info = reader.Field(shared, ObjectField::kSharedNameOrScope).value_or(0);
  if (reader.IsType(scope_info, "SCOPE_INFO_TYPE")) {
    const std::optional<ScopeInfoParts> parts = LocateScopeInfo(reader.memory(), reader.layout(), scope_info);
    if (parts && parts->positions != 0) {
      const std::optional<uint64_t> start = reader.Word(parts->positions);
      const std::optional<uint64_t> end = reader.Word(parts->positions + 8);
      if (start && end && IsSmi(*start) && IsSmi(*end)) {
        view->start = static_cast<int32_t>(SmiValue(*start));
        view->end = static_cast<int32_t>(SmiValue(*end));
      }
    }
  }
  for (const ObjectField field : {ObjectField::kSharedData, ObjectField::kSharedUntrusted}) {
    const uint64_t data = reader.Field(shared, field).value_or(0);
    const std::string_view type = reader.TypeOf(data);
    if (IsUncompiled(type) && view->start < 0) {
      view->start = reader.Raw<int32_t>(data, kUncompiledStart).value_or(-1);
      view->end = reader.Raw<int32_t>(data, kUncompiledEnd).value_or(-1);
    }
    view->compiled |= type == "BYTECODE_ARRAY_TYPE" || type == "INTERPRETER_DATA_TYPE" || type == "CODE_TYPE" ||
                      type == "CODET_TYPE" || type == "BASELINE_DATA_TYPE";
  }
  if (view->start < 0 || view->end < view->start) {
    view->start = view->end = -1;
    return;
  }
  const uint16_t back = reader.Raw<uint16_t>(shared, reader.offset(ObjectField::kSharedFunctionToken)).value_or(kNoToken);
  if (back != kNoToken && back <= view->start) view->token_start = view->start - back;
}

}  // namespace

uint64_t ScriptOf(HeapReader& reader, uint64_t shared) {
  uint64_t script = reader.Field(shared, ObjectField::kSharedScript).value_or(0);
  if (reader.IsType(script, "DEBUG_INFO_TYPE")) script = reader.Field(script, kDebugInfoScript).value_or(0);
  return ReadScript(reader, script) == nullptr ? 0 : script;
}

std::optional<FunctionView> ReadShared(HeapReader& reader, uint64_t shared) {
  const MapInfo* map = reader.MapOf(shared);
  if (map == nullptr || !reader.layout().types.IsSharedFunctionInfo(map->instance_type)) return std::nullopt;
  FunctionView view{.shared = shared};
  view.name = reader.names().SharedName(shared);
  const uint32_t flags = reader.Raw<uint32_t>(shared, reader.offset(ObjectField::kSharedFlags)).value_or(0);
  view.class_constructor = (flags & kClassConstructorBit) != 0;
  view.script = ScriptOf(reader, shared);
  if (view.script == 0) return view;
  view.script_name = ReadScript(reader, view.script)->name;
  ReadPositions(reader, shared, &view);
  if (view.start >= 0) {
    const SourcePosition position = PositionIn(reader, view.script, view.start);
    view.line = position.line;
    view.column = position.column;
  }
  return view;
}

std::optional<FunctionView> ReadFunction(HeapReader& reader, uint64_t function) {
  const MapInfo* map = reader.MapOf(function);
  if (map == nullptr || map->category != Category::kClosure) return std::nullopt;
  if (reader.IsType(function, "JS_BOUND_FUNCTION_TYPE")) {
    return FunctionView{.function = function, .name = reader.names().FunctionName(function)};
  }
  const uint64_t shared = reader.Field(function, ObjectField::kFunctionShared).value_or(0);
  FunctionView view = ReadShared(reader, shared).value_or(FunctionView());
  view.function = function;
  view.context = reader.Field(function, ObjectField::kFunctionContext).value_or(0);
  return view;
}

}  // namespace corewalk
