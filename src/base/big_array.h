// A big array of plain values, zero where nothing was written, that takes memory only where it is touched. Unlike a vector
// it is neither written when it is made nor copied when it grows, and the kernel is asked for huge pages: filling an array
// of a gigabyte then takes 500 faults instead of 260,000, which were a third of the time that a graph took. Throws
// std::bad_alloc when the address space cannot be had. Inside of a ScratchScope it lies in a file.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "base/scratch_space.h"

namespace corewalk {

template <typename T>
class BigArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  BigArray() = default;
  explicit BigArray(size_t size) { Reset(size); }
  BigArray(size_t size, T value) : BigArray(size) { std::fill(begin(), end(), value); }
  // Values that stand elsewhere (in a mapped file, which is read-only: writing to them would end the program), as long as
  // `keeper` lives.
  BigArray(const T* data, size_t size, std::shared_ptr<const void> keeper)
      : data_(const_cast<T*>(data)), size_(size), keeper_(std::move(keeper)) {}
  ~BigArray() { Reset(); }
  BigArray(BigArray&& other) noexcept { *this = std::move(other); }
  BigArray& operator=(BigArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(keeper_, other.keeper_);
    return *this;
  }

  // Gives its memory back, and takes new memory of zeros for `size` values.
  void Reset(size_t size = 0) {
    if (keeper_ != nullptr) {
      keeper_.reset();
    } else if (data_ != nullptr && !IsMapped(size_)) {
      std::free(data_);
    } else if (data_ != nullptr) {
      munmap(data_, size_ * sizeof(T));
    }
    data_ = nullptr;
    size_ = 0;
    if (size == 0) return;
    if (!IsMapped(size)) {
      data_ = static_cast<T*>(std::calloc(size, sizeof(T)));
      if (data_ == nullptr) throw std::bad_alloc();
    } else if (const ScratchSpace* scratch = ScratchSpace::Current(); scratch != nullptr) {
      data_ = static_cast<T*>(scratch->Map(size * sizeof(T)));
      if (data_ == nullptr) throw std::bad_alloc();
    } else {
      void* const memory = mmap(nullptr, size * sizeof(T), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (memory == MAP_FAILED) throw std::bad_alloc();
      madvise(memory, size * sizeof(T), MADV_HUGEPAGE);  // a wish
      data_ = static_cast<T*>(memory);
    }
    size_ = size;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  static constexpr size_t kMappedBytes = size_t{1} << 20;
  static bool IsMapped(size_t size) { return size * sizeof(T) >= kMappedBytes; }

  T* data_ = nullptr;
  size_t size_ = 0;
  std::shared_ptr<const void> keeper_;
};

}  // namespace corewalk
