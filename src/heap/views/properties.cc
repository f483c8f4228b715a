#include "heap/views/properties.h"

#include <algorithm>
#include <bit>
#include <vector>


namespace corewalk {
namespace {

constexpr int kPropertiesOrHash = 8;  // JSReceiver and JSObject, src/objects/js-objects.h
constexpr uint32_t kMaxDescriptors = 1020;  // kMaxNumberOfDescriptors, src/objects/property-details.h
constexpr uint32_t kReadOnly = 1, kDontEnum = 2, kDontDelete = 4;  // PropertyAttributes
constexpr int kGetter = 8, kSetter = 16;                           // AccessorPair
constexpr int kCellValue = 24, kCellDetails = 16, kCellName = 8;   // PropertyCell
constexpr uint32_t kEnumerationShift = 8;  // of dictionary entries: PropertyDetails::DictionaryStorageField
constexpr uint32_t kEnumerationMask = (1 << 23) - 1;
constexpr uint64_t kContextLengthMask = 0x3fffffff;  // bit 30 is a flag in 7.9

uint32_t Details(uint64_t word) {
  return static_cast<uint32_t>(SmiValue(word));
}

void SetAttributes(const HeapReader& reader, uint32_t details, OwnProperty* property) {
  const uint32_t attributes = details >> reader.facts().attributes_shift & 7;
  property->read_only = attributes & kReadOnly;
  property->dont_enum = attributes & kDontEnum;
  property->dont_delete = attributes & kDontDelete;
}

void SetAccessor(HeapReader& reader, uint64_t value, OwnProperty* property) {
  property->accessor = true;
  property->slot = 0;
  if (reader.IsType(value, "ACCESSOR_PAIR_TYPE")) {
    const std::optional<uint64_t> getter = reader.Field(value, kGetter), setter = reader.Field(value, kSetter);
    property->readable = getter && setter;
    property->getter = getter.value_or(0);
    property->setter = setter.value_or(0);
    // V8's own accessors have templates in place of functions.
    property->native = reader.IsType(property->getter, "FUNCTION_TEMPLATE_INFO_TYPE");
  } else if (reader.IsType(value, "ACCESSOR_INFO_TYPE")) {
    property->native = true;
  } else {
    property->readable = false;
  }
}

// Whether an in-object field holds a raw double (V8 7.x): the bit of its index in Map::layout_descriptor, which follows
// the descriptors; a Smi for few fields, a ByteArray of 32-bit words for many (src/objects/layout-descriptor.h).
bool IsUnboxed(HeapReader& reader, const MapInfo& map, uint32_t field) {
  const auto descriptor = reader.Field(map.word, static_cast<int>(reader.layout().Get(LayoutConstant::kMapDescriptors, 40)) + 8);
  if (!descriptor) return false;
  if (IsSmi(*descriptor)) return field < 32 && (static_cast<uint64_t>(SmiValue(*descriptor)) >> field & 1) != 0;
  const std::optional<uint64_t> length = reader.Field(*descriptor, 8);
  if (!length || !IsSmi(*length) || SmiValue(*length) < static_cast<int64_t>(field / 32 * 4 + 4)) return false;
  return reader.Raw<uint32_t>(*descriptor, 16 + static_cast<int>(field / 32 * 4)).value_or(0) >> (field % 32) & 1;
}

bool ForEachFast(HeapReader& reader, uint64_t object, const MapInfo& map, const PropertyVisitor& visit) {
  using enum LayoutConstant;
  const Layout& layout = reader.layout();
  const uint32_t own = (map.bit_field3 & static_cast<uint32_t>(layout.Get(kBitField3OwnDescriptorsMask, 0xffc00))) >>
                       layout.Get(kBitField3OwnDescriptorsShift, 10);
  if (own == 0) return true;
  if (own > kMaxDescriptors || reader.TypeOf(map.descriptors) != "DESCRIPTOR_ARRAY_TYPE") return false;
  // DescriptorArray::number_of_all_descriptors, src/objects/descriptor-array.tq.
  const uint32_t all = reader.Raw<uint16_t>(map.descriptors, 8).value_or(0);
  const uint32_t in_object =
      map.instance_size_in_words > map.in_object_start ? map.instance_size_in_words - map.in_object_start : 0;
  const uint64_t outside = reader.Field(object, kPropertiesOrHash).value_or(0);
  const uint64_t outside_length =
      reader.TypeOf(outside) == "PROPERTY_ARRAY_TYPE" ? reader.ArrayLength(outside).value_or(0) : 0;
  const std::vector<uint64_t> entries = ReadWords(
      reader.memory(), Untag(map.descriptors) + layout.Rule(SizeKind::kDescriptorArray).rule.header, size_t{3} * std::min(own, all));
  bool whole = true;
  for (size_t i = 0; i + 3 <= entries.size(); i += 3) {
    if (!IsSmi(entries[i + 1])) {
      whole = false;
      continue;
    }
    OwnProperty property{.key = entries[i]};
    const uint32_t details = Details(entries[i + 1]);
    SetAttributes(reader, details, &property);
    const bool accessor = (details & layout.Get(kPropKindMask, 1)) != 0;
    if (accessor) {
      SetAccessor(reader, entries[i + 2], &property);
    } else if ((details & layout.Get(kPropLocationMask, 32)) != 0) {
      property.value = entries[i + 2];
    } else {
      const uint32_t field =
          (details & static_cast<uint32_t>(layout.Get(kPropIndexMask, 0x1ff80000))) >> layout.Get(kPropIndexShift, 19);
      const bool is_double = (details & layout.Get(kPropRepresentationMask, 448)) >> layout.Get(kPropRepresentationShift, 6) ==
                             layout.Get(kPropRepresentationDouble, 2);
      if (field < in_object) {
        property.slot = Untag(object) + 8 * (map.in_object_start + field);
        if (is_double && reader.facts().unboxed_doubles && IsUnboxed(reader, map, field))
          property.raw_double = reader.memory().ReadValue<double>(property.slot);
      } else if (field - in_object < outside_length) {
        property.slot = Untag(outside) + 16 + 8 * (field - in_object);
      }
      const std::optional<uint64_t> value = property.slot != 0 ? reader.Word(property.slot) : std::nullopt;
      property.readable = value.has_value();
      property.value = value.value_or(0);
      property.double_field = is_double;
    }
    if (!visit(property)) return true;
  }
  return whole && entries.size() == size_t{3} * own;
}

// What stands in a hash table of properties, in the order of definition.
struct DictionaryEntry {
  uint32_t order;
  OwnProperty property;
};

// Of a word in a key's place that is none: whether it is what V8 puts into empty (undefined) and deleted (the hole)
// entries.
bool IsNoEntry(HeapReader& reader, uint64_t word) {
  const HeapReader::Oddball oddball = IsSmi(word) ? HeapReader::Oddball::kNone : reader.OddballOf(word);
  return oddball == HeapReader::Oddball::kUndefined || oddball == HeapReader::Oddball::kHole;
}

// False when the details are damaged.
bool AddEntry(HeapReader& reader, uint64_t key, uint64_t value, Address slot, uint64_t details_word,
              std::vector<DictionaryEntry>* entries) {
  if (!IsSmi(details_word)) return false;
  const uint32_t details = Details(details_word);
  DictionaryEntry entry{.order = details >> kEnumerationShift & kEnumerationMask,
                        .property = {.key = key, .value = value, .slot = slot}};
  SetAttributes(reader, details, &entry.property);
  if ((details & reader.layout().Get(LayoutConstant::kPropKindMask, 1)) != 0) SetAccessor(reader, value, &entry.property);
  entries->push_back(entry);
  return true;
}

bool ForEachInDictionary(HeapReader& reader, uint64_t object, const PropertyVisitor& visit) {
  const uint64_t table = reader.Field(object, kPropertiesOrHash).value_or(0);
  const std::string_view type = reader.TypeOf(table);
  const bool global = type == "GLOBAL_DICTIONARY_TYPE";
  if (!global && type != "NAME_DICTIONARY_TYPE") return false;
  const std::optional<uint64_t> length = reader.ArrayLength(table);
  if (!length) return false;
  const std::vector<uint64_t> words = ReadWords(reader.memory(), Untag(table) + 16, *length);
  std::vector<DictionaryEntry> entries;
  bool whole = words.size() == *length;
  const size_t start = 3 + reader.layout().Get(LayoutConstant::kNameDictionaryPrefixSize, 3);
  if (global) {
    for (size_t i = 3; i < words.size(); ++i) {
      if (!reader.IsType(words[i], "PROPERTY_CELL_TYPE")) {
        whole &= i < start || IsNoEntry(reader, words[i]);
        continue;
      }
      std::optional<uint64_t> name = reader.Field(words[i], kCellName), details = reader.Field(words[i], kCellDetails);
      const std::optional<uint64_t> value = reader.Field(words[i], kCellValue);
      if (name && IsSmi(*name)) std::swap(name, details);  // 7.4 has the details, a Smi, in front of the name
      if (!name || !details || !value) {
        whole = false;
      } else if (!reader.IsTheHole(*value)) {  // else deleted
        whole &= AddEntry(reader, *name, *value, Untag(words[i]) + kCellValue, *details, &entries);
      }
    }
  } else {
    for (size_t i = start; i + 3 <= words.size(); i += 3) {
      const MapInfo* key = reader.MapOf(words[i]);
      if (key == nullptr || !(reader.layout().types.IsString(key->instance_type) || reader.layout().types.IsSymbol(key->instance_type))) {
        whole &= IsNoEntry(reader, words[i]);
        continue;
      }
      whole &= AddEntry(reader, words[i], words[i + 1], Untag(table) + 16 + 8 * (i + 1), words[i + 2], &entries);
    }
  }
  std::ranges::stable_sort(entries, {}, &DictionaryEntry::order);
  for (const DictionaryEntry& entry : entries) {
    if (!visit(entry.property)) return true;
  }
  return whole;
}

// The value of a context slot that an element of a sloppy arguments object stands for.
void SetAliased(HeapReader& reader, uint64_t context, uint64_t slot_word, OwnProperty* property) {
  const MapInfo* map = reader.MapOf(context);
  const bool is_context = map != nullptr && reader.layout().types.IsContext(map->instance_type);
  const uint64_t length = is_context ? reader.ArrayLength(context).value_or(0) & kContextLengthMask : 0;
  property->readable = false;
  if (!IsSmi(slot_word) || SmiValue(slot_word) < 0 || static_cast<uint64_t>(SmiValue(slot_word)) >= length) return;
  property->slot = Untag(context) + 16 + 8 * static_cast<uint64_t>(SmiValue(slot_word));
  const std::optional<uint64_t> word = reader.Word(property->slot);
  property->readable = word.has_value();
  const HeapReader::SlotValue value = reader.ThroughCell(word.value_or(0));
  property->value = value.value;
  property->raw_double = value.raw_double;
}

// Elements in a NumberDictionary: 4 words in front, then (key, value, details) (src/objects/dictionary.h).
bool ForEachInNumberDictionary(HeapReader& reader, uint64_t table, uint64_t context, const PropertyVisitor& visit) {
  if (reader.TypeOf(table) != "NUMBER_DICTIONARY_TYPE") return false;
  const std::optional<uint64_t> length = reader.ArrayLength(table);
  if (!length) return false;
  const std::vector<uint64_t> words = ReadWords(reader.memory(), Untag(table) + 16, *length);
  bool whole = words.size() == *length;
  std::vector<OwnProperty> entries;
  for (size_t i = 4; i + 3 <= words.size(); i += 3) {
    double key = -1;
    if (IsSmi(words[i]))
      key = static_cast<double>(SmiValue(words[i]));
    else if (reader.IsType(words[i], "HEAP_NUMBER_TYPE"))
      key = reader.Raw<double>(words[i], 8).value_or(-1);
    if (!(key >= 0 && key < 4294967296.0) || !IsSmi(words[i + 2])) {
      whole &= IsNoEntry(reader, words[i]);
      continue;
    }
    OwnProperty property{.index = static_cast<uint64_t>(key), .value = words[i + 1], .slot = Untag(table) + 16 + 8 * (i + 1)};
    const uint32_t details = Details(words[i + 2]);
    SetAttributes(reader, details, &property);
    if ((details & reader.layout().Get(LayoutConstant::kPropKindMask, 1)) != 0) SetAccessor(reader, words[i + 1], &property);
    if (context != 0 && reader.IsType(property.value, "ALIASED_ARGUMENTS_ENTRY_TYPE"))
      SetAliased(reader, context, reader.Field(property.value, 8).value_or(1), &property);
    entries.push_back(property);
  }
  std::ranges::sort(entries, {}, &OwnProperty::index);
  for (const OwnProperty& entry : entries) {
    if (!visit(entry)) return true;
  }
  return whole;
}

// Elements of a FixedArray or FixedDoubleArray below `limit`.
bool ForEachInArray(HeapReader& reader, uint64_t array, uint64_t limit, const ElementsInfo& info, const PropertyVisitor& visit) {
  constexpr size_t kBlock = 4096;
  constexpr uint64_t kHoleNan = 0xfff7fffffff7ffff;  // src/common/globals.h: kHoleNanInt64
  const std::string_view type = reader.TypeOf(array);
  const bool doubles = type == "FIXED_DOUBLE_ARRAY_TYPE";
  if (!doubles && type != "FIXED_ARRAY_TYPE") return false;
  const std::optional<uint64_t> length = reader.ArrayLength(array);
  if (!length) return false;
  const uint64_t count = std::min(*length, limit);
  for (uint64_t from = 0; from < count; from += kBlock) {
    const Address at = Untag(array) + 16 + 8 * from;
    const size_t wanted = std::min<uint64_t>(kBlock, count - from);
    const std::vector<uint64_t> words = ReadWords(reader.memory(), at, wanted);
    for (size_t i = 0; i < words.size(); ++i) {
      if (doubles ? words[i] == kHoleNan : (!IsSmi(words[i]) && reader.IsTheHole(words[i]))) continue;
      OwnProperty property{.index = from + i, .value = words[i], .slot = at + 8 * i};
      if (doubles) property.raw_double = std::bit_cast<double>(words[i]);
      property.read_only = info.frozen;
      property.dont_delete = info.frozen || info.sealed;
      if (!visit(property)) return true;
    }
    if (words.size() < wanted) {
      // What is missing is told once, then the rest goes on behind the hole.
      OwnProperty missing{.index = from + words.size(), .readable = false, .slot = at + 8 * words.size()};
      if (!visit(missing)) return true;
      return false;
    }
  }
  return true;
}

bool ForEachArgument(HeapReader& reader, uint64_t elements, const PropertyVisitor& visit) {
  constexpr uint64_t kMaxArguments = 65536;
  const bool own_type = reader.IsType(elements, "SLOPPY_ARGUMENTS_ELEMENTS_TYPE");
  const std::optional<uint64_t> length = reader.ArrayLength(elements);
  if (!length || (!own_type && *length < 2)) return false;
  const uint64_t context = reader.Field(elements, 16).value_or(0);
  const uint64_t store = reader.Field(elements, 24).value_or(0);
  const uint64_t mapped = std::min(own_type ? *length : *length - 2, kMaxArguments);
  const std::vector<uint64_t> entries = ReadWords(reader.memory(), Untag(elements) + 32, mapped);
  std::vector<OwnProperty> found;
  bool entries_whole = entries.size() == mapped;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!IsSmi(entries[i])) {  // the hole: not aliased, see the store
      entries_whole &= reader.IsTheHole(entries[i]);
      continue;
    }
    OwnProperty property{.index = i};
    SetAliased(reader, context, entries[i], &property);
    found.push_back(property);
  }
  const PropertyVisitor collect = [&](const OwnProperty& property) {
    const bool aliased = property.index < entries.size() && IsSmi(entries[property.index]);
    if (!aliased) found.push_back(property);
    return found.size() < 2 * kMaxArguments;
  };
  const bool whole = reader.IsType(store, "NUMBER_DICTIONARY_TYPE")
                         ? ForEachInNumberDictionary(reader, store, context, collect)
                         : ForEachInArray(reader, store, kMaxArguments, {}, collect);
  std::ranges::stable_sort(found, {}, &OwnProperty::index);
  for (const OwnProperty& property : found) {
    if (!visit(property)) return true;
  }
  return whole && entries_whole;
}

}  // namespace

ElementsInfo ElementsOf(const Layout& layout, const ObjectFacts& facts, const MapInfo& map) {
  (void)layout;
  constexpr uint8_t kFirstIntegrityKind = 6;
  ElementsInfo info{.number = static_cast<uint8_t>(map.bit_field2 >> facts.elements_kind_shift)};
  const int number = info.number;
  const int dictionary = facts.dictionary_elements;
  if (number < kFirstIntegrityKind) {
    info.kind = static_cast<ElementsKind>(number);
  } else if (number < dictionary) {
    info.kind = (number & 1) != 0 ? ElementsKind::kHoleyTagged : ElementsKind::kTagged;
    // {packed, holey} of nonextensible, sealed, frozen; 7.6 and 7.7 have no nonextensible ones, 7.5 only packed ones.
    const int kinds = dictionary - kFirstIntegrityKind;
    const int group = kinds >= 6 ? (number - kFirstIntegrityKind) / 2
                      : kinds == 4 ? (number - kFirstIntegrityKind) / 2 + 1
                                   : number - kFirstIntegrityKind + 1;
    info.nonextensible = true;
    info.sealed = group == 1 || group == 2;
    info.frozen = group == 2;
  } else {
    switch (number - dictionary) {
      case 0:
        info.kind = ElementsKind::kDictionary;
        break;
      case 1:
        info.kind = ElementsKind::kArguments;
        break;
      case 2:
        info.kind = ElementsKind::kSlowArguments;
        break;
      case 3:
        info.kind = ElementsKind::kWrapper;
        break;
      case 4:
        info.kind = ElementsKind::kSlowWrapper;
        break;
      default:
        info.kind = ElementsKind::kTyped;
    }
  }
  return info;
}

bool ForEachProperty(HeapReader& reader, uint64_t object, const PropertyVisitor& visit) {
  const MapInfo* found = reader.MapOf(object);
  if (found == nullptr || !reader.layout().types.IsJSReceiver(found->instance_type)) return false;
  const MapInfo map = *found;
  if (reader.layout().types.IsJSProxy(map.instance_type)) return true;
  const bool dictionary = map.bit_field3 >> reader.layout().Get(LayoutConstant::kBitField3IsDictionaryShift, 21) & 1;
  return dictionary ? ForEachInDictionary(reader, object, visit) : ForEachFast(reader, object, map, visit);
}

bool ForEachElement(HeapReader& reader, uint64_t object, const PropertyVisitor& visit) {
  constexpr int kElements = 16;
  const MapInfo* found = reader.MapOf(object);
  if (found == nullptr || !reader.layout().types.IsJSReceiver(found->instance_type)) return false;
  const MapInfo map = *found;
  const std::string& type = reader.layout().types.at(map.instance_type).name;
  if (reader.layout().types.IsJSProxy(map.instance_type) || type == "JS_MODULE_NAMESPACE_TYPE") return true;
  const std::optional<uint64_t> elements = reader.Field(object, kElements);
  if (!elements) return false;
  const ElementsInfo info = ElementsOf(reader.layout(), reader.facts(), map);
  uint64_t limit = HeapReader::kMaxArray;
  bool is_array = false;
  if (type.starts_with("JS_ARRAY_TYPE")) {
    const std::optional<double> length = ArrayLengthOf(reader, object);
    if (!length || !(*length >= 0)) return false;
    if (*length < static_cast<double>(limit)) limit = static_cast<uint64_t>(*length);
    is_array = true;
  }
  switch (info.kind) {
    case ElementsKind::kSmi:
    case ElementsKind::kHoleySmi:
    case ElementsKind::kTagged:
    case ElementsKind::kHoleyTagged:
    case ElementsKind::kDouble:
    case ElementsKind::kHoleyDouble:
    case ElementsKind::kWrapper:
      // An array without any elements has the empty FixedArray whatever its kind; else its elements reach to its length
      // (JSArray::JSArrayVerify).
      return ForEachInArray(reader, *elements, limit, info, visit) &&
             (!is_array || limit <= reader.ArrayLength(*elements).value_or(0) || reader.ArrayLength(*elements) == 0);
    case ElementsKind::kDictionary:
    case ElementsKind::kSlowWrapper:
      return ForEachInNumberDictionary(reader, *elements, 0, visit);
    case ElementsKind::kArguments:
    case ElementsKind::kSlowArguments:
      return ForEachArgument(reader, *elements, visit);
    default:
      return true;
  }
}

std::optional<double> ArrayLengthOf(HeapReader& reader, uint64_t array) {
  constexpr int kLength = 24;  // JSArray::length, src/objects/js-array.h
  const std::optional<uint64_t> word = reader.Field(array, kLength);
  if (!word) return std::nullopt;
  if (IsSmi(*word)) return static_cast<double>(SmiValue(*word));
  if (!reader.IsType(*word, "HEAP_NUMBER_TYPE")) return std::nullopt;
  return reader.Raw<double>(*word, 8);
}

KeyText ReadKey(HeapReader& reader, uint64_t key) {
  constexpr uint64_t kMaxKey = 1 << 16;
  constexpr int kSymbolFlags = 12, kSymbolDescription = 16;  // src/objects/name.h
  KeyText result;
  const auto set_text = [&](uint64_t string) {
    const std::optional<StringText> text = reader.Text(string, kMaxKey);
    result.whole = text && !text->damaged;
    if (text) result.text = text->text;
  };
  const MapInfo* map = reader.MapOf(key);
  if (map != nullptr && reader.layout().types.IsString(map->instance_type)) {
    set_text(key);
  } else if (map != nullptr && reader.layout().types.IsSymbol(map->instance_type)) {
    result.symbol = true;
    const uint64_t description = reader.Field(key, kSymbolDescription).value_or(0);
    result.described = reader.IsString(description);
    if (result.described) {
      set_text(description);
    } else {
      result.whole = reader.IsUndefined(description);
    }
    result.is_private = (reader.Raw<uint32_t>(key, kSymbolFlags).value_or(0) & reader.facts().private_symbol_mask) != 0;
  } else {
    result.valid = result.whole = false;
  }
  return result;
}

uint64_t OwnValue(HeapReader& reader, uint64_t object, std::string_view name) {
  uint64_t value = 0;
  ForEachProperty(reader, object, [&](const OwnProperty& property) {
    if (property.accessor || !property.readable) return true;
    const KeyText key = ReadKey(reader, property.key);
    if (key.symbol || key.text != name) return true;
    value = property.value;
    return false;
  });
  return value;
}

}  // namespace corewalk
