#include "command/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace corewalk {
namespace {

constexpr int64_t kRedrawMs = 100;
constexpr size_t kColumns = 78;  // the line must not wrap on the narrowest usual terminal

void WriteAll(int fd, std::string_view text) {
  // Progress is not worth a retry: a failed write is dropped.
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

void ProgressLine::Report(const char* what, uint64_t done, uint64_t total) {
  if (!enabled_) return;
  const int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start_).count();
  int64_t next = next_ms_.load(std::memory_order_relaxed);
  if (now < next || !next_ms_.compare_exchange_strong(next, now + kRedrawMs)) return;
  std::string line = what;
  if (total != 0) {
    line += fmt::format(" {:.0f} %", 100.0 * static_cast<double>(std::min(done, total)) / static_cast<double>(total));
  } else if (done != 0) {
    line += fmt::format(" {}", done);
  }
  line.resize(kColumns, ' ');
  const std::lock_guard lock(mutex_);
  WriteAll(fd_, "\r" + line + "\r");
  shown_ = true;
}

void ProgressLine::Hide() {
  const std::lock_guard lock(mutex_);
  if (!shown_) return;
  WriteAll(fd_, "\r" + std::string(kColumns, ' ') + "\r");
  shown_ = false;
}

}  // namespace corewalk
