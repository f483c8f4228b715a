#include "analysis/leaks/string_slices.h"

#include <algorithm>
#include <unordered_map>

#include "analysis/leaks/largest.h"
#include "graph/node_set.h"

namespace corewalk {
namespace {

constexpr uint64_t kLeastWaste = 512;  // bytes of a parent that no slice shows

struct ParentRow : SlicedParent {
  uint64_t rank = 0, number = 0;
  size_t begin = 0, end = 0;  // its slices
};

// Which of these strings something else than a slice refers to.
NodeSet HeldByOthers(const HeapGraph& graph, const StringWalk& walk, const NodeSet& parents, const Cancel& cancel) {
  constexpr size_t kPiece = 1 << 16;
  NodeSet held(graph.node_count());
  const References& references = *graph.references();
  const size_t pieces = (graph.object_count() + kPiece - 1) / kPiece;
  InPieces(pieces, walk.threads(), cancel, {}, "", [&](size_t, size_t piece) {
    const uint64_t end = std::min<uint64_t>(graph.object_count(), (piece + 1) * kPiece);
    for (uint64_t from = piece * kPiece; from < end; ++from) {
      const auto id = static_cast<ObjectId>(from);
      if (!graph.IsLive(id) || walk.FormOf(id) == StringForm::kSliced) continue;
      references.ForEach(id, [&](ObjectId to) {
        if (parents.Has(to)) held.AddShared(to);
      });
    }
  });
  for (const Ephemeron& entry : references.ephemerons()) {
    if (entry.value != kNoObject && parents.Has(entry.value)) held.Add(entry.value);
  }
  return held;
}

}  // namespace

void ReportSlices(const HeapGraph& graph, const StringWalk& walk, std::vector<Slice>* slices, const StringQuery& query,
                  const Cancel& cancel, StringReport* report) {
  std::ranges::sort(*slices, [](const Slice& a, const Slice& b) {
    return a.parent != b.parent ? a.parent < b.parent : a.offset != b.offset ? a.offset < b.offset : a.slice < b.slice;
  });
  const Memory& memory = graph.index().model().memory();
  std::vector<ParentRow> rows;
  NodeSet parents(graph.node_count());
  for (size_t begin = 0, end; begin < slices->size(); begin = end) {
    if (report->sliced_parents % 4096 == 0 && cancel.Cancelled()) return;
    const ObjectId parent = (*slices)[begin].parent;
    const uint64_t length = memory.ReadValue<uint32_t>(graph.index().AddressOf(parent) + 12).value_or(0);
    uint64_t shown = 0, reach = 0;
    for (end = begin; end < slices->size() && (*slices)[end].parent == parent; ++end) {
      const uint64_t from = std::max<uint64_t>((*slices)[end].offset, reach);
      const uint64_t to = std::min(length, uint64_t{(*slices)[end].offset} + (*slices)[end].length);
      if (to > from) shown += to - from;
      reach = std::max(reach, to);
    }
    ++report->sliced_parents;
    const StringForm form = walk.FormOf(parent);
    const uint64_t unit = IsWide(form) ? 2 : 1;
    ParentRow row;
    row.parent = parent;
    row.number = parent;
    row.slices = end - begin;
    row.bytes = length * unit;
    row.used = shown * unit;
    row.wasted = row.rank = row.bytes - row.used;
    row.begin = begin, row.end = end;
    if (row.wasted < kLeastWaste) continue;
    parents.Add(parent);
    rows.push_back(std::move(row));
  }
  const bool known = graph.references() != nullptr;
  const NodeSet held =
      known && !rows.empty() ? HeldByOthers(graph, walk, parents, cancel) : NodeSet(graph.node_count());
  Largest<ParentRow> largest(query.most);
  for (ParentRow& row : rows) {
    row.holders_known = known;
    row.only_slices = known && !held.Has(row.parent) && graph.RootsOf(row.parent).empty();
    if (row.only_slices) report->slices_wasted += row.wasted;
    // What is needed anyway is not wasted; it is told after the others.
    if (!row.only_slices && known) row.rank = 0;
    largest.Add(row);
  }
  for (ParentRow& row : largest.Sorted()) {
    row.sample = ObjectSample(query.sample);
    for (size_t i = row.begin; i < row.end; ++i) row.sample.Add((*slices)[i].slice, 0);
    report->parents.push_back(std::move(row));
  }
}

Rope MeasureRope(HeapReader* reader, const HeapGraph& graph, ObjectId top, const Cancel& cancel) {
  constexpr uint64_t kMostParts = 1 << 24;
  constexpr uint64_t kConsBytes = 32;
  Rope rope{.top = top};
  rope.length = reader->Raw<uint32_t>(graph.index().AddressOf(top) + 1, 12).value_or(0);
  std::vector<std::pair<uint64_t, uint64_t>> work = {{graph.index().AddressOf(top) + 1, 1}};  // tagged, depth
  NodeSet met(graph.node_count());
  while (!work.empty()) {
    if (rope.parts % 65536 == 0 && cancel.Cancelled()) rope.cut = true;
    if (rope.parts >= kMostParts || rope.cut) {
      rope.cut = true;
      break;
    }
    const auto [string, depth] = work.back();
    work.pop_back();
    const MapInfo* map = reader->MapOf(string);
    if (map == nullptr || StringFormOf(reader->layout().types, map->instance_type) != StringForm::kCons) continue;
    if (const ObjectId id = graph.index().At(string); id == kNoObject || !met.Add(id)) continue;
    ++rope.parts;
    rope.depth = std::max(rope.depth, depth);
    work.emplace_back(reader->Field(string, 24).value_or(0), depth + 1);
    work.emplace_back(reader->Field(string, 16).value_or(0), depth + 1);
  }
  rope.bytes = rope.parts * kConsBytes;
  return rope;
}

}  // namespace corewalk
