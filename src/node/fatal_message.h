// Why V8 or Node gave up: from what they leave on the stack of the thread that died. Text that a program could have put
// anywhere (a string "FATAL ERROR: ..." in the heap, in a buffer, in the source) is not searched for. Evidence used:
//   - V8_Fatal(): the FailureMessage object, 512 characters between the words 0xdecade10 and 0xdecade11 (V8 7.4-14.6,
//     src/base/logging.cc). Needs no executable.
//   - V8::FatalProcessOutOfMemory(): HeapStats between the words 0xffffffffdecade00 and ...01 (api.cc, heap.h; all
//     versions). Needs no executable; the wording ("Reached heap limit") does: it is a literal that the stack points
//     to.
//   - Node's CHECK: a pointer to AssertionInfo {file:line, expression, function} (util.h), in the executable.
//   - Utils::ReportApiFailure(): the literals "v8::..." and the message side by side on the stack, in the executable.
//   - --abort-on-uncaught-exception: the option, the trap, and below the stack pointer the rest of "Uncaught ...".
// What is found by remains of returned calls only is marked `certain = false`.
#pragma once

#include <span>
#include <string>

#include "base/untrusted_text.h"
#include "memory/memory.h"
#include "node/memory_scan.h"

namespace corewalk {

enum class FatalKind {
  kNone,               // no message found; the process may still have died of abort(), a signal, ...
  kOutOfMemory,        // V8 ran out of memory
  kV8Check,            // V8 found itself in an impossible state ("# Fatal error in ...")
  kNodeAssertion,      // a CHECK() in Node's C++ failed
  kApiFailure,         // V8's API was used wrongly ("FATAL ERROR: v8::ToLocalChecked Empty MaybeLocal")
  kUncaughtException,  // --abort-on-uncaught-exception
};

struct FatalError {
  FatalKind kind = FatalKind::kNone;
  bool certain = false;    // kind is proved; false: likely
  UntrustedText message;   // as the process printed it, without "FATAL ERROR: "; may be empty
  UntrustedText location;  // "../src/tcp_wrap.cc:166 in static void node::TCPWrap::New(...)"; may be empty
  std::string source;      // where it was found, for people
  Address address = 0;     // of the evidence, 0 when none
};

// Looks at the first thread of `memory`. `image` may be empty. `abort_on_uncaught` says whether that option was given.
FatalError FindFatalError(const Memory& memory, const ImageReader& image, bool abort_on_uncaught);

}  // namespace corewalk
