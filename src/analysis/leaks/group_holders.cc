#include "analysis/leaks/group_holders.h"

#include <algorithm>
#include <unordered_map>

#include "analysis/leaks/accumulation.h"
#include "base/big_array.h"
#include "base/on_threads.h"
#include "heap/views/slots.h"

namespace corewalk {
namespace {

constexpr uint64_t kPollNodes = 1 << 20;
constexpr size_t kMostGroups = 255;
constexpr uint64_t kFewMembers = 16;      // a holder of more is a container
constexpr size_t kMostContainers = 64;    // of one group
constexpr double kLeastContainer = 0.02;  // of the members
constexpr int kMostStores = 8;

struct Sums {
  struct Kind {
    uint64_t holders = 0, references = 0;
    ObjectId example = kNoObject;
  };
  std::vector<GroupHolders::Container> containers;
  std::unordered_map<uint32_t, Kind> kinds;  // by shape

  void Add(ObjectId from, uint64_t members, uint32_t shape) {
    if (members > kFewMembers) {
      containers.push_back({from, members});
      return;
    }
    Kind& kind = kinds[shape];
    if (kind.holders++ == 0) kind.example = from;
    kind.references += members;
  }
  // Of objects behind those of this one.
  void Add(const Sums& other) {
    containers.insert(containers.end(), other.containers.begin(), other.containers.end());
    for (const auto& [shape, more] : other.kinds) {
      Kind& kind = kinds[shape];
      if (kind.holders == 0) kind.example = more.example;
      kind.holders += more.holders;
      kind.references += more.references;
    }
  }
};

// What refers to members: a table is told by who owns it.
ObjectId OwnerOf(SlotNamer* namer, const HeapGraph& graph, ObjectId node) {
  for (int i = 0; i < kMostStores && namer->IsStore(graph.index().AddressOf(node) + 1); ++i) {
    const ObjectId owner = graph.ParentOf(node);
    if (owner == kNoObject) break;
    node = owner;
  }
  return node;
}

}  // namespace

void FindGroupHolders(const HeapGraph& graph, HeapReader* reader, std::span<MemberGroup> groups, const Cancel& cancel) {
  const References* references = graph.references();
  groups = groups.first(std::min(groups.size(), kMostGroups));
  if (references == nullptr || groups.empty()) return;
  BigArray<uint8_t> group_of(graph.node_count());
  for (size_t g = groups.size(); g-- > 0;) {
    for (const ObjectId member : groups[g].members) group_of[member] = static_cast<uint8_t>(g + 1);
  }
  std::vector<std::vector<Sums>> parts(graph.threads(), std::vector<Sums>(groups.size()));
  InParts(graph.object_count(), parts.size(), [&](size_t part, uint64_t begin, uint64_t end) {
    std::vector<std::pair<uint8_t, uint64_t>> here;  // (group, members) of one holder
    for (ObjectId from = static_cast<ObjectId>(begin); from < end; ++from) {
      if (from % kPollNodes == 0 && cancel.Cancelled()) return;
      if (!graph.IsLive(from)) continue;
      here.clear();
      const uint8_t own = group_of[from];
      references->ForEach(from, [&](ObjectId to) {
        const uint8_t group = group_of[to];
        if (group == 0 || group == own) return;
        const auto known = std::ranges::find(here, group, &std::pair<uint8_t, uint64_t>::first);
        if (known != here.end()) {
          ++known->second;
        } else {
          here.emplace_back(group, 1);
        }
      });
      for (const auto& [group, members] : here) parts[part][group - 1].Add(from, members, graph.shapes().ShapeOf(from));
    }
  });
  if (cancel.Cancelled()) return;
  std::vector<Sums> sums = std::move(parts[0]);
  for (size_t part = 1; part < parts.size(); ++part) {
    for (size_t g = 0; g < groups.size(); ++g) sums[g].Add(parts[part][g]);
  }
  SlotNamer namer(reader);
  for (size_t g = 0; g < groups.size(); ++g) {
    GroupHolders& holders = groups[g].holders;
    std::vector<GroupHolders::Container>& containers = sums[g].containers;
    std::ranges::sort(containers, [](const auto& a, const auto& b) {
      return std::tie(b.members, a.node) < std::tie(a.members, b.node);
    });
    for (const GroupHolders::Container& container : containers) {
      const double share = static_cast<double>(container.members) / static_cast<double>(groups[g].members.size());
      if (holders.containers.size() >= kMostContainers || share < kLeastContainer) break;
      const ObjectId owner = OwnerOf(&namer, graph, container.node);
      const auto known = std::ranges::find(holders.containers, owner, &GroupHolders::Container::node);
      if (known != holders.containers.end()) {
        known->members += container.members;
      } else {
        holders.containers.push_back({owner, container.members});
      }
    }
    std::unordered_map<std::string, GroupHolders::Kind> kinds;
    for (const auto& [shape, sum] : sums[g].kinds) {
      std::string name = ClassOfNode(reader->names(), graph, sum.example);
      GroupHolders::Kind& kind = kinds[name];
      kind.class_name = std::move(name);
      kind.holders += sum.holders;
      kind.references += sum.references;
      kind.example = kind.example == kNoObject ? sum.example : std::min(kind.example, sum.example);
    }
    for (auto& [name, kind] : kinds) holders.kinds.push_back(std::move(kind));
    std::ranges::sort(holders.kinds, [](const auto& a, const auto& b) {
      return std::tie(b.references, a.class_name) < std::tie(a.references, b.class_name);
    });
  }
}

}  // namespace corewalk
