// Handles: the tables in which V8 keeps what C++ code refers to.
#include <algorithm>
#include <array>
#include <cstring>
#include <set>
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

constexpr size_t kScopeBlockHandles = 1022;  // src/api/api.h: kHandleBlockSize = KB - 2
constexpr size_t kEternalBlockHandles = 256;  // src/handles/global-handles.h: EternalHandles::kSize
constexpr size_t kMostHandles = 1 << 24;

using NodeBlock = std::array<uint64_t, kBlockBytes / 8>;

uint8_t IndexOf(const NodeBlock& block, size_t node) { return static_cast<uint8_t>(block[4 * node + 1] >> 16); }
uint8_t FlagsOf(const NodeBlock& block, size_t node) { return static_cast<uint8_t>(block[4 * node + 1] >> 24); }

bool ReadBlock(const Memory& memory, Address address, NodeBlock* block) {
  if ((address & 7) != 0 || memory.Read(address, std::as_writable_bytes(std::span(*block))) != kBlockBytes) return false;
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
  if (size > capacity || capacity > kMostHandles || !builder.IsNative(data)) return false;
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
      builder->Add(slot, block[4 * i], RootGroup::kGlobalHandles,
                   node_state == kNormal ? RootStrength::kStrong : RootStrength::kWeak,
                   owner != owners.end() ? builder->Label(owner->second) : 0);
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

// HandleScopeImplementer {Isolate*, blocks, entered contexts, saved contexts, ...}, and in the Isolate HandleScopeData
// {next, limit, level}: every block is full but the last, which is used up to `next` (src/api/api.h).
void CollectHandleScopes(RootsBuilder* builder) {
  constexpr size_t kVectorsWithin = 24;  // words behind the blocks in which the vectors of contexts stand
  const Memory& memory = builder->memory();
  RootGroupState& state = builder->state(RootGroup::kHandleScopes);
  const IsolateWords& isolate = builder->words();
  bool empty = false;
  for (const uint64_t word : isolate.words) {
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

// MicrotaskQueue {vtable, size, capacity, start, ring buffer, ..., next, prev}; the queues form a loop
// (src/execution/microtask-queue.h).
void CollectMicrotasks(RootsBuilder* builder) {
  constexpr size_t kQueueWords = 16;
  constexpr size_t kMostQueues = 1 << 16;
  const Memory& memory = builder->memory();
  RootGroupState& state = builder->state(RootGroup::kMicrotasks);
  struct Fields {
    uint64_t size, capacity, start;
    Address ring;
  };
  // The queue's fields start at word `at` of it, the links at word `link`.
  const auto read = [&](Address queue, size_t at, Fields* fields) {
    const std::vector<uint64_t> words = ReadWords(memory, queue + 8 * at, 4);
    if (words.size() < 4) return false;
    *fields = {words[0], words[1], words[2], words[3]};
    if (fields->capacity == 0) return fields->size == 0 && fields->ring == 0 && fields->start == 0;
    return fields->size <= fields->capacity && fields->start < fields->capacity && fields->capacity <= kMostHandles &&
           (fields->capacity & (fields->capacity - 1)) == 0 && fields->capacity >= 8 && builder->IsNative(fields->ring);
  };
  for (const uint64_t word : builder->words().words) {
    if (!builder->IsNative(word)) continue;
    const std::vector<uint64_t> words = ReadWords(memory, word, kQueueWords);
    if (words.size() < kQueueWords) continue;
    Fields fields{};
    constexpr size_t at = 1;
    if (!read(word, at, &fields)) continue;
    size_t link = 0;
    for (size_t i = at + 4; i + 1 < words.size() && link == 0; ++i) {
      if (!builder->IsNative(words[i]) || !builder->IsNative(words[i + 1])) continue;
      const bool loop = memory.ReadWord(words[i] + 8 * i + 8) == word && memory.ReadWord(words[i + 1] + 8 * i) == word;
      if (loop) link = i;
    }
    if (link == 0) continue;
    state.found = true;
    std::unordered_set<Address> seen;
    for (Address queue = word; seen.size() < kMostQueues && builder->IsNative(queue) && seen.insert(queue).second;
         queue = memory.ReadWord(queue + 8 * link).value_or(0)) {
      if (!read(queue, at, &fields)) break;
      for (uint64_t i = 0; i < fields.size; ++i) {
        const Address slot = fields.ring + 8 * ((fields.start + i) & (fields.capacity - 1));
        builder->Add(slot, memory.ReadWord(slot).value_or(0), RootGroup::kMicrotasks, RootStrength::kStrong);
      }
    }
    return;
  }
  state.problem = "the Isolate leads to no queue of microtasks";
}

}  // namespace corewalk
