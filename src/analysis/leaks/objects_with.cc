#include "analysis/leaks/objects_with.h"

#include <algorithm>

#include "analysis/leaks/live_objects.h"
#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr uint64_t kProperties = 8;  // JSReceiver::properties_or_hash

// Whether one of `keys` stands in the dictionary of properties of `object`.
bool DictionaryHolds(HeapReader* reader, Address object, const std::vector<uint64_t>& keys) {
  const uint64_t table = reader->Word(object + kProperties).value_or(0);
  if (IsSmi(table)) return false;
  const std::optional<uint64_t> length = reader->ArrayLength(table);
  if (!length) return false;
  uint64_t block[512];
  for (uint64_t at = 0; at < *length; at += std::size(block)) {
    const size_t wanted = std::min<uint64_t>(std::size(block), *length - at);
    const size_t words =
        reader->memory().Read(Untag(table) + 16 + 8 * at, std::as_writable_bytes(std::span(block).first(wanted))) / 8;
    for (size_t i = 0; i < words; ++i) {
      for (const uint64_t key : keys) {
        if (block[i] == key) return true;
      }
    }
    if (words < wanted) break;
  }
  return false;
}

}  // namespace

std::vector<ObjectId> LiveObjectsWith(HeapReader* reader, const HeapGraph& graph, PropertyFinder* finder,
                                      const Cancel& cancel) {
  constexpr size_t kPollObjects = 4096;
  const Layout& layout = reader->layout();
  const int shift = static_cast<int>(layout.Get(LayoutConstant::kBitField3IsDictionaryShift, 21));
  const auto is_dictionary = [&](const MapInfo& map) { return (map.bit_field3 >> shift & 1) != 0; };
  const std::span<const LiveShape> shapes = graph.shapes().shapes();

  // The name's addresses: it is one object in an isolate, but symbols of one description may be several.
  std::vector<uint64_t> keys;
  for (const LiveShape& shape : shapes) {
    if (shape.sample == 0 || !layout.types.IsJSReceiver(shape.map.instance_type) || is_dictionary(shape.map)) continue;
    if (!finder->MayHave(shape.map, shape.sample)) continue;
    if (const uint64_t key = finder->KeyIn(shape.sample); key != 0 && std::ranges::find(keys, key) == keys.end())
      keys.push_back(key);
  }
  std::vector<bool> ask(shapes.size());
  const LiveShape* const first_shape = shapes.data();
  std::vector<ObjectId> objects = LiveObjects(
      graph,
      [&](const LiveShape& shape) {
        if (!layout.types.IsJSReceiver(shape.map.instance_type) || layout.types.IsJSProxy(shape.map.instance_type))
          return false;
        if (!is_dictionary(shape.map)) return finder->MayHave(shape.map, shape.sample);
        const MapInfo* prototype = IsSmi(shape.map.prototype) ? nullptr : reader->MapOf(shape.map.prototype);
        if (prototype == nullptr || !layout.types.IsJSReceiver(prototype->instance_type)) return false;
        ask[static_cast<size_t>(&shape - first_shape)] = true;
        return true;
      },
      cancel);
  if (std::ranges::find(ask, true) == ask.end()) return objects;
  size_t looked_at = 0;
  bool stopped = false;
  std::erase_if(objects, [&](ObjectId id) {
    if (!ask[graph.shapes().ShapeOf(id)]) return false;
    if (stopped) return true;
    if (++looked_at % kPollObjects == 0 && cancel.Cancelled()) stopped = true;
    const Address address = graph.index().AddressOf(id);
    if (!keys.empty()) return !DictionaryHolds(reader, address, keys);
    const MapInfo* map = reader->MapOf(address + 1);
    return map == nullptr || !finder->Find(MapInfo(*map), address);
  });
  return objects;
}

}  // namespace corewalk
