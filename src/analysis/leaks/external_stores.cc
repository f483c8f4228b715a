#include "analysis/leaks/external_stores.h"

#include <algorithm>
#include <array>

#include "heap/external_layout.h"
#include "heap/tagged.h"
#include "heap/views/buffers.h"
#include "node/memory_scan.h"

namespace corewalk {
namespace {

bool KnowsAllocators(const BinaryFacts* binary) {
  return binary != nullptr && std::ranges::any_of(binary->node_vtables, [](const BinaryFacts::ClassVtable& vtable) {
           return vtable.name.ends_with("ArrayBufferAllocator");
         });
}

}  // namespace

// The C++ object behind an ArrayBuffer (src/objects/backing-store.h): buffer_start, byte_length, [max_byte_length, from
// 9.2,] byte_capacity, [id,] then who frees it: the allocator, a deleter and its data, or the list of a shared
// WebAssembly memory.
struct StoreReader::BackingStore {
  std::array<uint64_t, 8> words{};
  bool known = false;

  // The address space that a WebAssembly memory may grow into, without guards.
  uint64_t WasmCapacity(uint64_t bytes) const {
    constexpr uint64_t kWasmPage = 64 << 10;
    uint64_t capacity = bytes;
    for (const size_t i : {2, 3}) {
      if (words[i] % kWasmPage == 0 && words[i] < kMaxBufferBytes) capacity = std::max(capacity, words[i]);
    }
    return capacity;
  }
};

StoreRole StoreRoleOf(const Layout& layout, uint16_t type) {
  if (layout.types.IsString(type)) {
    return (type & string_bits::kRepresentationMask) == string_bits::kExternal ? StoreRole::kString : StoreRole::kNone;
  }
  if (layout.types.IsArrayBuffer(type)) return StoreRole::kArrayBuffer;
  const std::string& name = layout.types.at(type).name;
  if (name == "JS_TYPED_ARRAY_TYPE" || name == "JS_DATA_VIEW_TYPE" || name == "JS_RAB_GSAB_DATA_VIEW_TYPE")
    return StoreRole::kView;
  // The second up to V8 7.9.
  if (name == "WASM_MEMORY_OBJECT_TYPE" || name == "WASM_MEMORY_TYPE") return StoreRole::kWasmMemory;
  return StoreRole::kNone;
}

StoreReader::StoreReader(HeapReader* reader, const BinaryFacts* binary)
    : reader_(*reader), binary_(KnowsAllocators(binary) ? binary : nullptr) {}

void StoreReader::AddWasmMemory(uint64_t memory) {
  constexpr uint64_t kMostWords = 64;
  const uint64_t words = std::min(reader_.SizeOf(memory) / 8, kMostWords);
  for (const uint64_t word : ReadWords(reader_.memory(), Untag(memory), words)) {
    if (const std::optional<ArrayBufferInfo> info = ReadArrayBuffer(reader_, word))
      wasm_.push_back(info->backing_store);
  }
}

void StoreReader::FinishWasmMemories() {
  std::ranges::sort(wasm_);
}

StoreReader::BackingStore StoreReader::ReadBackingStore(uint64_t buffer, Address store) const {
  BackingStore result;
  const int at = reader_.offset(ObjectField::kBackingStoreOfExtension);
  const uint64_t extension = reader_.Field(buffer, ObjectField::kArrayBufferExtension).value_or(0);
  if (at < 0 || extension == 0) return result;
  const uint64_t address = reader_.Word(extension + static_cast<uint64_t>(at)).value_or(0);
  for (size_t i = 0; i < result.words.size(); ++i) result.words[i] = reader_.Word(address + 8 * i).value_or(0);
  result.known = address != 0 && result.words[0] == store;
  return result;
}

// V8 notes what an ArrayBuffer counts for in its extension, behind the BackingStore and the next extension
// (src/objects/js-array-buffer.h, accounting_length_; from 13.6 on above a bit for its age). Without extensions (up to
// 8.1) everything counts.
uint64_t StoreReader::Accounted(uint64_t buffer, uint64_t bytes) const {
  constexpr uint64_t kBehind = 24;
  const int at = reader_.offset(ObjectField::kBackingStoreOfExtension);
  if (at < 0) return bytes;
  const uint64_t extension = reader_.Field(buffer, ObjectField::kArrayBufferExtension).value_or(0);
  const uint64_t word = extension == 0 ? 0 : reader_.Word(extension + static_cast<uint64_t>(at) + kBehind).value_or(0);
  const uint64_t counted = at == 0 ? word >> 1 : word;
  return counted < kMaxBufferBytes ? counted : 0;
}

Address StoreReader::AllocatorIn(const BackingStore& backing) const {
  if (binary_ == nullptr || !backing.known) return 0;
  for (size_t i = 3; i < backing.words.size(); ++i) {
    const uint64_t word = backing.words[i];
    if (word < 4096 || word % 8 != 0) continue;
    if (binary_->NodeClass(reader_.Word(word).value_or(0)).ends_with("ArrayBufferAllocator")) return word;
  }
  return 0;
}

Address StoreReader::AllocatorOf(uint64_t buffer, Address store) const {
  return AllocatorIn(ReadBackingStore(buffer, store));
}

std::optional<StoreFacts> StoreReader::OfBuffer(uint64_t buffer) {
  const std::optional<ArrayBufferInfo> info = ReadArrayBuffer(reader_, buffer);
  // The buffer of an on-heap typed array has no memory.
  if (!info || info->backing_store == 0 || info->backing_store >= kUserAddressEnd) return std::nullopt;
  if (info->byte_length >= kMaxBufferBytes) return std::nullopt;
  StoreFacts store{.address = info->backing_store, .bytes = info->byte_length, .capacity = info->byte_length};
  store.shared = info->shared;
  store.counted = Accounted(buffer, store.bytes);
  if (std::ranges::binary_search(wasm_, store.address)) {
    store.kind = ExternalStoreKind::kWasmMemory;
    store.capacity = ReadBackingStore(buffer, store.address).WasmCapacity(store.bytes);
  } else if (info->resizable) {
    store.kind = ExternalStoreKind::kResizable;
    store.capacity = std::max(store.bytes, std::min(info->max_byte_length, kMaxBufferBytes));
  } else {
    store.kind = info->shared ? ExternalStoreKind::kShared : ExternalStoreKind::kBuffer;
    if (binary_ != nullptr) {
      const BackingStore backing = ReadBackingStore(buffer, store.address);
      if (backing.known && AllocatorIn(backing) == 0) store.kind = ExternalStoreKind::kNative;
    }
  }
  if (store.bytes == 0 && store.capacity == 0) return std::nullopt;
  return store;
}

std::optional<StoreFacts> StoreReader::OfString(uint64_t string) {
  const MapInfo* map = reader_.MapOf(string);
  if (map == nullptr || StoreRoleOf(reader_.layout(), map->instance_type) != StoreRole::kString) return std::nullopt;
  const uint64_t data = reader_.Field(string, kExternalStringData).value_or(0);
  const uint32_t length = reader_.Raw<uint32_t>(string, kExternalStringLength).value_or(0);
  if (data == 0 || data >= kUserAddressEnd || length == 0) return std::nullopt;
  const bool one_byte = (map->instance_type & string_bits::kOneByte) != 0;
  StoreFacts store{.address = data, .bytes = uint64_t{length} * (one_byte ? 1 : 2)};
  store.capacity = store.counted = store.bytes;
  store.kind = InReadOnlyImage(reader_.memory(), data) ? ExternalStoreKind::kStaticString : ExternalStoreKind::kString;
  return store;
}

}  // namespace corewalk
