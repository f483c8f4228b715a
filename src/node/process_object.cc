#include "node/process_object.h"

#include <algorithm>
#include <cmath>

#include "heap/views/buffers.h"
#include "heap/views/contexts.h"
#include "heap/views/primitives.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr uint64_t kMostText = 64 << 10;  // UTF-16 units of one value
constexpr size_t kMostWords = 1 << 16;    // of argv

bool IsObject(HeapReader& reader, uint64_t value) {
  if (value == 0 || IsSmi(value)) return false;
  const MapInfo* map = reader.MapOf(value);
  return map != nullptr && reader.layout().types.IsJSReceiver(map->instance_type);
}

UntrustedText TextOf(HeapReader& reader, uint64_t object, std::string_view name) {
  return UntrustedText(reader.ShortText(OwnValue(reader, object, name), kMostText));
}

std::vector<std::pair<UntrustedText, UntrustedText>> Strings(HeapReader& reader, uint64_t object) {
  std::vector<std::pair<UntrustedText, UntrustedText>> strings;
  ForEachProperty(reader, object, [&](const OwnProperty& property) {
    if (property.accessor || !property.readable || !reader.IsString(property.value)) return true;
    const KeyText key = ReadKey(reader, property.key);
    if (!key.symbol && key.valid)
      strings.emplace_back(UntrustedText(key.text), UntrustedText(reader.ShortText(property.value, kMostText)));
    return strings.size() < kMostWords;
  });
  std::ranges::sort(strings, {}, [](const auto& pair) -> const std::string& { return pair.first.raw(); });
  return strings;
}

std::vector<UntrustedText> Words(HeapReader& reader, uint64_t array, bool* cut) {
  std::vector<UntrustedText> words;
  ForEachElement(reader, array, [&](const OwnProperty& property) {
    words.emplace_back(reader.ShortText(property.value, kMostText));
    *cut |= words.size() == kMostWords;
    return words.size() < kMostWords;
  });
  return words;
}

}  // namespace

std::optional<ProcessObject> ReadProcessObject(HeapReader& reader, uint64_t object) {
  ProcessObject process{.object = object};
  const auto object_of = [&](std::string_view name) {
    const uint64_t value = OwnValue(reader, object, name);
    return IsObject(reader, value) ? value : 0;
  };
  process.versions_object = object_of("versions");
  if (const std::optional<double> pid = ReadNumber(reader, OwnValue(reader, object, "pid")))
    process.pid = static_cast<int64_t>(*pid);
  if (process.versions_object == 0 || !process.pid) return std::nullopt;
  process.platform = TextOf(reader, object, "platform");
  process.arch = TextOf(reader, object, "arch");
  process.version = TextOf(reader, object, "version");
  process.exec_path = TextOf(reader, object, "execPath");
  process.versions = Strings(reader, process.versions_object);
  process.release_object = object_of("release");
  if (process.release_object != 0) process.release = Strings(reader, process.release_object);
  process.argv_object = object_of("argv");
  if (process.argv_object != 0) process.argv = Words(reader, process.argv_object, &process.argv_cut);
  process.exec_argv_object = object_of("execArgv");
  if (process.exec_argv_object != 0) process.exec_argv = Words(reader, process.exec_argv_object, &process.argv_cut);
  return process;
}

void LibraryFacts::LookAtContext(uint64_t context) {
  const uint64_t scope = reader_.ArrayElement(context, 0).value_or(0);
  const auto [at, is_new] = cwd_slots_.try_emplace(scope, 0);
  if (is_new) {
    // A program may have a variable of this name too; its neighbour tells.
    bool raw_methods = false;
    for (const ScopeVariable& variable : VariablesOfScope(reader_, scope)) {
      if (variable.name == "cachedCwd") at->second = variable.slot + 1;
      raw_methods |= variable.name == "rawMethods";
    }
    if (!raw_methods) at->second = 0;
  }
  if (at->second == 0) return;
  const uint64_t value = reader_.ThroughCell(reader_.ArrayElement(context, at->second - 1).value_or(0)).value;
  const std::string text = reader_.ShortText(value, kMostText);
  if (!text.empty()) working_directory_ = UntrustedText(text);
}

void LibraryFacts::LookAtObject(const MapInfo& map, Address object) {
  constexpr uint64_t kLeastMilestones = 4, kMostMilestones = 32;
  const std::optional<OwnProperty> property = milestones_.Find(map, object);
  if (!property || property->accessor || !property->readable || IsSmi(property->value)) return;
  const std::optional<ArrayBufferViewInfo> view = ReadArrayBufferView(reader_, property->value);
  if (!view || view->type != NumberType::kFloat64 || view->length < kLeastMilestones || view->length > kMostMilestones)
    return;
  for (uint64_t i = 1; i < view->length; ++i) {
    const std::optional<TypedElement> element = ReadTypedElement(reader_, *view, i);
    if (!element || !(element->number > 0) || !std::isfinite(element->number)) continue;
    start_time_ = std::min(start_time_.value_or(element->number), element->number);
  }
}

}  // namespace corewalk
