#include "analysis/leaks/value_classes.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr size_t kMostProperties = 8;
constexpr const char* kNumber = "(number)";

const char* OddballName(HeapReader::Oddball oddball) {
  switch (oddball) {
    case HeapReader::Oddball::kNone:
      return nullptr;
    case HeapReader::Oddball::kUndefined:
      return "undefined";
    case HeapReader::Oddball::kNull:
      return "null";
    case HeapReader::Oddball::kTrue:
    case HeapReader::Oddball::kFalse:
      return "boolean";
    default:
      return "(hole)";
  }
}

}  // namespace

std::string ValueCensus::ClassOf(uint64_t tagged) {
  if (IsSmi(tagged)) return kNumber;
  if (const char* name = OddballName(reader_.OddballOf(tagged))) return name;
  const ObjectId id = graph_.index().At(tagged);
  if (id == kNoObject) {
    const std::string name = reader_.ClassOf(tagged);
    return name.empty() ? "(unreadable)" : name;
  }
  const LiveShape& shape = graph_.shapes().shapes()[graph_.shapes().ShapeOf(id)];
  // How V8 stores a text is nothing to the reader.
  if (reader_.layout().types.IsString(shape.map.instance_type)) return "(string)";
  return shape.own_name ? reader_.names().ClassNameOf(shape.map, shape.sample)
                        : reader_.names().ClassName(shape.map, shape.sample);
}

std::vector<ValueClass> ValueCensus::Count(std::span<const StoreEntry> entries) {
  struct Tally {
    uint64_t count = 0;
    uint64_t example = 0;
  };
  uint64_t numbers = 0, accessors = 0;
  std::unordered_map<uint64_t, Tally> oddballs, loose;  // by tagged word
  std::unordered_map<uint32_t, Tally> shapes;           // by shape
  for (const StoreEntry& entry : entries) {
    if (entry.accessor) {
      ++accessors;
    } else if (entry.raw_double || IsSmi(entry.value)) {
      ++numbers;
    } else if (const ObjectId id = graph_.index().At(entry.value); id != kNoObject) {
      Tally& tally = shapes[graph_.shapes().ShapeOf(id)];
      ++tally.count;
      tally.example = entry.value;
    } else {
      ++(reader_.OddballOf(entry.value) != HeapReader::Oddball::kNone ? oddballs : loose)[entry.value].count;
    }
  }
  std::vector<ValueClass> classes;
  const auto add = [&classes](const std::string& name, const std::vector<std::string>& properties, uint64_t count,
                              uint64_t example) {
    if (count == 0) return;
    const auto known = std::ranges::find_if(
        classes, [&](const ValueClass& one) { return one.name == name && one.properties == properties; });
    if (known != classes.end()) {
      known->count += count;
      known->example = std::min(known->example, example);
    } else {
      classes.push_back({name, properties, count, example});
    }
  };
  add(kNumber, {}, numbers, 0);
  add("(accessor)", {}, accessors, 0);
  for (const auto& [word, tally] : oddballs) add(ClassOf(word), {}, tally.count, 0);
  for (const auto& [word, tally] : loose) add(ClassOf(word), {}, tally.count, word);
  for (const auto& [number, tally] : shapes) {
    const LiveShape& shape = graph_.shapes().shapes()[number];
    const std::string name = ClassOf(tally.example);
    std::vector<std::string> properties;
    // Of plain objects the class says nothing; their properties do.
    if (name == "Object") {
      properties = reader_.names().PropertyNames(shape.map, Untag(tally.example));
      if (properties.size() > kMostProperties) properties.resize(kMostProperties);
    }
    add(name, properties, tally.count, tally.example);
  }
  // Shapes are numbered as threads met them, so that equal counts need an order of their own.
  std::ranges::sort(classes, [](const ValueClass& a, const ValueClass& b) {
    return std::tie(b.count, a.name, a.properties) < std::tie(a.count, b.name, b.properties);
  });
  return classes;
}

}  // namespace corewalk
