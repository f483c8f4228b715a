// A file that appears whole or not at all (-o FILE, --index FILE). Bytes go to a new file of mode 0600 in the same folder (cores hold
// secrets), which takes the wanted name only at the end; until then an older file keeps its content. A symbolic link, a
// folder or a device under that name is refused. Errors: kNotFound (no such folder), kUnreadable (cannot write, with
// the system's reason, also for a full disk).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace corewalk {

class OutputFile {
 public:
  static Result<OutputFile> Create(const std::string& path);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();  // removes the temporary file unless Commit() went well

  // False after a failure; Commit() then tells the reason.
  bool Write(std::string_view bytes);
  // So many zeros, which take no room on the disk. Something must be written behind them.
  bool Skip(uint64_t bytes);
  // `durable`: waits until the bytes are on the disk, so that they outlive a crash of the machine.
  Result<void> Commit(bool durable = true);

 private:
  OutputFile() = default;
  std::string path_;
  std::string temporary_;
  int fd_ = -1;
  int error_ = 0;  // errno of the first failed write
};

}  // namespace corewalk
