// Memory for big arrays that lies in a file: where the machine has not the memory, the kernel writes parts of it to the disk
// and reads them back. The files have no name, so that nothing is left behind, however the program ends, and nobody else can
// open them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/error.h"

namespace corewalk {

class ScratchSpace {
 public:
  // `folder` must exist and be writable. Errors: kNotFound, kUnreadable (with the system's reason).
  static Result<std::shared_ptr<const ScratchSpace>> Open(const std::string& folder);

  // `bytes` of zeros, to be given back with munmap(); null when the file system has not the room.
  void* Map(size_t bytes) const;

  const std::string& folder() const { return folder_; }

  // What BigArrays of this thread take their memory from; null = memory proper.
  static const ScratchSpace* Current();

 private:
  explicit ScratchSpace(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

// Makes a space (which may be null) the one of this thread, for the life of the scope.
class ScratchScope {
 public:
  explicit ScratchScope(const ScratchSpace* space);
  ~ScratchScope();
  ScratchScope(const ScratchScope&) = delete;
  ScratchScope& operator=(const ScratchScope&) = delete;

 private:
  const ScratchSpace* before_;
};

}  // namespace corewalk
