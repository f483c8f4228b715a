// Holds all threads of a process still with ptrace, and lets them go on in the destructor.
//
// The kernel ties tracing to the thread that asked for it: Stop() and the destructor must run on the same thread, else
// the process stays stopped until that thread ends (then, and also when we are killed, the kernel itself lets it go
// on). Signals that arrive while threads are being stopped are handed on when they go on. Nothing is written to the
// target. A thread that cannot be stopped within a few seconds (uninterruptible I/O) makes Stop() fail.
#pragma once

#include <vector>

#include "base/error.h"
#include "memory/memory.h"

namespace corewalk {

class ThreadStopper {
 public:
  explicit ThreadStopper(int pid) : pid_(pid) {}
  ~ThreadStopper();
  ThreadStopper(const ThreadStopper&) = delete;
  ThreadStopper& operator=(const ThreadStopper&) = delete;

  // Stops every thread, also those started meanwhile. Errors: kNotFound (gone), kUnreadable (not allowed, or not
  // stoppable). Threads stopped so far go on in the destructor.
  Result<void> Stop();

  // State of all stopped threads, the main thread first.
  std::vector<ThreadState> States() const;

 private:
  struct Thread {
    int tid = 0;     // 0 once the thread has ended
    int signal = 0;  // to be delivered when the thread goes on
    bool stopped = false;
  };

  Result<void> Seize(int tid);
  static bool Poll(Thread& thread);
  bool WaitForStops(int timeout_ms);

  int pid_;
  std::vector<Thread> threads_;
};

}  // namespace corewalk
