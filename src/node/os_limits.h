// What the operating system allowed the process and how much of it was used. The kernel tells this of live processes
// only
// (/proc/PID); it writes none of it into cores, so that everything here is empty for a core.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/untrusted_text.h"
#include "memory/memory.h"

namespace corewalk {

struct OsLimit {
  std::string name;              // the kernel's: "Max open files"
  std::optional<uint64_t> soft;  // nothing = unlimited
  std::optional<uint64_t> hard;
  std::string unit;  // the kernel's: "files", "bytes"; may be empty
};

struct OsFacts {
  std::vector<OsLimit> limits;
  std::optional<UntrustedText> working_directory;
  std::optional<uint64_t> open_files;  // file descriptors
  // The soft limit of open file descriptors.
  std::optional<uint64_t> open_files_limit() const;
};

OsFacts ReadOsFacts(const Memory& memory);

// The text of /proc/PID/limits.
std::vector<OsLimit> ParseLimits(std::string_view text);

}  // namespace corewalk
