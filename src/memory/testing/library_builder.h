// Builds a small ELF library or executable in memory for tests: code with a note, read-only data, data with a zero
// tail, TLS, .dynsym (through PT_DYNAMIC and, unless stripped of sections, a section header) and .symtab. Header only.
#pragma once

#include <string>
#include <tuple>

#include "memory/testing/elf_builder.h"

namespace corewalk::testing {

struct LibraryBuilder {
  // The file is one piece, mapped by two segments: [0, kDataOffset) at kTextVaddr and the rest at kDataVaddr.
  static constexpr Address kTextVaddr = 0x400000;
  static constexpr uint64_t kDataOffset = 0x2000;
  static constexpr Address kDataVaddr = 0x602000;
  static constexpr uint64_t kDataSize = 0x100;
  static constexpr uint64_t kBssSize = 0x1000;

  struct NamedSymbol {
    std::string name;
    Address value = 0;
    uint64_t size = 8;
    unsigned char type = STT_OBJECT;
    unsigned char bind = STB_GLOBAL;
    uint16_t section = 1;  // SHN_UNDEF = 0
  };

  uint16_t type = ET_EXEC;
  uint32_t dynamic_flags = 0;  // DT_FLAGS_1
  bool with_sections = true;
  bool gnu_hash = true;  // else DT_HASH
  ByteVector build_id = Pattern(20, 0xa0);
  std::vector<NamedSymbol> dynsym;
  std::vector<NamedSymbol> symtab;

  static std::pair<ByteVector, ByteVector> MakeSymbols(const std::vector<NamedSymbol>& names) {
    ByteVector symbols, strings(1);
    Append(symbols, Elf64_Sym{});
    for (const NamedSymbol& named : names) {
      Elf64_Sym symbol{};
      symbol.st_name = static_cast<uint32_t>(strings.size());
      symbol.st_info = static_cast<unsigned char>(ELF64_ST_INFO(named.bind, named.type));
      symbol.st_shndx = named.section;
      symbol.st_value = named.value;
      symbol.st_size = named.size;
      Append(symbols, symbol);
      AppendText(strings, named.name);
      strings.push_back(std::byte{0});
    }
    return {symbols, strings};
  }

  ByteVector Build() const {
    ByteVector file(sizeof(Elf64_Ehdr) + 5 * sizeof(Elf64_Phdr));
    ByteVector note = MakeNote("GNU", NT_GNU_BUILD_ID, build_id);
    uint64_t note_at = AppendAll(file, note);
    auto [dyn_symbols, dyn_strings] = MakeSymbols(dynsym);
    uint64_t dynsym_at = AppendAll(file, dyn_symbols);
    uint64_t dynstr_at = AppendAll(file, dyn_strings);
    uint64_t hash_at = AppendAll(file, gnu_hash ? GnuHash() : SysvHash());
    ByteVector dynamic;
    auto tag = [&dynamic](int64_t name, uint64_t value) { Append(dynamic, name), Append(dynamic, value); };
    tag(DT_SYMTAB, kTextVaddr + dynsym_at);
    tag(DT_STRTAB, kTextVaddr + dynstr_at);
    tag(DT_STRSZ, dyn_strings.size());
    tag(gnu_hash ? DT_GNU_HASH : DT_HASH, kTextVaddr + hash_at);
    tag(DT_FLAGS_1, dynamic_flags);
    tag(DT_NULL, 0);
    uint64_t dynamic_at = AppendAll(file, dynamic);
    file.resize(kDataOffset);
    ByteVector data = Pattern(kDataSize, 3);
    file.insert(file.end(), data.begin(), data.end());

    Elf64_Ehdr header = CoreBuilder().header();
    header.e_type = type;
    header.e_entry = kTextVaddr + 0x1000;
    header.e_phoff = sizeof(Elf64_Ehdr);
    header.e_phnum = 5;
    Elf64_Phdr programs[5] = {
        {PT_LOAD, PF_R | PF_X, 0, kTextVaddr, kTextVaddr, kDataOffset, kDataOffset, 4096},
        {PT_LOAD, PF_R | PF_W, kDataOffset, kDataVaddr, kDataVaddr, kDataSize, kDataSize + kBssSize, 4096},
        {PT_NOTE, PF_R, note_at, kTextVaddr + note_at, 0, note.size(), note.size(), 4},
        {PT_DYNAMIC, PF_R, dynamic_at, kTextVaddr + dynamic_at, 0, dynamic.size(), dynamic.size(), 8},
        {PT_TLS, PF_R, kDataOffset, kDataVaddr, 0, 16, 48, 16},
    };
    std::memcpy(file.data() + sizeof(header), programs, sizeof(programs));

    if (with_sections) {
      auto [symbols, strings] = MakeSymbols(symtab);
      uint64_t symtab_at = AppendAll(file, symbols);
      uint64_t strtab_at = AppendAll(file, strings);
      auto section = [](uint32_t kind, uint64_t at, uint64_t size, uint32_t link, uint64_t entry) {
        Elf64_Shdr s{};
        s.sh_type = kind, s.sh_offset = at, s.sh_size = size, s.sh_link = link, s.sh_entsize = entry;
        return s;
      };
      Elf64_Shdr sections[5] = {
          {},
          section(SHT_SYMTAB, symtab_at, symbols.size(), 2, sizeof(Elf64_Sym)),
          section(SHT_STRTAB, strtab_at, strings.size(), 0, 0),
          section(SHT_DYNSYM, dynsym_at, dyn_symbols.size(), 4, sizeof(Elf64_Sym)),
          section(SHT_STRTAB, dynstr_at, dyn_strings.size(), 0, 0),
      };
      header.e_shnum = 5;
      header.e_shentsize = sizeof(Elf64_Shdr);
      header.e_shoff = file.size();
      for (const Elf64_Shdr& s : sections) Append(file, s);
    }
    PutAt(file, 0, header);
    return file;
  }

 private:
  // Appends 8-byte aligned; returns the offset.
  static uint64_t AppendAll(ByteVector& file, const ByteVector& bytes) {
    file.resize((file.size() + 7) & ~size_t{7});
    uint64_t at = file.size();
    file.insert(file.end(), bytes.begin(), bytes.end());
    return at;
  }

  // One bucket that holds all symbols; only its shape matters here.
  ByteVector GnuHash() const {
    ByteVector table;
    table.reserve(64);  // else GCC 12 warns about overflows that cannot be
    for (uint32_t word : {1u, 1u, 1u, 0u}) Append(table, word);
    Append(table, uint64_t{0});
    Append(table, dynsym.empty() ? 0u : 1u);
    for (size_t i = 0; i < dynsym.size(); ++i) Append(table, i + 1 == dynsym.size() ? 3u : 2u);
    return table;
  }

  ByteVector SysvHash() const {
    ByteVector table;
    Append(table, 1u);
    Append(table, static_cast<uint32_t>(dynsym.size() + 1));
    Append(table, 0u);
    return table;
  }
};

}  // namespace corewalk::testing
