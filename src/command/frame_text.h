// Stack frames as text lines in llnode's format, and as JSON.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "analysis/inspect.h"
#include "analysis/js_stack.h"

namespace corewalk {

// Receivers and arguments of the frames of one answer. An object is opened where it is met first: the frames of a recursion have
// the same ones.
class FrameValues {
 public:
  // `opens`: objects are opened at all.
  FrameValues(HeapReader& reader, uint64_t string_length, bool opens, const Cancel& cancel);

  struct Value {
    Inspected value;
    std::optional<size_t> shown_at;  // the frame that it was opened at; then it is not opened here
  };
  Value Show(uint64_t word, size_t frame);
  // Opens nothing.
  Inspector& closed() { return closed_; }

 private:
  const InspectOptions opens_options_, closed_options_;  // Inspectors refer to them
  Inspector opened_, closed_;
  const bool opens_;
  std::unordered_map<uint64_t, size_t> shown_;
};

// What stands behind the address: "NAME(this=V, V) at FILE:L:C fn=0x...", "<entry>", "<builtin: Name>", "symbol + 12". Safe
// to print, one line. `arguments`: receiver and arguments too.
std::string FrameText(const JsFrame& frame, Inspector& inspector, bool arguments);
// One JSON object, ASCII only. Members: see `bt --help`.
std::string FrameJson(const JsFrame& frame, size_t index, FrameValues& values);
// A C++ name as people write it; what is no such name stays. Safe to print.
std::string Demangled(const std::string& symbol);

}  // namespace corewalk
