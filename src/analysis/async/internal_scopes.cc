#include "analysis/async/internal_scopes.h"

#include <unordered_map>
#include <unordered_set>

#include "analysis/leaks/live_objects.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"
#include "heap/views/scripts.h"
#include "node/node_script.h"

namespace corewalk {

std::vector<InternalVariable> FindInternalVariables(HeapReader* reader, const HeapGraph& graph,
                                                    const std::vector<std::string>& scripts, const Cancel& cancel) {
  constexpr size_t kPoll = 1 << 12;
  constexpr int kMostScopes = 16;
  std::vector<InternalVariable> found;
  std::unordered_map<uint64_t, int> script_of;  // by SharedFunctionInfo; -1 = another one
  std::unordered_set<uint64_t> contexts;        // that were read
  size_t polled = 0;
  const std::vector<ObjectId> functions = LiveObjects(
      graph,
      [&](const LiveShape& shape) {
        return shape.map.category == Category::kClosure &&
               reader->layout().types.at(shape.map.instance_type).name != "JS_BOUND_FUNCTION_TYPE";
      },
      cancel);
  const std::vector<uint64_t> shared_of = WordOfEach(*reader, graph, functions, reader->offset(ObjectField::kFunctionShared), cancel);
  uint64_t last = 0;  // of another script; neighbours are mostly of one function
  for (size_t n = 0; n < functions.size(); ++n) {
    if (++polled % kPoll == 0 && cancel.Cancelled()) break;
    const uint64_t shared = shared_of[n];
    if (shared == last) continue;
    auto [known, is_new] = script_of.try_emplace(shared, -1);
    if (is_new) {
      const uint64_t script = ScriptOf(*reader, shared);
      for (size_t i = 0; i < scripts.size() && script != 0; ++i) {
        if (IsNodeScriptCalled(ReadScript(*reader, script)->name, scripts[i])) known->second = static_cast<int>(i);
      }
    }
    if (known->second < 0) {
      last = shared;
      continue;
    }
    const uint64_t function = graph.index().AddressOf(functions[n]) + 1;
    uint64_t context = reader->Field(function, ObjectField::kFunctionContext).value_or(0);
    for (int i = 0; i < kMostScopes && context != 0 && contexts.insert(context).second; ++i) {
      const std::optional<ContextView> view = ReadContext(*reader, context);
      if (!view || found.size() >= kMostInternalVariables) break;
      for (const ContextVariable& variable : view->variables) {
        if (variable.readable && !variable.raw_double && variable.value != 0)
          found.push_back({scripts[static_cast<size_t>(known->second)], variable.name, variable.value});
      }
      context = view->previous;
    }
  }
  return found;
}

}  // namespace corewalk
