#include "memory/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace corewalk {
namespace {

const char* KindName(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "not a regular file";
}

std::unexpected<Error> CannotOpen(const std::string& path, int error) {
  ErrorCode code = error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kUnreadable;
  return Fail(code, "cannot open " + path + ": " + ErrnoText(error));
}

// Fails unless `info` is of a regular file with at least one byte.
Result<void> CheckKind(const std::string& path, const struct stat& info) {
  if (!S_ISREG(info.st_mode))
    return Fail(ErrorCode::kBadFormat, path + " is " + KindName(info.st_mode) + ", not a file");
  if (info.st_size <= 0) return Fail(ErrorCode::kBadFormat, path + " is empty");
  return {};
}

}  // namespace

std::string ErrnoText(int error) {
  return std::error_code(error, std::generic_category()).message();
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  if (descriptor_ >= 0) close(descriptor_);
}

uint64_t MappedFile::block_bytes() const {
  struct stat info {};
  return descriptor_ >= 0 && fstat(descriptor_, &info) == 0 ? static_cast<uint64_t>(info.st_blksize) : 0;
}

std::vector<std::pair<uint64_t, uint64_t>> MappedFile::DataExtents(uint64_t begin, uint64_t end) const {
  std::vector<std::pair<uint64_t, uint64_t>> extents;
  while (begin < end) {
    const off_t data = lseek(descriptor_, static_cast<off_t>(begin), SEEK_DATA);
    if (data < 0 && errno != ENXIO) return {{begin, end}};
    if (data < 0 || static_cast<uint64_t>(data) >= end) break;
    off_t hole = lseek(descriptor_, data, SEEK_HOLE);
    if (hole <= data) hole = static_cast<off_t>(end);
    begin = std::min(end, static_cast<uint64_t>(hole));
    extents.emplace_back(static_cast<uint64_t>(data), begin);
  }
  return extents;
}

Result<MappedFile> MappedFile::Open(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return CannotOpen(path, errno);
  if (Result<void> kind = CheckKind(path, info); !kind) return std::unexpected(kind.error());
  // O_NONBLOCK: should a FIFO have taken the file's place since stat(), open() must not hang.
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return CannotOpen(path, errno);
  int error = fstat(fd, &info) == 0 ? 0 : errno;
  Result<void> kind = CheckKind(path, info);
  void* base = MAP_FAILED;
  if (error == 0 && kind) {
    base = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (base == MAP_FAILED) error = errno;
  }
  if (error != 0 || !kind) close(fd);
  if (error != 0) return Fail(ErrorCode::kUnreadable, "cannot map " + path + ": " + ErrnoText(error));
  if (!kind) return std::unexpected(kind.error());
  return MappedFile(std::span(static_cast<const std::byte*>(base), static_cast<size_t>(info.st_size)), fd);
}

}  // namespace corewalk
