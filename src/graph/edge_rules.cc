#include "graph/edge_rules.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "heap/word_scan.h"
#include "layout/field_labels.h"
#include "layout/object_fields.h"

namespace corewalk {
namespace {

constexpr auto kStores = std::to_array<std::string_view>({"FIXED_ARRAY_TYPE", "GLOBAL_DICTIONARY_TYPE",
                                                          "NAME_DICTIONARY_TYPE", "NUMBER_DICTIONARY_TYPE",
                                                          "PROPERTY_ARRAY_TYPE", "PROPERTY_CELL_TYPE"});
// Objects with weak references in fields of their own. (Weak arrays, descriptor arrays and Maps have always shown theirs as
// what they are.) src/profiler/heap-snapshot-generator.cc, IndexedReferencesExtractor.
constexpr auto kShownWeak = std::to_array<std::string_view>({"FEEDBACK_VECTOR_TYPE", "LOAD_HANDLER_TYPE",
                                                             "PROTOTYPE_INFO_TYPE", "STORE_HANDLER_TYPE"});
constexpr uint8_t kHasPrototypeSlot = 1 << 7;  // Map::Bits1, src/objects/map.tq; the same from 7.4 to 14.6
// Words in front of the keys of a hash table: its Map, its length, and three numbers (src/objects/hash-table.h).
constexpr int64_t kTableWords = 5;

bool IsOneOf(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// What V8's snapshots treat specially, see graph/node_kinds.h.
void SetKinds(const Layout& layout, const std::string& type, EdgeRule* rule) {
  rule->store = IsOneOf(kStores, type);
  rule->shape = type == "ACCESSOR_PAIR_TYPE";
  rule->store_part = type == "PROPERTY_CELL_TYPE" || type == "ACCESSOR_INFO_TYPE";
  rule->shape_part = type == "ACCESSOR_INFO_TYPE";
  if (type == "MAP_TYPE") {
    rule->parts = PartRule::kMap;
  } else if (type.ends_with("DESCRIPTOR_ARRAY_TYPE")) {
    rule->parts = PartRule::kDescriptors;
    rule->first_entry = static_cast<uint8_t>(layout.Rule(SizeKind::kDescriptorArray).rule.header / 8);
  } else if (type == "PROPERTY_CELL_TYPE") {
    rule->parts = PartRule::kCell;
  } else if (type == "NAME_DICTIONARY_TYPE" || type == "NUMBER_DICTIONARY_TYPE") {
    rule->parts = PartRule::kDictionary;
    const int64_t prefix = type == "NAME_DICTIONARY_TYPE" ? layout.Get(LayoutConstant::kNameDictionaryPrefixSize, 3) : 1;
    rule->first_entry = static_cast<uint8_t>(kTableWords + std::clamp<int64_t>(prefix, 0, 8));
  }
}

}  // namespace

EdgeRule EdgeRuleOf(const Layout& layout, const MapInfo& map) {
  EdgeRule rule;
  const InstanceTypes& types = layout.types;
  const std::string& type = types.at(map.instance_type).name;
  rule.array_buffer = types.IsArrayBuffer(map.instance_type);
  if (types.IsString(map.instance_type)) {
    const uint16_t representation = map.instance_type & string_bits::kRepresentationMask;
    rule.external_string = representation == string_bits::kExternal;
    rule.in_string_table = rule.external_string || type.find("INTERNALIZED") != std::string::npos;
    // Only ropes, slices and thin strings refer to others.
    const bool refers = representation == string_bits::kCons || representation == string_bits::kSliced ||
                        representation == string_bits::kThin;
    rule.body = refers ? BodyKind::kWords : BodyKind::kNone;
    return rule;
  }
  rule.function = types.IsJSFunction(map.instance_type);
  rule.initial_map = rule.function && (map.bit_field & kHasPrototypeSlot) != 0;
  rule.elements = types.IsJSReceiver(map.instance_type) && !types.IsJSProxy(map.instance_type);
  SetKinds(layout, type, &rule);
  rule.shown_weak = IsOneOf(kShownWeak, type);
  if (map.size_kind == SizeKind::kNativeContext) rule.weak_tail = 1 + FindObjectFacts(layout.version).native_context_weak_slots;
  // Up to 10.8 the instructions are part of the Code object, which has no fixed size.
  if (map.size_kind == SizeKind::kInstructionStream ||
      (map.size_kind == SizeKind::kCode && map.instance_size_in_words == 0)) {
    rule.body = BodyKind::kHeader;
  } else if (type == "EPHEMERON_HASH_TABLE_TYPE") {
    rule.body = BodyKind::kEphemerons;
  } else if (HoldsPointers(layout, map)) {
    rule.body = BodyKind::kWords;
    rule.weak_words = WeakWordsOf(type, layout.version);
  }
  return rule;
}

}  // namespace corewalk
