// A Linux x86-64 ELF core file as Memory. The file is mapped, never read at open except for its headers and notes, so
// that opening costs the same for any size and the holes of a sparse core stay holes.
//
// Program headers rule; sections are ignored. Bad input: a file that is no x86-64 core is refused with one line; a core
// that ends early opens with what is there, Gaps() says what is missing, Region::present_end is exact. Overlapping
// segments are resolved by cutting the one that starts earlier, so that one damaged size cannot hide the others.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "memory/mapped_file.h"
#include "memory/memory.h"
#include "memory/used_pages.h"

namespace corewalk {

class ElfCore : public Memory, public TellsUsedPages {
 public:
  // Errors: see MappedFile::Open(); kBadFormat when the file is not the core of an x86-64 process.
  static Result<std::unique_ptr<ElfCore>> Open(const std::string& path);
  // The same over bytes that the caller keeps alive and unchanged; `name` is for messages.
  static Result<std::unique_ptr<ElfCore>> OpenBytes(std::span<const std::byte> bytes, std::string name);

  size_t Read(Address address, std::span<std::byte> out) const override;
  std::span<const std::byte> View(Address address, size_t size) const override;
  std::span<const Region> Regions() const override { return regions_; }
  std::span<const FileMapping> FileMappings() const override { return mappings_; }
  std::span<const ThreadState> Threads() const override { return threads_; }
  const ProcessInfo& Process() const override { return process_; }
  const MemoryGaps& Gaps() const override { return gaps_; }
  TargetKind Kind() const override { return TargetKind::kCoreFile; }
  std::string Describe() const override { return name_; }
  void Advise(AccessPattern pattern) const override;
  void Prefetch(Address address, size_t size) const override;
  UsedPages FindUsedPages() const override;

 private:
  struct Segment {
    Region region;
    const std::byte* data;  // the byte at region.start; null when nothing is present
  };

  ElfCore() = default;
  Result<void> Parse();
  void AddSegments(std::vector<Segment> segments);
  size_t IndexAt(Address address) const;
  void FetchWhole(std::span<const std::byte> view) const;

  MappedFile file_;                   // empty when opened from bytes
  std::span<const std::byte> bytes_;  // the whole core
  std::string name_;
  std::vector<Region> regions_;
  std::vector<const std::byte*> data_;  // parallel to regions_
  std::vector<FileMapping> mappings_;
  std::vector<ThreadState> threads_;
  ProcessInfo process_;
  MemoryGaps gaps_;
  mutable std::atomic<bool> read_ahead_is_off_{false};  // by Advise(kRandom)

  // Remembers, per 256 kB of address space (a V8 page), the region last found there. Only a hint: an entry is checked
  // before use, so racing threads at worst search again.
  static constexpr size_t kHints = 1024;
  static constexpr int kHintShift = 18;
  mutable std::array<std::atomic<uint32_t>, kHints> hints_{};
};

}  // namespace corewalk
