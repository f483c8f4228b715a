// The same work on several threads; the calling one is number 0. Returns when all have ended.
#pragma once

#include <cstddef>
#include <thread>
#include <vector>

namespace corewalk {

// run(number) is called once per thread.
template <typename Run>
void OnThreads(size_t count, Run&& run) {
  std::vector<std::thread> threads;
  for (size_t i = 1; i < count; ++i) threads.emplace_back([&run, i] { run(i); });
  run(0);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace corewalk
