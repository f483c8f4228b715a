#include "analysis/leaks/further_advice.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "analysis/leaks/advice.h"
#include "analysis/leaks/buffers.h"
#include "analysis/leaks/growth_text.h"
#include "analysis/leaks/promise_waiters.h"
#include "analysis/leaks/unused_captures.h"
#include "base/number_text.h"

namespace corewalk {
namespace {

constexpr double kMuch = 0.2;         // of a suspect's bytes
constexpr size_t kMostSteps = 10'000;  // up the dominator tree

bool IsBelow(const HeapGraph& graph, ObjectId node, const Suspect& suspect) {
  for (size_t i = 0; i < kMostSteps && node < graph.node_count(); ++i) {
    if (node == suspect.container || std::ranges::binary_search(suspect.nodes, node)) return true;
    node = graph.DominatorOf(node);
  }
  return false;
}

bool Pins(const Suspect& suspect, std::initializer_list<std::string_view> classes) {
  return std::ranges::any_of(suspect.pins, [&](const Pinned& pinned) {
    return std::ranges::find(classes, pinned.class_name) != classes.end();
  });
}

bool PinsFunctions(const Suspect& suspect) { return Pins(suspect, {"Function", "system / Context"}); }

void Advise(Suspect* suspect, std::string first) {
  if (suspect->advice.empty()) suspect->advice = AdviceFor(*suspect);
  suspect->advice.insert(suspect->advice.begin(), std::move(first));
}

void OfSlices(HeapReader* reader, const HeapGraph& graph, std::span<Suspect> suspects, const Cancel& cancel) {
  const BufferCensus census = TakeBufferCensus(reader, graph, nullptr, cancel);
  for (Suspect& suspect : suspects) {
    uint64_t pinned = 0, used = 0;
    for (const ExternalStore& store : census.stores) {
      if (store.pinned_bytes() == 0 || store.holder == kNoObject || !IsBelow(graph, store.holder, suspect)) continue;
      pinned += store.pinned_bytes();
      used += store.used_bytes;
    }
    if (static_cast<double>(pinned) < kMuch * static_cast<double>(suspect.weight())) continue;
    Advise(&suspect, "copy the small parts out (Buffer.from(slice)): " + CountText(used) + " bytes that are used keep " +
                         CountText(pinned) + " more of the memory that they are slices of (buffers)");
  }
}

void OfUnused(HeapReader* reader, const HeapGraph& graph, std::span<Suspect> suspects, const Cancel& cancel) {
  // What is too little to be told of any of them is not looked for.
  uint64_t least = ~uint64_t{0};
  for (const Suspect& suspect : suspects) {
    if (PinsFunctions(suspect)) least = std::min(least, static_cast<uint64_t>(kMuch * static_cast<double>(suspect.weight())));
  }
  UnusedCaptureOptions options;
  options.least_bytes = std::max(options.least_bytes, least);
  const std::vector<UnusedCapture> found = FindUnusedCaptures(reader, graph, options, cancel);
  for (Suspect& suspect : suspects) {
    for (const UnusedCapture& unused : found) {
      if (static_cast<double>(unused.retained) < kMuch * static_cast<double>(suspect.weight()) ||
          !IsBelow(graph, unused.largest, suspect))
        continue;
      Advise(&suspect, "the variable " + unused.name + (unused.file.empty() ? "" : " (" + unused.file + ":" + std::to_string(unused.line) + ")") +
                           " is captured, but no function uses it any more: set it to null or move it out of the scope "
                           "that these functions share (closures)");
      break;
    }
  }
}

// What the program goes through cannot become a WeakSet.
void OfIterated(HolderFinder* holders, Suspect* suspect) {
  const Holder& holder = suspect->holder;
  const bool variable = holder.kind == HolderKind::kVariable, property = holder.kind == HolderKind::kProperty;
  if (!suspect->collection || suspect->collection->keys_held_here.value_or(0) <= 0 || (!variable && !property)) return;
  const NamedThing thing = variable ? NamedThing::kVariable : NamedThing::kProperty;
  if (holders->sources().TakingFromIn(holder.file, holder.name, thing).iterates)
    suspect->advice = CollectionAdvice(*suspect->collection, true);
}

// Whoever waits for what never comes.
void OfWaiters(HeapReader* reader, Suspect* suspect, const Cancel& cancel) {
  if (!suspect->collection) return;
  const PromiseWaiters waiters = FindPromiseWaiters(reader, suspect->collection->store, cancel);
  if (waiters.looked == 0 || waiters.resolvers * 2 < waiters.looked) return;
  const SuspectFunction& waiting = waiters.waiting;
  suspect->growth.push_back(CountText(waiters.resolvers) + " of " + CountText(waiters.looked) +
                            " entries looked at settle a promise" +
                            (waiting.count == 0 ? ""
                                                : "; for " + CountText(waiting.count) + " of them " + waiting.name + " waits at " +
                                                      waiting.file + ":" + std::to_string(waiting.line) + ":" + std::to_string(waiting.column)));
  // V8's own, which have no name and no place.
  std::erase_if(suspect->functions, [](const SuspectFunction& function) { return function.file.empty() && function.name.empty(); });
  suspect->advice = {"settle every promise: reject it after a timeout (AbortSignal.timeout) and take it out of " +
                         (suspect->holder.name.empty() ? std::string("the collection") : suspect->holder.name),
                     "handle errors and disconnects of what they wait for"};
}

// What a stream was given and has not written yet (lib/internal/streams/writable.js).
void OfStreams(HeapReader* reader, const HeapGraph& graph, Suspect* suspect) {
  if (suspect->kind != SuspectKind::kCollection) return;
  const std::vector<PathStep>& path = suspect->holder.path;
  const bool in_writable = std::ranges::any_of(path, [&](const PathStep& step) {
    return graph.IsObject(step.node) && reader->ClassOf(graph.index().AddressOf(step.node) + 1) == "WritableState";
  });
  if (in_writable)
    suspect->advice = {"it is what a stream was given to write and has not written: when write() returns false, wait for "
                       "'drain' before the next one, or use pipeline(), which does"};
}

std::string AddressText(Address address) {
  char text[24];
  std::snprintf(text, sizeof(text), "0x%llx", static_cast<unsigned long long>(address));
  return text;
}

// `path --class Object` would show the way to any.
void OfPlainObjects(const HeapGraph& graph, Suspect* suspect) {
  constexpr auto kPlain = std::to_array<std::string_view>({"Array", "Function", "Map", "Object", "Promise", "Set"});
  if (suspect->kind != SuspectKind::kObjects || !suspect->advice.empty() ||
      std::ranges::find(kPlain, suspect->element_class) == kPlain.end())
    return;
  const bool chain = suspect->what.starts_with("chain");
  const ObjectId one = chain && suspect->container != kNoObject ? suspect->container
                       : suspect->nodes.empty()                 ? suspect->container
                                                                : suspect->nodes[suspect->nodes.size() / 2];
  if (!graph.IsObject(one)) return;
  suspect->advice.push_back("find out who should have dropped them: path " + AddressText(graph.index().AddressOf(one)));
}

}  // namespace

void AddFurtherAdvice(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders, std::span<Suspect> suspects,
                      const Cancel& cancel) {
  for (Suspect& suspect : suspects) {
    OfIterated(holders, &suspect);
    OfWaiters(reader, &suspect, cancel);
    OfStreams(reader, graph, &suspect);
    OfPlainObjects(graph, &suspect);
    if (suspect.element_class == "(sliced string)")
      Advise(&suspect, "copy the short texts (Buffer.from(text).toString()): each is a slice, which holds the whole text that it "
                       "was cut from (strings)");
  }
  const auto buffers = [](const Suspect& suspect) { return Pins(suspect, {"ArrayBuffer", "Buffer", "FastBuffer", "Uint8Array"}); };
  if (std::ranges::any_of(suspects, buffers)) OfSlices(reader, graph, suspects, cancel);
  if (std::ranges::any_of(suspects, PinsFunctions)) OfUnused(reader, graph, suspects, cancel);
  for (Suspect& suspect : suspects) {
    if (suspect.element_class == "Promise" || suspect.element_class == "system / PromiseReaction")
      Advise(&suspect, "settle every promise: add a timeout (AbortSignal.timeout), and handle errors and disconnects of what they wait for");
  }
}

}  // namespace corewalk
