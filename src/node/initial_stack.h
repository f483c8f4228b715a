// The initial stack of the main thread as the kernel made it (System V ABI, x86-64): argc, argv[], NULL, envp[], NULL,
// auxv, and above these the texts. The auxiliary vector is found by content; what the program did to its environment
// since then (setenv replaces pointers in place, unsetenv moves them up) is allowed for. Nothing when it is not met.
#pragma once

#include <optional>
#include <vector>

#include "memory/memory.h"

namespace corewalk {

struct InitialStack {
  Address auxv = 0;
  Address envp_array = 0;
  std::vector<Address> argv;  // pointers
  std::vector<Address> envp;  // pointers as they are now; those behind a text area are the program's own
  // Whether the word points to the texts that the kernel laid out.
  bool IsText(const Memory& memory, Address word) const;
};

std::optional<InitialStack> FindInitialStack(const Memory& memory);

}  // namespace corewalk
