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
#include <vector>

#include "base/error.h"

namespace corewalk {

class MappedFile {
 public:
  MappedFile() = default;
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept
      : bytes_(std::exchange(other.bytes_, {})), descriptor_(std::exchange(other.descriptor_, -1)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  // Errors: kNotFound when there is no such file, kUnreadable when it may not be read or mapped, kBadFormat when it is
  // not a regular file or is empty.
  static Result<MappedFile> Open(const std::string& path);

  std::span<const std::byte> bytes() const { return bytes_; }

  // The parts of [begin, end) of the file for which it has blocks on its disk: [first, second) offsets in order. One
  // part, the whole, where the file system does not tell. `block_bytes` is how fine the disk can be told.
  std::vector<std::pair<uint64_t, uint64_t>> DataExtents(uint64_t begin, uint64_t end) const;
  uint64_t block_bytes() const;

 private:
  MappedFile(std::span<const std::byte> bytes, int descriptor) : bytes_(bytes), descriptor_(descriptor) {}
  std::span<const std::byte> bytes_;
  int descriptor_ = -1;
};

// The text of an errno value ("Permission denied"); thread-safe, unlike strerror().
std::string ErrnoText(int error);

}  // namespace corewalk
