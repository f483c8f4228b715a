// Where the signal that ended the process came from: a fault of its own, a raise() in its own thread, another process.
// From the core's siginfo_t; of SIGSEGV and SIGBUS also from what was written for a signal handler on the stack: Node.js handles
// them for WebAssembly, and passes what is not WebAssembly's on with raise() (TrapWebAssemblyOrContinue, src/node.cc, 12
// to 26), so the core's own record tells of that raise() only. Layouts of Linux x86-64 (struct rt_sigframe).
#pragma once

#include "memory/memory.h"

namespace corewalk {

struct SignalOrigin {
  enum class From {
    kUnknown,
    kFault,   // the kernel: of what the thread itself did
    kRaised,  // the thread itself: raise(), abort()
    kSent,    // kill(), tgkill() of `sender`
  };
  From from = From::kUnknown;
  int sender = 0;            // process id; 0 = unknown, or of a namespace that the process does not see
  bool itself = false;       // the sender is the process
  Address fault_address = 0;  // of a fault, 0 = none
  bool stack_overflow = false;  // the thread's stack had no room left
};

// Of the first thread.
SignalOrigin FindSignalOrigin(const Memory& memory);

}  // namespace corewalk
