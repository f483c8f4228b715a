// One named own property of many objects: where it stands is found out once per Map, so that a whole heap can be asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "heap/views/heap_reader.h"
#include "heap/views/properties.h"

namespace corewalk {

class PropertyFinder {
 public:
  // `name` is exact (WTF-8); a symbol's description matches too.
  PropertyFinder(HeapReader* reader, std::string name) : reader_(*reader), name_(std::move(name)) {}

  // False when no object with this Map can have the property. `object` is one of them, untagged.
  bool MayHave(const MapInfo& map, Address object) { return PlaceOf(map, object).kind != Kind::kAbsent; }
  // The property's key in an object, tagged: a name is one object in an isolate. 0 when it has none.
  uint64_t KeyIn(Address object);
  // The property of an object, nothing when it has none.
  std::optional<OwnProperty> Find(const MapInfo& map, Address object);

 private:
  enum class Kind : uint8_t { kAbsent, kInside, kOutside, kAsk };
  struct Place {
    Kind kind = Kind::kAbsent;
    uint64_t offset = 0;  // from the object, or from its property array
    bool raw_double = false;
  };
  const Place& PlaceOf(const MapInfo& map, Address object);
  std::optional<OwnProperty> Ask(Address object);

  HeapReader& reader_;
  const std::string name_;
  std::unordered_map<uint64_t, Place> places_;  // by map word
  std::unordered_map<uint64_t, bool> keys_;     // by tagged name
};

}  // namespace corewalk
