// Cancellation and progress of long work. Every loop over target data polls Cancelled() at least every few milliseconds
// and returns what it has. A face (plugin, CLI) supplies the two callbacks; both may be empty.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace corewalk {

class Cancel {
 public:
  Cancel() = default;
  explicit Cancel(std::function<bool()> poll) : poll_(std::move(poll)) {}

  // True once the user has interrupted. Sticky. Polls the face only when `poll` was given; call it per page, not per
  // object. Safe to call from several threads when the callback is.
  bool Cancelled() const {
    if (cancelled_.load(std::memory_order_relaxed)) return true;
    if (poll_ && poll_()) cancelled_.store(true, std::memory_order_relaxed);
    return cancelled_.load(std::memory_order_relaxed);
  }

  void Request() { cancelled_.store(true, std::memory_order_relaxed); }
  // Forgets an earlier interruption, at the start of the next command.
  void Reset() { cancelled_.store(false, std::memory_order_relaxed); }

 private:
  std::function<bool()> poll_;
  mutable std::atomic<bool> cancelled_{false};
};

// Told about progress in units of the caller's choice; `what` is a short static phrase ("walking pages").
using ProgressFunction = std::function<void(const char* what, uint64_t done, uint64_t total)>;

}  // namespace corewalk
