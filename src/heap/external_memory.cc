#include "heap/external_memory.h"

#include <unordered_set>

namespace corewalk {
namespace {

constexpr Address kStringLength = 12;
constexpr Address kStringData = 24;  // of an external string: the cached pointer to its text

}  // namespace

ExternalMemory SumExternalMemory(const HeapModel& model, const HeapWalkOptions& options, const Cancel& cancel) {
  const Memory& memory = model.memory();
  const Layout& layout = model.layout();
  const int64_t length_offset = layout.Get(LayoutConstant::kArrayBufferByteLength, 40);
  const int64_t store_offset = layout.Get(LayoutConstant::kArrayBufferBackingStore, 56);
  ExternalMemory sum;
  std::unordered_set<Address> seen;
  VisitObjects(model, options, cancel, [&](const MapInfo& map, Address address, uint64_t, const Page&) {
    if (layout.types.IsArrayBuffer(map.instance_type)) {
      const uint64_t length = memory.ReadWord(address + length_offset).value_or(0);
      const uint64_t store = memory.ReadWord(address + store_offset).value_or(0);
      // On-heap typed arrays have a buffer without a store.
      if (store == 0 || length == 0 || length >= uint64_t{1} << 46 || !seen.insert(store).second) return true;
      ++sum.buffers;
      sum.buffer_bytes += length;
    } else if (layout.types.IsString(map.instance_type) &&
               (map.instance_type & string_bits::kRepresentationMask) == string_bits::kExternal) {
      const uint64_t data = memory.ReadWord(address + kStringData).value_or(0);
      const uint64_t length = memory.ReadValue<uint32_t>(address + kStringLength).value_or(0);
      if (data == 0 || !seen.insert(data).second) return true;
      ++sum.strings;
      sum.string_bytes += length * ((map.instance_type & string_bits::kOneByte) ? 1 : 2);
    }
    return true;
  });
  return sum;
}

}  // namespace corewalk
