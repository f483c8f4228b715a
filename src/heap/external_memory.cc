#include "heap/external_memory.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "heap/external_layout.h"

namespace corewalk {
namespace {

bool IsExternalString(const Layout& layout, uint16_t type) {
  return layout.types.IsString(type) && (type & string_bits::kRepresentationMask) == string_bits::kExternal;
}

template <typename T>
T Field(const std::byte* bytes, uint64_t size, uint64_t offset) {
  T value{};
  if (offset + sizeof(T) <= size) std::memcpy(&value, bytes + offset, sizeof(T));
  return value;
}

}  // namespace

ExternalMemoryCollector::ExternalMemoryCollector(const Layout& layout)
    : layout_(layout),
      length_offset_(static_cast<uint64_t>(layout.Get(LayoutConstant::kArrayBufferByteLength, 40))),
      store_offset_(static_cast<uint64_t>(layout.Get(LayoutConstant::kArrayBufferBackingStore, 56))) {}

bool ExternalMemoryCollector::Holds(uint16_t instance_type) const {
  return layout_.types.IsArrayBuffer(instance_type) || IsExternalString(layout_, instance_type);
}

void ExternalMemoryCollector::Add(uint16_t instance_type, const std::byte* bytes, uint64_t size) {
  if (layout_.types.IsArrayBuffer(instance_type)) {
    const uint64_t length = Field<uint64_t>(bytes, size, length_offset_);
    const uint64_t store = Field<uint64_t>(bytes, size, store_offset_);
    // On-heap typed arrays have a buffer without a store.
    if (store != 0 && length != 0 && length < kMaxBufferBytes) blocks_.push_back({store, length, false});
  } else if (IsExternalString(layout_, instance_type)) {
    const uint64_t data = Field<uint64_t>(bytes, size, kExternalStringData);
    const uint64_t length = Field<uint32_t>(bytes, size, kExternalStringLength);
    if (data != 0) blocks_.push_back({data, length * ((instance_type & string_bits::kOneByte) ? 1 : 2), true});
  }
}

void ExternalMemoryCollector::Take(ExternalMemoryCollector&& other) {
  blocks_.insert(blocks_.end(), other.blocks_.begin(), other.blocks_.end());
  other.blocks_ = {};
}

ExternalMemory ExternalMemoryCollector::Sum() {
  std::ranges::sort(blocks_, [](const Block& a, const Block& b) {
    return std::tie(a.address, b.bytes, a.is_string) < std::tie(b.address, a.bytes, b.is_string);
  });
  ExternalMemory sum;
  Address last = 0;
  for (const Block& block : blocks_) {
    if (block.address == last) continue;
    last = block.address;
    if (block.is_string) {
      ++sum.strings;
      sum.string_bytes += block.bytes;
    } else {
      ++sum.buffers;
      sum.buffer_bytes += block.bytes;
    }
  }
  return sum;
}

ExternalMemory ExternalMemoryCollector::SumWithout(const ExternalMemoryCollector& others) {
  std::vector<Address> held;
  held.reserve(others.blocks_.size());
  for (const Block& block : others.blocks_) held.push_back(block.address);
  std::ranges::sort(held);
  std::erase_if(blocks_, [&](const Block& block) { return std::ranges::binary_search(held, block.address); });
  return Sum();
}

}  // namespace corewalk
