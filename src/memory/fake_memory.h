// Memory made of blocks of bytes, for tests of everything above memory/: what is there, what is missing and what fails
// is said by the test. Header only; not part of the library.
//
// Blocks must not overlap (checked with abort()). Set up first, then read; setting up while another thread reads is a
// race.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "memory/memory.h"

namespace corewalk {

class FakeMemory : public Memory {
 public:
  enum Flags : unsigned { kNone = 0, kRead = 1, kWrite = 2, kExecute = 4, kReadWrite = kRead | kWrite };

  // A region that starts with `bytes`. `size` > bytes.size() adds a tail that is mapped but not present, as a core does
  // for what the kernel left out.
  void AddBlock(Address address, std::vector<std::byte> bytes, unsigned flags = kReadWrite, uint64_t size = 0) {
    size = std::max<uint64_t>(size, bytes.size());
    if (size == 0) return;
    Region region{address,
                  address + size,
                  address + bytes.size(),
                  (flags & kRead) != 0,
                  (flags & kWrite) != 0,
                  (flags & kExecute) != 0};
    auto next = std::ranges::upper_bound(regions_, address, {}, &Region::start);
    if (next != regions_.end() && next->start < region.end) std::abort();
    if (next != regions_.begin() && std::prev(next)->end > address) std::abort();
    regions_.insert(next, region);
    blocks_[address] = std::move(bytes);
  }
  // `size` zero bytes.
  void AddZeros(Address address, size_t size, unsigned flags = kReadWrite) {
    AddBlock(address, std::vector<std::byte>(size), flags);
  }
  void AddText(Address address, std::string_view text, unsigned flags = kReadWrite) {
    auto bytes = std::as_bytes(std::span(text));
    AddBlock(address, {bytes.begin(), bytes.end()}, flags);
  }
  void AddWords(Address address, std::initializer_list<uint64_t> words, unsigned flags = kReadWrite) {
    auto bytes = std::as_bytes(std::span(words.begin(), words.size()));
    AddBlock(address, {bytes.begin(), bytes.end()}, flags);
  }
  // A region of which no byte is present.
  void AddHole(Address address, uint64_t size, unsigned flags = kRead) { AddBlock(address, {}, flags, size); }

  // Overwrites bytes that are present already (in one block); abort() otherwise.
  template <typename T>
  void Put(Address address, const T& value) {
    std::vector<std::byte>* block = BlockAt(address);
    if (block == nullptr) std::abort();
    size_t offset = address - RegionAt(address)->start;
    if (block->size() < offset + sizeof(T)) std::abort();
    std::memcpy(block->data() + offset, &value, sizeof(T));
  }

  // Makes [address, address + size) unreadable although its region says that it is present (an I/O error, a page that
  // went away).
  void FailReads(Address address, uint64_t size) { failing_.emplace_back(address, address + size); }

  void RefuseView(bool refuse = true) { refuse_view_ = refuse; }
  void SetThreads(std::vector<ThreadState> threads) { threads_ = std::move(threads); }
  void SetMappings(std::vector<FileMapping> mappings) { mappings_ = std::move(mappings); }
  void SetProcess(ProcessInfo process) { process_ = std::move(process); }
  void SetGaps(MemoryGaps gaps) { gaps_ = gaps; }

  size_t Read(Address address, std::span<std::byte> out) const override {
    size_t limit = out.size();
    for (const auto& [start, end] : failing_) {
      if (address >= start && address < end) return 0;
      if (address < start) limit = std::min<uint64_t>(limit, start - address);
    }
    size_t done = 0;
    while (done < limit) {
      const Region* region = RegionAt(address + done);
      if (region == nullptr || address + done >= region->present_end) break;
      const std::vector<std::byte>& block = blocks_.at(region->start);
      size_t count = std::min<uint64_t>(limit - done, region->present_end - (address + done));
      std::memcpy(out.data() + done, block.data() + (address + done - region->start), count);
      done += count;
    }
    return done;
  }

  std::span<const std::byte> View(Address address, size_t size) const override {
    const Region* region = RegionAt(address);
    if (refuse_view_ || size == 0 || region == nullptr || address >= region->present_end) return {};
    if (region->present_end - address < size) return {};
    for (const auto& [start, end] : failing_) {
      if (address < end && start < address + size) return {};
    }
    return std::span(blocks_.at(region->start)).subspan(address - region->start, size);
  }

  std::span<const Region> Regions() const override { return regions_; }
  std::span<const FileMapping> FileMappings() const override { return mappings_; }
  std::span<const ThreadState> Threads() const override { return threads_; }
  const ProcessInfo& Process() const override { return process_; }
  const MemoryGaps& Gaps() const override { return gaps_; }
  TargetKind Kind() const override { return TargetKind::kFake; }
  std::string Describe() const override { return "fake memory"; }

 private:
  std::vector<std::byte>* BlockAt(Address address) {
    const Region* region = RegionAt(address);
    return region == nullptr ? nullptr : &blocks_.at(region->start);
  }

  std::map<Address, std::vector<std::byte>> blocks_;  // by start of the region
  std::vector<Region> regions_;
  std::vector<std::pair<Address, Address>> failing_;
  std::vector<ThreadState> threads_;
  std::vector<FileMapping> mappings_;
  ProcessInfo process_;
  MemoryGaps gaps_;
  bool refuse_view_ = false;
};

}  // namespace corewalk
