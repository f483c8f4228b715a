#include "graph/edge_rules.h"

#include "heap/word_scan.h"
#include "layout/field_labels.h"

namespace corewalk {

EdgeRule EdgeRuleOf(const Layout& layout, const MapInfo& map) {
  EdgeRule rule;
  const InstanceTypes& types = layout.types;
  const std::string& type = types.at(map.instance_type).name;
  rule.array_buffer = types.IsArrayBuffer(map.instance_type);
  if (types.IsString(map.instance_type)) {
    const uint16_t representation = map.instance_type & string_bits::kRepresentationMask;
    rule.external_string = representation == string_bits::kExternal;
    // Only ropes, slices and thin strings refer to others.
    const bool refers = representation == string_bits::kCons || representation == string_bits::kSliced ||
                        representation == string_bits::kThin;
    rule.body = refers ? BodyKind::kWords : BodyKind::kNone;
    return rule;
  }
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
