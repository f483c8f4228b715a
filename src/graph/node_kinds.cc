#include "graph/node_kinds.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr uint32_t kMaxDescriptors = 1020;  // kMaxNumberOfDescriptors, src/objects/property-details.h
constexpr uint64_t kFirstPropertyWord = 2;  // of a PropertyArray: behind its Map and its length
// Words of objects whose layout is the same from 7.4 to 14.6.
constexpr uint64_t kMapConstructor = 4;  // src/objects/map.tq; in front of it the prototype
constexpr uint64_t kCellValue = 3;                          // src/objects/property-cell.tq
constexpr uint64_t kInitialMapOffset = 56;                  // of a JSFunction that has one, src/objects/js-function.tq

uint64_t WordAt(const std::byte* bytes, uint64_t word) {
  uint64_t value;
  std::memcpy(&value, bytes + 8 * word, 8);
  return value;
}

}  // namespace

NodeKinds KindMarker::Marks::Take() {
  kinds.stores.Intersect(held);
  held = {};
  return std::move(kinds);
}

KindMarker::Shape KindMarker::ShapeOf(const EdgeRule& rule, const MapInfo& map) {
  Shape shape;
  shape.has_kind = rule.elements || rule.store || rule.shape || rule.parts != PartRule::kNone || rule.store_part || rule.shape_part || rule.in_string_table;
  if (rule.elements) {
    shape.outside_doubles = OutsideDoubles(map);
    AddPart(&marks_.kinds.shapes, map.word);
    AddPart(&marks_.kinds.shapes, map.descriptors);
  }
  return shape;
}

// Snapshots pass over properties that are numbers in boxes of their own (JSObject::FastPropertyAt with a double
// representation).
std::vector<uint16_t> KindMarker::OutsideDoubles(const MapInfo& map) const {
  using enum LayoutConstant;
  const Layout& layout = index_.model().layout();
  std::vector<uint16_t> words;
  if ((map.bit_field3 >> layout.Get(kBitField3IsDictionaryShift, 21) & 1) != 0) return words;
  const uint32_t own = (map.bit_field3 & static_cast<uint32_t>(layout.Get(kBitField3OwnDescriptorsMask, 0xffc00))) >>
                       layout.Get(kBitField3OwnDescriptorsShift, 10);
  const uint32_t in_object =
      map.instance_size_in_words > map.in_object_start ? map.instance_size_in_words - map.in_object_start : 0;
  if (own <= in_object || own > kMaxDescriptors || !LooksLikePointer(map.descriptors)) return words;
  const std::vector<uint64_t> entries =
      ReadWords(index_.model().memory(), Untag(map.descriptors) + layout.Rule(SizeKind::kDescriptorArray).rule.header,
                size_t{3} * own);
  for (size_t i = 0; i + 3 <= entries.size(); i += 3) {
    if (!IsSmi(entries[i + 1])) continue;
    const uint32_t details = static_cast<uint32_t>(SmiValue(entries[i + 1]));
    if ((details & layout.Get(kPropKindMask, 1)) != 0 || (details & layout.Get(kPropLocationMask, 32)) != 0) continue;
    if ((details & layout.Get(kPropRepresentationMask, 448)) >> layout.Get(kPropRepresentationShift, 6) !=
        layout.Get(kPropRepresentationDouble, 2))
      continue;
    const uint32_t field =
        (details & static_cast<uint32_t>(layout.Get(kPropIndexMask, 0x1ff80000))) >> layout.Get(kPropIndexShift, 19);
    if (field >= in_object) words.push_back(static_cast<uint16_t>(kFirstPropertyWord + field - in_object));
  }
  return words;
}

void KindMarker::AddPart(NodeSet* parts, uint64_t word) {
  if (!IsStrongPointer(word)) return;
  if (const ObjectId part = index_.At(word); part != kNoObject) parts->AddShared(part);
}

// The second and third words of an object.
void KindMarker::AddStoresOf(const Shape& shape, const std::byte* bytes) {
  for (const uint64_t word : {1, 2}) AddPart(&marks_.held, WordAt(bytes, word));
  if (shape.outside_doubles.empty()) return;
  const uint64_t properties = WordAt(bytes, 1);
  if (!LooksLikePointer(properties) || index_.At(properties) == kNoObject) return;
  const Memory& memory = index_.model().memory();
  for (const uint16_t word : shape.outside_doubles)
    AddPart(&marks_.kinds.store_parts, memory.ReadWord(Untag(properties) + 8 * word).value_or(0));
}

// A function leads straight to the prototype that stands in its initial Map, whether that has objects or not. So the Map is
// passed over, unless the function itself is held by the Map only (constructors of Intl that nobody has asked for are):
// that is known when there are dominators.
void KindMarker::AddInitialMap(ObjectId function, const std::byte* bytes, uint64_t size) {
  if (size < kInitialMapOffset + 8) return;
  const uint64_t map = WordAt(bytes, kInitialMapOffset / 8);  // or the prototype itself, or nothing
  if (!LooksLikePointer(map) || index_.At(map) == kNoObject) return;
  const Memory& memory = index_.model().memory();
  const uint64_t meta_map = memory.ReadWord(Untag(map)).value_or(0);
  if (!LooksLikePointer(meta_map) || memory.ReadWord(Untag(meta_map)) != meta_map) return;
  const std::lock_guard lock(marks_.mutex);
  marks_.kinds.initial_maps.push_back({function, index_.At(map)});
}

void KindMarker::Add(ObjectId id, const EdgeRule& rule, const Shape& shape, const std::byte* bytes, uint64_t size) {
  NodeKinds& kinds = marks_.kinds;
  if (rule.initial_map) AddInitialMap(id, bytes, size);
  if (rule.elements) return AddStoresOf(shape, bytes);
  if (rule.store) stores_.Add(id);
  if (rule.shape) kinds.shapes.AddShared(id);
  if (rule.store_part) kinds.store_parts.AddShared(id);
  if (rule.shape_part) kinds.shape_parts.AddShared(id);
  if (rule.in_string_table) rooted_.Add(id);
  switch (rule.parts) {
    case PartRule::kNone:
      return;
    case PartRule::kMap:
      for (uint64_t word = kMapConstructor; word < size / 8; ++word) AddPart(&kinds.shape_parts, WordAt(bytes, word));
      return;
    case PartRule::kDescriptors: {
      for (uint64_t word = 1; word < size / 8; ++word) {
        if (word < rule.first_entry || (word - rule.first_entry) % 3 == 0) AddPart(&kinds.shape_parts, WordAt(bytes, word));
      }
      return;
    }
    case PartRule::kCell:
      marks_.held.AddShared(id);
      for (uint64_t word = 1; word < size / 8; ++word) {
        if (word != kCellValue) AddPart(&kinds.store_parts, WordAt(bytes, word));
      }
      return;
    case PartRule::kDictionary:
      for (uint64_t word = rule.first_entry; word < size / 8; word += 3) AddPart(&kinds.store_parts, WordAt(bytes, word));
      return;
  }
}

}  // namespace corewalk
