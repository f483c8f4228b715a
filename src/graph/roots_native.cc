// What C++ holds outside of V8's tables: who owns a global handle, and words that look like references.
#include <algorithm>
#include <bit>
#include <cstring>

#include "graph/roots_builder.h"
#include "heap/outside_memory.h"

namespace corewalk {
namespace {

constexpr uint64_t kMostObjectBytes = 1 << 16;  // node::Environment, the largest C++ object with handles, has 10 KB

// "node::fs::FileHandle" -> "Node / FileHandle", as heap snapshots name it.
std::string LabelOf(std::string_view class_name) {
  const size_t last = class_name.rfind("::");
  return "Node / " + std::string(last == std::string_view::npos ? class_name : class_name.substr(last + 2));
}

// The class of the C++ object that contains the word at `slot`: the object starts with a vtable of the binary and is a
// block of malloc's that reaches over the slot; or the vtable is the very next word before the slot.
std::string_view OwnerAt(const Memory& memory, const BinaryFacts& binary, Address slot) {
  const Region* region = memory.RegionAt(slot);
  if (region == nullptr) return "";
  if (const std::string_view direct = binary.NodeClass(memory.ReadWord(slot - 8).value_or(0)); !direct.empty())
    return direct;
  const Address low = binary.node_vtables.front().begin, high = binary.node_vtables.back().end;
  constexpr size_t kStep = 64;  // words read at a time, backwards
  std::array<uint64_t, kStep> words;
  const Address stop = std::max(region->start, slot > kMostObjectBytes ? slot - kMostObjectBytes : 0);
  for (Address at = slot; at > stop;) {
    const size_t count = std::min<uint64_t>(kStep, (at - stop) / 8);
    at -= 8 * count;
    if (count == 0 || memory.Read(at, std::as_writable_bytes(std::span(words).first(count))) != 8 * count) return "";
    for (size_t i = count; i-- > 0;) {
      if (words[i] < low || words[i] >= high) continue;
      const std::string_view name = binary.NodeClass(words[i]);
      if (name.empty()) continue;
      const Address object = at + 8 * i;
      if (const uint64_t size = MallocSize(memory, object); size <= kMostObjectBytes && object + size > slot)
        return name;
    }
  }
  return "";
}

}  // namespace

std::string OwnerLabel(const RootsBuilder& builder, uint64_t first_word) {
  const std::string_view name = builder.binary() ? builder.binary()->NodeClass(first_word) : "";
  return name.empty() ? "" : LabelOf(name);
}

std::map<Address, std::string> OwnersOfHandles(const RootsBuilder& builder, std::vector<Address> blocks,
                                               uint64_t block_bytes) {
  std::map<Address, std::string> owners;
  if (builder.binary() == nullptr || builder.binary()->node_vtables.empty() || blocks.empty()) return owners;
  // Most words are told by the bit of their 4 KB; blocks are 8 KB and not aligned.
  constexpr int kShift = 12;
  const size_t bits = std::clamp<size_t>(std::bit_ceil(64 * blocks.size()), 1 << 16, 1 << 23);
  std::vector<uint64_t> filter(bits / 64);
  for (const Address block : blocks) {
    for (uint64_t part = block >> kShift; part <= (block + block_bytes - 1) >> kShift; ++part)
      filter[(part & (bits - 1)) / 64] |= uint64_t{1} << part % 64;
  }
  const Address low = blocks.front(), length = blocks.back() + block_bytes - low;
  struct Hit {
    Address slot, node;
  };
  const std::vector<MemoryPiece> pieces = OutsidePieces(builder.memory(), builder.model().index(), builder.cancel());
  std::vector<std::vector<Hit>> found(pieces.size());
  ReadPieces(builder.memory(), pieces, builder.threads(), builder.cancel(),
             [&](size_t piece, Address at, std::span<const std::byte> bytes) {
               const size_t count = bytes.size() / 8;
               for (size_t i = 0; i < count; ++i) {
                 uint64_t word;
                 std::memcpy(&word, bytes.data() + 8 * i, 8);
                 if (word - low >= length) [[likely]]
                   continue;
                 const uint64_t part = word >> kShift;
                 if ((filter[(part & (bits - 1)) / 64] >> part % 64 & 1) == 0) continue;
                 auto block = std::ranges::upper_bound(blocks, word);
                 if (block == blocks.begin()) continue;
                 --block;
                 // Not the blocks' own free lists.
                 const Address slot = at + 8 * i;
                 if (word - *block >= block_bytes || (word - *block) % 32 != 0) continue;
                 auto own = std::ranges::upper_bound(blocks, slot);
                 if (own != blocks.begin() && slot - *--own < block_bytes) continue;
                 found[piece].push_back({slot, word});
               }
             });
  for (const std::vector<Hit>& hits : found) {
    if (builder.cancel().Cancelled()) break;
    for (const Hit& hit : hits) {
      if (owners.contains(hit.node)) continue;
      const std::string_view name = OwnerAt(builder.memory(), *builder.binary(), hit.slot);
      if (!name.empty()) owners[hit.node] = LabelOf(name);
    }
  }
  return owners;
}

std::vector<uint64_t> MaybeHeldByNative(const HeapModel& model, const IsolateHeap& isolate, const Cancel& cancel,
                                        int threads) {
  // Chunks of the isolate, as bits of a hash.
  constexpr size_t kBits = 1 << 20;
  std::vector<uint64_t> filter(kBits / 64);
  Address low = ~Address{0}, high = 0;
  for (const Page* page : model.index().pages()) {
    if (page->descriptor.heap != isolate.heap || page->space == SpaceKind::kReadOnly) continue;
    low = std::min(low, page->descriptor.area_start), high = std::max(high, page->descriptor.area_end);
    for (Address at = ChunkBase(page->descriptor.chunk); at < page->descriptor.area_end; at += kChunkAlignment) {
      const uint64_t bit = at / kChunkAlignment % kBits;
      filter[bit / 64] |= uint64_t{1} << bit % 64;
    }
  }
  std::vector<uint64_t> result;
  if (high <= low) return result;
  const std::vector<MemoryPiece> pieces = OutsidePieces(model.memory(), model.index(), cancel);
  std::vector<std::vector<uint64_t>> found(pieces.size());
  ReadPieces(model.memory(), pieces, threads, cancel, [&](size_t piece, Address, std::span<const std::byte> bytes) {
    const size_t count = bytes.size() / 8;
    for (size_t i = 0; i < count; ++i) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + 8 * i, 8);
      if ((word & 7) != 1 || word - low >= high - low) [[likely]]
        continue;
      const uint64_t bit = word / kChunkAlignment % kBits;
      if ((filter[bit / 64] >> bit % 64 & 1) == 0) continue;
      const Page* page = model.index().At(word - 1);
      if (page == nullptr || page->descriptor.heap != isolate.heap || word < page->descriptor.area_start ||
          word >= page->descriptor.area_end || page->space == SpaceKind::kReadOnly)
        continue;
      found[piece].push_back(word);
    }
  });
  for (const std::vector<uint64_t>& words : found) result.insert(result.end(), words.begin(), words.end());
  std::ranges::sort(result);
  const auto repeated = std::ranges::unique(result);
  result.erase(repeated.begin(), repeated.end());
  return result;
}

}  // namespace corewalk
