// Takes the memory of big arrays in the background, while the calling thread still works on something else: the first write
// to a page of new memory waits for the kernel to clear it, and on a virtual machine for the host to find it (2 ms per MB
// were measured). Nothing changes but when that happens. Arrays in a scratch file are left alone.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

#include "base/big_array.h"
#include "base/scratch_space.h"

namespace corewalk {

class Prefault {
 public:
  // The arrays must live and keep their memory for as long as this does. They are taken one behind the other.
  template <typename... T>
  explicit Prefault(bool wanted, BigArray<T>&... arrays) {
    if (!wanted || ScratchSpace::Current() != nullptr) return;
    (ranges_.push_back(std::as_writable_bytes(std::span(arrays.data(), arrays.size()))), ...);
    thread_ = std::thread([this] { Run(); });
  }
  ~Prefault() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  Prefault(const Prefault&) = delete;
  Prefault& operator=(const Prefault&) = delete;

 private:
  static constexpr uintptr_t kStep = 2 << 20;  // bytes: one huge page
  static constexpr int kPopulateWrite = 23;    // MADV_POPULATE_WRITE, Linux 5.14; older kernels refuse it

  void Run() {
    for (const std::span<std::byte> range : ranges_) {
      const uintptr_t end = reinterpret_cast<uintptr_t>(range.data() + range.size()) & ~uintptr_t{4095};
      uintptr_t at = (reinterpret_cast<uintptr_t>(range.data()) + 4095) & ~uintptr_t{4095};
      while (at < end) {
        if (stop_) return;
        const uintptr_t next = std::min(end, (at + kStep) & ~(kStep - 1));
        if (madvise(reinterpret_cast<void*>(at), next - at, kPopulateWrite) != 0) return;
        at = next;
      }
    }
  }

  std::vector<std::span<std::byte>> ranges_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace corewalk
