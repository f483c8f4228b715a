#include "analysis/async/module_evaluations.h"

#include <unordered_map>
#include <unordered_set>

#include "analysis/leaks/live_objects.h"
#include "heap/views/module_records.h"
#include "heap/views/promises.h"

namespace corewalk {
namespace {

constexpr size_t kPoll = 1 << 8;

// The nearest of the modules below that stands at an await, in the order of the imports.
uint64_t AwaitBelow(const std::unordered_map<uint64_t, ModuleRecordView>& pending, uint64_t module) {
  std::vector<uint64_t> open = {module};
  std::unordered_set<uint64_t> seen = {module};
  for (size_t at = 0; at < open.size(); ++at) {
    const auto found = pending.find(open[at]);
    if (found == pending.end()) continue;
    if (found->second.state == ModuleState::kAwaiting) return found->second.code;
    for (const uint64_t requested : found->second.requested) {
      if (seen.insert(requested).second) open.push_back(requested);
    }
  }
  return 0;
}

}  // namespace

std::vector<ModuleEvaluation> FindModuleEvaluations(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel) {
  std::vector<ModuleEvaluation> evaluations;
  std::unordered_map<uint64_t, ModuleRecordView> pending;
  const auto is_module = [&](const LiveShape& shape) {
    return IsModuleRecord(reader->layout().types.at(shape.map.instance_type).name);
  };
  size_t polled = 0;
  for (const ObjectId node : LiveObjects(graph, is_module, cancel)) {
    if (++polled % kPoll == 0 && cancel.Cancelled()) break;
    const uint64_t module = graph.index().AddressOf(node) + 1;
    std::optional<ModuleRecordView> view = ReadModuleRecord(*reader, module);
    if (!view) continue;
    const std::optional<PromiseView> promise = ReadPromise(*reader, view->evaluation);
    if (promise && promise->state == PromiseState::kPending)
      evaluations.push_back({.module = node, .promise = view->evaluation});
    if (view->state != ModuleState::kAwaiting && view->state != ModuleState::kWaiting) continue;
    view->exports.clear();
    pending.emplace(module, std::move(*view));
  }
  for (ModuleEvaluation& evaluation : evaluations) {
    if (++polled % kPoll == 0 && cancel.Cancelled()) break;
    evaluation.awaiting = AwaitBelow(pending, graph.index().AddressOf(evaluation.module) + 1);
  }
  return evaluations;
}

}  // namespace corewalk
