// The executable or shared library on disk: build-id, segments, symbols and constant bytes.
//
// Mapped, never copied. Addresses here are those of the file (p_vaddr, st_value); add LoadBias() of build_id.h for
// those of the target. Section headers may be missing or wrong (sstrip): then only the dynamic symbols are known, found
// through PT_DYNAMIC. Bad input: a file that is no x86-64 executable or library is refused with one line; a damaged one
// opens with what can be made out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "memory/mapped_file.h"
#include "memory/memory.h"

namespace corewalk {

// Where a symbol lives, told from the segments of the file.
enum class SectionKind { kCode, kReadOnlyData, kData, kBss, kTls, kAbsolute, kOther };

struct Symbol {
  Address value = 0;  // address in the file; for TLS the offset (bytes) in the TLS segment
  uint64_t size = 0;  // bytes, 0 when the file does not say
  SectionKind section = SectionKind::kOther;
  bool is_tls = false;
  bool is_bss = false;  // no bytes in the file: zero until the program writes it
};

// A PT_LOAD. The bytes of the file are [vaddr, vaddr + file_size); the rest up to memory_size is zero.
struct LoadSegment {
  Address vaddr = 0;
  uint64_t file_offset = 0;
  uint64_t file_size = 0;  // clipped to the real end of the file
  uint64_t memory_size = 0;
  bool readable = false;
  bool writable = false;
  bool executable = false;
};

struct TlsSegment {
  Address vaddr = 0;
  uint64_t file_size = 0;
  uint64_t memory_size = 0;
  uint64_t align = 0;
};

class ElfFile {
 public:
  enum class Type { kExecutable, kPositionIndependentExecutable, kSharedLibrary };
  enum class ZeroFill { kNo, kYes };

  // Errors: see MappedFile::Open(); kBadFormat when the file is no x86-64 executable or shared library.
  static Result<std::unique_ptr<ElfFile>> Open(const std::string& path);
  // The same over bytes that the caller keeps alive and unchanged; `name` is for messages.
  static Result<std::unique_ptr<ElfFile>> OpenBytes(std::span<const std::byte> bytes, std::string name);
  ~ElfFile();

  const std::string& path() const { return path_; }
  const std::string& build_id() const { return build_id_; }  // lower-case hex, "" when there is none
  Type type() const { return type_; }
  bool is_pie() const { return type_ == Type::kPositionIndependentExecutable; }
  Address entry() const { return entry_; }
  const std::vector<LoadSegment>& loads() const { return loads_; }
  const std::optional<TlsSegment>& tls() const { return tls_; }
  bool has_symtab() const;  // false when the file is stripped

  // Symbols defined here, by exact name. Costs one pass over the tables for all names together, so ask for many at
  // once. Of several with one name, a global one wins over a local one, then the first.
  std::vector<std::optional<Symbol>> FindSymbols(std::span<const std::string_view> names) const;
  std::optional<Symbol> FindSymbol(std::string_view name) const;

  // Calls fn for every defined symbol whose name starts with `prefix` until it returns false: .dynsym first, then
  // .symtab, so a symbol that stands in both comes twice. `name` is text of the file and valid as long as the file.
  void ForEachSymbol(std::string_view prefix,
                     const std::function<bool(std::string_view name, const Symbol& symbol)>& fn) const;

  // Copies bytes at address `vaddr` as the file has them, before relocation; returns how many came before the first one
  // that is not in the file. With kYes, the zero-filled tail of a segment counts as zeros.
  size_t ReadVirtual(Address vaddr, std::span<std::byte> out, ZeroFill zero_fill = ZeroFill::kNo) const;

  // Addresses at which the bytes of `pattern` stand in file-backed segments, at most `limit`, ascending per segment.
  std::vector<Address> FindBytes(std::span<const std::byte> pattern, size_t limit = 16) const;

 private:
  struct Tables;

  ElfFile();
  Result<void> Parse();
  void ReadProgramHeaders();
  void ReadSections();
  void ReadDynamic();
  std::span<const std::byte> Backed(Address vaddr) const;

  MappedFile file_;                   // empty when opened from bytes
  std::span<const std::byte> bytes_;  // the whole file
  std::string path_;
  std::string build_id_;
  Type type_ = Type::kExecutable;
  Address entry_ = 0;
  std::vector<LoadSegment> loads_;
  std::optional<TlsSegment> tls_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace corewalk
