#include "heap/views/own_properties.h"

#include "heap/views/primitives.h"

namespace corewalk {

PropertyFinder& OwnProperties::finder(std::string_view name) {
  auto at = finders_.find(name);
  if (at == finders_.end())
    at = finders_.emplace(std::string(name), std::make_unique<PropertyFinder>(&reader_, std::string(name))).first;
  return *at->second;
}

std::optional<OwnProperty> OwnProperties::Find(uint64_t object, std::string_view name) {
  if (object == 0 || IsSmi(object)) return std::nullopt;
  const MapInfo* found = reader_.MapOf(object);
  if (found == nullptr || !reader_.layout().types.IsJSReceiver(found->instance_type)) return std::nullopt;
  const MapInfo map = *found;
  std::optional<OwnProperty> property = finder(name).Find(map, Untag(object));
  if (property && (property->accessor || !property->readable)) property.reset();
  return property;
}

uint64_t OwnProperties::Object(uint64_t object, std::string_view name) {
  const std::optional<OwnProperty> property = Find(object, name);
  if (!property || property->raw_double || IsSmi(property->value)) return 0;
  const MapInfo* map = reader_.MapOf(property->value);
  return map != nullptr && reader_.layout().types.IsJSReceiver(map->instance_type) ? property->value : 0;
}

std::optional<double> OwnProperties::Number(uint64_t object, std::string_view name) {
  const std::optional<OwnProperty> property = Find(object, name);
  if (!property) return std::nullopt;
  return property->raw_double ? property->raw_double : ReadNumber(reader_, property->value);
}

std::optional<bool> OwnProperties::Boolean(uint64_t object, std::string_view name) {
  const std::optional<OwnProperty> property = Find(object, name);
  if (!property || property->raw_double || IsSmi(property->value)) return std::nullopt;
  const HeapReader::Oddball oddball = reader_.OddballOf(property->value);
  if (oddball == HeapReader::Oddball::kTrue) return true;
  if (oddball == HeapReader::Oddball::kFalse) return false;
  return std::nullopt;
}

std::string OwnProperties::Text(uint64_t object, std::string_view name) {
  const std::optional<OwnProperty> property = Find(object, name);
  return property && !property->raw_double ? reader_.ShortText(property->value) : "";
}

}  // namespace corewalk
