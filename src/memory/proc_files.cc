#include "memory/proc_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "memory/mapped_file.h"

namespace corewalk::proc {
namespace {

constexpr size_t kMaxMapsBytes = size_t{1} << 28;
constexpr size_t kMaxThreads = 1 << 18;
constexpr size_t kMaxAuxvEntries = 256;

std::string Folder(int pid) {
  return "/proc/" + std::to_string(pid);
}

// Takes a number off the front of `text`; 0 when there is none.
uint64_t TakeNumber(std::string_view& text, int base = 10) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  (void)error;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

// The number after "Key:" in a file of such lines.
uint64_t NumberAfter(std::string_view text, std::string_view key) {
  size_t at = text.find(key);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + key.size());
  return TakeNumber(text);
}

// Undoes the kernel's octal escape of a newline in a path.
std::string UnescapePath(std::string_view path) {
  std::string result;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path.substr(i).starts_with("\\012")) {
      result += '\n';
      i += 3;
    } else {
      result += path[i];
    }
  }
  return result;
}

}  // namespace

std::string ReadFile(const std::string& path, size_t limit) {
  std::string text;
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  while (text.size() < limit) {
    size_t old_size = text.size();
    size_t want = std::min<size_t>(limit - old_size, 1 << 16);
    text.resize(old_size + want);
    ssize_t count = read(fd, text.data() + old_size, want);
    if (count < 0 && errno == EINTR)
      count = 0;
    else if (count <= 0)
      limit = 0;
    text.resize(old_size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
  }
  close(fd);
  return text;
}

Result<Status> ReadStatus(int pid) {
  std::string text = ReadFile(Folder(pid) + "/status", 1 << 16);
  if (text.empty()) return Fail(ErrorCode::kNotFound, "there is no process " + std::to_string(pid));
  // The name comes first and cannot hold a newline (the kernel escapes it), so no key can be forged.
  Status status;
  status.thread_group = static_cast<int>(NumberAfter(text, "\nTgid:"));
  status.parent = static_cast<int>(NumberAfter(text, "\nPPid:"));
  status.tracer = static_cast<int>(NumberAfter(text, "\nTracerPid:"));
  size_t state = text.find("\nState:\t");
  if (state != std::string::npos && state + 8 < text.size()) status.state = text[state + 8];
  return status;
}

CpuTime ReadCpuTime(int pid, int tid) {
  CpuTime time;
  std::string text = ReadFile(Folder(pid) + "/task/" + std::to_string(tid) + "/stat", 1 << 12);
  // "tid (comm) state ..."; comm may hold anything, even ')'.
  size_t paren = text.rfind(')');
  if (paren == std::string::npos || paren + 2 >= text.size()) return time;
  time.state = text[paren + 2];
  std::string_view rest = std::string_view(text).substr(paren + 3);
  // Fields 4 to 13 come before utime (14) and stime (15), in clock ticks. Field 8 (tpgid) may be -1.
  for (int field = 4; field <= 13; ++field) {
    size_t blank = rest.find(' ', 1);
    if (blank == std::string_view::npos) return time;
    rest.remove_prefix(blank);
  }
  long hertz = sysconf(_SC_CLK_TCK);
  uint64_t tick_us = hertz > 0 ? 1'000'000 / static_cast<uint64_t>(hertz) : 10'000;
  time.user_us = TakeNumber(rest) * tick_us;
  time.system_us = TakeNumber(rest) * tick_us;
  return time;
}

std::vector<int> ListThreads(int pid) {
  std::vector<int> threads;
  DIR* folder = opendir((Folder(pid) + "/task").c_str());
  if (folder == nullptr) return threads;
  while (const dirent* entry = readdir(folder)) {
    std::string_view name(entry->d_name);
    int tid = static_cast<int>(TakeNumber(name));
    if (tid > 0 && name.empty() && threads.size() < kMaxThreads) threads.push_back(tid);
  }
  closedir(folder);
  std::ranges::sort(threads, {}, [pid](int tid) { return std::pair(tid != pid, tid); });
  return threads;
}

Result<void> ReadMaps(int pid, std::vector<Region>& regions, std::vector<FileMapping>& mappings) {
  std::string text = ReadFile(Folder(pid) + "/maps", kMaxMapsBytes);
  if (text.empty()) return Fail(ErrorCode::kUnreadable, "cannot read the memory map of process " + std::to_string(pid));
  std::string_view left = text;
  while (!left.empty()) {
    std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    // 7f0c-7f0d r-xp 00001000 fd:01 1234   /usr/lib/libc.so.6
    Region region;
    region.start = TakeNumber(line, 16);
    if (!line.starts_with('-')) continue;
    line.remove_prefix(1);
    region.end = TakeNumber(line, 16);
    if (line.size() < 6 || region.end <= region.start) continue;
    region.readable = line[1] == 'r';
    region.writable = line[2] == 'w';
    region.executable = line[3] == 'x';
    region.present_end = region.readable ? region.end : region.start;
    line.remove_prefix(5);
    uint64_t offset = TakeNumber(line, 16);
    size_t device_end = line.find(' ', 1);
    if (device_end == std::string_view::npos) continue;
    line.remove_prefix(device_end);
    uint64_t inode = TakeNumber(line);
    std::string_view path = line.substr(std::min(line.find_first_not_of(' '), line.size()));
    if (path.starts_with("[vvar") || path == "[vsyscall]") continue;
    if (!regions.empty() && region.start < regions.back().end) continue;
    regions.push_back(region);
    if (inode != 0 && path.starts_with('/')) mappings.push_back({region.start, region.end, offset, UnescapePath(path)});
  }
  return {};
}

UsedPages ReadUsedPages(int pid, std::span<const Region> regions) {
  // An entry of 8 bytes per page (Documentation/admin-guide/mm/pagemap.rst).
  constexpr uint64_t kPage = 4096, kPresent = uint64_t{1} << 63, kSwapped = uint64_t{1} << 62;
  constexpr uint64_t kMostPages = uint64_t{1} << 26;
  constexpr size_t kEntries = 1 << 16;
  UsedPages pages;
  const int fd = open((Folder(pid) + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return pages;
  uint64_t left = kMostPages;
  std::vector<uint64_t> entries(kEntries);
  // What can be read comes first: of huge reservations hardly anything is ever there.
  for (const bool readable : {true, false}) {
    for (const Region& region : regions) {
      if (region.readable != readable) continue;
      for (Address at = region.start; at < region.end && left > 0;) {
        const size_t wanted = std::min<uint64_t>({kEntries, (region.end - at) / kPage, left});
        if (wanted == 0) break;
        const ssize_t count = pread(fd, entries.data(), wanted * 8, static_cast<off_t>(at / kPage * 8));
        if (count < 8) break;
        const size_t got = static_cast<size_t>(count) / 8;
        for (size_t i = 0; i < got; ++i) {
          if ((entries[i] & kSwapped) != 0) pages.swapped_bytes += kPage;
          if ((entries[i] & kPresent) == 0) continue;
          const Address page = at + i * kPage;
          if (!pages.ranges.empty() && pages.ranges.back().second == page) {
            pages.ranges.back().second += kPage;
          } else {
            pages.ranges.emplace_back(page, page + kPage);
          }
        }
        at += got * kPage;
        left -= got;
      }
    }
  }
  close(fd);
  std::ranges::sort(pages.ranges);
  pages.source = UsedPages::Source::kPagemap;
  return pages;
}

std::optional<uint64_t> ReadCgroupLimit(int pid) {
  constexpr uint64_t kUnlimited = uint64_t{1} << 60;
  std::optional<uint64_t> least;
  const std::string text = ReadFile(Folder(pid) + "/cgroup", 1 << 16);
  std::string_view left = text;
  // "0::/path" (v2), "9:memory:/path" (v1).
  while (!left.empty()) {
    const std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    const size_t first = line.find(':'), second = line.find(':', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool v2 = controllers.empty();
    if (!v2 && controllers != "memory" && controllers.find("memory,") == std::string_view::npos &&
        controllers.find(",memory") == std::string_view::npos) {
      continue;
    }
    std::string path(line.substr(second + 1));
    if (path.find("..") != std::string::npos) continue;
    for (int level = 0; level < 64; ++level) {
      const std::string folder = (v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory") + (path == "/" ? "" : path);
      const std::string value = ReadFile(folder + (v2 ? "/memory.max" : "/memory.limit_in_bytes"), 64);
      std::string_view digits = value;
      if (!digits.empty() && digits[0] >= '0' && digits[0] <= '9') {
        const uint64_t bytes = TakeNumber(digits);
        if (bytes < kUnlimited && (!least || bytes < *least)) least = bytes;
      }
      const size_t slash = path.rfind('/');
      if (path.empty() || path == "/" || slash == std::string::npos) break;
      path.resize(slash);
    }
  }
  return least;
}

ProcessInfo ReadProcessInfo(int pid) {
  ProcessInfo info;
  info.pid = pid;
  info.name = ReadFile(Folder(pid) + "/comm", 15);
  if (info.name.ends_with('\n')) info.name.pop_back();
  info.arguments = ReadFile(Folder(pid) + "/cmdline", 80);
  while (info.arguments.ends_with('\0')) info.arguments.pop_back();
  std::ranges::replace(info.arguments, '\0', ' ');
  std::string auxv = ReadFile(Folder(pid) + "/auxv", kMaxAuxvEntries * 16);
  for (size_t at = 0; at + 16 <= auxv.size(); at += 16) {
    uint64_t type, value;
    std::memcpy(&type, auxv.data() + at, 8);
    std::memcpy(&value, auxv.data() + at + 8, 8);
    if (type == 0) break;
    info.auxv.emplace_back(type, value);
  }
  return info;
}

}  // namespace corewalk::proc
