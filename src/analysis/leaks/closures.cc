#include "analysis/leaks/closures.h"

#include <algorithm>
#include <unordered_map>

#include "analysis/leaks/live_objects.h"
#include "analysis/leaks/retained_together.h"

namespace corewalk {
namespace {

constexpr size_t kPollClosures = 1 << 14;
constexpr ObjectId kPollNodes = 1 << 20;

}  // namespace

void ForEachReferenceTo(const HeapGraph& graph, const NodeSet& wanted, const Cancel& cancel,
                        const std::function<void(ObjectId from, ObjectId to)>& each) {
  const References* references = graph.references();
  if (references == nullptr) return;
  for (ObjectId from = 0; from < graph.object_count(); ++from) {
    if (from % kPollNodes == 0 && cancel.Cancelled()) return;
    if (!graph.IsLive(from)) continue;
    references->ForEach(from, [&](ObjectId to) {
      if (wanted.Has(to)) each(from, to);
    });
  }
  for (const Ephemeron& entry : references->ephemerons()) {
    if (entry.value < graph.node_count() && wanted.Has(entry.value) && graph.IsLive(entry.table))
      each(entry.table, entry.value);
  }
}

ClosureCensus::ClosureCensus(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel)
    : reader_(*reader), graph_(graph) {
  const InstanceTypes& types = reader_.layout().types;
  const int bound = types.Number("JS_BOUND_FUNCTION_TYPE");
  const std::vector<ObjectId> closures = LiveObjects(
      graph,
      [&](const LiveShape& shape) {
        return shape.map.category == Category::kClosure && shape.map.instance_type != bound;
      },
      cancel);
  std::unordered_map<uint64_t, uint32_t> numbers;
  std::vector<uint32_t> group_of;
  group_of.reserve(closures.size());
  constexpr uint32_t kNone = 0xffffffff;
  for (const ObjectId id : closures) {
    if (group_of.size() % kPollClosures == 0 && cancel.Cancelled()) break;
    const uint64_t shared = reader_.Field(graph.index().AddressOf(id) + 1, ObjectField::kFunctionShared).value_or(0);
    if (!LooksLikePointer(shared)) {
      group_of.push_back(kNone);
      continue;
    }
    const auto [at, is_new] = numbers.try_emplace(shared, static_cast<uint32_t>(groups_.size()));
    if (is_new) groups_.push_back({.shared = shared});
    group_of.push_back(at->second);
    ClosureGroup& group = groups_[at->second];
    ++group.count;
    group.bytes += 8 * uint64_t{graph.shapes().shapes()[graph.shapes().ShapeOf(id)].map.instance_size_in_words};
    const uint64_t retained = graph.RetainedOf(id);
    group.retained += retained;
    if (group.sample == kNoObject || retained > graph.RetainedOf(group.sample)) group.sample = id;
  }
  uint32_t first = 0;
  for (ClosureGroup& group : groups_) {
    group.first = first;
    first += static_cast<uint32_t>(group.count);
  }
  members_.resize(first);
  std::vector<uint32_t> filled(groups_.size());
  for (size_t i = 0; i < group_of.size(); ++i) {
    if (group_of[i] != kNone) members_[groups_[group_of[i]].first + filled[group_of[i]]++] = closures[i];
  }
  // What closures name but is no function: damage.
  std::erase_if(groups_, [&](const ClosureGroup& group) {
    const MapInfo* map = reader_.MapOf(group.shared);
    return map == nullptr || !types.IsSharedFunctionInfo(map->instance_type);
  });
  interrupted_ = cancel.Cancelled();
}

ClosureGroup* ClosureCensus::GroupOf(uint64_t shared) {
  const auto found = std::ranges::find(groups_, shared, &ClosureGroup::shared);
  return found == groups_.end() ? nullptr : &*found;
}

void ClosureCensus::Measure(std::span<ClosureGroup* const> groups, const Cancel& cancel) {
  // Contexts that several closures share are retained by none of them. When all that refers to one are closures of one
  // function, it goes with these.
  struct Shared {
    uint32_t group = 0;
    bool others = false;
  };
  std::unordered_map<ObjectId, Shared> contexts;
  NodeSet wanted(graph_.node_count());
  size_t looked_at = 0;
  for (uint32_t i = 0; i < groups.size(); ++i) {
    for (const ObjectId member : Members(*groups[i])) {
      if (++looked_at % kPollClosures == 0 && cancel.Cancelled()) return;
      const uint64_t context =
          reader_.Field(graph_.index().AddressOf(member) + 1, ObjectField::kFunctionContext).value_or(0);
      const ObjectId node = graph_.index().At(context);
      if (node == kNoObject || graph_.DominatorOf(node) == kNoObject || graph_.DominatorOf(node) == member) continue;
      const auto [known, is_new] = contexts.try_emplace(node, Shared{.group = i});
      known->second.others |= known->second.group != i;
      if (is_new) wanted.Add(node);
    }
  }
  if (!contexts.empty()) {
    for (auto& [node, shared] : contexts) shared.others |= !graph_.RootsOf(node).empty();
    NodeSet ours(graph_.node_count());
    for (uint32_t i = 0; i < groups.size(); ++i) {
      for (const ObjectId member : Members(*groups[i])) ours.Add(member);
    }
    ForEachReferenceTo(graph_, wanted, cancel, [&](ObjectId from, ObjectId to) {
      Shared& shared = contexts[to];
      if (shared.others) return;
      if (!ours.Has(from)) {
        shared.others = true;
        return;
      }
      // A closure of another of these groups is told by its function.
      const uint64_t function =
          reader_.Field(graph_.index().AddressOf(from) + 1, ObjectField::kFunctionShared).value_or(0);
      shared.others |= function != groups[shared.group]->shared;
    });
    if (cancel.Cancelled()) return;
  }
  std::vector<std::vector<ObjectId>> own(groups.size());
  for (const auto& [node, shared] : contexts) {
    if (!shared.others) own[shared.group].push_back(node);
  }
  for (uint32_t i = 0; i < groups.size(); ++i) {
    if (cancel.Cancelled()) return;
    std::vector<ObjectId>& nodes = own[i];
    const std::span<const ObjectId> members = Members(*groups[i]);
    nodes.insert(nodes.end(), members.begin(), members.end());
    groups[i]->retained = RetainedTogether(graph_, nodes);
  }
}

ClosurePins ClosureCensus::PinsOf(const ClosureGroup& group, const Cancel& cancel) {
  std::vector<uint64_t> functions;
  functions.reserve(group.count);
  for (const ObjectId member : Members(group)) functions.push_back(graph_.index().AddressOf(member) + 1);
  return FindClosurePins(&reader_, graph_, functions, cancel);
}

}  // namespace corewalk
