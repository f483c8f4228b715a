// Text that came from the target: heap strings, names, paths, arguments. It is a type of its own so that it cannot be
// printed by accident; the only way to the screen is Sanitize() of text_sanitize.h.
#pragma once

#include <string>
#include <utility>

namespace corewalk {

class UntrustedText {
 public:
  UntrustedText() = default;
  explicit UntrustedText(std::string bytes) : bytes_(std::move(bytes)) {}
  // The raw bytes: UTF-8 as decoded from the target, possibly invalid (lone surrogates are kept as WTF-8) and with any
  // control character. For comparison and matching, never for output.
  const std::string& raw() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }
  friend bool operator==(const UntrustedText&, const UntrustedText&) = default;

 private:
  std::string bytes_;
};

}  // namespace corewalk
