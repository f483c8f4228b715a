#include "node/memory_limits.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "memory/local_process.h"
#include "memory/proc_files.h"
#include "node/node_limits.h"

namespace corewalk {
namespace {

constexpr uint64_t kAtExecFn = 31;  // the path given to execve, behind the environment at the end of the stack
constexpr size_t kMostVariables = 32;
constexpr uint64_t kMb = 1 << 20;

bool SpeaksOfMemory(std::string_view name) {
  if (name.empty() || name.size() > 128) return false;
  std::string upper;
  for (const char c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
    upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  for (const std::string_view word : {"MEMORY", "HEAP", "_MEM", "MEM_"}) {
    if (upper.find(word) != std::string::npos) return true;
  }
  return false;
}

// "512", "1.5g", "512Mi", "75%". Nothing else is told: an address of a cache may hold a password.
bool IsSize(std::string_view value) {
  constexpr size_t kMostDigits = 20, kMostUnit = 5;
  const size_t digits = std::min(value.find_first_not_of("0123456789."), value.size());
  const std::string_view unit = value.substr(digits);
  return digits > 0 && digits <= kMostDigits && value[0] != '.' && unit.size() <= kMostUnit &&
         std::ranges::all_of(unit, [](char c) { return c == '%' || std::isalpha(static_cast<unsigned char>(c)); });
}

// The strings of the environment end where AT_EXECFN's begins (fs/binfmt_elf.c, create_elf_tables).
void ReadEnvironment(const Memory& memory, std::vector<EnvironmentVariable>* variables) {
  constexpr uint64_t kMostBytes = 256 << 10;
  const uint64_t end = memory.Process().Auxv(kAtExecFn).value_or(0);
  const Region* region = end == 0 ? nullptr : memory.RegionAt(end);
  if (region == nullptr) return;
  const Address start = std::max(region->start, end > kMostBytes ? end - kMostBytes : 0);
  std::string bytes(end - start, '\0');
  bytes.resize(memory.Read(start, std::as_writable_bytes(std::span(bytes))));
  if (start + bytes.size() != end) return;
  std::string_view left(bytes);
  while (left.ends_with('\0')) left.remove_suffix(1);
  // From the last variable backwards.
  while (!left.empty() && variables->size() < kMostVariables) {
    const size_t zero = left.rfind('\0');
    const std::string_view text = left.substr(zero == std::string_view::npos ? 0 : zero + 1);
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos && SpeaksOfMemory(text.substr(0, equals))) {
      const std::string_view value = text.substr(equals + 1);
      if (IsSize(value))
        variables->push_back({UntrustedText(std::string(text.substr(0, equals))), UntrustedText(std::string(value))});
    }
    left = left.substr(0, zero == std::string_view::npos ? 0 : zero);
    while (left.ends_with('\0')) left.remove_suffix(1);
  }
  std::ranges::reverse(*variables);
}

}  // namespace

MemoryLimits FindMemoryLimits(const Memory& memory, const ProcessFacts& facts) {
  MemoryLimits limits;
  if (facts.heap_limits && !facts.max_old_space_option) {
    const uint64_t old = facts.heap_limits->initial_old_generation;
    const bool other_option = FindOption(facts.arguments, "max-heap-size") ||
                              FindOption(facts.arguments, "max-old-space-size-percentage") ||
                              FindOption(facts.arguments, "initial-old-space-size");
    if (!other_option && old > 256 * kMb && old < 2048 * kMb) limits.memory_told_to_v8 = 2 * old;
  }
  ReadEnvironment(memory, &limits.environment);
  if (const int pid = LocalProcessOf(memory)) limits.cgroup_bytes = proc::ReadCgroupLimit(pid);
  return limits;
}

}  // namespace corewalk
