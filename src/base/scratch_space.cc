#include "base/scratch_space.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/text_sanitize.h"

namespace corewalk {
namespace {

thread_local const ScratchSpace* current = nullptr;

// A new file without a name; -1 and errno when there can be none.
int NamelessFile(const std::string& folder) {
  const int fd = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  // File systems without O_TMPFILE (NFS, older overlays).
  std::string name = folder + "/.corewalk-scratch-XXXXXX";
  const int named = mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) unlink(name.c_str());
  return named;
}

}  // namespace

Result<std::shared_ptr<const ScratchSpace>> ScratchSpace::Open(const std::string& folder) {
  struct stat info {};
  const auto fail = [&](int error) {
    return Fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnreadable,
                "cannot use '" + Sanitize(folder, {.max_code_points = 200}) + "' as scratch space: " +
                    std::generic_category().message(error));
  };
  if (stat(folder.c_str(), &info) != 0) return fail(errno);
  if (!S_ISDIR(info.st_mode)) return fail(ENOTDIR);
  const int fd = NamelessFile(folder);
  if (fd < 0) return fail(errno);
  close(fd);
  return std::shared_ptr<const ScratchSpace>(new ScratchSpace(folder));
}

void* ScratchSpace::Map(size_t bytes) const {
  const int fd = NamelessFile(folder_);
  if (fd < 0) return nullptr;
  void* memory = MAP_FAILED;
  // Taken now: a disk that turns out to be full when a page is written would end the program.
  const bool reserved = fallocate(fd, 0, 0, static_cast<off_t>(bytes)) == 0;
  const bool cannot_reserve = !reserved && errno == EOPNOTSUPP;
  if (reserved || (cannot_reserve && ftruncate(fd, static_cast<off_t>(bytes)) == 0))
    memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return memory == MAP_FAILED ? nullptr : memory;
}

const ScratchSpace* ScratchSpace::Current() {
  return current;
}

ScratchScope::ScratchScope(const ScratchSpace* space) : before_(current) {
  current = space;
}

ScratchScope::~ScratchScope() {
  current = before_;
}

}  // namespace corewalk
