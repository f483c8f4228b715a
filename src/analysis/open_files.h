// Files and directories that objects of Node.js's fs have open (lib/internal/fs/streams.js, promises.js, dir.js; 16 to
// 26): no libuv handle stands behind them. A FileHandle does not keep the path that it was opened with. Descriptors
// that a program has as bare numbers are in no object.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/untrusted_text.h"
#include "heap/views/own_properties.h"

namespace corewalk {

struct OpenFile {
  uint64_t object = 0;            // ReadStream, WriteStream, FileHandle or Dir; tagged
  std::string kind;               // its class; raw target text
  std::optional<int64_t> fd;      // nothing: of a Dir, when the C library's part was not understood
  UntrustedText path;             // "" = not kept, or given as a descriptor
  std::optional<uint64_t> bytes;  // that were read or written through a stream
};

// Properties of which such an object has at least one, from its constructor on.
inline constexpr std::array<std::string_view, 4> kOpenFileMarks = {"kFs", "kFd", "kDirPath", "#path"};

// Nothing when the object (tagged) has no file open. A stream over a FileHandle is not told: the FileHandle is.
std::optional<OpenFile> OpenFileOf(OwnProperties& properties, uint64_t object);

}  // namespace corewalk
