#include "analysis/open_files.h"

#include "node/handle_wraps.h"
#include "node/uv_handles.h"

namespace corewalk {
namespace {

// Files are Strings, Buffers or URLs; of a URL the path that it leads to.
std::string PathOf(OwnProperties& properties, uint64_t object, std::string_view name) {
  const std::string text = properties.Text(object, name);
  if (!text.empty()) return text;
  const uint64_t url = properties.Object(object, name);
  return properties.Text(url, "pathname");
}

std::optional<int64_t> FdOf(OwnProperties& properties, uint64_t object, std::string_view name) {
  constexpr double kMost = 1 << 30;
  const std::optional<double> fd = properties.Number(object, name);
  return fd && *fd >= 0 && *fd < kMost ? std::optional(static_cast<int64_t>(*fd)) : std::nullopt;
}

std::optional<OpenFile> StreamFile(OwnProperties& properties, uint64_t stream) {
  if (properties.Object(stream, "kHandle") != 0) return std::nullopt;
  OpenFile file{.object = stream,
                .fd = FdOf(properties, stream, "fd"),
                .path = UntrustedText(PathOf(properties, stream, "path"))};
  if (!file.fd) return std::nullopt;
  std::optional<double> bytes = properties.Number(stream, "bytesRead");
  if (!bytes) bytes = properties.Number(stream, "bytesWritten");
  if (bytes && *bytes >= 0 && *bytes < 1e15) file.bytes = static_cast<uint64_t>(*bytes);
  return file;
}

std::optional<OpenFile> HandleFile(OwnProperties& properties, uint64_t handle) {
  // The C++ object closes the descriptor when nothing refers to it any more.
  if (BaseOfObject(properties.reader(), properties.Object(handle, "kHandle")) == 0) return std::nullopt;
  OpenFile file{.object = handle, .fd = FdOf(properties, handle, "kFd")};
  return file.fd ? std::optional(std::move(file)) : std::nullopt;
}

// From 24 on its fields are private.
std::optional<OpenFile> Directory(OwnProperties& properties, uint64_t dir) {
  const bool is_private = properties.Has(dir, "#path");
  if (properties.reader().ClassOf(dir) != "Dir") return std::nullopt;
  const Address base = BaseOfObject(properties.reader(), properties.Object(dir, is_private ? "#handle" : "kDirHandle"));
  if (base == 0 || properties.Boolean(dir, is_private ? "#closed" : "kDirClosed") != false) return std::nullopt;
  return OpenFile{.object = dir,
                  .fd = FdOfDirectory(properties.reader().memory(), base),
                  .path = UntrustedText(PathOf(properties, dir, is_private ? "#path" : "kDirPath"))};
}

}  // namespace

std::optional<OpenFile> OpenFileOf(OwnProperties& properties, uint64_t object) {
  std::optional<OpenFile> file = properties.Has(object, "kFs")   ? StreamFile(properties, object)
                                 : properties.Has(object, "kFd") ? HandleFile(properties, object)
                                                                 : Directory(properties, object);
  if (file) file->kind = properties.reader().ClassOf(object);
  return file;
}

}  // namespace corewalk
