// Names of machine code: the functions of the executable by its symbols, and V8's builtins, whose symbols (Builtins_*) stand
// only in .symtab. A stripped executable names few functions and no builtin; without an executable there are no names.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heap/builtin_entries.h"
#include "layout/binary_facts.h"
#include "layout/bytecode_sizes.h"
#include "memory/elf_file.h"

namespace corewalk {

struct CodeSymbol {
  std::string_view name;  // mangled; text of the file
  uint64_t offset = 0;    // bytes behind its beginning
};

class CodeSymbols {
 public:
  // Reads the executable that `binary` was read from; null when it is gone or is another one now.
  static std::unique_ptr<CodeSymbols> Open(const BinaryFacts& binary) {
    return OpenFile(binary.path, binary.build_id, binary.bias);
  }
  static std::unique_ptr<CodeSymbols> OpenFile(const std::string& path, const std::string& build_id, Address bias);

  // The function that the target's address `pc` is in; nothing when no symbol says so.
  std::optional<CodeSymbol> At(Address pc) const;
  // The name of a builtin ("ArrayForEach") of an isolate whose builtins begin at `entries` (which may be empty); "" when pc
  // is in none or the executable does not name it.
  std::string BuiltinAt(Address pc, const BuiltinEntries& entries) const;
  bool NamesBuiltins() const { return first_builtin_ != 0; }
  // What the executable says of the lengths of its bytecodes; unknown when it does not.
  BytecodeSizes Bytecodes() const;

 private:
  struct Function {
    Address begin;
    uint64_t size;
    std::string_view name;
  };
  explicit CodeSymbols(std::unique_ptr<ElfFile> file, Address bias);
  std::optional<CodeSymbol> InFile(Address address) const;

  std::unique_ptr<ElfFile> file_;
  Address bias_;
  std::vector<Function> functions_;  // by address
  Address first_builtin_ = 0;        // in the file; 0 = the file names none
};

}  // namespace corewalk
