#include "analysis/leaks/waste_shapes.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace corewalk {
namespace {

// Map::used_or_unused_instance_size_in_words (src/objects/map.tq, the same since 6.x): from 3 on the words of an
// instance that are in use; below, the unused slots of its property array.
constexpr int kUsedOrUnused = 10;
constexpr uint8_t kFirstUsed = 3;  // JSObject::kFieldsAdded

void SortClasses(std::vector<WasteClass>* classes, size_t most) {
  std::ranges::sort(*classes, [](const WasteClass& a, const WasteClass& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.name < b.name;
  });
  if (classes->size() > most) classes->resize(most);
}

std::string ClassOfShape(HeapReader* reader, const LiveShape& shape) {
  return shape.own_name ? reader->names().ClassNameOf(shape.map, shape.sample)
                        : reader->names().ClassName(shape.map, shape.sample);
}

}  // namespace

void FindObjectRoom(HeapReader* reader, const HeapGraph& graph, const WasteQuery& query, WasteCategory* category) {
  const Layout& layout = reader->layout();
  const int dictionary_bit = static_cast<int>(layout.Get(LayoutConstant::kBitField3IsDictionaryShift, 21));
  const auto own_properties = static_cast<uint32_t>(layout.Get(LayoutConstant::kBitField3OwnDescriptorsMask, 0xffc00));
  std::unordered_map<std::string, WasteClass> classes;
  for (const LiveShape& shape : graph.shapes().shapes()) {
    if (shape.live_count == 0 || shape.space == SpaceKind::kReadOnly) continue;
    if (layout.types.at(shape.map.instance_type).name != "JS_OBJECT_TYPE" || shape.map.instance_size_in_words == 0)
      continue;
    if ((shape.map.bit_field3 >> dictionary_bit & 1) != 0) continue;
    if ((shape.map.bit_field3 & own_properties) == 0) continue;  // without properties it is kEmpty, slots and all
    const std::optional<uint8_t> used = reader->Raw<uint8_t>(shape.map.word, kUsedOrUnused);
    if (!used) continue;
    const uint64_t unused = *used < kFirstUsed                         ? *used
                            : shape.map.instance_size_in_words > *used ? shape.map.instance_size_in_words - *used
                                                                       : 0;
    if (unused == 0) continue;
    const std::string name = ClassOfShape(reader, shape);
    WasteClass& one = classes[name];
    one.name = name;
    one.objects += shape.live_count;
    ++one.shapes;
    one.bytes += 8 * unused * shape.live_count;
    category->count += shape.live_count;
    category->bytes += 8 * unused * shape.live_count;
  }
  for (auto& [name, one] : classes) category->classes.push_back(std::move(one));
  SortClasses(&category->classes, query.most);
}

void FindManyShapes(HeapReader* reader, const HeapGraph& graph, const std::vector<Address>& maps,
                    const WasteQuery& query, const Cancel& cancel, WasteCategory* category) {
  std::unordered_map<uint64_t, uint64_t> instances;  // by map word
  for (const LiveShape& shape : graph.shapes().shapes()) instances[shape.map.word] += shape.live_count;
  std::unordered_map<std::string, WasteClass> classes;
  std::unordered_set<uint64_t> descriptors;
  size_t done = 0;
  for (const Address address : maps) {
    if (done++ % 4096 == 0 && cancel.Cancelled()) break;
    MapInfo map;
    if (!ReadMap(reader->memory(), reader->layout(), address + 1, &map)) continue;
    const std::string& name = reader->names().ClassName(map, 0);
    WasteClass& one = classes[name];
    one.name = name;
    ++one.shapes;
    one.bytes += reader->SizeOf(address + 1);
    // Maps of one chain of transitions share their descriptors.
    if (graph.index().At(map.descriptors) != kNoObject && descriptors.insert(map.descriptors).second)
      one.bytes += reader->SizeOf(map.descriptors);
    const auto found = instances.find(address + 1);
    if (found != instances.end()) one.objects += found->second;
  }
  for (auto& [name, one] : classes) {
    if (one.shapes < kManyShapes) continue;
    category->count += one.shapes;
    category->bytes += one.bytes;
    category->classes.push_back(std::move(one));
  }
  SortClasses(&category->classes, query.most);
}

}  // namespace corewalk
