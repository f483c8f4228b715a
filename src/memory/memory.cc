#include "memory/memory.h"

#include <algorithm>

namespace corewalk {

const Region* Memory::RegionAt(Address address) const {
  std::span<const Region> regions = Regions();
  auto after =
      std::upper_bound(regions.begin(), regions.end(), address, [](Address a, const Region& r) { return a < r.start; });
  if (after == regions.begin()) return nullptr;
  const Region& candidate = *(after - 1);
  return candidate.contains(address) ? &candidate : nullptr;
}

std::optional<std::string> Memory::ReadCString(Address address, size_t limit) const {
  std::string text;
  std::array<std::byte, 256> chunk;
  // The NUL may stand one byte after the limit.
  while (text.size() <= limit) {
    size_t want = std::min(chunk.size(), limit - text.size() + 1);
    size_t count = Read(address, std::span(chunk).first(want));
    const char* begin = reinterpret_cast<const char*>(chunk.data());
    const void* nul = count == 0 ? nullptr : std::memchr(begin, 0, count);
    if (nul != nullptr) {
      text.append(begin, static_cast<const char*>(nul));
      return text;
    }
    if (count < want) return std::nullopt;
    text.append(begin, count);
    address += count;
  }
  return std::nullopt;
}

}  // namespace corewalk
