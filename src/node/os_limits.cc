#include "node/os_limits.h"

#include <charconv>
#include <filesystem>
#include <system_error>

#include "memory/local_process.h"
#include "memory/proc_files.h"

namespace corewalk {
namespace {

constexpr std::string_view kOpenFiles = "Max open files";

// "1024" or "unlimited" at the begin of `text`, which it is taken from; false when it is neither.
bool TakeNumber(std::string_view* text, std::optional<uint64_t>* number) {
  constexpr std::string_view kUnlimited = "unlimited";
  if (text->starts_with(kUnlimited)) {
    number->reset();
    text->remove_prefix(kUnlimited.size());
    return true;
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc()) return false;
  *number = value;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return true;
}

void SkipBlanks(std::string_view* text) {
  while (text->starts_with(' ')) text->remove_prefix(1);
}

}  // namespace

std::vector<OsLimit> ParseLimits(std::string_view text) {
  constexpr size_t kNameColumns = 26;  // fs/proc/base.c, proc_pid_limits(): "%-25s %-20s %-20s %-10s"
  constexpr size_t kMostLimits = 64;
  std::vector<OsLimit> limits;
  while (!text.empty() && limits.size() < kMostLimits) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.size() <= kNameColumns) continue;
    OsLimit limit;
    limit.name = line.substr(0, kNameColumns);
    limit.name.erase(limit.name.find_last_not_of(' ') + 1);
    line.remove_prefix(kNameColumns);
    SkipBlanks(&line);
    if (!TakeNumber(&line, &limit.soft)) continue;  // the heading
    SkipBlanks(&line);
    if (!TakeNumber(&line, &limit.hard)) continue;
    SkipBlanks(&line);
    limit.unit = line.substr(0, line.find(' '));
    limits.push_back(std::move(limit));
  }
  return limits;
}

std::optional<uint64_t> OsFacts::open_files_limit() const {
  for (const OsLimit& limit : limits) {
    if (limit.name == kOpenFiles) return limit.soft;
  }
  return std::nullopt;
}

OsFacts ReadOsFacts(const Memory& memory) {
  constexpr size_t kMostBytes = 16 << 10;
  constexpr uint64_t kMostFiles = 1 << 24;
  OsFacts facts;
  const int pid = LocalProcessOf(memory);
  if (pid == 0) return facts;
  const std::string folder = "/proc/" + std::to_string(pid);
  facts.limits = ParseLimits(proc::ReadFile(folder + "/limits", kMostBytes));
  std::error_code error;
  const std::filesystem::path cwd = std::filesystem::read_symlink(folder + "/cwd", error);
  if (!error) facts.working_directory = UntrustedText(cwd.string());
  uint64_t files = 0;
  for (std::filesystem::directory_iterator at(folder + "/fd", error), end; !error && at != end && files < kMostFiles;
       at.increment(error))
    ++files;
  if (!error) facts.open_files = files;
  return facts;
}

}  // namespace corewalk
