#include "heap/views/contexts.h"

namespace corewalk {

std::optional<ContextView> ReadContext(HeapReader& reader, uint64_t context) {
  const MapInfo* map = reader.MapOf(context);
  if (map == nullptr || !reader.layout().types.IsContext(map->instance_type)) return std::nullopt;
  const uint64_t scope_info = reader.ArrayElement(context, 0).value_or(0);
  const uint64_t previous = reader.ArrayElement(context, 1).value_or(0);
  return ContextView{.context = context, .scope_info = scope_info, .previous = IsSmi(previous) ? 0 : previous};
}

}  // namespace corewalk
