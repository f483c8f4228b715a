// Which files the target had mapped, with their build-ids as the target's memory has them, to match executable and
// core exactly.
//
// Assumes that the core holds at least the first page of a file mapping (bit 4 of coredump_filter, the default); where
// it does not, the build-id is "". A module with damaged headers is listed with what can be made out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "memory/elf_file.h"
#include "memory/memory.h"

namespace corewalk {

struct Module {
  std::string path;  // as the target saw it, target text; " (deleted)" may follow
  Address base = 0;  // lowest mapping of file offset 0: where the ELF header stands
  // End of its segments. Not of its mappings: V8 maps a copy of node's embedded builtins far away, near its code range.
  // Without headers in memory, the end of the highest mapping.
  Address end = 0;
  std::string build_id;  // lower-case hex, "" when unknown
  // What to add to an address of the file (p_vaddr, st_value); nothing when the headers are not in memory. Modular:
  // unsigned wrap-around is right.
  std::optional<uint64_t> bias;
};

// The build-id (lower-case hex) of the module whose ELF header is at `elf_header_address`; "" when there is none or
// when it was not dumped.
std::string BuildIdInMemory(const Memory& memory, Address elf_header_address);

// One entry per mapped ELF file, ordered by base. A file whose header was not dumped counts as ELF when any part of it
// is executable.
std::vector<Module> Modules(const Memory& memory);

// The load bias of `module`, which is `file` on disk: 0 for a fixed-position executable. Tries the program headers of
// the file, then those in memory, then the entry point of the process (AT_ENTRY).
uint64_t LoadBias(const Memory& memory, const ElfFile& file, const Module& module);

}  // namespace corewalk
