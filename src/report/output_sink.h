// Where rendered bytes go: a buffer in front of a callback of the face. Assumes nothing about the callback but that it
// returns false when nobody takes the output any more (closed pipe, full disk); from then on everything is dropped and
// failed() tells. Not for several threads.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace corewalk {

class OutputSink {
 public:
  using WriteFunction = std::function<bool(std::string_view)>;
  explicit OutputSink(WriteFunction write) : write_(std::move(write)) {}

  void Write(std::string_view text) {
    if (failed_) return;
    buffer_ += text;
    if (buffer_.size() >= kBufferBytes) Flush();
  }

  // Hands the buffer on. False once a write has failed.
  bool Flush() {
    if (!failed_ && !buffer_.empty()) failed_ = !write_(buffer_);
    buffer_.clear();
    return !failed_;
  }

  bool failed() const { return failed_; }

 private:
  static constexpr size_t kBufferBytes = 32 * 1024;
  WriteFunction write_;
  std::string buffer_;
  bool failed_ = false;
};

}  // namespace corewalk
