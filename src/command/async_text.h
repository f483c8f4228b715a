// What promises, async and their like write in common: where an async function stands, what settles a promise. All texts
// are safe to print.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "analysis/async/async_census.h"
#include "analysis/leaks/retained_together.h"
#include "analysis/async/resolver_holders.h"
#include "command/awaited_events.h"
#include "command/command.h"
#include "heap/views/errors.h"
#include "heap/views/functions.h"

namespace corewalk {

std::string_view PromiseStateName(PromiseState state);        // "pending", ...; JSON too
std::string_view PromiseSourceName(PromiseSource source);     // "async_function", "timer", ...
std::string_view GeneratorKindName(GeneratorKind kind);       // "async function", "generator", "async generator"

class AsyncText {
 public:
  AsyncText(HeapReader* reader, const HeapGraph& graph, const AsyncCensus& census, const Cancel& cancel)
      : reader_(*reader),
        graph_(graph),
        census_(census),
        resolvers_(FindResolverHolders(reader, graph, census, cancel)),
        events_(reader, graph) {}

  // The function, read once for all closures of one source.
  const FunctionView& FunctionOf(uint64_t function);
  // Line and column of a position in the script of a function.
  SourcePosition PlaceIn(const FunctionView& view, int64_t position);

  // "load /app/db.js:12:3": where the call stands; without a known position the function's place.
  std::string CallText(const SuspendedCall& call);
  // What settles a promise: "async function load, at /app/db.js:14:5", "timer of 30 s: onTimer ...".
  std::string SourceText(uint32_t promise);
  // Of equal sources the same: kind and function or class.
  std::string SourceKey(uint32_t promise);
  // What a suspended function waits for, and the word of JSON for it.
  std::string WaitsFor(const SuspendedCall& call);
  std::string WaitsForKind(const SuspendedCall& call) const;
  // What is at the end of that, "" when it is the same.
  std::string UltimateText(const SuspendedCall& call);
  // The class of an object, of a value in a few words.
  std::string ClassText(ObjectId node);
  // The URL of an ES module.
  std::string ModuleText(ObjectId node);

 private:
  bool AwaitsNobody() const;
  // "Pool.waiting[]": by which name the program holds the function that settles the promise; "" = unknown.
  std::string ResolverText(uint32_t promise);
  std::string HeldByText(uint32_t promise);

  HeapReader& reader_;
  const HeapGraph& graph_;
  const AsyncCensus& census_;
  std::unordered_map<uint32_t, ResolverHolder> resolvers_;
  AwaitedEvents events_;
  std::map<uint64_t, FunctionView> functions_;  // by SharedFunctionInfo
};

// Groups with `members` (indexes into `all`, whose elements have a `node`), what each keeps alive (`retained`, where that is
// known), the largest first.
template <typename Key, typename Group, typename All>
std::vector<Group> LargestGroups(std::map<Key, Group> by_key, const HeapGraph& graph, const All& all, const Cancel& cancel) {
  std::vector<Group> groups;
  for (auto& [key, group] : by_key) {
    if (graph.has_retained() && !cancel.Cancelled()) {
      std::vector<ObjectId> nodes;
      for (const uint32_t member : group.members) nodes.push_back(all[member].node);
      group.retained = RetainedTogether(graph, nodes);
    }
    groups.push_back(std::move(group));
  }
  std::ranges::stable_sort(groups, [](const Group& a, const Group& b) {
    return std::tuple(b.retained, b.members.size()) < std::tuple(a.retained, a.members.size());
  });
  return groups;
}

// "Error: text" of a reason, a value in a few words otherwise.
std::string ReasonText(HeapReader& reader, uint64_t reason, const ErrorView& error);
// The stack, one frame per line: "at f (file:3:5)"; at most `limit` frames.
std::vector<std::string> StackLines(const ErrorView& error, size_t limit);

}  // namespace corewalk
