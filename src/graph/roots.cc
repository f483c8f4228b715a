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

constexpr uint64_t kRedZone = 128;              // bytes below the stack pointer that x86-64 code may use
constexpr uint64_t kMostStackBytes = 64 << 20;  // of one thread

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

// Where the stack that `sp` points into ends.
Address StackEnd(const Memory& memory, const ThreadState& thread, Address sp) {
  const Region* region = memory.RegionAt(sp);
  if (region == nullptr) return sp;
  Address end = region->present_end;
  // glibc keeps the thread's own struct at the top of the stack it allocates; another mapping may follow at once.
  const Address fs_base = thread.reg(Register::kFsBase);
  if (fs_base > sp && fs_base < end) end = fs_base;
  return std::min(end, sp + kMostStackBytes);
}

}  // namespace

void CollectStacks(RootsBuilder* builder) {
  RootGroupState& state = builder->state(RootGroup::kStacks);
  state.conservative = true;
  state.found = !builder->memory().Threads().empty();
  if (!state.found) state.problem = "the target has no threads";
  size_t unreadable = 0;
  for (const ThreadState& thread : builder->memory().Threads()) {
    if (builder->cancel().Cancelled()) return;
    const uint32_t label = builder->Label("thread " + std::to_string(thread.tid));
    for (const uint64_t word : thread.registers) builder->Add(0, word, RootGroup::kStacks, RootStrength::kMaybe, label);
    const Address sp = (thread.reg(Register::kRsp) - kRedZone) & ~Address{7};
    const Address end = StackEnd(builder->memory(), thread, sp);
    const std::vector<uint64_t> words = ReadWords(builder->memory(), sp, end > sp ? (end - sp) / 8 : 0);
    if (words.empty()) ++unreadable;
    builder->AddAll(sp, words, RootGroup::kStacks, RootStrength::kMaybe, label);
  }
  if (unreadable > 0) state.problem = "stacks of " + std::to_string(unreadable) + " threads cannot be read";
}

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
