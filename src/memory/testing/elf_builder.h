// Builds small ELF files in memory for tests: core files as the kernel lays them out (header, program headers, notes,
// segments), with every knob that a damaged file may turn. Header only; not part of the library.
#pragma once

#include <elf.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "memory/memory.h"

namespace corewalk::testing {

using ByteVector = std::vector<std::byte>;

template <typename T>
void Append(ByteVector& bytes, const T& value) {
  // Not insert(), about which GCC 12 warns without reason.
  for (const std::byte byte : std::as_bytes(std::span(&value, 1))) bytes.push_back(byte);
}

inline void AppendText(ByteVector& bytes, std::string_view text) {
  auto raw = std::as_bytes(std::span(text));
  bytes.insert(bytes.end(), raw.begin(), raw.end());
}

template <typename T>
void PutAt(ByteVector& bytes, size_t offset, const T& value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

// `count` bytes that differ from their neighbours: seed, seed + 1, ...
inline ByteVector Pattern(size_t count, unsigned seed = 1) {
  ByteVector bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(seed + i * 7);
  return bytes;
}

// One note, padded to 4 bytes. `lie_size` replaces the size of the description in the header.
inline ByteVector MakeNote(std::string_view name, uint32_t type, const ByteVector& desc, uint32_t lie_size = 0) {
  ByteVector note;
  uint32_t desc_size = lie_size != 0 ? lie_size : static_cast<uint32_t>(desc.size());
  Append(note, Elf64_Nhdr{static_cast<uint32_t>(name.size() + 1), desc_size, type});
  AppendText(note, name);
  note.resize((note.size() + 1 + 3) & ~size_t{3});
  for (const std::byte byte : desc) note.push_back(byte);
  note.resize((note.size() + 3) & ~size_t{3});
  return note;
}

class CoreBuilder {
 public:
  CoreBuilder() {
    std::memcpy(header_.e_ident, ELFMAG, SELFMAG);
    header_.e_ident[EI_CLASS] = ELFCLASS64;
    header_.e_ident[EI_DATA] = ELFDATA2LSB;
    header_.e_ident[EI_VERSION] = EV_CURRENT;
    header_.e_type = ET_CORE;
    header_.e_machine = EM_X86_64;
    header_.e_version = EV_CURRENT;
    header_.e_ehsize = sizeof(Elf64_Ehdr);
    header_.e_phentsize = sizeof(Elf64_Phdr);
  }

  Elf64_Ehdr& header() { return header_; }

  CoreBuilder& Note(std::string_view name, uint32_t type, const ByteVector& desc, uint32_t lie_size = 0) {
    ByteVector note = MakeNote(name, type, desc, lie_size);
    notes_.insert(notes_.end(), note.begin(), note.end());
    return *this;
  }

  // NT_PRSTATUS; register i holds 1000 * tid + i.
  CoreBuilder& Thread(int tid, int signal, uint64_t user_us = 0, uint64_t system_us = 0) {
    ByteVector desc(336);
    PutAt(desc, 12, static_cast<int16_t>(signal));
    PutAt(desc, 32, static_cast<int32_t>(tid));
    PutAt(desc, 48, user_us / 1'000'000);
    PutAt(desc, 56, user_us % 1'000'000);
    PutAt(desc, 64, system_us / 1'000'000);
    PutAt(desc, 72, system_us % 1'000'000);
    for (uint64_t i = 0; i < kRegisterCount; ++i) {
      PutAt(desc, 112 + i * 8, static_cast<uint64_t>(tid) * 1000 + i);
    }
    return Note("CORE", NT_PRSTATUS, desc);
  }

  CoreBuilder& ProcessName(int pid, std::string_view name, std::string_view arguments) {
    ByteVector desc(136);
    PutAt(desc, 24, static_cast<int32_t>(pid));
    std::memcpy(desc.data() + 40, name.data(), std::min<size_t>(name.size(), 16));
    std::memcpy(desc.data() + 56, arguments.data(), std::min<size_t>(arguments.size(), 80));
    return Note("CORE", NT_PRPSINFO, desc);
  }

  CoreBuilder& Siginfo(int signal, int code, Address address) {
    ByteVector desc(128);
    PutAt(desc, 0, static_cast<int32_t>(signal));
    PutAt(desc, 8, static_cast<int32_t>(code));
    PutAt(desc, 16, address);
    return Note("CORE", NT_SIGINFO, desc);
  }

  CoreBuilder& Auxv(const std::vector<std::pair<uint64_t, uint64_t>>& entries) {
    ByteVector desc;
    for (const auto& entry : entries) Append(desc, entry.first), Append(desc, entry.second);
    Append(desc, Elf64_auxv_t{});
    return Note("CORE", NT_AUXV, desc);
  }

  static ByteVector FilesNote(const std::vector<FileMapping>& mappings) {
    ByteVector desc;
    Append(desc, uint64_t{mappings.size()});
    Append(desc, uint64_t{4096});
    for (const FileMapping& mapping : mappings) {
      Append(desc, mapping.start), Append(desc, mapping.end), Append(desc, mapping.file_offset / 4096);
    }
    for (const FileMapping& mapping : mappings) {
      AppendText(desc, mapping.path);
      desc.push_back(std::byte{0});
    }
    return desc;
  }
  CoreBuilder& Files(const std::vector<FileMapping>& mappings) { return Note("CORE", NT_FILE, FilesNote(mappings)); }

  // A segment; `memory_size` 0 means as many as there are bytes.
  CoreBuilder& Load(Address vaddr, ByteVector bytes, uint64_t memory_size = 0, uint32_t flags = PF_R | PF_W) {
    Elf64_Phdr program{};
    program.p_type = PT_LOAD;
    program.p_flags = flags;
    program.p_vaddr = vaddr;
    program.p_filesz = bytes.size();
    program.p_memsz = memory_size != 0 ? memory_size : bytes.size();
    loads_.push_back({program, std::move(bytes), false});
    return *this;
  }

  // A program header exactly as given, without bytes.
  CoreBuilder& RawHeader(const Elf64_Phdr& program) {
    loads_.push_back({program, {}, true});
    return *this;
  }

  // The file. With `extended`, the number of program headers stands in section header 0 at the end (PN_XNUM).
  ByteVector Build(bool extended = false) const {
    size_t count = loads_.size() + 1;
    Elf64_Ehdr header = header_;
    header.e_phoff = sizeof(Elf64_Ehdr);
    header.e_phnum = extended ? static_cast<Elf64_Half>(PN_XNUM) : static_cast<Elf64_Half>(count);
    uint64_t at = sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr);
    Elf64_Phdr note{};
    note.p_type = PT_NOTE;
    note.p_offset = at;
    note.p_filesz = notes_.size();
    at += notes_.size();
    ByteVector body = notes_;
    ByteVector table;
    Append(table, note);
    for (const auto& [program, bytes, raw] : loads_) {
      Elf64_Phdr entry = program;
      if (!raw) entry.p_offset = at;
      Append(table, entry);
      body.insert(body.end(), bytes.begin(), bytes.end());
      at += bytes.size();
    }
    if (extended) {
      header.e_shoff = at;
      header.e_shnum = 1;
      header.e_shentsize = sizeof(Elf64_Shdr);
      Elf64_Shdr section{};
      section.sh_info = static_cast<uint32_t>(count);
      Append(body, section);
    }
    ByteVector file;
    Append(file, header);
    file.insert(file.end(), table.begin(), table.end());
    file.insert(file.end(), body.begin(), body.end());
    return file;
  }

 private:
  struct Segment {
    Elf64_Phdr program;
    ByteVector bytes;
    bool raw;
  };

  Elf64_Ehdr header_{};
  ByteVector notes_;
  std::vector<Segment> loads_;
};

}  // namespace corewalk::testing
