#include "node/environment_variables.h"

#include <algorithm>
#include <map>
#include <string>

#include "node/initial_stack.h"
#include "node/node_limits.h"

namespace corewalk {
namespace {

constexpr uint64_t kAtExecfn = 31;
constexpr size_t kMostVariables = 16 << 10;
constexpr size_t kMostVariableBytes = 128 << 10;  // the kernel's limit (MAX_ARG_STRLEN)

using Values = std::map<std::string, std::string, std::less<>>;

// False when it is no "NAME=VALUE". Of two of one name the first counts, as for getenv().
bool AddVariable(std::string_view text, Values* values) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) return false;
  values->emplace(text.substr(0, equals), text.substr(equals + 1));
  return true;
}

struct StartArea {
  Address begin = 0, end = 0;
};

// Where the kernel's texts of the environment stand: behind those of the arguments, up to that of AT_EXECFN
// (fs/binfmt_elf.c, create_elf_tables).
StartArea FindStartArea(const Memory& memory, const InitialStack& stack, const ProcessArguments& arguments) {
  StartArea area;
  area.end = memory.Process().Auxv(kAtExecfn).value_or(0);
  const bool original =
      (arguments.source == ArgumentSource::kStack || arguments.source == ArgumentSource::kLibuvCopy) &&
      !arguments.cut && arguments.argv.size() == stack.argv.size() && !stack.argv.empty();
  if (original) {
    area.begin = stack.argv.back() + arguments.argv.back().raw().size() + 1;
  } else {
    // The first variable that is left.
    for (const Address pointer : stack.envp) {
      if (stack.IsText(memory, pointer) && (area.begin == 0 || pointer < area.begin)) area.begin = pointer;
    }
  }
  if (!stack.IsText(memory, area.begin) || !stack.IsText(memory, area.end) || area.begin > area.end) return {};
  return area;
}

bool ReadStart(const Memory& memory, const StartArea& area, Values* values) {
  constexpr size_t kMostBytes = 6 << 20;  // three quarters of the stack's 8 MB: the kernel's limit for all texts
  if (area.end == 0 || area.end - area.begin > kMostBytes) return false;
  std::string bytes(area.end - area.begin, '\0');
  if (memory.Read(area.begin, std::as_writable_bytes(std::span(bytes))) != bytes.size()) return false;
  std::string_view left(bytes);
  while (!left.empty() && values->size() < kMostVariables) {
    const size_t zero = std::min(left.find('\0'), left.size());
    AddVariable(left.substr(0, zero), values);
    left.remove_prefix(std::min(zero + 1, left.size()));
  }
  return true;
}

class EnvironFinder {
 public:
  EnvironFinder(const Memory& memory, const InitialStack& stack, const StartArea& area)
      : memory_(memory), stack_(stack), area_(area) {}

  // The variables in the array at `array`; false when it is none, or none of its texts is the kernel's.
  bool ReadArray(Address array, Values* values, bool* cut) const {
    bool kernels = false;
    values->clear();
    for (size_t i = 0; i < kMostVariables; ++i) {
      const std::optional<uint64_t> pointer = memory_.ReadWord(array + 8 * i);
      if (!pointer) return false;
      if (*pointer == 0) return kernels || (array == stack_.envp_array);
      bool whole = false;
      const std::string text = ReadText(memory_, *pointer, kMostVariableBytes, &whole);
      if (!AddVariable(text, values)) return false;
      *cut |= !whole;
      kernels |= *pointer >= area_.begin && *pointer < area_.end;
    }
    *cut = true;
    return kernels;
  }

  // A word of static data that may be `environ`.
  bool MayBeArray(uint64_t word) const {
    if (word == 0 || word % 8 != 0 || word >= (uint64_t{1} << 47)) return false;
    const Region* region = memory_.RegionAt(word);
    if (region == nullptr || !region->writable || word + 8 > region->present_end) return false;
    const uint64_t first = memory_.ReadWord(word).value_or(0);
    if (first < 4096 || first >= (uint64_t{1} << 47)) return false;
    const Region* text = memory_.RegionAt(first);
    return text != nullptr && text->writable;
  }

 private:
  const Memory& memory_;
  const InitialStack& stack_;
  const StartArea& area_;
};

}  // namespace

Environment ReadEnvironment(const Memory& memory, std::span<const AddressRange> excluded,
                            const ProcessArguments& arguments) {
  Environment environment;
  const std::optional<InitialStack> stack = FindInitialStack(memory);
  if (!stack) return environment;
  const StartArea area = FindStartArea(memory, *stack, arguments);
  Values start, now;
  environment.start_known = ReadStart(memory, area, &start);

  // An array of the C library's own is newer than the kernel's, which it replaces once a variable is added
  // (glibc, stdlib/setenv.c).
  const EnvironFinder finder(memory, *stack, area);
  bool kernels_array = false;
  ScanMemory(memory, ScanArea::kStaticData, excluded, kNodeLimits.max_static_data_scan, 8, [&](const Block& block) {
    for (Address at = (block.start() + 7) & ~uint64_t{7}; block.Has(at, 8); at += 8) {
      const uint64_t word = *block.Word(at);
      if (word == stack->envp_array) {
        kernels_array = true;
      } else if (finder.MayBeArray(word)) {
        Values found;
        bool cut = false;
        if (!finder.ReadArray(word, &found, &cut)) continue;
        now = std::move(found);
        environment.cut = cut;
        environment.now_known = true;
        return true;
      }
    }
    return false;
  });
  if (!environment.now_known && kernels_array)
    environment.now_known = finder.ReadArray(stack->envp_array, &now, &environment.cut);

  const auto text = [](const std::string& raw) { return UntrustedText(raw); };
  for (const auto& [name, value] : environment.now_known ? now : start) {
    Variable variable{.name = text(name), .value = text(value), .at_start = {}};
    const auto before = start.find(name);
    if (before != start.end()) variable.at_start = text(before->second);
    if (environment.now_known && environment.start_known)
      variable.change = before == start.end()     ? VariableChange::kAdded
                        : before->second != value ? VariableChange::kChanged
                                                  : VariableChange::kNone;
    environment.variables.push_back(std::move(variable));
  }
  if (environment.now_known) {
    for (const auto& [name, value] : start) {
      if (now.contains(name)) continue;
      environment.variables.push_back(
          {.name = text(name), .value = {}, .at_start = text(value), .change = VariableChange::kDeleted});
    }
  }
  std::ranges::stable_sort(environment.variables, {},
                           [](const Variable& v) -> const std::string& { return v.name.raw(); });
  return environment;
}

}  // namespace corewalk
