// Reading the memory outside of the heap that one object holds: the backing store of an ArrayBuffer, the text of an
// external string. Where the block stands, how large it is and what kind it is; who holds the object is asked elsewhere
// (buffers.h). What cannot be read, or makes no sense, is no store.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "heap/views/heap_reader.h"
#include "layout/binary_facts.h"

namespace corewalk {

enum class ExternalStoreKind : uint8_t {
  kBuffer,        // an ArrayBuffer's, from Node's allocator (malloc)
  kShared,        // a SharedArrayBuffer's, from Node's allocator
  kResizable,     // pages reserved up to its maximum, shared or not; not in process.memoryUsage().arrayBuffers
  kWasmMemory,    // a WebAssembly.Memory's: pages, with guard regions around
  kNative,        // memory that native code made and frees by itself: addons, static data
  kString,        // the text of an external string
  kStaticString,  // the same in a read-only part of a mapped file (Node's own source text): it costs no memory of its
                  // own
  kCount
};

// What objects of a type have to do with memory outside of the heap.
enum class StoreRole : uint8_t { kNone, kArrayBuffer, kView, kString, kWasmMemory };
StoreRole StoreRoleOf(const Layout& layout, uint16_t instance_type);

struct StoreFacts {
  Address address = 0;
  uint64_t bytes = 0;     // that can be used: the length of the buffer, the characters of the string
  uint64_t capacity = 0;  // address space reserved for it to grow; == bytes when it cannot
  uint64_t counted = 0;   // bytes of it in process.memoryUsage().external
  ExternalStoreKind kind = ExternalStoreKind::kBuffer;
  bool shared = false;
};

class StoreReader {
 public:
  // `binary` may be null: then memory of native code is not told from Node's.
  StoreReader(HeapReader* reader, const BinaryFacts* binary);

  // WebAssembly memories first: their ArrayBuffers look like others.
  void AddWasmMemory(uint64_t memory);
  void FinishWasmMemories();
  std::optional<StoreFacts> OfBuffer(uint64_t buffer);
  std::optional<StoreFacts> OfString(uint64_t string);

  // The allocator object that the backing store of this ArrayBuffer names; 0 when none is known.
  Address AllocatorOf(uint64_t buffer, Address store) const;

 private:
  struct BackingStore;
  BackingStore ReadBackingStore(uint64_t buffer, Address store) const;
  uint64_t Accounted(uint64_t buffer, uint64_t bytes) const;
  Address AllocatorIn(const BackingStore& backing) const;

  HeapReader& reader_;
  const BinaryFacts* binary_;  // null when it does not name the allocators
  std::vector<Address> wasm_;  // backing stores of WebAssembly memories, sorted
};

}  // namespace corewalk
