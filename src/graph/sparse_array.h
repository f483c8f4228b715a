// A big array of plain values that takes memory only where it is written: parts of it can be filled by several threads
// without knowing beforehand how much each will write. Zero where nothing was written.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <utility>

namespace corewalk {

template <typename T>
class SparseArray {
 public:
  SparseArray() = default;
  ~SparseArray() { Reset(); }
  SparseArray(SparseArray&& other) noexcept { *this = std::move(other); }
  SparseArray& operator=(SparseArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  // False when the address space cannot be had.
  bool Reserve(size_t size) {
    Reset();
    if (size == 0) return true;
    void* const memory =
        mmap(nullptr, size * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    // A huge page would fill the gaps.
    madvise(memory, size * sizeof(T), MADV_NOHUGEPAGE);
    data_ = static_cast<T*>(memory);
    size_ = size;
    return true;
  }
  void Reset() {
    if (data_ != nullptr) munmap(data_, size_ * sizeof(T));
    data_ = nullptr;
    size_ = 0;
  }

  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace corewalk
