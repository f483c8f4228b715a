#include "heap/views/property_finder.h"

#include <bit>

namespace corewalk {
namespace {

constexpr uint64_t kProperties = 8;      // JSReceiver::properties_or_hash
constexpr size_t kMostKeys = 1 << 20;    // that are remembered

}  // namespace

std::optional<OwnProperty> PropertyFinder::Ask(Address object) {
  std::optional<OwnProperty> found;
  ForEachProperty(reader_, object + 1, [&](const OwnProperty& property) {
    if (keys_.size() > kMostKeys) keys_.clear();
    const auto [key, is_new] = keys_.try_emplace(property.key, false);
    if (is_new) key->second = ReadKey(reader_, property.key).text == name_;
    if (!key->second) return true;
    found = property;
    return false;
  });
  return found;
}

uint64_t PropertyFinder::KeyIn(Address object) {
  const std::optional<OwnProperty> property = Ask(object);
  return property ? property->key : 0;
}

const PropertyFinder::Place& PropertyFinder::PlaceOf(const MapInfo& map, Address object) {
  const auto [at, is_new] = places_.try_emplace(map.word);
  Place& place = at->second;
  if (!is_new) return place;
  if (!reader_.layout().types.IsJSReceiver(map.instance_type)) return place;
  const bool dictionary =
      (map.bit_field3 >> reader_.layout().Get(LayoutConstant::kBitField3IsDictionaryShift, 21) & 1) != 0;
  const std::optional<OwnProperty> property = dictionary ? std::nullopt : Ask(object);
  if (dictionary || (property && (property->accessor || property->slot == 0))) {
    place.kind = Kind::kAsk;
  } else if (property) {
    const uint64_t size = uint64_t{8} * map.instance_size_in_words;
    const uint64_t outside = reader_.Word(object + kProperties).value_or(0);
    if (property->slot >= object && property->slot < object + size) {
      place = {Kind::kInside, property->slot - object, property->raw_double.has_value()};
    } else if (IsStrongPointer(outside) && property->slot > Untag(outside)) {
      place = {Kind::kOutside, property->slot - Untag(outside), false};
    } else {
      place.kind = Kind::kAsk;
    }
  }
  return place;
}

std::optional<OwnProperty> PropertyFinder::Find(const MapInfo& map, Address object) {
  const Place& place = PlaceOf(map, object);
  if (place.kind == Kind::kAbsent) return std::nullopt;
  if (place.kind == Kind::kAsk) return Ask(object);
  OwnProperty property;
  if (place.kind == Kind::kInside) {
    property.slot = object + place.offset;
  } else {
    const uint64_t outside = reader_.Word(object + kProperties).value_or(0);
    if (!reader_.IsType(outside, "PROPERTY_ARRAY_TYPE")) return std::nullopt;
    property.slot = Untag(outside) + place.offset;
  }
  const std::optional<uint64_t> word = reader_.Word(property.slot);
  property.readable = word.has_value();
  property.value = word.value_or(0);
  if (place.raw_double && word) property.raw_double = std::bit_cast<double>(*word);
  return property;
}

}  // namespace corewalk
