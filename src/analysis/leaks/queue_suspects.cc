#include "analysis/leaks/queue_suspects.h"

#include <algorithm>

#include "analysis/async/tick_queue.h"
#include "analysis/leaks/retained_together.h"
#include "analysis/leaks/suspect_functions.h"
#include "base/number_text.h"
#include "heap/views/promises.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr size_t kManyWaiting = 100;
constexpr size_t kMostRings = 1 << 18;
constexpr size_t kMostFunctions = 5;

void AddNode(const HeapGraph& graph, uint64_t tagged, std::vector<ObjectId>* nodes) {
  const ObjectId node = graph.index().At(tagged);
  if (node != kNoObject && graph.IsLive(node)) nodes->push_back(node);
}

// Of `functions`, the callbacks; the one that most have is what a person looks for.
std::optional<Suspect> SuspectOf(HeapReader* reader, const HeapGraph& graph, std::string what, size_t waiting,
                                 std::vector<ObjectId> nodes, const std::vector<uint64_t>& functions, uint64_t least_bytes,
                                 const Cancel& cancel) {
  std::ranges::sort(nodes);
  nodes.erase(std::ranges::unique(nodes).begin(), nodes.end());
  if (nodes.empty() || waiting < kManyWaiting) return std::nullopt;
  Suspect suspect{.kind = SuspectKind::kQueue, .what = std::move(what), .count = waiting, .grows = true};
  suspect.retained_bytes = RetainedTogether(graph, nodes);
  if (suspect.retained_bytes < least_bytes) return std::nullopt;
  suspect.nodes = std::move(nodes);
  suspect.functions = CountFunctions(reader, functions, cancel);
  if (suspect.functions.size() > kMostFunctions) suspect.functions.resize(kMostFunctions);
  suspect.holder = {.kind = HolderKind::kClosure, .text = suspect.what, .holder_node = suspect.nodes[0]};
  if (!suspect.functions.empty()) {
    const SuspectFunction& most = suspect.functions[0];
    suspect.holder.name = most.name;
    suspect.holder.file = most.file;
    suspect.holder.line = most.line;
    suspect.holder.column = most.column;
  }
  suspect.growth.push_back("they run before anything else, but more were queued than have run: timers and I/O wait, too");
  return suspect;
}

}  // namespace

std::vector<Suspect> FindQueueSuspects(HeapReader* reader, const HeapGraph& graph, uint64_t least_bytes,
                                       const Cancel& cancel) {
  std::vector<Suspect> suspects;
  const std::vector<InternalVariable> variables = FindInternalVariables(reader, graph, {kTickScript}, cancel);
  const TickQueue ticks = FindTickQueue(reader, variables, cancel);
  std::vector<ObjectId> nodes;
  std::vector<uint64_t> functions;
  for (const InternalVariable& variable : variables) {
    if (variable.script != kTickScript || variable.name != "queue" || ticks.ticks.size() < kManyWaiting) continue;
    // The rings, and the arrays that they are.
    uint64_t ring = OwnValue(*reader, variable.value, "tail");
    for (size_t i = 0; i < kMostRings && IsStrongPointer(ring) && graph.index().At(ring) != kNoObject; ++i) {
      AddNode(graph, ring, &nodes);
      AddNode(graph, OwnValue(*reader, ring, "list"), &nodes);
      ring = OwnValue(*reader, ring, "next");
    }
  }
  for (const QueuedTick& tick : ticks.ticks) {
    if (tick.callback != 0) functions.push_back(tick.callback);
  }
  const auto add = [&](std::string what, size_t waiting) {
    if (std::optional<Suspect> found = SuspectOf(reader, graph, std::move(what), waiting, std::move(nodes), functions, least_bytes, cancel))
      suspects.push_back(std::move(*found));
    nodes.clear();
    functions.clear();
  };
  add("queue of process.nextTick callbacks", ticks.ticks.size());

  size_t tasks = 0;
  for (const Root& root : graph.roots().roots) {
    if (root.group != RootGroup::kMicrotasks) continue;
    const std::optional<MicrotaskView> view = ReadMicrotask(*reader, root.object);
    if (!view) continue;
    ++tasks;
    AddNode(graph, root.object, &nodes);
    if (view->function != 0) functions.push_back(view->function);
  }
  add("queue of microtasks", tasks);
  return suspects;
}

}  // namespace corewalk
