#include "graph/edge_rules.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "heap/word_scan.h"
#include "layout/field_labels.h"
#include "layout/object_fields.h"

namespace corewalk {
namespace {

constexpr auto kStores = std::to_array<std::string_view>({"FIXED_ARRAY_TYPE", "NAME_DICTIONARY_TYPE",
                                                          "NUMBER_DICTIONARY_TYPE", "PROPERTY_ARRAY_TYPE",
                                                          "PROPERTY_CELL_TYPE"});
constexpr auto kShapes = std::to_array<std::string_view>({"ACCESSOR_PAIR_TYPE", "DESCRIPTOR_ARRAY_TYPE", "MAP_TYPE",
                                                          "PROTOTYPE_INFO_TYPE", "STRONG_DESCRIPTOR_ARRAY_TYPE",
                                                          "TRANSITION_ARRAY_TYPE"});

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
  rule.receiver = types.IsJSReceiver(map.instance_type);
  rule.function = types.IsJSFunction(map.instance_type);
  rule.elements = rule.receiver && !types.IsJSProxy(map.instance_type);
  rule.cells = type == "GLOBAL_DICTIONARY_TYPE";
  rule.store = rule.cells || std::ranges::find(kStores, type) != kStores.end();
  rule.shape = std::ranges::find(kShapes, type) != kShapes.end();
  if (map.size_kind == SizeKind::kNativeContext) rule.weak_tail = 1 + FindObjectFacts(layout.version).native_context_weak_slots;
  if (map.size_kind == SizeKind::kInstructionStream) {
    rule.body = BodyKind::kHeader;
  } else if (type == "EPHEMERON_HASH_TABLE_TYPE") {
    rule.body = BodyKind::kEphemerons;
  } else if (HoldsPointers(layout, map)) {
    rule.body = BodyKind::kWords;
    for (uint64_t word = 1; word < 64; ++word) {
      if (FieldLabelOf(type, 8 * word, layout.version).weak) rule.weak_words |= uint64_t{1} << word;
    }
  }
  return rule;
}

}  // namespace corewalk
