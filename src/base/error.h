// Errors are values: every fallible function returns Result<T>. Exceptions are for bugs only and are caught once, at
// the boundary of the plugin and of the CLI.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace corewalk {

enum class ErrorCode {
  kUsage,        // the command line is wrong
  kNotFound,     // a file, an object, a name the user asked for does not exist
  kBadFormat,    // the input is not what it should be (not a core, not x86-64, ...)
  kMismatch,     // executable and core do not belong together
  kUnreadable,   // memory or a file could not be read
  kUnsupported,  // understood, but this version cannot do it
  kNoMemory,     // this machine has not the memory for it
  kInterrupted,  // Ctrl-C before anything useful was known
  kInternal,     // a bug; caught at the boundary
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;   // one line, no trailing full stop or newline; safe to print (target text already sanitized)
  uint64_t address = 0;  // target address the error is about, 0 when none
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> Fail(ErrorCode code, std::string message, uint64_t address = 0) {
  return std::unexpected<Error>(Error{code, std::move(message), address});
}

}  // namespace corewalk
