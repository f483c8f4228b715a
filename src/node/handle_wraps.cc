#include "node/handle_wraps.h"

#include <algorithm>
#include <unordered_set>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr uint64_t kGlobal = 8;         // BaseObject::persistent_handle_
constexpr int kMostEmbedderFields = 4;  // BaseObject::kInternalFieldCount is 1, from 18 on 2
constexpr uint64_t kEnvironmentBytes = 1 << 14;
constexpr uint64_t kLeastNode = 24, kMostNode = 160;  // where in a wrap its node of the ring can stand
constexpr uint64_t kWrapBytes = 256;                  // HandleWrap and what it derives from
constexpr size_t kMostNodes = 1 << 24;
constexpr size_t kPollNodes = 1 << 10;

uint64_t Word(const Memory& memory, Address address) {
  return memory.ReadWord(address).value_or(0);
}

// ListNode {prev, next} of src/util.h.
bool InRing(const Memory& memory, Address node) {
  const Address previous = Word(memory, node), next = Word(memory, node + 8);
  return previous != 0 && previous % 8 == 0 && next % 8 == 0 && Word(memory, previous + 8) == node &&
         Word(memory, next) == node;
}
bool IsEmptyRing(const Memory& memory, Address head) {
  return Word(memory, head) == head && Word(memory, head + 8) == head;
}

// The nodes of a ring without its head; nothing when it is broken or longer than any can be.
std::optional<std::vector<Address>> NodesOf(const Memory& memory, Address head, const Cancel& cancel) {
  std::vector<Address> nodes;
  Address previous = head;
  for (Address node = Word(memory, head + 8); node != head; node = Word(memory, node + 8)) {
    if (node == 0 || node % 8 != 0 || Word(memory, node) != previous || nodes.size() >= kMostNodes) return std::nullopt;
    if (nodes.size() % kPollNodes == 0 && cancel.Cancelled()) return std::nullopt;
    nodes.push_back(node);
    previous = node;
  }
  return nodes;
}

// The head of the ring of HandleWraps: its only member that lies in the Environment and is no BaseObject's; 0 when none
// is found. A few of `handles` may be no HandleWraps after all, but for the first.
Address FindHandleRing(HeapReader& reader, const EventLoop& loop, std::span<const Address> handles,
                       const Cancel& cancel) {
  const Memory& memory = reader.memory();
  const Address begin = loop.environment, end = begin + kEnvironmentBytes;
  const std::unordered_set<Address> known(handles.begin(), handles.end());
  Address best = 0;
  size_t most = known.size() / 2, fewest = 0;
  for (uint64_t offset = kLeastNode; offset <= kMostNode; offset += 8) {
    if (!InRing(memory, handles[0] + offset)) continue;
    Address head = 0;
    Address at = Word(memory, handles[0] + offset + 8);
    for (size_t i = 0; i < kMostNodes && at != handles[0] + offset && at % 8 == 0 && head == 0; ++i) {
      if (i % kPollNodes == 0 && cancel.Cancelled()) return 0;
      if (at >= begin && at < end && ObjectOfBase(reader, at - offset) == 0) head = at;
      at = Word(memory, at + 8);
    }
    if (head == 0) continue;
    // libuv's own ring of handles leads through the Environment as well, but only of this one all members have their
    // node at the same distance: it has the most. A ring of all BaseObjects (from 20 on) is longer.
    const std::optional<std::vector<Address>> nodes = NodesOf(memory, head, cancel);
    if (!nodes) continue;
    size_t members = 0;
    for (const Address node : *nodes) members += known.contains(node - offset) ? 1 : 0;
    if (members > most || (members == most && best != 0 && nodes->size() < fewest))
      best = head, most = members, fewest = nodes->size();
  }
  return best;
}

// How far before its node a ReqWrap begins; 0 when the ring is not one of ReqWraps.
uint64_t OffsetOfNodes(HeapReader& reader, const std::vector<Address>& nodes) {
  constexpr size_t kTried = 16;
  uint64_t best = 0;
  size_t most = 0;
  for (uint64_t offset = kLeastNode; offset <= kMostNode; offset += 8) {
    size_t good = 0, tried = std::min(nodes.size(), kTried);
    for (size_t i = 0; i < tried; ++i) good += ObjectOfBase(reader, nodes[i] - offset) != 0 ? 1 : 0;
    if (good > most) best = offset, most = good;
  }
  return best;
}

// ReqWrap<T> {..., the ring's node, the callback, T}: T::data is the wrap once it was handed to libuv.
Address RequestOf(const Memory& memory, Address base, Address node) {
  constexpr uint64_t kBehindNode = 24;
  constexpr uint64_t kRequestType = 8;
  const Address request = node + kBehindNode;
  const uint64_t data = Word(memory, request);
  const uint32_t type = static_cast<uint32_t>(Word(memory, request + kRequestType));
  return data == base && type < static_cast<uint32_t>(UvRequestType::kCount) ? request : 0;
}

}  // namespace

Address BaseOfObject(HeapReader& reader, uint64_t object) {
  const int first = reader.offset(ObjectField::kEmbedderFields);
  for (int i = 0; i < kMostEmbedderFields; ++i) {
    const Address base = reader.Field(object, first + 8 * i).value_or(0);
    if (base == 0 || base % 8 != 0 || base >= kUserAddressEnd) continue;
    const Address slot = Word(reader.memory(), base + kGlobal);
    if (slot != 0 && slot % 8 == 0 && Word(reader.memory(), slot) == object) return base;
  }
  return 0;
}

uint64_t ObjectOfBase(HeapReader& reader, Address base) {
  if (base == 0 || base % 8 != 0 || base >= kUserAddressEnd) return 0;
  const Memory& memory = reader.memory();
  const Address slot = Word(memory, base + kGlobal);
  if (slot == 0 || slot % 8 != 0 || slot >= kUserAddressEnd) return 0;
  const uint64_t object = Word(memory, slot);
  if (!IsStrongPointer(object)) return 0;
  const MapInfo* map = reader.MapOf(object);
  if (map == nullptr || !reader.layout().types.IsJSReceiver(map->instance_type)) return 0;
  const int first = reader.offset(ObjectField::kEmbedderFields);
  for (int i = 0; i < kMostEmbedderFields; ++i) {
    if (reader.Field(object, first + 8 * i) == base) return object;
  }
  return 0;
}

bool IsHandleWrap(HeapReader& reader, const UvHandle& handle) {
  if (handle.data == 0 || handle.data % 8 != 0 || handle.data >= kUserAddressEnd) return false;
  const std::vector<uint64_t> words = ReadWords(reader.memory(), handle.data, kWrapBytes / 8);
  return std::ranges::find(words, handle.address) != words.end() && ObjectOfBase(reader, handle.data) != 0 &&
         !IsOfDnsResolver(reader, handle);
}

bool IsOfDnsResolver(HeapReader& reader, const UvHandle& handle) {
  const auto is_channel = [&](Address base) {
    const uint64_t object = ObjectOfBase(reader, base);
    return object != 0 && reader.ClassOf(object) == "ChannelWrap";
  };
  if (handle.type == UvType::kTimer) return is_channel(handle.data);
  // node_ares_task {vtable of MemoryRetainer, the channel, the socket, uv_poll_t}; the poll's `data` is not set.
  constexpr uint64_t kPollBehindChannel = 16;
  return handle.type == UvType::kPoll && handle.address > kPollBehindChannel &&
         is_channel(Word(reader.memory(), handle.address - kPollBehindChannel));
}

ReqWraps ReadReqWraps(HeapReader& reader, const EventLoop& loop, std::span<const Address> handles,
                      const Cancel& cancel) {
  constexpr uint64_t kHeadBytes = 16;
  const Memory& memory = reader.memory();
  ReqWraps result;
  std::vector<Address> nodes;
  const auto take = [&](Address head) {
    if (!InRing(memory, head)) return false;
    std::optional<std::vector<Address>> found = NodesOf(memory, head, cancel);
    if (!found) return false;
    nodes = std::move(*found);
    return true;
  };
  if (!handles.empty()) {
    const Address head = FindHandleRing(reader, loop, handles, cancel);
    if (head == 0) return result;
    result.found = true;
    result.whole = take(head + kHeadBytes);
  } else {
    // Without handles the head is behind an empty ring, and its members are BaseObjects.
    for (Address at = loop.environment; at < loop.environment + kEnvironmentBytes; at += 8) {
      if (!IsEmptyRing(memory, at) || !take(at + kHeadBytes)) continue;
      if (nodes.empty()) {
        result.found = true;
        continue;
      }
      if (OffsetOfNodes(reader, nodes) == 0) {
        nodes.clear();
        continue;
      }
      result.found = true;
      break;
    }
  }
  const uint64_t offset = nodes.empty() ? 0 : OffsetOfNodes(reader, nodes);
  if (nodes.empty()) return result;
  if (offset == 0) {
    result.found = false;
    return result;
  }
  for (const Address node : nodes) {
    if (result.wraps.size() % kPollNodes == 0 && cancel.Cancelled()) break;
    const Address base = node - offset;
    result.wraps.push_back(
        {.base = base, .object = ObjectOfBase(reader, base), .request = RequestOf(memory, base, node)});
  }
  return result;
}

}  // namespace corewalk
