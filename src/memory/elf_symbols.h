// One ELF symbol table (.symtab or .dynsym) with its strings, as a pass over (name, symbol).
//
// Names that leave the string table, are empty or are longer than the caller's bound are skipped, so that the cost of a
// pass is bounded by symbols * bound whatever the file says. For .cc files of memory/ only (brings <elf.h>).
#pragma once

#include <cstring>
#include <string_view>

#include "memory/elf_format.h"

namespace corewalk::elf {

// C++ names can be long; longer than this is of no interest.
inline constexpr size_t kMaxSymbolName = 4096;

class SymbolTable {
 public:
  SymbolTable() = default;
  SymbolTable(ByteSpan symbols, ByteSpan strings) : symbols_(symbols), strings_(strings) {}

  size_t count() const { return symbols_.size() / sizeof(Elf64_Sym); }

  // Calls fn(std::string_view name, const Elf64_Sym&) for every defined symbol whose name starts with `prefix` and has
  // at most `max_name` bytes, in the order of the file, until fn returns false. False when fn stopped it.
  template <typename Fn>
  bool ForEach(std::string_view prefix, size_t max_name, Fn&& fn) const {
    for (size_t i = 0; i < count(); ++i) {
      Elf64_Sym symbol;
      std::memcpy(&symbol, symbols_.data() + i * sizeof(Elf64_Sym), sizeof(symbol));
      if (symbol.st_shndx == SHN_UNDEF || symbol.st_name == 0 || symbol.st_name >= strings_.size()) continue;
      const char* name = reinterpret_cast<const char*>(strings_.data()) + symbol.st_name;
      size_t left = strings_.size() - symbol.st_name;
      if (left <= prefix.size() || std::memcmp(name, prefix.data(), prefix.size()) != 0) continue;
      size_t bound = left <= max_name ? left : max_name + 1;
      const void* nul = std::memchr(name, 0, bound);
      if (nul == nullptr) continue;
      if (!fn(std::string_view(name, static_cast<const char*>(nul)), symbol)) return false;
    }
    return true;
  }

 private:
  ByteSpan symbols_;
  ByteSpan strings_;
};

}  // namespace corewalk::elf
