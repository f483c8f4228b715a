#include "heap/names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "heap/scope_info.h"
#include "heap/strings.h"
#include "heap/tagged.h"
#include "layout/scope_info_shape.h"

namespace corewalk {
namespace {

constexpr uint64_t kMaxNameLength = 256;  // UTF-16 units
constexpr int kMaxPrototypes = 1000;      // length of a prototype chain that is followed
constexpr int kMaxBackPointers =
    1 << 14;  // length of a transition tree's branch: at most 1020 properties, and few more
constexpr uint64_t kMaxDictionary = 1 << 22;  // entries of one property dictionary that are looked at
constexpr uint32_t kMaxDescriptors = 1020;    // V8: kMaxNumberOfDescriptors, src/objects/property-details.h
constexpr size_t kMaxKeys = 1 << 20;          // names that are remembered
constexpr size_t kMaxPropertyNames = 10000;
constexpr Address kPropertiesOrHash = 8;  // JSReceiver (src/objects/js-objects.h)
constexpr Address kSymbolDescription = 16;
constexpr Address kTuple2First = 8;
constexpr Address kWrappedValue = 24;  // JSPrimitiveWrapper

// JSReceiver::class_name for objects whose constructor says nothing.
std::string_view FallbackClassName(std::string_view type) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"JS_ARRAY_TYPE", "Array"},
      {"JS_ARRAY_BUFFER_TYPE", "ArrayBuffer"},
      {"JS_DATA_VIEW_TYPE", "DataView"},
      {"JS_DATE_TYPE", "Date"},
      {"JS_ERROR_TYPE", "Error"},
      {"JS_ASYNC_FUNCTION_OBJECT_TYPE", "Generator"},
      {"JS_ASYNC_GENERATOR_OBJECT_TYPE", "Generator"},
      {"JS_GENERATOR_OBJECT_TYPE", "Generator"},
      {"JS_MAP_TYPE", "Map"},
      {"JS_PROMISE_TYPE", "Promise"},
      {"JS_REG_EXP_TYPE", "RegExp"},
      {"JS_SET_TYPE", "Set"},
      {"JS_WEAK_MAP_TYPE", "WeakMap"},
      {"JS_WEAK_SET_TYPE", "WeakSet"},
      {"JS_ARGUMENTS_TYPE", "Arguments"},
      {"JS_ARGUMENTS_OBJECT_TYPE", "Arguments"},
      {"JS_GLOBAL_PROXY_TYPE", "global"},
  };
  for (const auto& [name, class_name] : kNames) {
    if (name == type) return class_name;
  }
  return "Object";
}

uint32_t OwnDescriptors(const Layout& layout, const MapInfo& map) {
  using enum LayoutConstant;
  const uint32_t own = (map.bit_field3 & static_cast<uint32_t>(layout.Get(kBitField3OwnDescriptorsMask, 0xffc00))) >>
                       layout.Get(kBitField3OwnDescriptorsShift, 10);
  return std::min(own, kMaxDescriptors);
}

// Entries of the hash table whose elements start at `data`, no more than its array has room for.
uint64_t DictionaryCapacity(const Memory& memory, Address data, uint64_t start) {
  const int64_t length = SmiValue(memory.ReadWord(data - 8).value_or(0));
  const int64_t capacity = SmiValue(memory.ReadWord(data + 16).value_or(0));
  if (capacity <= 0 || length <= static_cast<int64_t>(start)) return 0;
  return std::min(static_cast<uint64_t>(capacity), (static_cast<uint64_t>(length) - start) / 3);
}

}  // namespace

std::string NameResolver::StringOf(uint64_t tagged) {
  const std::optional<StringText> text = ReadString(memory_, layout_, tagged, kMaxNameLength);
  return text ? text->text : "";
}

const std::string& NameResolver::ClassName(const MapInfo& map, Address sample) {
  const auto [at, is_new] = class_names_.try_emplace(map.word);
  if (is_new) at->second = ComputeClassName(map, sample);
  return at->second;
}

std::string NameResolver::ObjectName(const MapInfo& map, Address object) {
  if (map.category == Category::kClosure) {
    std::string name = FunctionName(object + 1);
    return name.empty() ? "(anonymous)" : name;
  }
  return ClassName(map, object);
}

std::string NameResolver::ComputeClassName(const MapInfo& map, Address sample) {
  switch (map.category) {
    case Category::kObject:
      return ConstructorName(map, sample, !SharesDictionaryMap(map));
    case Category::kClosure:
      return "Function";
    case Category::kRegExp:
      return "RegExp";
    case Category::kContext:
      return "system / Context";
    case Category::kHidden:
      return layout_.types.IsNativeContext(map.instance_type) || map.size_kind == SizeKind::kNativeContext
                 ? "system / NativeContext"
                 : "(hidden)";
    default:
      return "(" + std::string(CategoryName(map.category)) + ")";
  }
}

uint64_t NameResolver::ConstructorOf(const MapInfo& map) {
  uint64_t value = map.constructor;
  for (int i = 0; i < kMaxBackPointers; ++i) {
    const std::optional<uint16_t> type = InstanceTypeOf(memory_, layout_, value);
    if (!type) return 0;
    if (layout_.types.IsMap(*type)) {
      value = memory_.ReadWord(Untag(value) + map_offsets::kConstructorOrBackPointer).value_or(0);
    } else if (layout_.types.IsTuple2(*type)) {
      value = memory_.ReadWord(Untag(value) + kTuple2First).value_or(0);
    } else {
      return value;
    }
  }
  return 0;
}

std::string NameResolver::UsableName(uint64_t function) {
  MapInfo map;
  if (!LooksLikePointer(function) || !ReadMap(memory_, layout_, MapWordAt(memory_, Untag(function)).value_or(0), &map) ||
      map.category != Category::kClosure) {
    return "";
  }
  std::string name;
  if (FindNamingRule(layout_.version).own_name_first)
    name = StringOf(OwnDataProperty(Untag(function), map, Key::kName));
  if (name.empty()) name = FunctionName(function);
  return name == "Object" ? "" : name;
}

bool NameResolver::IsPrototypeMap(const MapInfo& map) const {
  const NamingRule& rule = FindNamingRule(layout_.version);
  return (map.bit_field2 & rule.prototype_map_bits2) != 0 || (map.bit_field3 & rule.prototype_map_bits3) != 0;
}

bool NameResolver::SharesDictionaryMap(const MapInfo& map) const {
  return (map.bit_field3 >> layout_.Get(LayoutConstant::kBitField3IsDictionaryShift, 21) & 1) != 0 &&
         layout_.types.at(map.instance_type).name == "JS_OBJECT_TYPE" && !IsPrototypeMap(map);
}

bool NameResolver::HasOwnName(const MapInfo& map, Address object) {
  constexpr int64_t kMostEntries = 1024;
  const uint64_t properties = memory_.ReadWord(object + kPropertiesOrHash).value_or(0);
  if (!LooksLikePointer(properties)) return false;
  // FixedArray: elements, deleted, capacity.
  if (SmiValue(memory_.ReadWord(Untag(properties) + 32).value_or(0)) > kMostEntries) return false;
  return OwnDataProperty(object, map, Key::kToStringTag) != 0;
}

std::string NameResolver::ClassNameOf(const MapInfo& map, Address object) {
  if (!SharesDictionaryMap(map)) return ClassName(map, object);
  const std::string tag = StringOf(OwnDataProperty(object, map, Key::kToStringTag));
  return tag.empty() ? ClassName(map, object) : tag == ClassName(map, object) ? tag : ConstructorName(map, object, true);
}

std::string NameResolver::ConstructorName(const MapInfo& map, Address sample, bool own_tag) {
  const InstanceTypes& types = layout_.types;
  const NamingRule& rule = FindNamingRule(layout_.version);
  const bool new_target_is_base =
      (map.bit_field2 & rule.new_target_is_base_bits2) || (map.bit_field3 & rule.new_target_is_base_bits3);
  if (!types.IsJSProxy(map.instance_type) && new_target_is_base && !IsPrototypeMap(map)) {
    std::string name = UsableName(ConstructorOf(map));
    if (!name.empty()) return name;
  }
  // The receiver, its prototype, the prototype's prototype, ...
  struct Link {
    Address object;
    MapInfo map;
  };
  std::vector<Link> chain = {{sample, map}};
  if (!types.IsJSProxy(map.instance_type)) {
    uint64_t prototype = map.prototype;
    Address landmark = sample;
    for (int i = 1; i <= kMaxPrototypes; ++i) {
      MapInfo next;
      if (!LooksLikePointer(prototype) ||
          !ReadMap(memory_, layout_, MapWordAt(memory_, Untag(prototype)).value_or(0), &next) ||
          !types.IsJSReceiver(next.instance_type)) {
        break;
      }
      // A damaged chain may be a cycle: the object reached after 1, 2, 4, 8, ... steps is looked out for (Brent).
      if (Untag(prototype) == landmark) break;
      if ((i & (i - 1)) == 0) landmark = Untag(prototype);
      chain.push_back({Untag(prototype), next});
      prototype = next.prototype;
    }
  }
  const auto tag_of = [&](const Link& link) {
    if (!own_tag && &link == chain.data()) return std::string();
    return StringOf(OwnDataProperty(link.object, link.map, Key::kToStringTag));
  };
  const auto constructor_of = [this](const Link& link) {
    return UsableName(OwnDataProperty(link.object, link.map, Key::kConstructor));
  };
  if (rule.tag_before_constructor) {
    for (const Link& link : chain) {
      if (std::string tag = tag_of(link); !tag.empty()) return tag;
    }
    for (size_t i = 1; i < chain.size(); ++i) {
      // Only the first `constructor` that is found counts.
      if (OwnDataProperty(chain[i].object, chain[i].map, Key::kConstructor) == 0) continue;
      if (std::string name = constructor_of(chain[i]); !name.empty()) return name;
      break;
    }
  } else {
    for (size_t i = 0; i < chain.size(); ++i) {
      if (std::string tag = tag_of(chain[i]); !tag.empty()) return tag;
      if (i == 0) continue;
      if (std::string name = constructor_of(chain[i]); !name.empty()) return name;
    }
  }
  if (NameIsMissing(map)) return std::string(FallbackClassName(types.at(map.instance_type).name)) + " (name not in the core)";
  const std::string& type = types.at(map.instance_type).name;
  if (type == "JS_PRIMITIVE_WRAPPER_TYPE" || type == "JS_VALUE_TYPE") return WrapperName(sample);
  return std::string(FallbackClassName(type));
}

bool NameResolver::NameIsMissing(const MapInfo& map) {
  const auto gone = [this](uint64_t word) { return LooksLikePointer(word) && !memory_.ReadWord(Untag(word)); };
  uint64_t value = map.constructor;
  for (int i = 0; i < kMaxBackPointers; ++i) {
    if (gone(value)) return true;
    const std::optional<uint16_t> type = InstanceTypeOf(memory_, layout_, value);
    if (!type) {
      // There is an object, but its Map is gone.
      const uint64_t its_map = LooksLikePointer(value) ? MapWordAt(memory_, Untag(value)).value_or(0) : 0;
      return gone(its_map);
    }
    if (!layout_.types.IsMap(*type)) {
      if (!layout_.types.IsJSFunction(*type)) break;
      const int64_t offset = layout_.Get(LayoutConstant::kFunctionShared, 32);
      const uint64_t shared = memory_.ReadWord(Untag(value) + static_cast<uint64_t>(offset)).value_or(0);
      if (gone(shared)) return true;
      const uint64_t name =
          LooksLikePointer(shared)
              ? memory_.ReadWord(Untag(shared) + static_cast<uint64_t>(layout_.Get(LayoutConstant::kSharedName, 16))).value_or(0)
              : 0;
      if (gone(name)) return true;
      break;
    }
    const auto next = memory_.ReadWord(Untag(value) + map_offsets::kConstructorOrBackPointer);
    if (!next) return true;
    value = *next;
  }
  return gone(map.prototype);
}

bool NameResolver::PrototypeLeadsBack(const MapInfo& map) {
  MapInfo prototype;
  const uint64_t constructor = ConstructorOf(map);
  return LooksLikePointer(constructor) && LooksLikePointer(map.prototype) &&
         ReadMap(memory_, layout_, MapWordAt(memory_, Untag(map.prototype)).value_or(0), &prototype) &&
         layout_.types.IsJSReceiver(prototype.instance_type) &&
         OwnDataProperty(Untag(map.prototype), prototype, Key::kConstructor) == constructor;
}

std::string NameResolver::WrapperName(Address wrapper) {
  const uint64_t value = memory_.ReadWord(wrapper + kWrappedValue).value_or(0);
  if (wrapper != 0 && IsSmi(value)) return "Number";
  const std::optional<uint16_t> type = wrapper != 0 ? InstanceTypeOf(memory_, layout_, value) : std::nullopt;
  if (!type) return "Object";
  const std::string& name = layout_.types.at(*type).name;
  if (layout_.types.IsString(*type)) return "String";
  if (layout_.types.IsSymbol(*type)) return "Symbol";
  if (name == "HEAP_NUMBER_TYPE") return "Number";
  if (name == "ODDBALL_TYPE") return "Boolean";
  if (name == "BIGINT_TYPE" || name == "BIG_INT_BASE_TYPE") return "BigInt";
  return name == "SCRIPT_TYPE" ? "Script" : "Object";
}

NameResolver::Key NameResolver::KeyOf(uint64_t name) {
  if (keys_.size() >= kMaxKeys) keys_.clear();
  const auto [at, is_new] = keys_.try_emplace(name, Key::kOther);
  if (!is_new) return at->second;
  const std::optional<uint16_t> type = InstanceTypeOf(memory_, layout_, name);
  if (!type) return at->second;
  if (layout_.types.IsSymbol(*type)) {
    const std::optional<StringText> text =
        ReadString(memory_, layout_, memory_.ReadWord(Untag(name) + kSymbolDescription).value_or(0), 32);
    if (text && text->text == "Symbol.toStringTag") at->second = Key::kToStringTag;
  } else if (layout_.types.IsString(*type)) {
    const std::optional<StringText> text = ReadString(memory_, layout_, name, 16);
    if (text && text->text == "constructor") at->second = Key::kConstructor;
    if (text && text->text == "name") at->second = Key::kName;
  }
  return at->second;
}

uint64_t NameResolver::GlobalProperty(Address dictionary, Key key) {
  // A header of a few Smis, then cells: {name, details, value}; in 7.x {details, value, name}, src/objects/property-cell.tq.
  const uint64_t length = static_cast<uint64_t>(
      std::max<int64_t>(0, SmiValue(memory_.ReadWord(dictionary + 8).value_or(0))));
  for (const uint64_t cell : ReadWords(memory_, dictionary + 16, std::min(length, kMaxDictionary))) {
    if (!LooksLikePointer(cell)) continue;
    const std::optional<uint16_t> type = InstanceTypeOf(memory_, layout_, cell);
    if (!type || layout_.types.at(*type).name != "PROPERTY_CELL_TYPE") continue;
    const uint64_t name = memory_.ReadWord(Untag(cell) + 8).value_or(0);
    if (!LooksLikePointer(name) || KeyOf(name) != key) continue;
    const int64_t details = SmiValue(memory_.ReadWord(Untag(cell) + 16).value_or(0));
    if ((details & layout_.Get(LayoutConstant::kPropKindMask, 1)) != 0) return 0;
    return memory_.ReadWord(Untag(cell) + 24).value_or(0);
  }
  return 0;
}

uint64_t NameResolver::OwnDataProperty(Address object, const MapInfo& map, Key key) {
  using enum LayoutConstant;
  const auto details_of = [](uint64_t word) { return static_cast<uint32_t>(SmiValue(word)); };
  const auto is_data = [this](uint32_t details) { return (details & layout_.Get(kPropKindMask, 1)) == 0; };
  const bool dictionary = map.bit_field3 >> layout_.Get(kBitField3IsDictionaryShift, 21) & 1;
  if (dictionary) {
    if (object == 0) return 0;
    const uint64_t properties = memory_.ReadWord(object + kPropertiesOrHash).value_or(0);
    if (!LooksLikePointer(properties)) return 0;
    const std::optional<uint16_t> type = InstanceTypeOf(memory_, layout_, properties);
    if (!type) return 0;
    if (layout_.types.at(*type).name == "GLOBAL_DICTIONARY_TYPE") return GlobalProperty(Untag(properties), key);
    // FixedArray: elements, deleted, capacity, prefix, then (key, value, details).
    const Address data = Untag(properties) + 16;
    const uint64_t start = 3 + layout_.Get(kNameDictionaryPrefixSize, 3);
    const uint64_t capacity = DictionaryCapacity(memory_, data, start);
    for (uint64_t i = 0; i < capacity && i < kMaxDictionary; ++i) {
      const Address entry = data + 8 * (start + 3 * i);
      const std::optional<uint64_t> name = memory_.ReadWord(entry);
      if (!name) return 0;
      if (!LooksLikePointer(*name) || KeyOf(*name) != key) continue;
      return is_data(details_of(memory_.ReadWord(entry + 16).value_or(0))) ? memory_.ReadWord(entry + 8).value_or(0)
                                                                           : 0;
    }
    return 0;
  }
  if (!LooksLikePointer(map.descriptors)) return 0;
  const uint32_t own = OwnDescriptors(layout_, map);
  const Address entries = Untag(map.descriptors) + layout_.Rule(SizeKind::kDescriptorArray).rule.header;
  for (uint32_t i = 0; i < own; ++i) {
    const std::optional<uint64_t> name = memory_.ReadWord(entries + 24 * i);
    if (!name) return 0;
    if (!LooksLikePointer(*name) || KeyOf(*name) != key) continue;
    const uint32_t details = details_of(memory_.ReadWord(entries + 24 * i + 8).value_or(0));
    if (!is_data(details)) return 0;
    if ((details & layout_.Get(kPropLocationMask, 32)) != 0) return memory_.ReadWord(entries + 24 * i + 16).value_or(0);
    if (object == 0) return 0;
    const uint32_t index =
        (details & static_cast<uint32_t>(layout_.Get(kPropIndexMask, 0x1ff80000))) >> layout_.Get(kPropIndexShift, 19);
    const uint32_t in_object =
        map.instance_size_in_words > map.in_object_start ? map.instance_size_in_words - map.in_object_start : 0;
    if (index < in_object) return memory_.ReadWord(object + 8 * (map.in_object_start + index)).value_or(0);
    const uint64_t properties = memory_.ReadWord(object + kPropertiesOrHash).value_or(0);
    if (!LooksLikePointer(properties)) return 0;
    return memory_.ReadWord(Untag(properties) + 16 + 8 * (index - in_object)).value_or(0);
  }
  return 0;
}

std::vector<std::string> NameResolver::PropertyNames(const MapInfo& map, Address object) {
  using enum LayoutConstant;
  std::vector<std::string> names;
  const auto add = [&](uint64_t key) {
    const std::optional<uint16_t> type = InstanceTypeOf(memory_, layout_, key);
    if (!type) return;
    if (layout_.types.IsSymbol(*type)) {
      names.push_back("Symbol(" + StringOf(memory_.ReadWord(Untag(key) + kSymbolDescription).value_or(0)) + ")");
    } else if (layout_.types.IsString(*type)) {
      names.push_back(StringOf(key));
    }
  };
  if (map.bit_field3 >> layout_.Get(kBitField3IsDictionaryShift, 21) & 1) {
    const uint64_t properties = memory_.ReadWord(object + kPropertiesOrHash).value_or(0);
    if (!LooksLikePointer(properties)) return names;
    const Address data = Untag(properties) + 16;
    const uint64_t start = 3 + layout_.Get(kNameDictionaryPrefixSize, 3);
    const uint64_t capacity = DictionaryCapacity(memory_, data, start);
    for (uint64_t i = 0; i < capacity && i < kMaxDictionary && names.size() < kMaxPropertyNames; ++i) {
      const std::optional<uint64_t> key = memory_.ReadWord(data + 8 * (start + 3 * i));
      if (!key) break;
      add(*key);
    }
    return names;
  }
  if (!LooksLikePointer(map.descriptors)) return names;
  const uint32_t own = OwnDescriptors(layout_, map);
  const Address entries = Untag(map.descriptors) + layout_.Rule(SizeKind::kDescriptorArray).rule.header;
  for (uint32_t i = 0; i < own; ++i) add(memory_.ReadWord(entries + 24 * i).value_or(0));
  return names;
}

std::string NameResolver::FunctionName(uint64_t function) {
  const std::optional<uint16_t> type = InstanceTypeOf(memory_, layout_, function);
  if (!type) return "";
  if (layout_.types.at(*type).name == "JS_BOUND_FUNCTION_TYPE") return "native_bind";
  const int64_t offset = layout_.Get(LayoutConstant::kFunctionShared, 32);
  return SharedName(memory_.ReadWord(Untag(function) + offset).value_or(0));
}

std::string NameResolver::SharedName(uint64_t shared) {
  const std::optional<uint16_t> type = InstanceTypeOf(memory_, layout_, shared);
  if (!type || !layout_.types.IsSharedFunctionInfo(*type)) return "";
  const Address at = Untag(shared);
  const uint64_t name = memory_.ReadWord(at + layout_.Get(LayoutConstant::kSharedName, 16)).value_or(0);
  std::string text;
  bool has_scope_info = false;
  if (const std::optional<uint16_t> name_type = InstanceTypeOf(memory_, layout_, name)) {
    has_scope_info = layout_.types.IsScopeInfo(*name_type);
    text = has_scope_info ? ScopeInfoName(name, false) : StringOf(name);
  }
  if (!text.empty()) return text;
  if (has_scope_info) text = ScopeInfoName(name, true);
  // Not compiled yet: UncompiledData, in function_data (two fields, trusted and untrusted, from 12.9 on).
  for (Address offset = 8; text.empty() && offset <= 16; offset += 8) {
    const uint64_t data = memory_.ReadWord(at + offset).value_or(0);
    const std::optional<uint16_t> data_type = InstanceTypeOf(memory_, layout_, data);
    if (data_type && layout_.types.at(*data_type).name.starts_with("UNCOMPILED_DATA")) {
      text =
          StringOf(memory_.ReadWord(Untag(data) + layout_.Get(LayoutConstant::kUncompiledInferredName, 8)).value_or(0));
    }
  }
  return text;
}

std::string NameResolver::ScopeInfoName(uint64_t scope_info, bool inferred) {
  const std::optional<ScopeInfoParts> parts = LocateScopeInfo(memory_, layout_, scope_info);
  if (!parts) return "";
  const Address at = inferred ? parts->inferred_name : parts->function_name;
  return at == 0 ? "" : StringOf(memory_.ReadWord(at).value_or(0));
}

}  // namespace corewalk
