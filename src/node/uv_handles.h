// libuv's handles and requests as its public and private headers lay them out on Linux x86-64 (deps/uv/include/uv.h,
// uv/unix.h, src/uv-common.h): the ABI of libuv 1, the same in all of Node.js 12 to 26. Everything is read through
// Memory, nothing fails; what cannot be read, or contradicts itself, is absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "memory/memory.h"

namespace corewalk {

// uv_handle_type.
enum class UvType : uint32_t {
  kUnknown,
  kAsync,
  kCheck,
  kFsEvent,
  kFsPoll,
  kHandle,
  kIdle,
  kPipe,
  kPoll,
  kPrepare,
  kProcess,
  kStream,
  kTcp,
  kTimer,
  kTty,
  kUdp,
  kSignal,
  kFile,
  kCount
};
std::string_view UvTypeName(UvType type);  // uv_handle_type_name(): "tcp", "fs_event"

struct UvHandle {
  Address address = 0;
  UvType type = UvType::kUnknown;
  uint32_t flags = 0;
  Address data = 0;
  bool closing() const { return (flags & 3) != 0; }  // being closed or closed
  bool active() const { return (flags & 4) != 0; }
  bool ref() const { return (flags & 8) != 0; }
  bool internal() const { return (flags & 16) != 0; }  // of libuv's own: uv_walk() passes it over
  bool stream() const { return type == UvType::kTcp || type == UvType::kPipe || type == UvType::kTty; }
  bool bound() const { return (flags & 0x2000) != 0; }
  bool reading() const { return stream() && (flags & 0x1000) != 0; }
};

struct UvHandles {
  std::vector<UvHandle> handles;  // of the loop, in the order in which they were made
  bool whole = true;              // false: the ring is broken, or longer than any can be
};
UvHandles ReadUvHandles(const Memory& memory, Address loop, const Cancel& cancel);

// What only some types have.
struct UvDetails {
  std::optional<int64_t> fd;                  // streams, UDP, polls; nothing when there is none (yet, or any more)
  std::optional<uint64_t> write_queue_bytes;  // streams and UDP: given to libuv and not yet to the kernel
  bool listening = false;                     // streams
  std::string path;                           // file systems' events and polls, pipes with a name; raw target text
  std::optional<int64_t> pid;                 // of a child process
  std::optional<int64_t> signal;              // that is waited for
  std::optional<uint64_t> interval_ms;        // polls of files
  std::optional<int64_t> due_in_ms;           // timers
};
UvDetails ReadUvDetails(const Memory& memory, const UvHandle& handle, Address loop);

// uv_req_type.
enum class UvRequestType : uint32_t {
  kUnknown,
  kRequest,
  kConnect,
  kWrite,
  kShutdown,
  kUdpSend,
  kFs,
  kWork,
  kGetAddrInfo,
  kGetNameInfo,
  kRandom,
  kCount
};
std::string_view UvRequestTypeName(UvRequestType type);  // "connect", "fs"

struct UvRequest {
  UvRequestType type = UvRequestType::kUnknown;
  std::string operation;       // of the file system: "read", "stat"
  std::string path, new_path;  // raw target text
  std::optional<int64_t> fd;
  std::optional<uint64_t> bytes;  // not yet written, to be read or written
  Address handle = 0;             // the uv_handle_t that it is about
};
UvRequest ReadUvRequest(const Memory& memory, Address request);

// The descriptor of the directory that the C++ object at `holder` (node::DirHandle, src/node_dir.h) reads: it points to a
// uv_dir_t, which points to a DIR of glibc. Nothing when they do not look like these.
std::optional<int64_t> FdOfDirectory(const Memory& memory, Address holder);

// Requests that libuv works on or waits for, of whoever made them: the loop's own count.
uint64_t ActiveUvRequests(const Memory& memory, Address loop);

}  // namespace corewalk
