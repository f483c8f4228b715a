#include "node/node_version.h"

#include <algorithm>

#include "node/node_limits.h"

namespace corewalk {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// `numbers` decimal numbers with dots between, then nothing or a suffix that starts with '-' or '+'.
bool IsVersion(std::string_view text, int numbers) {
  size_t at = 0;
  for (int i = 0; i < numbers; ++i) {
    if (i > 0 && (at >= text.size() || text[at++] != '.')) return false;
    size_t start = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    if (at == start || at - start > 6) return false;
  }
  if (at == text.size()) return true;
  if (text[at] != '-' && text[at] != '+') return false;
  return std::ranges::all_of(text.substr(at), [](char c) {
    return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '+' ||
           c == '_';
  });
}

std::optional<std::string> ReadExactly(const Memory& memory, Address address, uint64_t length) {
  if (length < 5 || length > kNodeLimits.max_version_bytes) return std::nullopt;
  std::string text(length + 1, '\1');
  if (memory.Read(address, std::as_writable_bytes(std::span(text))) != text.size() || text.back() != '\0') {
    return std::nullopt;
  }
  text.pop_back();
  return text;
}

// The number before the first dot of a version.
int Major(std::string_view version) {
  int major = 0;
  for (size_t i = 0; i < version.size() && IsDigit(version[i]); ++i) major = major * 10 + (version[i] - '0');
  return major;
}

// The oldest releases that could be meant. libuv ("1.44.2") and zlib ("1.3.0.1-motley") stand behind them in the same
// struct and look alike; in a truncated core they may be all that is left.
constexpr int kOldestNode = 8;
constexpr int kOldestV8 = 5;

// The std::string at `at` in the C++11 form of libstdc++: pointer, length, then the text itself or its capacity.
std::optional<std::string> NewString(const Memory& memory, const Block& block, Address at) {
  std::optional<uint64_t> pointer = block.Word(at);
  std::optional<uint64_t> length = block.Word(at + 8);
  if (!pointer || !length || *length < 5 || *length > kNodeLimits.max_version_bytes) return std::nullopt;
  if ((*pointer == at + 16) != (*length < 16)) return std::nullopt;
  return ReadExactly(memory, *pointer, *length);
}

// The same in the older form: a pointer to the text; before the text stand length, capacity and reference count.
std::optional<std::string> OldString(const Memory& memory, const Block& block, Address at) {
  std::optional<uint64_t> pointer = block.Word(at);
  if (!pointer || *pointer < 4096 || *pointer % 8 != 0) return std::nullopt;
  uint64_t rep[3];
  if (memory.Read(*pointer - sizeof(rep), std::as_writable_bytes(std::span(rep))) != sizeof(rep)) return std::nullopt;
  if (rep[1] < rep[0] || rep[1] > 4096) return std::nullopt;
  return ReadExactly(memory, *pointer, rep[0]);
}

}  // namespace

std::optional<NodeVersion> FindNodeVersion(const Memory& memory, std::span<const AddressRange> excluded) {
  std::optional<NodeVersion> found;
  auto visit = [&](const Block& block) {
    for (Address at = (block.start() + 7) & ~uint64_t{7}; block.Has(at, 16); at += 8) {
      if (*block.Word(at) == 0) continue;
      std::optional<std::string> node = NewString(memory, block, at);
      std::optional<std::string> v8;
      if (node && IsVersion(*node, 3)) {
        v8 = NewString(memory, block, at + 32);
      } else {
        node = OldString(memory, block, at);
        if (node && IsVersion(*node, 3)) v8 = OldString(memory, block, at + 8);
      }
      if (!v8 || !IsVersion(*v8, 4) || Major(*node) < kOldestNode || Major(*v8) < kOldestV8) continue;
      found = NodeVersion{std::move(*node), std::move(*v8), at};
      return true;
    }
    return false;
  };
  ScanMemory(memory, ScanArea::kStaticData, excluded, kNodeLimits.max_static_data_scan, 64, visit);
  return found;
}

}  // namespace corewalk
