// The C++ objects through which JavaScript holds libuv's handles and requests: node::HandleWrap and node::ReqWrap
// (src/handle_wrap.h, src/req_wrap.h, 12 to 26). Both are node::BaseObject {vtable, v8::Global -> handle slot ->
// JavaScript object, ...}, and an embedder field of that object points back, which is how each is verified. Their
// offsets shift with every release and are found by content: a HandleWrap holds the address of its libuv handle, whose
// `data` is the HandleWrap; HandleWraps stand in a ring through the Environment (handle_wrap_queue_), and behind that
// one's head stands the head of the ring of ReqWraps (req_wrap_queue_). Neither symbols nor the executable are needed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "heap/views/heap_reader.h"
#include "node/event_loop.h"
#include "node/uv_handles.h"

namespace corewalk {

// The JavaScript object of a BaseObject, tagged; 0 when `base` is none, or its object does not point back.
uint64_t ObjectOfBase(HeapReader& reader, Address base);
// The C++ object that an embedder field of `object` (tagged) points to; 0 when there is none.
Address BaseOfObject(HeapReader& reader, uint64_t object);

struct ReqWrap {
  Address base = 0;     // the BaseObject in it
  uint64_t object = 0;  // tagged
  Address request = 0;  // uv_req_t; 0 when it was not found
};

struct ReqWraps {
  std::vector<ReqWrap> wraps;  // in the order in which they were made
  bool found = false;          // the list is known
  bool whole = true;           // false: the ring is broken
};

// `handles`: bases of HandleWraps of the loop's Environment; those that closed already may be missing.
ReqWraps ReadReqWraps(HeapReader& reader, const EventLoop& loop, std::span<const Address> handles,
                      const Cancel& cancel);

// Whether the handle's `data` is its HandleWrap: a BaseObject, and it holds the handle's address.
bool IsHandleWrap(HeapReader& reader, const UvHandle& handle);
// The timer of a DNS resolver with queries under way, or a socket of it. Its owner, node::cares_wrap::ChannelWrap, is a
// BaseObject that holds the timer's address, but no HandleWrap (src/cares_wrap.h, 12 to 26).
bool IsOfDnsResolver(HeapReader& reader, const UvHandle& handle);

}  // namespace corewalk
