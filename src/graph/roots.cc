#include "graph/roots.h"

#include <algorithm>

#include "graph/roots_builder.h"

namespace corewalk {
namespace {

// The names of V8's snapshots (src/objects/visitors.h, ROOT_ID_LIST).
constexpr std::array<std::string_view, static_cast<size_t>(RootGroup::kCount)> kGroupNames = {
    "(Strong root list)", "(Global handles)",    "(Eternal handles)", "(Handle scope)",         "(Traced handles)",
    "(Micro tasks)",      "(Compilation cache)", "(Strong roots)",    "(Startup object cache)", "(Builtins)",
    "(Isolate)",          "(Weak roots)",        "(Stack roots)"};

void CollectStrongRootList(RootsBuilder* builder) {
  const RootsTable& table = builder->isolate().roots;
  RootGroupState& state = builder->state(RootGroup::kStrongRootList);
  state.found = !table.entries.empty();
  static const std::vector<std::string> kNoNames;
  const std::vector<std::string>& names = builder->binary() ? builder->binary()->root_names : kNoNames;
  for (size_t i = 0; i < table.entries.size(); ++i) {
    const std::string name = i < names.size() ? names[i] : "";
    // Up to 8.4 the string table is an object, and the first root; it keeps no string (src/roots/roots.h).
    const bool weak = name == "string_table" || builder->TypeOf(table.entries[i]) == "STRING_TABLE_TYPE";
    builder->Add(table.address + 8 * i, table.entries[i], RootGroup::kStrongRootList,
                 weak ? RootStrength::kWeak : RootStrength::kStrong, builder->Label(name));
  }
}

}  // namespace

std::string_view RootGroupName(RootGroup group) {
  return kGroupNames[static_cast<size_t>(group)];
}

Roots CollectRoots(const HeapModel& model, const IsolateHeap& isolate, const BinaryFacts* binary, const Cancel& cancel,
                   int threads) {
  RootsBuilder builder(model, isolate, binary, cancel, threads);
  CollectStrongRootList(&builder);
  for (const auto collect :
       {CollectGlobalHandles, CollectEternalHandles, CollectHandleScopes, CollectTracedHandles, CollectMicrotasks,
        CollectStrongRoots, CollectStartupCaches, CollectIsolateWords, CollectStacks}) {
    if (cancel.Cancelled()) break;
    collect(&builder);
  }
  Roots roots = std::move(builder.roots());
  std::ranges::stable_sort(roots.roots, {}, &Root::group);
  roots.interrupted = cancel.Cancelled();
  return roots;
}

}  // namespace corewalk
