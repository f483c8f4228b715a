// A regular file mapped read-only, for files that are read in place (cores, executables).
//
// Assumes that nobody shortens the file while it is open: reading a mapped page that is gone raises SIGBUS, and so does
// a disk error. Anything but a regular file (device, FIFO, directory, socket) is refused before it is opened, so that
// opening never blocks and never has a side effect. Nothing is read at open; holes of a sparse file stay holes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"

namespace corewalk {

class MappedFile {
 public:
  MappedFile() = default;
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  // Errors: kNotFound when there is no such file, kUnreadable when it may not be read or mapped, kBadFormat when it is
  // not a regular file or is empty.
  static Result<MappedFile> Open(const std::string& path);

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

// The text of an errno value ("Permission denied"); thread-safe, unlike strerror().
std::string ErrnoText(int error);

}  // namespace corewalk
