// The memory of a target and, where a core left out what is in the executable anyway (its read-only segments), the bytes
// of the file: Node.js keeps the source of its own scripts there. Bytes of the target always go first. It does not make
// up for what the program may have written, and View() gives only what the target itself has.
#pragma once

#include "memory/elf_file.h"
#include "memory/memory.h"

namespace corewalk {

class ImageMemory : public Memory {
 public:
  // Both must outlive this; `bias` is the distance from the file's addresses to the target's. The caller has made sure
  // that they belong together.
  ImageMemory(const Memory& target, const ElfFile& file, Address bias) : target_(target), file_(file), bias_(bias) {}

  size_t Read(Address address, std::span<std::byte> out) const override;
  std::span<const std::byte> View(Address address, size_t size) const override { return target_.View(address, size); }
  std::span<const Region> Regions() const override { return target_.Regions(); }
  std::span<const FileMapping> FileMappings() const override { return target_.FileMappings(); }
  std::span<const ThreadState> Threads() const override { return target_.Threads(); }
  const ProcessInfo& Process() const override { return target_.Process(); }
  const MemoryGaps& Gaps() const override { return target_.Gaps(); }
  TargetKind Kind() const override { return target_.Kind(); }
  std::string Describe() const override { return target_.Describe(); }
  void Advise(AccessPattern pattern) const override { target_.Advise(pattern); }
  void Prefetch(Address address, size_t size) const override { target_.Prefetch(address, size); }

 private:
  const Memory& target_;
  const ElfFile& file_;
  Address bias_;
};

}  // namespace corewalk
