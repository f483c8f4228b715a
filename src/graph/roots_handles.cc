// Handles: the tables in which V8 keeps what C++ code refers to.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <unordered_set>

#include "graph/roots_builder.h"

namespace corewalk {
namespace {

// src/handles/global-handles.cc: NodeBlock<Node> has 256 nodes of 32 bytes {object, u16 class id, u8 index, u8 flags,
// parameter or next free, callback}, then {next block, ...}. The same from 7.4 to 14.6.
constexpr size_t kNodesInBlock = 256;
constexpr uint64_t kNodeBytes = 32;
constexpr uint64_t kBlockBytes = kNodesInBlock * kNodeBytes;
constexpr size_t kMostBlocks = 1 << 20;
// Node::State, the lower bits of the flags: FREE 0, NORMAL 1, WEAK 2, then states of a collection in progress (PENDING
// 3 up to 10.8; NEAR_DEATH 4, from 11.3 on 3), in which the handle keeps nothing alive either.
constexpr uint8_t kStateMask = 3;
constexpr uint8_t kNormal = 1;

constexpr size_t kScopeBlockHandles = 1022;   // src/api/api.h: kHandleBlockSize = KB - 2
constexpr size_t kEternalBlockHandles = 256;  // src/handles/global-handles.h: EternalHandles::kSize
constexpr size_t kMostHandles = 1 << 24;      // bounds against damaged memory
constexpr size_t kMostScopeBlocks = 1 << 16;  // 67 million handles

using NodeBlock = std::array<uint64_t, kBlockBytes / 8>;

uint8_t IndexOf(const NodeBlock& block, size_t node) {
  return static_cast<uint8_t>(block[4 * node + 1] >> 16);
}
uint8_t FlagsOf(const NodeBlock& block, size_t node) {
  return static_cast<uint8_t>(block[4 * node + 1] >> 24);
}

bool ReadBlock(const Memory& memory, Address address, NodeBlock* block) {
  if ((address & 7) != 0 || memory.Read(address, std::as_writable_bytes(std::span(*block))) != kBlockBytes)
    return false;
  for (size_t i = 0; i < kNodesInBlock; ++i) {
    if (IndexOf(*block, i) != i) return false;
  }
  return true;
}

struct GlobalHandles {
  Address address = 0;
  std::vector<Address> first_blocks;  // of the node spaces: the regular one, then those of traced nodes (up to 10.8)
};

// The Isolate's word that leads to GlobalHandles {Isolate*, NodeSpace* ...} with NodeSpace {GlobalHandles*, NodeBlock*
// first, ...}. Whether there is one without any block is remembered in `empty`.
GlobalHandles FindGlobalHandles(const RootsBuilder& builder, bool* empty) {
  constexpr size_t kSpacesWithin = 32;  // words of GlobalHandles that are looked at
  const Memory& memory = builder.memory();
  NodeBlock block;
  for (const uint64_t word : builder.words().words) {
    if (!builder.IsNative(word) || memory.ReadWord(word) != builder.words().start) continue;
    GlobalHandles found{word, {}};
    bool owner = false;
    const std::vector<uint64_t> fields = ReadWords(memory, word, kSpacesWithin);
    for (size_t i = 1; i < fields.size(); ++i) {
      if (!builder.IsNative(fields[i]) || memory.ReadWord(fields[i]) != word) continue;
      const Address first = memory.ReadWord(fields[i] + 8).value_or(0);
      if (!owner && i > 3) break;
      owner = true;
      if (builder.IsNative(first) && ReadBlock(memory, first, &block)) found.first_blocks.push_back(first);
    }
    if (!found.first_blocks.empty()) return found;
    *empty |= owner;
  }
  return {};
}

bool ReadPair(const Memory& memory, Address address, uint64_t* first, uint64_t* second) {
  uint64_t pair[2];
  if (memory.Read(address, std::as_writable_bytes(std::span(pair))) != 16) return false;
  *first = pair[0], *second = pair[1];
  return true;
}

// A vector of V8's own (DetachableVector {data, capacity, size}) of words at `address`; false when it is none.
bool ReadDetachable(const RootsBuilder& builder, Address address, std::vector<uint64_t>* out) {
  uint64_t header[3];
  if (builder.memory().Read(address, std::as_writable_bytes(std::span(header))) != 24) return false;
  const auto [data, capacity, size] = header;
  if (capacity == 0 && size == 0 && data == 0) return out->clear(), true;
  if (size > capacity || capacity > kMostScopeBlocks || !builder.IsNative(data)) return false;
  *out = ReadWords(builder.memory(), data, size);
  return out->size() == size;
}

}  // namespace

void CollectGlobalHandles(RootsBuilder* builder) {
  const Memory& memory = builder->memory();
  RootGroupState& state = builder->state(RootGroup::kGlobalHandles);
  bool empty = false;
  const GlobalHandles handles = FindGlobalHandles(*builder, &empty);
  state.found = !handles.first_blocks.empty() || empty;
  if (!state.found) {
    state.problem = "the Isolate leads to no table of global handles";
    return;
  }
  std::vector<Address> blocks;
  std::unordered_set<Address> seen;
  for (const Address first : handles.first_blocks) {
    Address at = first;
    while (at != 0 && blocks.size() < kMostBlocks && seen.insert(at).second) {
      blocks.push_back(at);
      at = memory.ReadWord(at + kBlockBytes).value_or(1);
      if (at != 0 && !builder->IsNative(at)) {
        state.problem = "the list of handle blocks is broken";
        break;
      }
    }
  }
  std::vector<Address> sorted = blocks;
  std::ranges::sort(sorted);
  const std::map<Address, std::string> owners = OwnersOfHandles(*builder, std::move(sorted), kBlockBytes);
  NodeBlock block;
  for (const Address at : blocks) {
    if (builder->cancel().Cancelled()) return;
    if (!ReadBlock(memory, at, &block)) {
      state.problem = "a block of handles cannot be read";
      continue;
    }
    for (size_t i = 0; i < kNodesInBlock; ++i) {
      const uint8_t node_state = FlagsOf(block, i) & kStateMask;
      if (node_state == 0) continue;
      const Address slot = at + kNodeBytes * i;
      const auto owner = owners.find(slot);
      std::string label = owner != owners.end() ? owner->second : "";
      // The parameter of a weak handle's callback is mostly the C++ object that owns the handle.
      if (label.empty() && node_state != kNormal && builder->IsNative(block[4 * i + 2]))
        label = OwnerLabel(*builder, memory.ReadWord(block[4 * i + 2]).value_or(0));
      builder->Add(slot, block[4 * i], RootGroup::kGlobalHandles,
                   node_state == kNormal ? RootStrength::kStrong : RootStrength::kWeak,
                   builder->Label(std::move(label)));
    }
  }
}

// EternalHandles {int size, std::vector<Address*> blocks, ...}.
void CollectEternalHandles(RootsBuilder* builder) {
  const Memory& memory = builder->memory();
  RootGroupState& state = builder->state(RootGroup::kEternalHandles);
  size_t most = 0;
  std::vector<Address> best;
  for (const uint64_t word : builder->words().words) {
    if (builder->cancel().Cancelled()) return;
    if (!builder->IsNative(word)) continue;
    const std::vector<uint64_t> fields = ReadWords(memory, word, 4);
    if (fields.size() < 4) continue;
    const size_t size = static_cast<uint32_t>(fields[0]);
    if (size == 0 || size > kMostHandles || size <= most) continue;
    const size_t block_count = (size + kEternalBlockHandles - 1) / kEternalBlockHandles;
    if (fields[2] < fields[1] || fields[3] < fields[2] || fields[2] - fields[1] != 8 * block_count) continue;
    if (!builder->IsNative(fields[1])) continue;
    std::vector<Address> blocks = ReadWords(memory, fields[1], block_count);
    if (blocks.size() != block_count) continue;
    const bool handles = std::ranges::all_of(blocks, [&](Address block) {
      return builder->IsNative(block) && builder->IsAnyObject(memory.ReadWord(block).value_or(0));
    });
    if (handles) most = size, best = std::move(blocks);
  }
  state.found = most > 0;
  if (!state.found) state.problem = "the Isolate leads to no table of eternal handles";
  for (size_t i = 0; i < best.size(); ++i) {
    const size_t count = std::min(kEternalBlockHandles, most - kEternalBlockHandles * i);
    builder->AddAll(best[i], ReadWords(memory, best[i], count), RootGroup::kEternalHandles, RootStrength::kStrong);
  }
}

namespace {

// The blocks of a std::vector<Address*> at `vector`; empty when there is none.
std::vector<Address> BlocksOf(const RootsBuilder& builder, std::span<const uint64_t> vector) {
  const uint64_t bytes = vector[1] - vector[0];
  if (vector[1] <= vector[0] || vector[2] < vector[1] || (bytes & 7) != 0 || bytes > 8 * kMostScopeBlocks) return {};
  if (!builder.IsNative(vector[0])) return {};
  std::vector<Address> blocks = ReadWords(builder.memory(), vector[0], bytes / 8);
  const bool all =
      blocks.size() == bytes / 8 && std::ranges::all_of(blocks, [&](Address block) { return builder.IsNative(block); });
  return all ? blocks : std::vector<Address>();
}

// Handles that a compiler thread took along, in a list that starts in the Isolate. One of two structs:
//   PersistentHandles {Isolate*, std::vector<Address*> blocks, [block size,] next free slot, limit, prev, next},
//   from 8.6 on (src/handles/persistent-handles.h); the Isolate has the list's struct, and that the first of them.
//   Every block is full but the last. DeferredHandles {std::vector<Address*> blocks, next, prev, limit of the first
//   block, Isolate*}, up to 8.4 (src/api/api.h). Every block is full but the first, which is the newest.
struct ForeignHandles {
  std::vector<Address> blocks;
  Address not_full = 0;  // the block that is used up to `used`
  Address used = 0;
  Address prev = 0, next = 0;
};

std::optional<ForeignHandles> ReadForeignHandles(const RootsBuilder& builder, Address at) {
  if (!builder.IsNative(at)) return std::nullopt;
  const std::vector<uint64_t> words = ReadWords(builder.memory(), at, 9);
  if (words.size() < 9) return std::nullopt;
  const auto fits = [](Address block, Address used) {
    return used >= block && used - block <= 8 * kScopeBlockHandles && (used & 7) == 0;
  };
  ForeignHandles handles;
  if (words[0] == builder.words().start) {
    handles.blocks = BlocksOf(builder, std::span(words).subspan(1));
    if (handles.blocks.empty()) return std::nullopt;
    handles.not_full = handles.blocks.back();
    for (const size_t i : {size_t{4}, size_t{5}}) {
      if (!fits(handles.not_full, words[i]) || !fits(handles.not_full, words[i + 1]) || words[i] > words[i + 1])
        continue;
      handles.used = words[i], handles.prev = words[i + 2], handles.next = words[i + 3];
      return handles;
    }
  } else if (words[6] == builder.words().start) {
    handles.blocks = BlocksOf(builder, std::span(words));
    if (handles.blocks.empty() || !fits(handles.blocks.front(), words[5])) return std::nullopt;
    handles.not_full = handles.blocks.front();
    handles.used = words[5], handles.next = words[3], handles.prev = words[4];
    return handles;
  }
  return std::nullopt;
}

void CollectForeignHandles(RootsBuilder* builder) {
  constexpr size_t kListWords = 8;  // of PersistentHandlesList
  constexpr size_t kMostLists = 1 << 16;
  const Memory& memory = builder->memory();
  const IsolateWords& isolate = builder->words();
  std::unordered_set<Address> seen;
  const auto add_list = [&](Address head) {
    if (seen.contains(head)) return;
    std::optional<ForeignHandles> handles = ReadForeignHandles(*builder, head);
    if (!handles || handles->prev != 0) return;
    for (Address at = head; handles && seen.size() < kMostLists && seen.insert(at).second;) {
      for (const Address block : handles->blocks) {
        const size_t count = block == handles->not_full ? (handles->used - block) / 8 : kScopeBlockHandles;
        builder->AddAll(block, ReadWords(memory, block, count), RootGroup::kHandleScopes, RootStrength::kStrong,
                        builder->Label("compiler thread"));
      }
      at = handles->next;
      handles = ReadForeignHandles(*builder, at);
    }
  };
  for (size_t i = (isolate.heap - isolate.start) / 8; i < isolate.words.size(); ++i) {
    if (builder->cancel().Cancelled()) return;
    const uint64_t word = isolate.words[i];
    if (!builder->IsNative(word) || (word >= isolate.start && word < isolate.SlotOf(isolate.words.size()))) continue;
    add_list(word);
    for (const uint64_t inner : ReadWords(memory, word, kListWords)) add_list(inner);
  }
}

}  // namespace

// HandleScopeImplementer {Isolate*, blocks, entered contexts, saved contexts, ...}, and in the Isolate HandleScopeData
// {next, limit, level}: every block is full but the last, which is used up to `next` (src/api/api.h).
void CollectHandleScopes(RootsBuilder* builder) {
  constexpr size_t kVectorsWithin = 24;  // words behind the blocks in which the vectors of contexts stand
  const Memory& memory = builder->memory();
  RootGroupState& state = builder->state(RootGroup::kHandleScopes);
  const IsolateWords& isolate = builder->words();
  CollectForeignHandles(builder);
  bool empty = false;
  for (const uint64_t word : isolate.words) {
    if (builder->cancel().Cancelled()) return;
    if (!builder->IsNative(word) || memory.ReadWord(word) != isolate.start) continue;
    std::vector<uint64_t> blocks;
    if (!ReadDetachable(*builder, word + 8, &blocks)) continue;
    if (blocks.empty()) {
      uint64_t data = 0, capacity = 0;
      empty |= ReadPair(memory, word + 8, &data, &capacity) && data != 0 && capacity != 0;
      continue;
    }
    if (!std::ranges::all_of(blocks, [&](Address block) { return builder->IsNative(block); })) continue;
    // The pair {next, limit} in the Isolate.
    const Address last = blocks.back();
    const Address end = last + 8 * kScopeBlockHandles;
    Address used = 0;
    for (size_t i = 0; i + 1 < isolate.words.size() && used == 0; ++i) {
      const uint64_t next = isolate.words[i], limit = isolate.words[i + 1];
      if (next >= last && next <= limit && limit <= end && ((next | limit) & 7) == 0) used = next;
    }
    if (used == 0) continue;
    state.found = true;
    for (const Address block : blocks) {
      if (builder->cancel().Cancelled()) return;
      const size_t count = block == last ? (used - last) / 8 : kScopeBlockHandles;
      builder->AddAll(block, ReadWords(memory, block, count), RootGroup::kHandleScopes, RootStrength::kStrong);
    }
    for (size_t i = 4; i < kVectorsWithin; ++i) {
      std::vector<uint64_t> contexts;
      if (!ReadDetachable(*builder, word + 8 * i, &contexts) || contexts.empty()) continue;
      const Address data = memory.ReadWord(word + 8 * i).value_or(0);
      builder->AddAll(data, contexts, RootGroup::kHandleScopes, RootStrength::kStrong, builder->Label("context"));
    }
    return;
  }
  state.found = empty;
  if (!empty) state.problem = "the Isolate leads to no blocks of local handles";
}

// TracedNodeBlock {links and counts, TracedNode[256]} with TracedNode {object, u16 next free, u16 index, u8 flags}: the
// Isolate has the first block of each list (src/handles/traced-handles.h; seen in 13.6 to 14.6). They keep alive what
// an object of cppgc keeps alive that is alive itself; nothing here tells which, so they are weak, as in heap
// snapshots.
void CollectTracedHandles(RootsBuilder* builder) {
  constexpr size_t kHeaderWords = 24;  // 9 in 13.6 to 14.6
  constexpr size_t kNodesToTell = 32;
  constexpr size_t kNodes = 256;
  constexpr size_t kMostTracedBlocks = 1 << 16;
  constexpr uint64_t kInUse = uint64_t{1} << 32;
  const Memory& memory = builder->memory();
  RootGroupState& state = builder->state(RootGroup::kTracedHandles);
  const auto header_of = [&](const std::vector<uint64_t>& words) -> size_t {
    for (size_t header = 4; header < kHeaderWords; ++header) {
      size_t i = 0;
      while (i < kNodesToTell && static_cast<uint16_t>(words[header + 2 * i + 1] >> 16) == i) ++i;
      if (i == kNodesToTell) return header;
    }
    return 0;
  };
  std::unordered_set<Address> seen;
  std::vector<Address> work;
  for (const uint64_t word : builder->words().words) {
    if (builder->IsNative(word) && seen.insert(word).second) work.push_back(word);
  }
  for (size_t blocks = 0; !work.empty() && blocks < kMostTracedBlocks;) {
    if (builder->cancel().Cancelled()) return;
    const Address block = work.back();
    work.pop_back();
    const std::vector<uint64_t> head = ReadWords(memory, block, kHeaderWords + 2 * kNodesToTell);
    const size_t header = head.size() == kHeaderWords + 2 * kNodesToTell ? header_of(head) : 0;
    if (header == 0) continue;
    ++blocks;
    state.found = true;
    for (size_t i = 0; i < header; ++i) {
      if (builder->IsNative(head[i]) && seen.insert(head[i]).second) work.push_back(head[i]);
    }
    const std::vector<uint64_t> nodes = ReadWords(memory, block + 8 * header, 2 * kNodes);
    for (size_t i = 0; i + 1 < nodes.size() && static_cast<uint16_t>(nodes[i + 1] >> 16) == i / 2; i += 2) {
      if ((nodes[i + 1] & kInUse) == 0) continue;
      builder->Add(block + 8 * (header + i), nodes[i], RootGroup::kTracedHandles, RootStrength::kWeak);
    }
  }
}

}  // namespace corewalk
