#include "node/near_limit.h"

#include "heap/tagged.h"
#include "node/memory_scan.h"
#include "node/node_limits.h"

namespace corewalk {
namespace {

constexpr uint64_t kEntryBytes = 16;
constexpr uint64_t kMostEntries = 16;

}  // namespace

std::vector<NearLimitCallback> FindNearLimitCallbacks(const Memory& memory, Address heap, const BinaryFacts& binary) {
  if (binary.node_vtables.empty()) return {};
  const std::vector<uint64_t> words = ReadWords(memory, heap, kNodeLimits.max_heap_struct / 8);
  for (size_t i = 0; i + 2 < words.size(); ++i) {
    const Address begin = words[i], end = words[i + 1], capacity = words[i + 2];
    if (begin < 0x10000 || begin % 16 != 0 || end <= begin || capacity < end || (end - begin) % kEntryBytes != 0 ||
        (end - begin) / kEntryBytes > kMostEntries || capacity - begin > kEntryBytes * kMostEntries * 4)
      continue;
    std::vector<NearLimitCallback> callbacks;
    for (Address at = begin; at < end; at += kEntryBytes) {
      NearLimitCallback callback{.function = memory.ReadWord(at).value_or(0),
                                 .data = memory.ReadWord(at + 8).value_or(0)};
      if (!InReadOnlyImage(memory, callback.function)) break;
      callback.owner = binary.NodeClass(memory.ReadWord(callback.data).value_or(0));
      if (callback.owner != "node::worker::Worker") break;
      callbacks.push_back(std::move(callback));
    }
    if (callbacks.size() == (end - begin) / kEntryBytes) return callbacks;
  }
  return {};
}

}  // namespace corewalk
