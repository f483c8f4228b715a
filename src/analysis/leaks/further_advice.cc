#include "analysis/leaks/further_advice.h"

#include <algorithm>

#include "analysis/leaks/advice.h"
#include "analysis/leaks/buffers.h"
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

}  // namespace

void AddFurtherAdvice(HeapReader* reader, const HeapGraph& graph, std::span<Suspect> suspects, const Cancel& cancel) {
  const auto buffers = [](const Suspect& suspect) { return Pins(suspect, {"ArrayBuffer", "Buffer", "FastBuffer", "Uint8Array"}); };
  if (std::ranges::any_of(suspects, buffers)) OfSlices(reader, graph, suspects, cancel);
  if (std::ranges::any_of(suspects, PinsFunctions)) OfUnused(reader, graph, suspects, cancel);
  for (Suspect& suspect : suspects) {
    if (suspect.element_class == "Promise" || suspect.element_class == "system / PromiseReaction")
      Advise(&suspect, "settle every promise: add a timeout (AbortSignal.timeout), and handle errors and disconnects of what they wait for");
  }
}

}  // namespace corewalk
