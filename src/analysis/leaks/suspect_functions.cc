#include "analysis/leaks/suspect_functions.h"

#include <algorithm>
#include <unordered_map>

#include "heap/views/collection_store.h"

namespace corewalk {
namespace {

constexpr uint64_t kSampled = 1 << 15;  // entries: each suspect is asked, and a core may have a million of them
constexpr size_t kPollFunctions = 1 << 12;

}  // namespace

SuspectFunction FunctionFor(const FunctionView& view, uint64_t count) {
  return {.name = view.name, .file = view.script_name, .line = view.line, .column = view.column, .count = count};
}

std::vector<SuspectFunction> CountFunctions(HeapReader* reader, std::span<const uint64_t> functions,
                                            const Cancel& cancel) {
  std::unordered_map<uint64_t, uint64_t> counts;  // by SharedFunctionInfo
  for (size_t i = 0; i < functions.size(); ++i) {
    if (i % kPollFunctions == 0 && cancel.Cancelled()) break;
    const uint64_t target = TargetOfBound(reader, functions[i]);
    if (target == 0) continue;
    if (const uint64_t shared = reader->Field(target, ObjectField::kFunctionShared).value_or(0); shared != 0)
      ++counts[shared];
  }
  std::vector<SuspectFunction> result;
  for (const auto& [shared, count] : counts) {
    if (const std::optional<FunctionView> view = ReadShared(*reader, shared))
      result.push_back(FunctionFor(*view, count));
  }
  std::ranges::sort(result, [](const SuspectFunction& a, const SuspectFunction& b) {
    return std::tie(b.count, a.file, a.line, a.column) < std::tie(a.count, b.file, b.line, b.column);
  });
  return result;
}

void DescribeElementFunctions(HeapReader* reader, const HeapGraph& graph, Suspect* suspect, const Cancel& cancel) {
  if (!suspect->collection || suspect->element_class != "Function") return;
  const StoreView& store = suspect->collection->store;
  std::vector<uint64_t> functions;
  for (const StoreEntry& entry : ReadEntries(*reader, store, SpreadPositions(store.positions, kSampled))) {
    if (!entry.raw_double && !entry.accessor && !IsSmi(entry.value)) functions.push_back(entry.value);
  }
  suspect->functions = CountFunctions(reader, functions, cancel);
  suspect->functions_looked = functions.size();
  suspect->captured = FindClosurePins(reader, graph, functions, cancel);
}

}  // namespace corewalk
