#include "node/message_ports.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr int kMostFields = 4;        // embedder fields of API objects
constexpr uint64_t kPortWords = 64;   // of node::worker::MessagePort
constexpr uint64_t kDataWords = 40;   // of MessagePortData
constexpr size_t kWorkerWords = 256;  // of node::worker::Worker
constexpr uint64_t kMostMessages = uint64_t{1} << 24;
constexpr uint64_t kMallocFlags = 7;  // of glibc's size in front of a block
constexpr double kMostMegabytes = 1 << 24;

bool IsNative(const Memory& memory, uint64_t address) {
  if (address % 8 != 0 || address < 0x10000 || address >= kUserAddressEnd) return false;
  const Region* region = memory.RegionAt(address);
  return region != nullptr && region->writable;
}

uint64_t Word(const Memory& memory, Address address) {
  return memory.ReadWord(address).value_or(0);
}

// The C++ objects in the fields of an API object.
std::vector<Address> NativeFields(HeapReader& reader, uint64_t object) {
  std::vector<Address> found;
  const int first = reader.offset(ObjectField::kEmbedderFields);
  for (int i = 0; i < kMostFields; ++i) {
    const uint64_t word = reader.Field(object, first + 8 * i).value_or(0);
    if (IsNative(reader.memory(), word)) found.push_back(word);
  }
  return found;
}

// What can be used of the block of malloc's that begins at this place; nothing when the word in front is no size of a
// small block.
std::optional<uint64_t> BlockBytes(const Memory& memory, Address block) {
  const uint64_t size = Word(memory, block - 8) & ~kMallocFlags;
  if (block % 16 != 0 || size % 16 != 0 || size < 32 || size > 8 * kPortWords) return std::nullopt;
  return size - 8;
}

// Whether the words begin a Message: a vtable in memory that is not writable, and a block of malloc's with its size.
std::optional<uint64_t> MessageBytes(const Memory& memory, Address message) {
  const uint64_t vtable = Word(memory, message), data = Word(memory, message + 8), size = Word(memory, message + 16);
  const Region* constant = memory.RegionAt(vtable);
  if (vtable < 0x10000 || vtable % 8 != 0 || constant == nullptr || IsNative(memory, vtable)) {
    // Of a relocated vtable the pages are private and writable at first; they lie in no heap of malloc's.
    if (vtable < 0x10000 || vtable % 8 != 0 || constant == nullptr) return std::nullopt;
  }
  if (data == 0 && size == 0) return 0;
  if (data % 16 != 0 || !IsNative(memory, data)) return std::nullopt;
  const uint64_t block = Word(memory, data - 8) & ~kMallocFlags;
  return block >= size + 8 ? std::optional(size) : std::nullopt;
}

// A std::deque of shared_ptrs at this place, as libstdc++ lays it out: {map, its size, begin, end}, both {current,
// first, last, where the map holds `first`} of a block of 512 bytes.
constexpr uint64_t kBlockBytes = 512, kPointerBytes = 16;
constexpr size_t kDequeWords = 10;
bool IsDequeEnd(const Memory& memory, const uint64_t* words, Address map, uint64_t map_size) {
  const uint64_t current = words[0], first = words[1], last = words[2], node = words[3];
  return IsNative(memory, first) && last == first + kBlockBytes && current >= first && current < last &&
         (current - first) % kPointerBytes == 0 && node >= map && node < map + 8 * map_size && node % 8 == 0 &&
         Word(memory, node) == first;
}
std::optional<PortQueue> DequeAt(const Memory& memory, const uint64_t* words) {
  const Address map = words[0];
  const uint64_t map_size = words[1];
  if (!IsNative(memory, map) || map_size == 0 || map_size > kMostMessages) return std::nullopt;
  const uint64_t *begin = words + 2, *end = words + 6;
  if (!IsDequeEnd(memory, begin, map, map_size) || !IsDequeEnd(memory, end, map, map_size)) return std::nullopt;
  if (end[3] < begin[3] || (end[3] == begin[3] && end[0] < begin[0])) return std::nullopt;
  PortQueue queue{.bytes = 0};
  Address at = begin[0], last = begin[2], node = begin[3];
  while (at != end[0]) {
    const std::optional<uint64_t> bytes = MessageBytes(memory, Word(memory, at));
    if (!bytes) queue.bytes = std::nullopt;
    if (bytes && queue.bytes) *queue.bytes += *bytes;
    at += kPointerBytes;
    if (++queue.messages > kMostMessages) break;
    if (at != last) continue;
    node += 8;
    at = Word(memory, node);
    last = at + kBlockBytes;
    if (node > end[3] || !IsNative(memory, at)) {
      queue.whole = false;
      break;
    }
  }
  return queue;
}

// A std::list of the old ABI of libstdc++: a ring of {next, prev, message}; nothing counts them. Nothing when it is no
// ring.
std::optional<PortQueue> ListAt(const Memory& memory, Address header) {
  PortQueue queue{.bytes = 0};
  Address before = header;
  for (Address node = Word(memory, header);; node = Word(memory, node)) {
    if (!IsNative(memory, node) || Word(memory, node + 8) != before) return std::nullopt;
    if (node == header) return queue;
    if (++queue.messages > kMostMessages) return std::nullopt;
    std::optional<uint64_t> bytes = MessageBytes(memory, Word(memory, node + 16));
    if (!bytes) bytes = MessageBytes(memory, node + 16);
    if (!bytes) queue.bytes = std::nullopt;
    if (bytes && queue.bytes) *queue.bytes += *bytes;
    before = node;
  }
}

}  // namespace

std::optional<PortQueue> ReadPortQueue(HeapReader& reader, uint64_t port) {
  const Memory& memory = reader.memory();
  for (const Address native : NativeFields(reader, port)) {
    const uint64_t port_bytes = BlockBytes(memory, native).value_or(8 * kPortWords);
    for (const uint64_t data : ReadWords(memory, native, port_bytes / 8)) {
      if (data == native || !IsNative(memory, data)) continue;
      // Smaller blocks point to the port as well, and behind them may stand any other queue.
      const uint64_t data_bytes = std::min(BlockBytes(memory, data).value_or(8 * kDataWords), 8 * kDataWords);
      const std::vector<uint64_t> words = ReadWords(memory, data, data_bytes / 8);
      const bool owned = std::ranges::find(words, native) != words.end();
      // So does the handle of libuv; but it stands inside of the port. The queue may be the very next block.
      if (!owned || (data > native && data < native + port_bytes)) continue;
      if (memory.RegionAt(words[0]) == nullptr) continue;  // it begins with a vtable
      for (size_t i = 1; i < words.size(); ++i) {
        std::optional<PortQueue> queue;
        if (i + kDequeWords <= words.size()) queue = DequeAt(memory, &words[i]);
        // The owner stands right behind the list.
        if (!queue && i + 2 < words.size() && words[i + 2] == native) queue = ListAt(memory, data + 8 * i);
        if (!queue) continue;
        queue->port = native;
        queue->data = data;
        return queue;
      }
    }
  }
  return std::nullopt;
}

std::optional<WorkerThreadView> ReadWorkerThread(HeapReader& reader, uint64_t handle,
                                                 std::span<const Address> isolates) {
  const Memory& memory = reader.memory();
  for (const Address native : NativeFields(reader, handle)) {
    const std::vector<uint64_t> words = ReadWords(memory, native, kWorkerWords);
    WorkerThreadView view{.worker = native};
    for (const uint64_t word : words) {
      if (word != 0 && std::ranges::find(isolates, word) != isolates.end()) {
        view.isolate = word;
        break;
      }
    }
    if (view.isolate == 0) continue;
    // Four doubles in a row, of which the last, the size of the stack, is set (4 MB unless told otherwise).
    const auto megabytes = [](uint64_t word) -> std::optional<double> {
      double value;
      std::memcpy(&value, &word, sizeof(value));
      if (word == 0) return 0;
      return std::isfinite(value) && value >= 1.0 / 1024 && value <= kMostMegabytes ? std::optional(value)
                                                                                    : std::nullopt;
    };
    for (size_t i = 0; i + 4 <= words.size(); ++i) {
      std::array<double, 4> limits{};
      bool fits = words[i + 3] != 0 && words[i + 1] != 0;
      for (size_t k = 0; k < 4 && fits; ++k) {
        const std::optional<double> value = megabytes(words[i + k]);
        fits = value.has_value();
        limits[k] = value.value_or(0);
      }
      if (!fits) continue;
      view.limits = limits;
      break;
    }
    return view;
  }
  return std::nullopt;
}

}  // namespace corewalk
