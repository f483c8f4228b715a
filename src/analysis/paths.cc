#include "analysis/paths.h"

#include <algorithm>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr uint64_t kMostWords = 1 << 26;     // of one object that are searched for a reference

// The first word of `from` that points to `to`; 0 when there is none (a value of a WeakMap and its key, or the Code that a
// function of newer V8s has by a handle).
Address SlotOf(HeapReader* reader, Address from, Address to) {
  const uint64_t size = reader->SizeOf(from + 1);
  constexpr uint64_t kBlock = 8192;  // words
  for (uint64_t at = 0; at < std::min(size / 8, kMostWords); at += kBlock) {
    const std::vector<uint64_t> words =
        ReadWords(reader->memory(), from + 8 * at, std::min<uint64_t>(kBlock, size / 8 - at));
    const auto found = std::ranges::find(words, to + 1);
    if (found != words.end()) return from + 8 * (at + static_cast<uint64_t>(found - words.begin()));
    if (words.empty()) break;
  }
  return 0;
}

// What leads from an object to another one to which none of its words points.
const char* LabelWithoutSlot(HeapReader* reader, Address from) {
  return reader->TypeOf(from + 1).find("FUNCTION") != std::string::npos ? "(code)" : "(value of a WeakMap's key)";
}

SlotName Labelled(const char* label) {
  return {.kind = SlotKind::kField, .label = label};
}

}  // namespace

std::vector<ObjectId> ShortestPath(const HeapGraph& graph, ObjectId target) {
  std::vector<ObjectId> nodes;
  if (!graph.IsLive(target)) return nodes;
  // A way passes no node twice; should its nodes be damaged, it ends all the same.
  for (ObjectId at = target; at != kNoObject && nodes.size() < graph.node_count(); at = graph.ParentOf(at)) nodes.push_back(at);
  std::ranges::reverse(nodes);
  return nodes;
}

std::vector<std::vector<ObjectId>> ShortestPaths(const HeapGraph& graph, ObjectId target, size_t most,
                                                 const Cancel& cancel) {
  std::vector<std::vector<ObjectId>> paths;
  if (!graph.IsLive(target)) return paths;
  const References& references = *graph.references();
  std::vector<ObjectId> holders;
  for (ObjectId from = 0; from < graph.object_count(); ++from) {
    if (from % (1 << 20) == 0 && cancel.Cancelled()) break;
    if (!graph.IsLive(from) || from == target) continue;
    bool holds = false;
    references.ForEach(from, [&](ObjectId to) { holds |= to == target; });
    if (holds) holders.push_back(from);
  }
  for (const Ephemeron& entry : references.ephemerons()) {
    if (entry.value == target && entry.key != kNoObject && graph.IsLive(entry.key) && graph.IsLive(entry.table))
      holders.push_back(entry.key);
  }
  if (graph.ParentOf(target) == kNoObject) paths.push_back({target});
  for (const ObjectId holder : holders) {
    std::vector<ObjectId> path = ShortestPath(graph, holder);
    if (std::ranges::find(path, target) != path.end()) continue;  // it is held by the target itself
    path.push_back(target);
    paths.push_back(std::move(path));
  }
  std::ranges::stable_sort(paths, {}, [](const std::vector<ObjectId>& path) { return path.size(); });
  if (paths.size() > most) paths.resize(most);
  return paths;
}

std::vector<PathStep> DescribePath(HeapReader* reader, const HeapGraph& graph, std::span<const ObjectId> nodes,
                                   const Cancel& cancel) {
  SlotNamer namer(reader);
  std::vector<PathStep> steps;
  Address owner_slot = 0;  // the word of the step before that leads to its part `owner_part`
  for (size_t i = 0; i < nodes.size() && !cancel.Cancelled(); ++i) {
    if (!graph.IsObject(nodes[i])) {
      steps.push_back({nodes[i], {Labelled("(memory outside the heap)")}});
      continue;
    }
    const Address at = graph.index().AddressOf(nodes[i]);
    if (i == 0) {
      steps.push_back({nodes[0], {}});
      continue;
    }
    const Address before = graph.index().AddressOf(nodes[i - 1]);
    const Address slot = SlotOf(reader, before, at);
    SlotName name = slot != 0 ? namer.Name(before + 1, slot) : Labelled(LabelWithoutSlot(reader, before));
    PathStep step{nodes[i], {}};
    const bool before_is_part = steps.size() > 1 && steps.back().node == nodes[i - 1] && namer.IsStore(before + 1) && slot != 0;
    if (before_is_part) {
      // The step before becomes a part of the one in front of it.
      const Address owner = graph.index().AddressOf(steps[steps.size() - 2].node);
      step.through = std::move(steps.back().through);
      steps.pop_back();
      if (step.through.size() == 1 && owner_slot != 0 && namer.Join(owner + 1, owner_slot, before + 1, slot, &name)) {
        step.through = {std::move(name)};
      } else {
        step.through.push_back(std::move(name));
      }
      owner_slot = 0;
    } else {
      step.through.push_back(std::move(name));
      owner_slot = slot;
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace corewalk
