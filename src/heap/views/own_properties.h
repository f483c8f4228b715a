// Own properties of many different objects by name, for searches that follow a program's data structures: each name is
// looked up once per Map. Only data properties that could be read are seen; all else is as if it were not there.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/untrusted_text.h"
#include "heap/views/heap_reader.h"
#include "heap/views/property_finder.h"

namespace corewalk {

class OwnProperties {
 public:
  explicit OwnProperties(HeapReader* reader) : reader_(*reader) {}

  // `name` is that of a property, or the description of a symbol. `object` is tagged; any word is fine.
  std::optional<OwnProperty> Find(uint64_t object, std::string_view name);
  // 0 when it is no object (a Smi, a string, undefined, ...).
  uint64_t Object(uint64_t object, std::string_view name);
  std::optional<double> Number(uint64_t object, std::string_view name);
  std::optional<bool> Boolean(uint64_t object, std::string_view name);
  // "" when it is no string.
  std::string Text(uint64_t object, std::string_view name);
  bool Has(uint64_t object, std::string_view name) { return Find(object, name).has_value(); }
  PropertyFinder& finder(std::string_view name);
  HeapReader& reader() { return reader_; }

 private:
  HeapReader& reader_;
  std::map<std::string, std::unique_ptr<PropertyFinder>, std::less<>> finders_;
};

}  // namespace corewalk
