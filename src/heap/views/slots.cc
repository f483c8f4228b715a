#include "heap/views/slots.h"

#include <algorithm>
#include <array>

#include "heap/views/contexts.h"
#include "heap/views/properties.h"
#include "layout/field_labels.h"

namespace corewalk {
namespace {

constexpr uint64_t kProperties = 8, kElements = 16;  // JSReceiver, JSObject: src/objects/js-objects.h
constexpr uint64_t kArrayData = 16;                  // FixedArray
constexpr uint64_t kCellName = 8, kCellNameOfOld = 16, kCellValue = 24;  // PropertyCell
constexpr uint64_t kCollectionTable = 24;            // JSMap, JSSet, JSWeakMap, JSWeakSet

// Types that are parts of other objects. Arrays of V8's own are among them: what they belong to says more.
constexpr auto kStores = std::to_array<std::string_view>({
    "ACCESSOR_PAIR_TYPE",
    "ARRAY_LIST_TYPE",
    "CALL_SITE_INFO_TYPE",
    "CELL_TYPE",
    "CONTEXT_CELL_TYPE",
    "DESCRIPTOR_ARRAY_TYPE",
    "EPHEMERON_HASH_TABLE_TYPE",
    "ERROR_STACK_DATA_TYPE",
    "FIXED_ARRAY_TYPE",
    "GLOBAL_DICTIONARY_TYPE",
    "HASH_TABLE_TYPE",
    "NAME_DICTIONARY_TYPE",
    "NUMBER_DICTIONARY_TYPE",
    "ORDERED_HASH_MAP_TYPE",
    "ORDERED_HASH_SET_TYPE",
    "PROMISE_CAPABILITY_TYPE",
    "PROMISE_REACTION_TYPE",
    "PROPERTY_ARRAY_TYPE",
    "PROPERTY_CELL_TYPE",
    "SIMPLE_NUMBER_DICTIONARY_TYPE",
    "SLOPPY_ARGUMENTS_ELEMENTS_TYPE",
    "STACK_FRAME_INFO_TYPE",
    "STACK_TRACE_FRAME_TYPE",
    "STRONG_DESCRIPTOR_ARRAY_TYPE",
    "WEAK_ARRAY_LIST_TYPE",
    "WEAK_CELL_TYPE",
    "WEAK_FIXED_ARRAY_TYPE",
});

bool IsAccessor(const SlotName& name) {
  return name.kind == SlotKind::kField && (name.label == "(getter)" || name.label == "(setter)");
}

SlotName Labelled(std::string label) {
  return {.kind = SlotKind::kField, .label = std::move(label)};
}

}  // namespace

SlotName SlotNamer::Element(uint64_t index) {
  return {.kind = SlotKind::kElement, .index = index};
}

SlotName SlotNamer::Field(const std::string& type, uint64_t offset) {
  const FieldLabel known = FieldLabelOf(type, offset, reader_.layout().version);
  SlotName name = Labelled(known.label.empty() ? "(+" + std::to_string(offset) + ")" : std::string(known.label));
  name.weak = known.weak;
  return name;
}

SlotName SlotNamer::PropertyCalled(uint64_t key) {
  KeyText text = ReadKey(reader_, key);
  if (!text.valid) return Labelled("(property)");
  const bool symbol = text.symbol && !text.text.starts_with('#');  // private fields are symbols called "#x"
  return {.kind = SlotKind::kProperty, .text = std::move(text.text), .symbol = symbol};
}

SlotName SlotNamer::PropertyAt(uint64_t object, Address slot) {
  uint64_t key = 0;
  ForEachProperty(reader_, object, [&](const OwnProperty& property) {
    if (property.slot != slot) return true;
    key = property.key;
    return false;
  });
  return key == 0 ? SlotName() : PropertyCalled(key);
}

bool SlotNamer::IsStore(uint64_t object) {
  return std::ranges::binary_search(kStores, reader_.TypeOf(object));
}

SlotName SlotNamer::Name(uint64_t holder, Address slot) {
  const uint64_t offset = slot - Untag(holder);
  if (offset == 0) return Labelled("(map)");
  const MapInfo* found = reader_.MapOf(holder);
  if (found == nullptr) return Field("", offset);
  const MapInfo map = *found;
  const InstanceTypes& types = reader_.layout().types;
  const std::string& type = types.at(map.instance_type).name;
  if (types.IsString(map.instance_type)) {
    switch (map.instance_type & string_bits::kRepresentationMask) {
      case string_bits::kCons:
        return Labelled(offset == 16 ? "(first)" : "(second)");
      case string_bits::kSliced:
        return Labelled("(parent)");
      case string_bits::kThin:
        return Labelled("(actual)");
      default:
        return Field(type, offset);
    }
  }
  if (types.IsJSReceiver(map.instance_type)) return NameInReceiver(holder, map, type, slot);
  if (map.category == Category::kContext || types.IsContext(map.instance_type)) return NameInContext(holder, slot);
  if (map.size_kind == SizeKind::kDescriptorArray) {
    const uint64_t header = reader_.layout().Rule(SizeKind::kDescriptorArray).rule.header;
    if (offset < header) return Field(type, offset);
    if ((offset - header) % 24 == 0) return Labelled("(key)");
    return PropertyCalled(reader_.Word(slot - (offset - header) % 24).value_or(0));
  }
  if (type == "PROPERTY_CELL_TYPE" && offset == kCellValue) {
    // The name stood behind the details in the first lines of 7.x.
    for (const uint64_t name_at : {kCellName, kCellNameOfOld}) {
      SlotName name = PropertyCalled(reader_.Field(holder, static_cast<int>(name_at)).value_or(0));
      if (name.kind == SlotKind::kProperty) return name;
    }
    return Field(type, offset);
  }
  if (map.size_kind == SizeKind::kArray && offset >= kArrayData) return NameInTable(holder, type, slot);
  if (map.size_kind == SizeKind::kPropertyArray && offset >= kArrayData) return Element((offset - kArrayData) / 8);
  if (map.size_kind == SizeKind::kWeakArrayList && offset >= 24) return Element((offset - 24) / 8);
  return Field(type, offset);
}

SlotName SlotNamer::NameInReceiver(uint64_t holder, const MapInfo& map, const std::string& type, Address slot) {
  const uint64_t offset = slot - Untag(holder);
  const InstanceTypes& types = reader_.layout().types;
  if (offset == kProperties) return Labelled("(properties)");
  const bool proxy = types.IsJSProxy(map.instance_type);
  if (offset == kElements && !proxy) return Labelled("(elements)");
  if (!proxy && map.instance_size_in_words != 0 && offset >= uint64_t{8} * map.in_object_start) {
    if (SlotName name = PropertyAt(holder, slot); name.kind == SlotKind::kProperty) return name;
  }
  return Field(types.IsJSFunction(map.instance_type) && type != "JS_BOUND_FUNCTION_TYPE" ? "JS_FUNCTION_TYPE" : type,
               offset);
}

// Hash tables, each with its own header in front of its entries; words are counted from the first element.
SlotName SlotNamer::NameInTable(uint64_t holder, const std::string& type, Address slot) {
  const uint64_t word = (slot - Untag(holder) - kArrayData) / 8;
  const auto entry_value = [&](bool weak) {
    return SlotName{.kind = SlotKind::kEntry, .key = reader_.Word(slot - 8).value_or(0), .weak = weak};
  };
  if (type == "NAME_DICTIONARY_TYPE") {
    const uint64_t start = 3 + reader_.layout().Get(LayoutConstant::kNameDictionaryPrefixSize, 3);
    if (word < start) return Labelled("(header)");
    if ((word - start) % 3 == 0) return Labelled("(key)");
    return PropertyCalled(reader_.Word(slot - 8).value_or(0));
  }
  if (type == "NUMBER_DICTIONARY_TYPE" || type == "SIMPLE_NUMBER_DICTIONARY_TYPE") {
    const uint64_t key = reader_.Word(slot - 8).value_or(0);
    if (IsSmi(key)) return Element(static_cast<uint64_t>(SmiValue(key)));
    const double index = reader_.IsType(key, "HEAP_NUMBER_TYPE") ? reader_.Raw<double>(key, 8).value_or(-1) : -1;
    return index >= 0 && index < 4294967296.0 ? Element(static_cast<uint64_t>(index)) : Labelled("(entry)");
  }
  if (type == "ORDERED_HASH_MAP_TYPE" || type == "ORDERED_HASH_SET_TYPE") {
    // [elements or the next table, deleted, buckets, the buckets' heads, entries...]: src/objects/ordered-hash-table.h
    if (word == 0) return Labelled("(next table)");
    const int64_t buckets = SmiValue(reader_.Word(Untag(holder) + kArrayData + 16).value_or(0));
    const uint64_t first = 3 + static_cast<uint64_t>(std::max<int64_t>(0, buckets));
    if (word < first) return Labelled("(header)");
    if (type == "ORDERED_HASH_SET_TYPE") return {.kind = SlotKind::kMember};
    return (word - first) % 3 == 0 ? SlotName{.kind = SlotKind::kKey} : entry_value(false);
  }
  if (type == "EPHEMERON_HASH_TABLE_TYPE" || type == "HASH_TABLE_TYPE") {
    const bool weak = type == "EPHEMERON_HASH_TABLE_TYPE";
    if (word < 3) return Labelled("(header)");
    return (word - 3) % 2 == 0 ? SlotName{.kind = SlotKind::kKey, .weak = weak} : entry_value(weak);
  }
  return Element(word);
}

SlotName SlotNamer::NameInContext(uint64_t context, Address slot) {
  const uint64_t offset = slot - Untag(context);
  if (offset < kArrayData) return Field("", offset);
  const uint64_t word = (offset - kArrayData) / 8;
  if (word == 0) return Labelled("(scope info)");
  if (word == 1) return Labelled("(previous)");
  const std::optional<ContextView> view = ReadContext(reader_, context);
  if (view) {
    const uint64_t stored = reader_.Word(slot).value_or(0);
    for (const ContextVariable& variable : view->variables) {
      const bool in_cell = IsStrongPointer(stored) && variable.slot >= Untag(stored) && variable.slot < Untag(stored) + 48 &&
                           reader_.IsType(stored, "CONTEXT_CELL_TYPE");
      if (variable.slot == slot || in_cell) return {.kind = SlotKind::kVariable, .text = variable.name};
    }
    if (view->extension != 0 && stored == view->extension) return Labelled("(extension)");
  }
  return Labelled("(slot " + std::to_string(word) + ")");
}

bool SlotNamer::Join(uint64_t owner, Address owner_slot, uint64_t store, Address slot, SlotName* inner) {
  const std::string store_type(reader_.TypeOf(store));
  const MapInfo* found = reader_.MapOf(owner);
  if (found == nullptr) return false;
  const MapInfo map = *found;
  const InstanceTypes& types = reader_.layout().types;
  const std::string& owner_type = types.at(map.instance_type).name;
  const uint64_t offset = owner_slot - Untag(owner);
  if (types.IsJSReceiver(map.instance_type)) {
    if (offset == kProperties) {
      if (store_type != "PROPERTY_ARRAY_TYPE") return inner->kind == SlotKind::kProperty;
      SlotName name = PropertyAt(owner, slot);
      if (name.kind != SlotKind::kProperty) return false;
      *inner = std::move(name);
      return true;
    }
    if (offset == kElements && !types.IsJSProxy(map.instance_type)) return inner->kind == SlotKind::kElement;
    const bool collection = owner_type == "JS_MAP_TYPE" || owner_type == "JS_SET_TYPE" ||
                            owner_type == "JS_WEAK_MAP_TYPE" || owner_type == "JS_WEAK_SET_TYPE";
    if (collection && offset == kCollectionTable) {
      if (owner_type == "JS_WEAK_SET_TYPE" && inner->kind == SlotKind::kKey) inner->kind = SlotKind::kMember;
      return inner->kind != SlotKind::kField;
    }
  }
  // An accessor's name is in the table that holds the pair; a cell's is that of the word that points to it.
  if (IsAccessor(*inner) && store_type == "ACCESSOR_PAIR_TYPE") {
    SlotName name = Name(owner, owner_slot);
    if (name.kind != SlotKind::kProperty) return false;
    name.label = inner->label;
    *inner = std::move(name);
    return true;
  }
  if (store_type == "PROPERTY_CELL_TYPE") return owner_type == "GLOBAL_DICTIONARY_TYPE";
  if (store_type == "CONTEXT_CELL_TYPE" || store_type == "CELL_TYPE") {
    SlotName name = Name(owner, owner_slot);
    if (name.kind != SlotKind::kVariable && name.kind != SlotKind::kEntry) return false;
    *inner = std::move(name);
    return true;
  }
  return owner_type == "SLOPPY_ARGUMENTS_ELEMENTS_TYPE" && inner->kind == SlotKind::kElement && offset == 24;
}

}  // namespace corewalk
