#include "memory/available_memory.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "memory/proc_files.h"

namespace corewalk {
namespace {

constexpr size_t kMostBytes = 1 << 16;
constexpr uint64_t kNoLimit = uint64_t{1} << 60;  // v1 writes a number near 2^63

// The number behind `key` at the beginning of a line; of the whole text when `key` is empty.
std::optional<uint64_t> NumberOf(std::string_view text, std::string_view key) {
  size_t at = 0;
  if (!key.empty()) {
    while (true) {
      at = text.find(key, at);
      if (at == std::string_view::npos) return std::nullopt;
      if (at == 0 || text[at - 1] == '\n') break;
      ++at;
    }
    at += key.size();
  }
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

// What one control group leaves.
std::optional<uint64_t> LeftIn(const std::string& folder, const char* limit_file, const char* used_file,
                               const char* cache_key) {
  const std::optional<uint64_t> limit = NumberOf(proc::ReadFile(folder + limit_file, kMostBytes), "");
  const std::optional<uint64_t> used = NumberOf(proc::ReadFile(folder + used_file, kMostBytes), "");
  if (!limit || !used || *limit >= kNoLimit) return std::nullopt;
  const uint64_t cache = NumberOf(proc::ReadFile(folder + "/memory.stat", kMostBytes), cache_key).value_or(0);
  return *limit - std::min(*limit, *used - std::min(*used, cache));
}

}  // namespace

uint64_t AvailableMemory() {
  uint64_t available = 1024 * NumberOf(proc::ReadFile("/proc/meminfo", kMostBytes), "MemAvailable:").value_or(0);
  const auto consider = [&available](std::optional<uint64_t> left) {
    if (left) available = available == 0 ? std::max<uint64_t>(*left, 1) : std::min(available, std::max<uint64_t>(*left, 1));
  };
  // Lines "0::/path" (v2) and "5:memory:/path" (v1); limits hold for all groups below them.
  const std::string groups = proc::ReadFile("/proc/self/cgroup", kMostBytes);
  for (size_t at = 0; at < groups.size();) {
    const size_t end = std::min(groups.find('\n', at), groups.size());
    const std::string_view line = std::string_view(groups).substr(at, end - at);
    at = end + 1;
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    std::string path(line.substr(second + 1));
    const bool v2 = controllers.empty();
    if (!v2 && controllers.find("memory") == std::string_view::npos) continue;
    for (size_t levels = 0; levels < 32; ++levels) {
      if (path == "/") path.clear();
      if (v2) {
        consider(LeftIn("/sys/fs/cgroup" + path, "/memory.max", "/memory.current", "file "));
      } else {
        consider(LeftIn("/sys/fs/cgroup/memory" + path, "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_cache "));
      }
      if (path.empty()) break;
      path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
  }
  return available;
}

}  // namespace corewalk
