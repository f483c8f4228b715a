#include "graph/reachability.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/prefault.h"

namespace corewalk {
namespace {

constexpr size_t kNear = 8, kFar = 16;  // nodes ahead whose references, and whose place of references, are loaded
constexpr size_t kPollNodes = 1 << 16;

}  // namespace

Reachability::Reachability(const References& references, const ReachOptions& options)
    : references_(references),
      options_(options),
      reached_(references.node_count()),
      order_(references.node_count()) {
  if (options.tree) tree_ = ReachTree(references.node_count());
  const std::span<const Ephemeron> ephemerons = references.ephemerons();
  if (ephemerons.empty()) return;
  is_table_ = NodeSet(references.node_count());
  is_key_ = NodeSet(references.node_count());
  for (const Ephemeron& ephemeron : ephemerons) {
    is_table_.Add(ephemeron.table);
    if (ephemeron.key != kNoObject) is_key_.Add(ephemeron.key);
  }
  by_key_.resize(ephemerons.size());
  std::iota(by_key_.begin(), by_key_.end(), 0);
  std::ranges::sort(by_key_, [&](uint32_t a, uint32_t b) {
    return std::tie(ephemerons[a].key, a) < std::tie(ephemerons[b].key, b);
  });
}

void Reachability::VisitEphemerons(ObjectId id) {
  const std::span<const Ephemeron> all = references_.ephemerons();
  if (is_table_.Has(id)) {
    for (const Ephemeron& entry : std::ranges::equal_range(all, id, {}, &Ephemeron::table)) {
      if (entry.key == kNoObject) {
        Visit(id, entry.value);
      } else if (reached_.Has(entry.key)) {
        Visit(entry.key, entry.value);
      }
    }
  }
  if (is_key_.Has(id)) {
    const auto key_of = [&](uint32_t i) { return all[i].key; };
    for (const uint32_t i : std::ranges::equal_range(by_key_, id, {}, key_of)) {
      if (reached_.Has(all[i].table)) Visit(id, all[i].value);
    }
  }
}

void Reachability::ReachFrom(std::span<const ObjectId> roots, const Cancel& cancel) {
  const uint64_t before = count_;
  for (const ObjectId root : roots) {
    if (root < references_.node_count()) Visit(kNoObject, root);
  }
  if (options_.tree) tree_.AddChildren(count_ - before);
  const bool weak_maps = !is_table_.empty();
  Prefault prefault(options_.threads > 1, order_);
  for (; done_ < count_ && complete_; ++done_) {
    if (done_ % kPollNodes == 0 && cancel.Cancelled()) {
      complete_ = false;
      return;
    }
    if (done_ + kFar < count_) references_.PrefetchFirst(order_[done_ + kFar]);
    if (done_ + kNear < count_) references_.PrefetchEdges(order_[done_ + kNear]);
    const ObjectId from = order_[done_];
    const uint64_t known = count_;
    references_.ForEach(from, [&](ObjectId to) { Visit(from, to); });
    if (weak_maps) VisitEphemerons(from);
    if (options_.tree) tree_.AddNode(count_ - known);
  }
}

}  // namespace corewalk
