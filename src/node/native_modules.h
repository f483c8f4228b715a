// The files that a process's machine code comes from, as far as this machine has them: how to step from one C++ frame to its
// caller, and what the functions are called. A file counts only when its build-id is that of the process's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "memory/build_id.h"
#include "memory/unwind_table.h"
#include "node/code_symbols.h"

namespace corewalk {

class NativeModules {
 public:
  // `executable` (may be null) is the file that the user gave or that was found for V8's module, `symbols` what it names:
  // null, or those of that very file. All must outlive this.
  NativeModules(const Memory& memory, const std::vector<Module>& modules, const BinaryFacts* executable,
                std::shared_ptr<const CodeSymbols> symbols)
      : memory_(memory), modules_(modules), executable_(executable), symbols_(std::move(symbols)), open_(modules.size()) {}

  struct Place {
    std::string symbol;      // mangled; "" = no symbol says so
    uint64_t offset = 0;     // behind the symbol, else behind the module's lowest address
    std::string module;      // the file's name without folders; target text
  };
  std::optional<Place> At(Address pc, bool returns);
  // Steps to the caller; false at the outermost frame and where nothing tells how.
  bool Step(bool returns, UnwindRegisters* registers);
  // Files that were needed and are not on this machine, as the process called them; target text.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  struct Open {
    bool tried = false;
    std::unique_ptr<ElfFile> file;
    std::shared_ptr<const CodeSymbols> symbols;
    std::optional<UnwindTable> unwind;
  };
  Open* OpenAt(Address pc, const Module** module);

  const Memory& memory_;
  const std::vector<Module>& modules_;
  const BinaryFacts* executable_;
  const std::shared_ptr<const CodeSymbols> symbols_;
  std::vector<Open> open_;
  std::vector<std::string> missing_;
};

}  // namespace corewalk
