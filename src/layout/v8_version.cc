#include "layout/v8_version.h"

#include <array>
#include <charconv>

namespace corewalk {

std::optional<V8Version> ParseV8Version(std::string_view text) {
  std::array<int, 4> numbers{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) {
      if (at == end || *at != '.') return std::nullopt;
      ++at;
    }
    const auto [next, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc() || next == at || numbers[i] < 0) return std::nullopt;
    at = next;
  }
  if (numbers[0] == 0) return std::nullopt;
  return V8Version{numbers[0], numbers[1], numbers[2], numbers[3]};
}

}  // namespace corewalk
