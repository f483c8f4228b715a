// Remembers pages of a target that holds still and costs a system call, or a packet, for every read: a live process, LLDB.
// Whoever follows references reads a few bytes here and there, and the same pages again and again; that is what this is for.
//
// Takes at most 64 MB, page by page as they are asked for. What is larger than a page goes past it. From several threads.
// A page that cannot be read whole is not kept.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>

#include "memory/memory.h"

namespace corewalk {

class PageCache {
 public:
  static constexpr size_t kPageBytes = 4096;

  // As Memory::Read(). fetch(Address, std::span<std::byte>) reads from the target: how many bytes it got.
  template <typename Fetch>
  size_t Read(Address address, std::span<std::byte> out, Fetch&& fetch) {
    if (out.size() >= kPageBytes) return fetch(address, out);
    size_t done = 0;
    while (done < out.size()) {
      const Address at = address + done, page = at & ~Address{kPageBytes - 1};
      const size_t here = std::min<size_t>(out.size() - done, kPageBytes - (at - page));
      if (!ReadKept(page, at - page, out.subspan(done, here), fetch)) return done + fetch(at, out.subspan(done));
      done += here;
    }
    return done;
  }

 private:
  static constexpr size_t kSlots = 1 << 14, kLocks = 1 << 8;
  struct Slot {
    Address page = ~Address{0};
    std::unique_ptr<std::byte[]> bytes;
  };

  // False when the page cannot be had.
  template <typename Fetch>
  bool ReadKept(Address page, size_t offset, std::span<std::byte> out, Fetch&& fetch) {
    const size_t number = ((page / kPageBytes) * 0x9e3779b97f4a7c15ull) >> 50;
    static_assert(kSlots == size_t{1} << (64 - 50));
    const std::lock_guard lock(locks_[number % kLocks]);
    Slot& slot = slots_[number];
    if (slot.page != page) {
      if (slot.bytes == nullptr) slot.bytes = std::make_unique_for_overwrite<std::byte[]>(kPageBytes);
      slot.page = ~Address{0};
      if (fetch(page, std::span(slot.bytes.get(), kPageBytes)) != kPageBytes) return false;
      slot.page = page;
    }
    std::memcpy(out.data(), slot.bytes.get() + offset, out.size());
    return true;
  }

  std::unique_ptr<Slot[]> slots_ = std::make_unique<Slot[]>(kSlots);
  std::array<std::mutex, kLocks> locks_;
};

}  // namespace corewalk
