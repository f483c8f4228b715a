// The version of V8: layouts belong to a V8 line (major.minor), never to a Node.js major.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace corewalk {

struct V8Version {
  int major = 0;
  int minor = 0;
  int build = 0;
  int patch = 0;

  friend auto operator<=>(const V8Version&, const V8Version&) = default;
  bool known() const { return major > 0; }
  bool SameLine(const V8Version& other) const { return major == other.major && minor == other.minor; }
  std::string Line() const { return std::to_string(major) + "." + std::to_string(minor); }
  std::string ToString() const { return Line() + "." + std::to_string(build) + "." + std::to_string(patch); }
};

// Parses "12.4.254.21-node.33" (what follows the fourth number is ignored); nothing when it is not of that form.
std::optional<V8Version> ParseV8Version(std::string_view text);

}  // namespace corewalk
