#include "heap/builtin_entries.h"

#include <algorithm>

namespace corewalk {

BuiltinEntries FindBuiltinEntries(const Memory& memory, const IsolateWords& isolate) {
  constexpr size_t kFewest = 300;         // V8 has some 1500 to 2500
  constexpr uint64_t kLastBuiltin = 4096;  // bytes; the last ones are short handlers
  const std::vector<uint64_t>& words = isolate.words;
  size_t best = 0, best_count = 0;
  Address end = 0;
  for (size_t i = 0; i < words.size();) {
    const Region* region = memory.RegionAt(words[i]);
    if (region == nullptr || !region->executable) {
      ++i;
      continue;
    }
    size_t next = i;
    while (next < words.size() && region->contains(words[next])) ++next;
    if (next - i > best_count) best = i, best_count = next - i, end = region->end;
    i = next;
  }
  if (best_count < kFewest) return {};
  BuiltinEntries result{.entries = {words.begin() + static_cast<ptrdiff_t>(best), words.begin() + static_cast<ptrdiff_t>(best + best_count)}, .end = end};
  std::ranges::sort(result.entries);
  result.end = std::min(result.end, result.entries.back() + kLastBuiltin);
  const auto same = std::ranges::unique(result.entries);
  result.entries.erase(same.begin(), same.end());
  return result;
}

}  // namespace corewalk
