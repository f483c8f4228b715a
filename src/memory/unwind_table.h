// How to step from a C++ frame to its caller: the call frame information that compilers leave in .eh_frame of every x86-64
// executable and library, stripped or not (DWARF 4, section 6.4; Linux Standard Base, chapter 10: .eh_frame_hdr). It is read
// from the file; a file without the sorted table of .eh_frame_hdr, or with encodings that no Linux compiler writes, has
// none. Bad input: a step that makes no sense is refused.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "memory/elf_file.h"
#include "memory/memory.h"

namespace corewalk {

// Registers by their DWARF numbers: 3 rbx, 6 rbp, 7 rsp, 12 to 15, 16 the return address.
struct UnwindRegisters {
  static constexpr size_t kCount = 17, kRbx = 3, kRbp = 6, kRsp = 7, kPc = 16;
  std::array<uint64_t, kCount> values{};

  static UnwindRegisters Of(const ThreadState& thread);
  uint64_t pc() const { return values[kPc]; }
  uint64_t sp() const { return values[kRsp]; }
};

class UnwindTable {
 public:
  // Null when the file has no table that can be read. `file` must outlive it; `bias` as of LoadBias().
  static std::optional<UnwindTable> Open(const ElfFile& file, Address bias);

  // Steps to the caller. `returns`: pc is a return address. False when pc has no entry, the entry makes no sense, memory is
  // missing, or this is the outermost frame.
  bool Step(const Memory& memory, bool returns, UnwindRegisters* registers) const;

 private:
  struct Entry {
    int32_t begin, fde;  // from header_
  };
  explicit UnwindTable(const ElfFile& file, Address bias) : file_(&file), bias_(bias) {}

  const ElfFile* file_;
  Address bias_;
  Address header_ = 0;  // of .eh_frame_hdr in the file
  std::vector<Entry> entries_;
};

}  // namespace corewalk
