#include "base/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/text_sanitize.h"

namespace corewalk {
namespace {

std::string Reason(int error) {
  return std::generic_category().message(error);
}

// A regular file or nothing may stand under the name.
Result<void> CheckReplaceable(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode)) return {};
  const char* what = S_ISLNK(info.st_mode) ? "a symbolic link" : S_ISDIR(info.st_mode) ? "a folder" : "no regular file";
  return Fail(ErrorCode::kUnreadable, fmt::format("will not write to '{}': it is {}", Sanitize(path), what));
}

}  // namespace

Result<OutputFile> OutputFile::Create(const std::string& path) {
  if (path.empty() || path.back() == '/') return Fail(ErrorCode::kUsage, "the output file needs a name");
  if (auto ok = CheckReplaceable(path); !ok) return std::unexpected(ok.error());
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  OutputFile file;
  file.path_ = path;
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    file.temporary_ = fmt::format("{}.corewalk-{}-{}.tmp", folder, getpid(), attempt);
    file.fd_ = open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file.fd_ >= 0) return file;
    if (errno != EEXIST) break;
  }
  const int error = errno;
  return Fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnreadable,
              fmt::format("cannot write '{}': {}", Sanitize(path), Reason(error)));
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)),
      error_(other.error_) {
  other.temporary_.clear();
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

bool OutputFile::Write(std::string_view bytes) {
  while (error_ == 0 && !bytes.empty()) {
    const ssize_t n = write(fd_, bytes.data(), bytes.size());
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (n == 0) {
      error_ = EIO;
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  return error_ == 0;
}

bool OutputFile::Skip(uint64_t bytes) {
  if (error_ == 0 && lseek(fd_, static_cast<off_t>(bytes), SEEK_CUR) < 0) error_ = errno;
  return error_ == 0;
}

Result<void> OutputFile::Commit(bool durable) {
  // Some file systems report a full disk only now.
  if (error_ == 0 && durable && fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) error_ = errno;
  if (close(std::exchange(fd_, -1)) != 0 && error_ == 0) error_ = errno;
  if (error_ == 0) {
    if (auto ok = CheckReplaceable(path_); !ok) return ok;
    if (rename(temporary_.c_str(), path_.c_str()) == 0) {
      temporary_.clear();
      return {};
    }
    error_ = errno;
  }
  return Fail(ErrorCode::kUnreadable, fmt::format("cannot write '{}': {}", Sanitize(path_), Reason(error_)));
}

}  // namespace corewalk
