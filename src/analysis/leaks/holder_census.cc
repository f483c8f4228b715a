#include "analysis/leaks/holder_census.h"

#include <algorithm>
#include <unordered_map>

#include "analysis/leaks/holder.h"
#include "analysis/paths.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"

namespace corewalk {
namespace {

constexpr size_t kSteps = 12;   // objects of a way that are looked at, stores among them
constexpr int kMostLevels = 3;  // named objects passed on the way up to one of a class of its own
constexpr const char* kAny = "\xe2\x80\xa6";

bool ByRank(const ObjectSample::Member& a, const ObjectSample::Member& b) {
  return a.rank != b.rank ? a.rank < b.rank : a.id < b.id;
}

uint32_t RankOf(ObjectId id) {
  uint32_t state = id * 0x9e3779b1u;
  state ^= state >> 15;
  state *= 0x85ebca6bu;
  return state ^ state >> 13;
}

// What a reference is called, without what differs from one to the next of its kind.
std::string KindText(const SlotName& name) {
  switch (name.kind) {
    case SlotKind::kProperty:
      return name.symbol ? "[Symbol(" + name.text + ")]" : "." + name.text;
    case SlotKind::kVariable:
      return "." + name.text;
    case SlotKind::kElement:
      return std::string("[") + kAny + "]";
    case SlotKind::kEntry:
      return "[key]";
    case SlotKind::kKey:
      return " (key)";
    case SlotKind::kMember:
      return " (member)";
    case SlotKind::kField:
      break;
  }
  return " " + name.label;
}

// Containers and plain objects say little: what holds them is told in front.
bool SaysLittle(const std::string& class_name) {
  return class_name == "Array" || class_name == "Object" || class_name == "Map" || class_name == "Set" ||
         class_name == "WeakMap";
}

class Grouper {
 public:
  Grouper(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel)
      : reader_(*reader), graph_(graph), holders_(reader, graph, cancel) {}

  std::string NameOf(ObjectId node, ObjectId* holder) {
    // Parts of ropes and parents of slices: who holds the string in the end says more than the string.
    constexpr int kMostStrings = 1 << 16;
    ObjectId held = node;
    for (int i = 0; i < kMostStrings && IsString(graph_.ParentOf(held)); ++i) held = graph_.ParentOf(held);
    return NameOfHeld(held, holder) + (held == node ? "" : " (within another string)");
  }

 private:
  bool IsString(ObjectId node) const {
    if (node == kNoObject || !graph_.IsObject(node)) return false;
    const ShapeTable& shapes = graph_.shapes();
    return reader_.layout().types.IsString(shapes.shapes()[shapes.ShapeOf(node)].map.instance_type);
  }

  // Finding the word of a large table that refers to an object means to look through it: what a large table holds has
  // one name, found out some times, as it may hold keys and values.
  std::string NameOfHeld(ObjectId node, ObjectId* holder) {
    constexpr uint64_t kLarge = 4096;          // bytes
    constexpr uint64_t kMostRead = 128 << 20;  // bytes of large tables in all
    const ObjectId parent = graph_.ParentOf(node);
    const uint64_t size =
        parent == kNoObject || !graph_.IsObject(parent) ? 0 : reader_.SizeOf(graph_.index().AddressOf(parent) + 1);
    if (size < kLarge) return Find(node, holder);
    const auto known = by_parent_.find(parent);
    const bool all_alike = reader_.IsType(graph_.index().AddressOf(parent) + 1, "FIXED_ARRAY_TYPE");
    if (known != by_parent_.end() && (all_alike || read_ > kMostRead)) {
      *holder = known->second.second;
      return known->second.first;
    }
    read_ += size;
    std::string name = Find(node, holder);
    by_parent_.try_emplace(parent, name, *holder);
    return name;
  }

  // Of what a stack refers to, something of the program's may be the holder all the same: the way by the stack is but
  // the shortest.
  std::string RootOf(ObjectId node) {
    constexpr int kMostAsked = 4;
    const std::vector<uint32_t> roots = graph_.RootsOf(node);
    const bool stack = !roots.empty() && graph_.roots().roots[roots.front()].group == RootGroup::kStacks;
    if (stack && graph_.references() != nullptr && graph_.IsObject(node) && asked_++ < kMostAsked) {
      const Holder& holder = holders_.Find(node);
      const bool named = holder.kind == HolderKind::kVariable || holder.kind == HolderKind::kProperty ||
                         holder.kind == HolderKind::kGlobal || holder.kind == HolderKind::kModuleExport;
      if (named && !holder.name.empty()) return holder.owner.empty() ? holder.name : holder.owner + "." + holder.name;
    }
    return roots.empty() ? "(roots)" : std::string(RootGroupName(graph_.roots().roots[roots.front()].group));
  }

  std::string Find(ObjectId node, ObjectId* holder) {
    std::vector<ObjectId> way;
    for (ObjectId at = node; at != kNoObject && way.size() < kSteps; at = graph_.ParentOf(at)) way.push_back(at);
    if (way.size() < 2) return RootOf(node);
    const bool from_root = graph_.ParentOf(way.back()) == kNoObject;
    std::ranges::reverse(way);
    const std::vector<PathStep> steps = DescribePath(&reader_, graph_, way);
    if (steps.size() < 2) return RootOf(node);
    std::string text;
    int level = 0;
    size_t at = steps.size() - 1;
    *holder = steps[at - 1].node;
    while (true) {
      std::string through;
      for (const SlotName& name : steps[at].through) through += KindText(name);
      text = through + text;
      --at;
      const std::string owner = OwnerOf(steps[at].node);
      const bool first = at == 0 && !from_root;  // its way was cut, so its name is not known
      if (++level >= kMostLevels || at == 0 || first || !SaysLittle(owner)) return owner + text;
    }
  }

  std::string OwnerOf(ObjectId node) {
    if (!graph_.IsObject(node)) return "(external)";
    const uint64_t tagged = graph_.index().AddressOf(node) + 1;
    const MapInfo* map = reader_.MapOf(tagged);
    if (map == nullptr) return "(unreadable)";
    if (map->category == Category::kClosure) {
      const std::string name = reader_.names().FunctionName(tagged);
      return "Function " + (name.empty() ? "(anonymous)" : name);
    }
    if (reader_.layout().types.IsContext(map->instance_type)) {
      const std::optional<ContextView> view = ReadContext(reader_, tagged);
      return view && !view->function_name.empty() ? view->function_name + "()" : "(variables)";
    }
    return reader_.ClassOf(tagged);
  }

  HeapReader& reader_;
  const HeapGraph& graph_;
  HolderFinder holders_;
  int asked_ = 0;
  std::unordered_map<ObjectId, std::pair<std::string, ObjectId>> by_parent_;
  uint64_t read_ = 0;
};

}  // namespace

void ObjectSample::Keep(const Member& member) {
  if (members_.size() < most_) {
    members_.push_back(member);
    if (members_.size() == most_) std::ranges::make_heap(members_, ByRank);
    return;
  }
  if (most_ == 0 || !ByRank(member, members_.front())) return;
  std::ranges::pop_heap(members_, ByRank);
  members_.back() = member;
  std::ranges::push_heap(members_, ByRank);
}

void ObjectSample::Add(ObjectId id, uint64_t bytes) {
  ++count_;
  bytes_ += bytes;
  Keep({RankOf(id), id, bytes});
}

void ObjectSample::Merge(const ObjectSample& other) {
  count_ += other.count_;
  bytes_ += other.bytes_;
  for (const Member& member : other.members_) Keep(member);
}

std::vector<HolderGroup> GroupByHolder(HeapReader* reader, const HeapGraph& graph, const ObjectSample& sample,
                                       const Cancel& cancel) {
  Grouper grouper(reader, graph, cancel);
  std::unordered_map<std::string, HolderGroup> groups;
  std::vector<ObjectSample::Member> members = sample.members();
  std::ranges::sort(members, {}, &ObjectSample::Member::id);
  for (const ObjectSample::Member& member : members) {
    if (cancel.Cancelled()) break;
    ObjectId holder = kNoObject;
    const std::string name = grouper.NameOf(member.id, &holder);
    HolderGroup& group = groups[name];
    if (group.count++ == 0) group.name = name, group.example = member.id, group.holder = holder;
    group.bytes += member.bytes;
  }
  std::vector<HolderGroup> sorted;
  for (auto& [name, group] : groups) sorted.push_back(std::move(group));
  std::ranges::sort(sorted, [](const HolderGroup& a, const HolderGroup& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.count != b.count ? a.count > b.count : a.name < b.name;
  });
  return sorted;
}

}  // namespace corewalk
