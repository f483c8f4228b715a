// The same work on several threads; the calling one is number 0. Returns when all have ended.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "base/cancel.h"

namespace corewalk {

// run(number) is called once per thread.
template <typename Run>
void OnThreads(size_t count, Run&& run) {
  std::vector<std::thread> threads;
  for (size_t i = 1; i < count; ++i) threads.emplace_back([&run, i] { run(i); });
  run(0);
  for (std::thread& thread : threads) thread.join();
}

inline size_t ClampThreads(int wanted) {
  return std::clamp<size_t>(static_cast<size_t>(std::max(wanted, 1)), 1, 64);
}

// run(part, begin, end) for `parts` ranges of neighbours below `count`, one per thread: for sums that are put together in
// the order of the parts.
template <typename Run>
void InParts(uint64_t count, size_t parts, Run&& run) {
  OnThreads(parts, [&](size_t part) { run(part, count * part / parts, count * (part + 1) / parts); });
}

// do_one(thread, index) for every index below `count`, in pieces of neighbours, which keep reads sequential. Stops when
// cancelled; the calling thread reports the progress of all.
template <typename DoOne>
void InPieces(size_t count, size_t threads, const Cancel& cancel, const ProgressFunction& progress, const char* what,
              DoOne&& do_one) {
  const size_t piece = std::clamp<size_t>(count / (threads * 16), 1, 64);
  std::atomic<size_t> next{0};
  OnThreads(threads, [&](size_t thread) {
    while (true) {
      const size_t begin = next.fetch_add(piece);
      if (begin >= count) return;
      const size_t end = std::min(begin + piece, count);
      for (size_t i = begin; i < end; ++i) {
        if (cancel.Cancelled()) return;
        do_one(thread, i);
      }
      if (thread == 0 && progress) progress(what, end, count);
    }
  });
}

}  // namespace corewalk
