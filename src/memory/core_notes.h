// The notes of a core file: threads with registers, process name and signal, auxiliary vector, mapped files.
//
// Layouts are those of Linux x86-64 (struct elf_prstatus, elf_prpsinfo, siginfo_t). A note that is too short for what
// it says to be is used as far as it goes or left out; counts inside notes are bounded by their bytes and by limits
// here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "memory/memory.h"

namespace corewalk {

struct CoreNotes {
  std::vector<ThreadState> threads;  // in the order of the file: kernel and gdb write the crashing thread first
  std::vector<FileMapping> mappings;
  ProcessInfo process;
  bool kernel_dump = false;  // a dump of the kernel itself (kdump), not of a process

  // Adds what one PT_NOTE segment says. Of notes that should stand once (PRPSINFO, SIGINFO, AUXV), the first counts.
  void Parse(std::span<const std::byte> segment);
  // After the last segment: fills in what other notes know (pid and signal from the first thread), sorts mappings.
  void Finish();

 private:
  bool has_name_ = false;
  bool has_siginfo_ = false;
};

}  // namespace corewalk
