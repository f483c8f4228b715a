// One line of progress on a terminal, rewritten in place: it appears only when work takes longer than half a second and
// is wiped before anything else is written. Report() may be called from several threads. Does nothing when disabled.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace corewalk {

class ProgressLine {
 public:
  // Writes to `fd`; `enabled` should be false unless that is a terminal that a person watches.
  ProgressLine(int fd, bool enabled) : fd_(fd), enabled_(enabled) {}
  ~ProgressLine() { Hide(); }

  void Report(const char* what, uint64_t done, uint64_t total);
  void Hide();

 private:
  using Clock = std::chrono::steady_clock;
  int fd_;
  bool enabled_;
  Clock::time_point start_ = Clock::now();
  std::atomic<int64_t> next_ms_{500};  // since start_; when the line may be drawn next
  std::mutex mutex_;
  bool shown_ = false;
};

}  // namespace corewalk
