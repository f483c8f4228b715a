#include "analysis/leaks/accumulation.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "analysis/leaks/candidates.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr uint64_t kPollNodes = 1 << 20;
constexpr uint64_t kChainLinks = 64;      // large objects in a row that make a chain
constexpr double kChainShare = 0.1;       // of the links that have a class which belongs to the chain
constexpr double kWrapperShare = 0.75;    // of a collection's size in one entry: it is that entry that is large
constexpr size_t kLikeEntries = 4;        // large entries of one class that make a collection one thing
constexpr size_t kMostLinks = 1 << 24;    // that are looked for before the first of a chain
constexpr size_t kMostTop = 8;            // first links that are told
constexpr size_t kMostPieces = 1000;      // of a chain
constexpr size_t kLikeProperties = 8;     // large values of one class that make an object of nothing else a table
constexpr double kNearlyAll = 0.9;        // of its properties
constexpr uint64_t kLeastStructure = 10;  // times the least size
constexpr double kTrunkShare = 0.8;       // of a size in one child: what fans out is further down
constexpr uint64_t kManyProperties = 64;  // a dictionary with fewer is an object that was changed a lot

// Objects that retain at least the least size, and the part of the dominator tree that they are.
class LargeTree {
 public:
  LargeTree(const HeapGraph& graph, uint64_t least, const Cancel& cancel) : graph_(graph) {
    const std::span<const uint32_t> retained = graph.retained();
    const uint64_t least_units = std::max<uint64_t>(least / kSizeUnit, 1);
    for (uint64_t id = 0; id < retained.size(); ++id) {
      if (id % kPollNodes == 0 && cancel.Cancelled()) break;
      const auto node = static_cast<ObjectId>(id);
      if (retained[id] >= least_units && graph.IsLive(node)) nodes_.push_back(node);
    }
    root_ = static_cast<uint32_t>(nodes_.size());
    parent_.resize(nodes_.size());
    begin_.assign(nodes_.size() + 2, 0);
    in_large_.assign(nodes_.size() + 1, 0);
    for (uint32_t i = 0; i < root_; ++i) {
      parent_[i] = IndexOf(graph.DominatorOf(nodes_[i]));
      ++begin_[parent_[i] + 1];
      in_large_[parent_[i]] += graph.RetainedOf(nodes_[i]);
    }
    for (size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
    children_.resize(nodes_.size());
    std::vector<uint32_t> fill(begin_.begin(), begin_.end() - 1);
    for (uint32_t i = 0; i < root_; ++i) children_[fill[parent_[i]]++] = i;
  }

  uint32_t root() const { return root_; }
  ObjectId node(uint32_t index) const {
    return index == root_ ? static_cast<ObjectId>(graph_.node_count()) : nodes_[index];
  }
  bool Has(ObjectId node) const { return std::ranges::binary_search(nodes_, node); }
  // What dominates a large object is large, or the root of all.
  uint32_t IndexOf(ObjectId node) const {
    const auto found = std::ranges::lower_bound(nodes_, node);
    return found == nodes_.end() || *found != node ? root_ : static_cast<uint32_t>(found - nodes_.begin());
  }
  std::span<const uint32_t> ChildrenOf(uint32_t index) const {
    return std::span(children_).subspan(begin_[index], begin_[index + 1] - begin_[index]);
  }
  uint64_t RetainedOf(uint32_t index) const { return index == root_ ? 0 : graph_.RetainedOf(nodes_[index]); }
  // Bytes that the large children of a node retain.
  uint64_t InLargeOf(uint32_t index) const { return in_large_[index]; }

 private:
  const HeapGraph& graph_;
  std::vector<ObjectId> nodes_;  // rising
  uint32_t root_ = 0;
  std::vector<uint32_t> parent_;
  std::vector<uint32_t> begin_, children_;  // by parent
  std::vector<uint64_t> in_large_;
};

class Finder {
 public:
  Finder(const HeapGraph& graph, HeapReader* reader, uint64_t least, const Cancel& cancel)
      : graph_(graph),
        reader_(*reader),
        least_(least),
        cancel_(cancel),
        tree_(graph, least, cancel),
        tested_(tree_.root()) {}

  std::vector<Accumulation> Run() {
    std::vector<uint32_t> open = {tree_.root()};
    while (!open.empty() && !cancel_.Cancelled()) {
      const uint32_t at = open.back();
      open.pop_back();
      Visit(at, &open);
    }
    FollowTails();
    FollowHeads();
    AddStructures();
    Tally();
    std::ranges::sort(points_, [](const Accumulation& a, const Accumulation& b) {
      return std::tie(b.scattered, a.node) < std::tie(a.scattered, b.node);
    });
    return std::move(points_);
  }

 private:
  void Visit(uint32_t at, std::vector<uint32_t>* open) {
    const std::span<const uint32_t> below = tree_.ChildrenOf(at);
    if (at == tree_.root()) {
      points_.push_back({.node = tree_.node(at)});
      open->insert(open->end(), below.begin(), below.end());
      return;
    }
    if (FollowChain(at, open)) return;
    const ObjectId node = tree_.node(at);
    const uint64_t retained = tree_.RetainedOf(at);
    const uint64_t shallow = graph_.IsObject(node) ? reader_.SizeOf(graph_.index().AddressOf(node) + 1) : retained;
    uint64_t scattered = retained - std::min(retained, tree_.InLargeOf(at) + shallow);
    const bool collection = graph_.IsObject(node) && (IsCollection(&reader_, graph_.index().AddressOf(node) + 1) ||
                                                      IsTable(graph_.index().AddressOf(node) + 1, below));
    if (collection && !below.empty() && IsOneThing(at, below, scattered)) {
      points_.push_back({.node = node, .retained = retained, .scattered = retained - shallow, .collection = true});
      whole_.push_back(node);
      // Each of a few may be full of things of its own.
      if (CountEntries(&reader_, graph_.index().AddressOf(node) + 1) < kFewEntries)
        open->insert(open->end(), below.begin(), below.end());
      return;
    }
    // What is large by itself: a string, an array of numbers, a buffer.
    if (below.empty() && scattered < least_ && shallow >= least_) scattered = retained;
    if (scattered >= least_)
      points_.push_back({.node = node, .retained = retained, .scattered = scattered, .collection = collection});
    open->insert(open->end(), below.begin(), below.end());
  }

  // A plain object that is used as one: by name, an array or Map each.
  bool IsTable(uint64_t tagged, std::span<const uint32_t> below) {
    if (below.size() < kLikeProperties) return false;
    const MapInfo* map = reader_.MapOf(tagged);
    if (map == nullptr || map->category != Category::kObject) return false;
    std::unordered_map<std::string, size_t> classes;
    size_t alike = 0, properties = 0;
    for (const uint32_t child : below) alike = std::max(alike, ++classes[ClassOf(tree_.node(child))]);
    if (alike < kLikeProperties) return false;
    ForEachProperty(reader_, tagged, [&](const OwnProperty&) { return ++properties <= kManyProperties; });
    return properties >= kLikeProperties && static_cast<double>(alike) >= kNearlyAll * static_cast<double>(properties);
  }

  // A collection whose large entries are its entries like the others, and not things of their own.
  bool IsOneThing(uint32_t at, std::span<const uint32_t> below, uint64_t scattered) {
    const uint64_t retained = tree_.RetainedOf(at);
    uint64_t largest = 0;
    std::unordered_map<std::string, size_t> classes;
    size_t alike = 0;
    for (const uint32_t child : below) {
      largest = std::max(largest, tree_.RetainedOf(child));
      alike = std::max(alike, ++classes[ClassOf(tree_.node(child))]);
    }
    if (static_cast<double>(largest) >= kWrapperShare * static_cast<double>(retained)) return false;
    return scattered * 2 >= retained || alike >= kLikeEntries;
  }

  // Large objects in a row, each with one large child: when there are many of few classes they are one chain.
  bool FollowChain(uint32_t at, std::vector<uint32_t>* open) {
    // A row is looked at once, from its upper end.
    if (tested_[at]) return false;
    std::vector<uint32_t> links = {at};
    while (tree_.ChildrenOf(links.back()).size() == 1) {
      if (links.size() % kPollNodes == 0 && cancel_.Cancelled()) return false;
      links.push_back(tree_.ChildrenOf(links.back()).front());
    }
    for (const uint32_t link : links) tested_[link] = true;
    if (links.size() < kChainLinks) return false;
    std::vector<uint64_t> origins;
    std::unordered_map<uint64_t, uint64_t> counts;
    for (const uint32_t link : links) ++counts[origins.emplace_back(OriginOf(tree_.node(link)))];
    const auto of_chain = [&](size_t i) {
      return static_cast<double>(counts[origins[i]]) >= kChainShare * static_cast<double>(links.size());
    };
    size_t first = 0, last = links.size() - 1;
    while (first < links.size() && !of_chain(first)) ++first;
    if (first == links.size()) return false;
    while (last > first && !of_chain(last)) --last;
    const uint64_t passed = tree_.RetainedOf(links[first]) - tree_.RetainedOf(links[last]);
    if (last - first < kChainLinks || passed < least_) return false;
    Accumulation point{.node = tree_.node(links[first]),
                       .retained = tree_.RetainedOf(links[first]),
                       .scattered = tree_.RetainedOf(links[first]),
                       .chain = last - first + 1};
    std::unordered_map<std::string, ChildGroup> groups;
    std::map<std::pair<std::string, std::string>, uint64_t> pairs;  // links of which class follow which
    for (size_t i = first; i <= last; ++i) {
      if (i > first) ++pairs[{ClassOf(tree_.node(links[i - 1])), ClassOf(tree_.node(links[i]))}];
      const ObjectId node = tree_.node(links[i]);
      ChildGroup& group = groups[ClassOf(node)];
      if (group.count++ == 0) group.example = node;
      const uint64_t next = i < last ? tree_.RetainedOf(links[i + 1]) : 0;
      group.bytes += tree_.RetainedOf(links[i]) - next;
    }
    for (auto& [name, group] : groups) {
      group.class_name = name;
      point.groups.push_back(std::move(group));
    }
    Sort(&point.groups);
    // What hangs at the end of the chain, when it is much, is a thing of its own; and so is what stands in front of it.
    for (size_t i = 0; i < first; ++i) {
      const uint64_t next = tree_.RetainedOf(links[i + 1]);
      const uint64_t own = tree_.RetainedOf(links[i]) - next;
      if (own >= least_)
        points_.push_back({.node = tree_.node(links[i]), .retained = tree_.RetainedOf(links[i]), .scattered = own});
    }
    const std::span<const uint32_t> end = tree_.ChildrenOf(links.back());
    for (const uint32_t child : end) point.scattered -= std::min(point.scattered, tree_.RetainedOf(child));
    open->insert(open->end(), end.begin(), end.end());
    if (end.empty() && last + 1 == links.size()) {
      Tail tail{.point = points_.size(), .last = tree_.node(links[last])};
      for (const auto& [pair, count] : pairs) {
        auto& [next, most] = tail.next[pair.first];
        if (count > most) next = pair.second, most = count;
      }
      tails_.push_back(std::move(tail));
    }
    Head head{.point = points_.size()};
    for (size_t i = first; i <= last; ++i) {
      if (of_chain(i) && head.origins.insert(origins[i]).second) head.shapes.insert(ShapeOf(tree_.node(links[i])));
    }
    heads_.push_back(std::move(head));
    points_.push_back(std::move(point));
    return true;
  }

  // What is large without a point that most of it is attributed to, and goes on below with objects of its own class: a
  // search tree, a syntax tree.
  void AddStructures() {
    std::vector<uint32_t> order = {tree_.root()};  // from the root down
    for (size_t i = 0; i < order.size(); ++i) {
      const std::span<const uint32_t> below = tree_.ChildrenOf(order[i]);
      order.insert(order.end(), below.begin(), below.end());
    }
    std::vector<uint64_t> covered(tree_.root() + size_t{1});
    for (const Accumulation& point : points_) {
      // The ends of a tree's branches are points, too, of a few objects each.
      const bool pile = point.collection || point.chain > 0 || point.scattered >= kLeastStructure * least_;
      if (pile && point.node < graph_.node_count() && tree_.Has(point.node)) covered[tree_.IndexOf(point.node)] += point.scattered;
    }
    for (size_t i = order.size(); i-- > 0;) {
      for (const uint32_t child : tree_.ChildrenOf(order[i])) covered[order[i]] += covered[child];
    }
    for (const uint32_t top : tree_.ChildrenOf(tree_.root())) {
      if (2 * covered[top] >= tree_.RetainedOf(top) || tree_.RetainedOf(top) < kLeastStructure * least_) continue;
      uint32_t at = top;
      for (bool down = true; down;) {
        down = false;
        for (const uint32_t child : tree_.ChildrenOf(at)) {
          if (static_cast<double>(tree_.RetainedOf(child)) < kTrunkShare * static_cast<double>(tree_.RetainedOf(top)))
            continue;
          at = child;
          down = true;
          break;
        }
      }
      if (!graph_.IsObject(tree_.node(at)) || !GoesOn(at)) continue;
      points_.push_back({.node = tree_.node(at),
                         .retained = tree_.RetainedOf(at),
                         .scattered = tree_.RetainedOf(at) - std::min(tree_.RetainedOf(at), covered[at]),
                         .structure = true});
    }
  }

  // Whether a large object of the same class is one or two steps below.
  bool GoesOn(uint32_t at) {
    const std::string own = ClassOf(tree_.node(at));
    for (const uint32_t child : tree_.ChildrenOf(at)) {
      if (ClassOf(tree_.node(child)) == own) return true;
      for (const uint32_t next : tree_.ChildrenOf(child)) {
        if (ClassOf(tree_.node(next)) == own) return true;
      }
    }
    return false;
  }

  // The links of a chain that retain too little to be large: they come last. They are told by their class, which is the
  // one that mostly comes next. What else refers to the last link (the tail of a queue) makes that one no part of the
  // others, but of the chain.
  void FollowTails() {
    if (tails_.empty()) return;
    NodeSet below(graph_.node_count());
    for (const Tail& tail : tails_) below.Add(tail.last);
    std::unordered_map<ObjectId, std::vector<ObjectId>> children;
    uint64_t seen = 0;
    for (const ObjectId node : graph_.order()) {
      if (++seen % kPollNodes == 0 && cancel_.Cancelled()) return;
      const ObjectId dominator = graph_.DominatorOf(node);
      if (dominator >= graph_.node_count() || !below.Has(dominator)) continue;
      below.Add(node);
      children[dominator].push_back(node);
    }
    for (const Tail& tail : tails_) {
      Accumulation& point = points_[tail.point];
      std::unordered_set<ObjectId> counted;
      for (ObjectId at = tail.last; at != kNoObject && !cancel_.Cancelled();) {
        const auto next_class = tail.next.find(ClassOf(at));
        if (next_class == tail.next.end()) break;
        ObjectId next = kNoObject;
        for (const ObjectId child : children[at]) {
          if (ClassOf(child) != next_class->second.first) continue;
          if (next == kNoObject || graph_.RetainedOf(child) > graph_.RetainedOf(next)) next = child;
        }
        if (next == kNoObject) next = HeldElsewhere(at, next_class->second.first, point);
        if (next == kNoObject || !counted.insert(next).second) break;
        for (ChildGroup& group : point.groups) group.count += group.class_name == next_class->second.first;
        at = next;
      }
    }
  }

  bool IsHead(ObjectId node) const {
    return std::ranges::any_of(heads_, [&](const Head& head) { return points_[head.point].node == node; });
  }

  // The next link when something before the chain holds it, too.
  ObjectId HeldElsewhere(ObjectId link, const std::string& class_name, const Accumulation& point) {
    const References* references = graph_.references();
    if (references == nullptr) return kNoObject;
    const ObjectId before = graph_.DominatorOf(point.node);
    ObjectId found = kNoObject;
    references->ForEach(link, [&](ObjectId to) {
      if (graph_.IsLive(to) && graph_.DominatorOf(to) == before && !IsHead(to) && ClassOf(to) == class_name) found = to;
    });
    return found;
  }

  // Links before the first one: where something else holds a link in the middle (a stack on which a copy was left, a
  // cursor), the dominator tree has the rest of the chain beside what comes before it.
  void FollowHeads() {
    if (heads_.empty() || graph_.references() == nullptr) return;
    std::vector<uint8_t> chain_of(graph_.node_count());  // which of heads_ a node lies below, from 1; 0 = none
    const std::vector<std::pair<ObjectId, ObjectId>> links = LinksBefore(&chain_of);
    std::vector<bool> absorbed(points_.size());
    for (const Head& head : heads_) {
      if (absorbed[head.point]) continue;
      Accumulation& point = points_[head.point];
      std::unordered_set<ObjectId> seen = {point.node};
      for (ObjectId at = point.node; !cancel_.Cancelled();) {
        point.top.insert(point.top.begin(), at);
        if (point.top.size() > kMostTop) point.top.pop_back();
        ObjectId before = kNoObject;
        const auto from = std::ranges::lower_bound(links, at, {}, &std::pair<ObjectId, ObjectId>::first);
        for (auto link = from; link != links.end() && link->first == at && before == kNoObject; ++link) {
          if (!seen.contains(link->second) && head.origins.contains(OriginOf(link->second))) before = link->second;
        }
        if (before == kNoObject) break;
        const size_t chain = chain_of[before];
        // The end of another chain: all of that comes before. What goes on elsewhere is no such end.
        const bool other_chain = chain != 0 && chain != 255 && chain != chain_of[point.node];
        if (other_chain && graph_.RetainedOf(before) >= least_) break;
        if (!other_chain) {
          seen.insert(before);
          for (ChildGroup& group : point.groups) group.count += group.class_name == ClassOf(before);
          at = before;
          continue;
        }
        const Accumulation& other = points_[heads_[chain - 1].point];
        for (ChildGroup& group : point.groups) {
          for (const ChildGroup& same : other.groups)
            group.count += same.class_name == group.class_name ? same.count : 0;
        }
        at = other.node;
        if (!seen.insert(at).second) break;
      }
      if (seen.size() == 1) continue;
      for (const ObjectId link : seen) {
        if (point.pieces.size() < kMostPieces && (link == point.node || !seen.contains(graph_.DominatorOf(link))))
          point.pieces.push_back(link);
      }
      std::ranges::sort(point.pieces);
      for (const Head& other : heads_)
        absorbed[other.point] =
            absorbed[other.point] || (other.point != head.point && seen.contains(points_[other.point].node));
    }
    size_t index = 0;
    std::erase_if(points_, [&](const Accumulation&) { return absorbed[index++]; });
  }

  // References, as (to, from), between objects of the shapes that links have, those inside of one chain left out.
  // Sorted.
  std::vector<std::pair<ObjectId, ObjectId>> LinksBefore(std::vector<uint8_t>* chains) {
    std::unordered_set<uint32_t> shapes;
    std::vector<uint8_t>& chain_of = *chains;
    for (size_t i = 0; i < heads_.size(); ++i) {
      shapes.insert(heads_[i].shapes.begin(), heads_[i].shapes.end());
      chain_of[points_[heads_[i].point].node] = static_cast<uint8_t>(std::min<size_t>(i + 1, 255));
    }
    uint64_t seen = 0;
    for (const ObjectId node : graph_.order()) {
      if (++seen % kPollNodes == 0 && cancel_.Cancelled()) return {};
      const ObjectId dominator = graph_.DominatorOf(node);
      if (chain_of[node] == 0 && dominator < graph_.node_count()) chain_of[node] = chain_of[dominator];
    }
    std::vector<std::pair<ObjectId, ObjectId>> links;
    for (ObjectId from = 0; from < graph_.object_count() && links.size() < kMostLinks; ++from) {
      if (from % kPollNodes == 0 && cancel_.Cancelled()) return {};
      if (!graph_.IsLive(from) || !shapes.contains(ShapeOf(from))) continue;
      graph_.references()->ForEach(from, [&](ObjectId to) {
        if (graph_.IsObject(to) && shapes.contains(ShapeOf(to)) &&
            (chain_of[to] == 0 || chain_of[to] != chain_of[from]))
          links.emplace_back(to, from);
      });
    }
    std::ranges::sort(links);
    return links;
  }

  // What a link was made by, more exactly than by its class: functions and contexts by their source.
  uint64_t OriginOf(ObjectId node) {
    if (!graph_.IsObject(node)) return ShapeOf(node);
    const uint64_t tagged = graph_.index().AddressOf(node) + 1;
    const MapInfo* map = reader_.MapOf(tagged);
    if (map == nullptr) return ShapeOf(node);
    std::optional<uint64_t> source;
    if (map->category == Category::kClosure) {
      source = reader_.Field(tagged, ObjectField::kFunctionShared);
    } else if (reader_.layout().types.IsContext(map->instance_type)) {
      source = reader_.ArrayElement(tagged, 0);  // its ScopeInfo
    }
    return source && *source > UINT32_MAX ? *source : ShapeOf(node);
  }

  static void Sort(std::vector<ChildGroup>* groups) {
    std::ranges::sort(*groups, [](const ChildGroup& a, const ChildGroup& b) {
      return std::tie(b.bytes, a.class_name) < std::tie(a.bytes, b.class_name);
    });
  }

  // What each point dominates directly. Large objects below it are points, or lead to them, unless they are entries of
  // it.
  void Tally() {
    std::vector<uint32_t> by_node(points_.size());
    for (uint32_t i = 0; i < by_node.size(); ++i) by_node[i] = i;
    std::ranges::sort(by_node, {}, [this](uint32_t i) { return points_[i].node; });
    NodeSet is_point(graph_.node_count() + 1);
    for (const Accumulation& point : points_) {
      if (point.chain == 0) is_point.Add(point.node);
    }
    std::ranges::sort(whole_);
    struct Sum {
      uint64_t count = 0, bytes = 0;
      ObjectId example = kNoObject;
    };
    std::vector<std::unordered_map<uint32_t, Sum>> sums(points_.size());
    const std::span<const ObjectId> dominators = graph_.dominators();
    uint32_t last = 0;
    for (uint64_t id = 0; id < dominators.size(); ++id) {
      if (id % kPollNodes == 0 && cancel_.Cancelled()) return;
      const ObjectId dominator = dominators[id];
      if (dominator == kNoObject || !is_point.Has(dominator)) continue;
      const auto node = static_cast<ObjectId>(id);
      if (by_node.empty()) return;
      if (points_[last].node != dominator) {
        const auto found =
            std::ranges::lower_bound(by_node, dominator, {}, [this](uint32_t i) { return points_[i].node; });
        if (found == by_node.end()) continue;
        last = *found;
      }
      const uint64_t retained = graph_.RetainedOf(node);
      if (retained >= least_ && !std::ranges::binary_search(whole_, dominator)) continue;
      Sum& sum = sums[last][ShapeOf(node)];
      ++sum.count;
      sum.bytes += retained;
      if (sum.example == kNoObject || retained > graph_.RetainedOf(sum.example)) sum.example = node;
    }
    for (size_t i = 0; i < points_.size(); ++i) {
      std::unordered_map<std::string, ChildGroup> groups;
      for (const auto& [shape, sum] : sums[i]) {
        ChildGroup& group = groups[ClassOf(sum.example)];
        group.count += sum.count;
        group.bytes += sum.bytes;
        const uint64_t retained = graph_.RetainedOf(sum.example);
        const uint64_t before = group.example == kNoObject ? 0 : graph_.RetainedOf(group.example);
        if (group.example == kNoObject || retained > before || (retained == before && sum.example < group.example))
          group.example = sum.example;
      }
      for (auto& [name, group] : groups) {
        group.class_name = name;
        points_[i].groups.push_back(std::move(group));
      }
      if (points_[i].chain == 0) Sort(&points_[i].groups);
      if (points_[i].node == graph_.node_count()) {
        for (const ChildGroup& group : points_[i].groups) points_[i].scattered += group.bytes;
        points_[i].retained = points_[i].scattered;
      }
    }
  }

  struct Tail {
    size_t point = 0;           // into points_
    ObjectId last = kNoObject;  // the last large link
    std::unordered_map<std::string, std::pair<std::string, uint64_t>>
        next;  // class of a link -> class of the next, how often
  };

  struct Head {
    size_t point = 0;                      // into points_
    std::unordered_set<uint64_t> origins;  // of its links
    std::unordered_set<uint32_t> shapes;
  };

  static constexpr uint32_t kExternalShape = 0xffffffff;
  uint32_t ShapeOf(ObjectId node) const {
    return graph_.IsObject(node) ? graph_.shapes().ShapeOf(node) : kExternalShape;
  }
  const std::string& ClassOf(ObjectId node) {
    const auto [known, is_new] = classes_.try_emplace(ShapeOf(node));
    if (is_new) known->second = ClassOfNode(reader_.names(), graph_, node);
    return known->second;
  }

  const HeapGraph& graph_;
  HeapReader& reader_;
  const uint64_t least_;
  const Cancel& cancel_;
  const LargeTree tree_;
  std::vector<bool> tested_;  // of each large object: was it looked at as a link of a chain
  std::vector<Accumulation> points_;
  std::vector<Tail> tails_;
  std::vector<Head> heads_;
  std::vector<ObjectId> whole_;  // points whose large children are entries
  std::unordered_map<uint32_t, std::string> classes_;
};

}  // namespace

std::string ClassOfNode(NameResolver& names, const HeapGraph& graph, ObjectId node) {
  if (node >= graph.node_count()) return "(roots)";
  if (!graph.IsObject(node)) return "(external)";
  const LiveShape& shape = graph.shapes().shapes()[graph.shapes().ShapeOf(node)];
  return shape.own_name ? names.ClassNameOf(shape.map, shape.sample) : names.ClassName(shape.map, shape.sample);
}

bool IsCollection(HeapReader* reader, uint64_t tagged) {
  const MapInfo* found = reader->MapOf(tagged);
  if (found == nullptr) return false;
  const MapInfo map = *found;
  const std::string& type = reader->layout().types.at(map.instance_type).name;
  if (map.size_kind == SizeKind::kArray) return true;  // tables and arrays of V8's own
  if (type == "JS_ARRAY_TYPE" || type == "JS_MAP_TYPE" || type == "JS_SET_TYPE" || type == "JS_WEAK_MAP_TYPE" ||
      type == "JS_WEAK_SET_TYPE")
    return true;
  if (map.category != Category::kObject) return false;
  constexpr int kProperties = 8, kElements = 16;  // JSReceiver, JSObject: src/objects/js-objects.h
  const auto length = [&](int field) {
    return reader->ArrayLength(reader->Field(tagged, field).value_or(0)).value_or(0);
  };
  if (reader->IsType(reader->Field(tagged, kProperties).value_or(0), "NAME_DICTIONARY_TYPE") &&
      length(kProperties) > 3 * kManyProperties)
    return true;
  return length(kElements) > kManyProperties;
}

std::vector<Accumulation> FindAccumulations(const HeapGraph& graph, HeapReader* reader, uint64_t least_bytes,
                                            const Cancel& cancel) {
  return Finder(graph, reader, least_bytes, cancel).Run();
}

}  // namespace corewalk
