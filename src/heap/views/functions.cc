#include "heap/views/functions.h"

namespace corewalk {

std::optional<FunctionView> ReadShared(HeapReader& reader, uint64_t shared) {
  if (reader.TypeOf(shared) != "SHARED_FUNCTION_INFO_TYPE") return std::nullopt;
  return FunctionView{.shared = shared};
}

std::optional<FunctionView> ReadFunction(HeapReader& reader, uint64_t function) {
  const MapInfo* map = reader.MapOf(function);
  if (map == nullptr || map->category != Category::kClosure) return std::nullopt;
  const uint64_t shared = reader.Field(function, ObjectField::kFunctionShared).value_or(0);
  FunctionView view = ReadShared(reader, shared).value_or(FunctionView());
  view.function = function;
  view.context = reader.Field(function, ObjectField::kFunctionContext).value_or(0);
  view.name = reader.names().FunctionName(function);
  return view;
}

}  // namespace corewalk
