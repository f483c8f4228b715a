#include "memory/build_id.h"

#include <algorithm>
#include <unordered_map>

#include "memory/elf_format.h"

namespace corewalk {
namespace {

constexpr uint64_t kPageSize = 4096;
constexpr uint64_t kMaxNoteBytes = 1 << 16;
constexpr size_t kMaxModuleHeaders = 128;

// What the headers of a module in memory tell.
struct HeadersInMemory {
  bool is_elf = false;
  std::string build_id;
  std::optional<uint64_t> bias;
  Address end = 0;  // of the highest segment, 0 when unknown
};

HeadersInMemory ReadHeaders(const Memory& memory, Address base) {
  HeadersInMemory result;
  std::optional<Elf64_Ehdr> header = memory.ReadValue<Elf64_Ehdr>(base);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return result;
  result.is_elf = header->e_ident[EI_CLASS] == ELFCLASS64 && (header->e_type == ET_EXEC || header->e_type == ET_DYN);
  if (!result.is_elf || header->e_phentsize != sizeof(Elf64_Phdr)) return result;
  std::vector<Elf64_Phdr> programs(std::min<size_t>(header->e_phnum, kMaxModuleHeaders));
  size_t count = memory.Read(base + header->e_phoff, std::as_writable_bytes(std::span(programs)));
  programs.resize(count / sizeof(Elf64_Phdr));
  for (const Elf64_Phdr& program : programs) {
    if (program.p_type == PT_LOAD && program.p_offset < kPageSize && !result.bias) {
      result.bias = base - (program.p_vaddr - program.p_offset);
    }
  }
  if (!result.bias) return result;
  for (const Elf64_Phdr& program : programs) {
    if (program.p_type == PT_LOAD) {
      result.end = std::max(result.end, elf::SaturatingAdd(*result.bias + program.p_vaddr, program.p_memsz));
    }
    if (program.p_type != PT_NOTE || !result.build_id.empty()) continue;
    std::vector<std::byte> notes(std::min(program.p_filesz, kMaxNoteBytes));
    notes.resize(memory.Read(*result.bias + program.p_vaddr, notes));
    result.build_id = elf::BuildIdFromNotes(notes, program.p_align);
  }
  return result;
}

}  // namespace

std::string BuildIdInMemory(const Memory& memory, Address elf_header_address) {
  return ReadHeaders(memory, elf_header_address).build_id;
}

std::vector<Module> Modules(const Memory& memory) {
  struct Candidate {
    std::optional<Address> base;
    Address end = 0;
    bool executable = false;
  };
  std::unordered_map<std::string_view, Candidate> files;
  for (const FileMapping& mapping : memory.FileMappings()) {
    Candidate& file = files[mapping.path];
    if (mapping.file_offset == 0) file.base = std::min(file.base.value_or(mapping.start), mapping.start);
    file.end = std::max(file.end, mapping.end);
    const Region* region = memory.RegionAt(mapping.start);
    file.executable |= region != nullptr && region->executable;
  }
  std::vector<Module> modules;
  for (const auto& [path, file] : files) {
    if (!file.base) continue;
    HeadersInMemory headers = ReadHeaders(memory, *file.base);
    bool present = memory.ReadValue<uint32_t>(*file.base).has_value();
    if (!headers.is_elf && (present || !file.executable)) continue;
    Address end = headers.end > *file.base ? headers.end : file.end;
    modules.push_back({std::string(path), *file.base, end, std::move(headers.build_id), headers.bias});
  }
  std::ranges::sort(modules, {}, &Module::base);
  return modules;
}

uint64_t LoadBias(const Memory& memory, const ElfFile& file, const Module& module) {
  if (file.type() == ElfFile::Type::kExecutable) return 0;
  for (const LoadSegment& load : file.loads()) {
    if (load.file_offset < kPageSize) return module.base - (load.vaddr - load.file_offset);
  }
  if (module.bias) return *module.bias;
  return memory.Process().Auxv(AT_ENTRY).value_or(file.entry()) - file.entry();
}

}  // namespace corewalk
