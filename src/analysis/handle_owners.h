// What the JavaScript objects behind libuv's handles say: whose they are, addresses, paths, how full their streams are
// (lib/net.js, lib/dgram.js, lib/child_process.js, lib/internal/streams; the same names in 12 to 26).
#pragma once

#include <optional>

#include "analysis/handles.h"

namespace corewalk {

// What process._getActiveHandles() tells in place of a handle: its Symbol(owner_symbol), "owner" in old versions, and
// that one's in turn (AsyncWrap::GetOwner, src/async_wrap.cc). `object` itself when it has none.
uint64_t OwnerOf(OwnProperties& properties, uint64_t object);

// Fills in owner_class, local, remote, detail, writable, readable and tls_server of a handle with an owner; handle->tls is
// there already, if it has any.
void DescribeOwner(OwnProperties& properties, HandleEntry* handle);

// The flags that a stream's `_writableState` or `_readableState` (tagged) keeps as bits of one number: under a symbol from
// 20 on, under a plain name in 18.20 (lib/internal/streams); nothing where each is a property of its own.
std::optional<int64_t> StreamFlags(OwnProperties& properties, uint64_t state);

// The fill of a stream's `_writableState` or `_readableState`.
std::optional<StreamFill> FillOf(OwnProperties& properties, uint64_t stream, bool writable);

// Whether a TCP handle's owner is a server's.
bool IsServer(OwnProperties& properties, uint64_t owner);

}  // namespace corewalk
