#include "node/uv_handles.h"

#include <algorithm>
#include <array>

#include "heap/tagged.h"
#include "node/memory_scan.h"

namespace corewalk {
namespace {

constexpr size_t kMostHandles = 1 << 24;
constexpr size_t kPollHandles = 1 << 10;
constexpr size_t kMostPath = 4096;

// uv_loop_t.
constexpr uint64_t kLoopHandles = 16, kLoopActiveRequests = 32, kLoopTime = 544;
// uv_handle_t.
constexpr uint64_t kHandleData = 0, kHandleLoop = 8, kHandleType = 16, kHandleQueue = 32, kHandleFlags = 88;
constexpr uint64_t kHandleBytes = 96;
// uv_stream_t.
constexpr uint64_t kStreamQueueBytes = 96, kStreamWatcher = 136, kStreamConnectionCallback = 224;
constexpr uint64_t kPipeName = 256;
// uv__io_t.
constexpr uint64_t kWatcherFd = 48;
// uv_udp_t.
constexpr uint64_t kUdpQueueBytes = 96, kUdpWatcher = 128;
constexpr uint64_t kPollWatcher = 104;
constexpr uint64_t kProcessPid = 104, kSignalNumber = 104, kFsEventPath = 96, kTimerTimeout = 128;
// uv_fs_poll_t and its struct poll_ctx (deps/uv/src/fs-poll.c).
constexpr uint64_t kFsPollContext = 96;
constexpr uint64_t kContextInterval = 12, kContextPath = 800;

// uv_req_t.
constexpr uint64_t kRequestType = 8;
constexpr uint64_t kConnectHandle = 72, kWriteHandle = 80, kWriteIndex = 104, kWriteBuffers = 112, kWriteCount = 120;
constexpr uint64_t kShutdownHandle = 64, kSendHandle = 64, kSendCount = 224, kSendBuffers = 232;
constexpr uint64_t kHostname = 128;
constexpr uint64_t kFsType = 64, kFsPath = 104, kFsNewPath = 272, kFsFile = 280, kFsCount = 292, kFsBuffers = 296;

constexpr std::array<std::string_view, static_cast<size_t>(UvType::kCount)> kTypes = {
    "unknown", "async",   "check",  "fs_event", "fs_poll", "handle", "idle", "pipe",   "poll",
    "prepare", "process", "stream", "tcp",      "timer",   "tty",    "udp",  "signal", "file"};
constexpr std::array<std::string_view, static_cast<size_t>(UvRequestType::kCount)> kRequests = {
    "unknown", "req", "connect", "write", "shutdown", "udp_send", "fs", "work", "getaddrinfo", "getnameinfo", "random"};
// uv_fs_type, from 0; UV_FS_STATFS came with 1.31, MKSTEMP with 1.34, LUTIME with 1.36.
constexpr std::array<std::string_view, 37> kOperations = {
    "custom",  "open",    "close",   "read",     "write",   "sendfile", "stat",      "lstat",  "fstat",    "ftruncate",
    "utime",   "futime",  "access",  "chmod",    "fchmod",  "fsync",    "fdatasync", "unlink", "rmdir",    "mkdir",
    "mkdtemp", "rename",  "scandir", "link",     "symlink", "readlink", "chown",     "fchown", "realpath", "copyfile",
    "lchown",  "opendir", "readdir", "closedir", "statfs",  "mkstemp",  "lutime"};

uint64_t Word(const Memory& memory, Address address) {
  return memory.ReadWord(address).value_or(0);
}
uint32_t Half(const Memory& memory, Address address) {
  return memory.ReadValue<uint32_t>(address).value_or(0);
}

std::string PathAt(const Memory& memory, Address address) {
  if (address == 0) return "";
  bool whole = false;
  std::string text = ReadText(memory, address, kMostPath, &whole);
  return whole ? text : "";
}

std::optional<int64_t> FdAt(const Memory& memory, Address watcher) {
  const std::optional<int32_t> fd = memory.ReadValue<int32_t>(watcher + kWatcherFd);
  return fd && *fd >= 0 ? std::optional<int64_t>(*fd) : std::nullopt;
}

// The bytes of buffers [first, count) at `buffers` (uv_buf_t).
std::optional<uint64_t> BufferBytes(const Memory& memory, Address buffers, uint32_t first, uint32_t count) {
  constexpr uint32_t kMostBuffers = 1 << 16;
  if (buffers == 0 || count > kMostBuffers || first > count) return std::nullopt;
  uint64_t bytes = 0;
  for (uint32_t i = first; i < count; ++i) {
    const std::optional<uint64_t> length = memory.ReadWord(buffers + 16 * uint64_t{i} + 8);
    if (!length || *length > (uint64_t{1} << 47)) return std::nullopt;
    bytes += *length;
  }
  return bytes;
}

// Newer versions keep the previous poll's context before the path (1.31): a pointer, or none.
std::string PolledPath(const Memory& memory, Address context) {
  std::string path = PathAt(memory, context + kContextPath);
  if (path.starts_with('/')) return path;
  const std::string older = PathAt(memory, context + kContextPath - 8);
  return older.starts_with('/') || path.empty() ? older : path;
}

}  // namespace

std::string_view UvTypeName(UvType type) {
  return kTypes[std::min(static_cast<size_t>(type), kTypes.size()) % kTypes.size()];
}
std::string_view UvRequestTypeName(UvRequestType type) {
  return kRequests[std::min(static_cast<size_t>(type), kRequests.size()) % kRequests.size()];
}

UvHandles ReadUvHandles(const Memory& memory, Address loop, const Cancel& cancel) {
  UvHandles result;
  const Address head = loop + kLoopHandles;
  Address previous = head;
  for (Address node = Word(memory, head); node != head; node = Word(memory, node)) {
    const Address handle = node - kHandleQueue;
    const bool broken = node == 0 || node % 8 != 0 || Word(memory, node + 8) != previous ||
                        Word(memory, handle + kHandleLoop) != loop || result.handles.size() >= kMostHandles;
    if (broken || (result.handles.size() % kPollHandles == 0 && cancel.Cancelled())) {
      result.whole = false;
      break;
    }
    const uint32_t type = Half(memory, handle + kHandleType);
    result.handles.push_back(
        {.address = handle,
         .type = type < static_cast<uint32_t>(UvType::kCount) ? static_cast<UvType>(type) : UvType::kUnknown,
         .flags = Half(memory, handle + kHandleFlags),
         .data = Word(memory, handle + kHandleData)});
    previous = node;
  }
  return result;
}

UvDetails ReadUvDetails(const Memory& memory, const UvHandle& handle, Address loop) {
  UvDetails details;
  const Address at = handle.address;
  switch (handle.type) {
    case UvType::kPipe:
      details.path = PathAt(memory, Word(memory, at + kPipeName));
      [[fallthrough]];
    case UvType::kTcp:
    case UvType::kTty:
      details.fd = FdAt(memory, at + kStreamWatcher);
      details.write_queue_bytes = memory.ReadWord(at + kStreamQueueBytes);
      details.listening = Word(memory, at + kStreamConnectionCallback) != 0;
      break;
    case UvType::kUdp:
      details.fd = FdAt(memory, at + kUdpWatcher);
      details.write_queue_bytes = memory.ReadWord(at + kUdpQueueBytes);
      break;
    case UvType::kPoll:
      details.fd = FdAt(memory, at + kPollWatcher);
      break;
    case UvType::kFsEvent:
      details.path = PathAt(memory, Word(memory, at + kFsEventPath));
      break;
    case UvType::kFsPoll: {
      const Address context = Word(memory, at + kFsPollContext);
      if (context == 0 || Word(memory, context) != at) break;
      details.interval_ms = Half(memory, context + kContextInterval);
      details.path = PolledPath(memory, context);
      break;
    }
    case UvType::kProcess:
      details.pid = static_cast<int32_t>(Half(memory, at + kProcessPid));
      break;
    case UvType::kSignal:
      details.signal = static_cast<int32_t>(Half(memory, at + kSignalNumber));
      break;
    case UvType::kTimer:
      if (handle.active())
        details.due_in_ms = static_cast<int64_t>(Word(memory, at + kTimerTimeout) - Word(memory, loop + kLoopTime));
      break;
    default:
      break;
  }
  static_assert(kHandleBytes == kStreamQueueBytes);
  return details;
}

UvRequest ReadUvRequest(const Memory& memory, Address request) {
  UvRequest result;
  const uint32_t type = Half(memory, request + kRequestType);
  if (type < static_cast<uint32_t>(UvRequestType::kCount)) result.type = static_cast<UvRequestType>(type);
  switch (result.type) {
    case UvRequestType::kConnect:
      result.handle = Word(memory, request + kConnectHandle);
      break;
    case UvRequestType::kWrite:
      result.handle = Word(memory, request + kWriteHandle);
      result.bytes = BufferBytes(memory, Word(memory, request + kWriteBuffers), Half(memory, request + kWriteIndex),
                                 Half(memory, request + kWriteCount));
      break;
    case UvRequestType::kShutdown:
      result.handle = Word(memory, request + kShutdownHandle);
      break;
    case UvRequestType::kUdpSend:
      result.handle = Word(memory, request + kSendHandle);
      result.bytes = BufferBytes(memory, Word(memory, request + kSendBuffers), 0, Half(memory, request + kSendCount));
      break;
    case UvRequestType::kGetAddrInfo:
      result.path = PathAt(memory, Word(memory, request + kHostname));
      break;
    case UvRequestType::kFs: {
      const uint32_t operation = Half(memory, request + kFsType);
      if (operation < kOperations.size()) result.operation = kOperations[operation];
      result.path = PathAt(memory, Word(memory, request + kFsPath));
      const bool two_paths = result.operation == "rename" || result.operation == "link" ||
                             result.operation == "symlink" || result.operation == "copyfile";
      if (two_paths) result.new_path = PathAt(memory, Word(memory, request + kFsNewPath));
      constexpr std::array<std::string_view, 10> kOnFiles = {"close",  "read",   "write", "fstat",     "ftruncate",
                                                             "futime", "fchmod", "fsync", "fdatasync", "fchown"};
      if (std::ranges::find(kOnFiles, result.operation) != kOnFiles.end())
        result.fd = static_cast<int32_t>(Half(memory, request + kFsFile));
      if (result.operation == "read" || result.operation == "write")
        result.bytes = BufferBytes(memory, Word(memory, request + kFsBuffers), 0, Half(memory, request + kFsCount));
      break;
    }
    default:
      break;
  }
  return result;
}

std::optional<int64_t> FdOfDirectory(const Memory& memory, Address holder) {
  constexpr size_t kHolderWords = 32;
  constexpr uint64_t kUvDirStream = 48;  // uv_dir_t::dir
  // struct __dirstream {int fd, lock; size_t allocation, size, offset; ...}
  constexpr uint64_t kAllocation = 8, kSize = 16, kOffset = 24;
  constexpr uint64_t kLeastBuffer = 1 << 12, kMostBuffer = 1 << 20;
  constexpr int32_t kMostFd = 1 << 30;
  for (const uint64_t dir : ReadWords(memory, holder, kHolderWords)) {
    if (dir == 0 || dir % 8 != 0 || dir >= kUserAddressEnd) continue;
    const Address stream = Word(memory, dir + kUvDirStream);
    if (stream == 0 || stream % 16 != 0 || stream >= kUserAddressEnd) continue;
    const uint64_t allocation = Word(memory, stream + kAllocation), size = Word(memory, stream + kSize);
    if (allocation < kLeastBuffer || allocation > kMostBuffer || allocation % kLeastBuffer != 0 || size > allocation ||
        Word(memory, stream + kOffset) > size)
      continue;
    const std::optional<int32_t> fd = memory.ReadValue<int32_t>(stream);
    if (fd && *fd > 0 && *fd < kMostFd) return *fd;
  }
  return std::nullopt;
}

uint64_t ActiveUvRequests(const Memory& memory, Address loop) {
  return Half(memory, loop + kLoopActiveRequests);
}

}  // namespace corewalk
