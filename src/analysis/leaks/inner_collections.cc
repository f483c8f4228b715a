#include "analysis/leaks/inner_collections.h"

#include <algorithm>
#include <map>

#include "analysis/leaks/accumulation.h"
#include "analysis/leaks/candidates.h"
#include "heap/views/collections.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr double kMostOfIt = 0.6;  // of the bytes of the outer collection
constexpr size_t kMostProperties = 64;  // of one entry

}  // namespace

std::optional<InnerCollections> FindInnerCollections(HeapReader* reader, const HeapGraph& graph, ObjectId container,
                                                     uint64_t count, const Cancel& cancel) {
  if (!graph.IsObject(container) || count < 2 || count > kMostOuterEntries) return std::nullopt;
  const uint64_t object = graph.index().AddressOf(container) + 1;
  std::map<std::string, InnerCollections> by_property;
  const auto consider = [&](const std::string& property, uint64_t value) {
    const ObjectId node = IsStrongPointer(value) ? graph.index().At(value) : kNoObject;
    if (node == kNoObject || !graph.IsLive(node) || !IsCollection(reader, value)) return false;
    InnerCollections& inner = by_property[property];
    inner.property = property;
    inner.all.push_back({node, CountEntries(reader, value), graph.RetainedOf(node)});
    return true;
  };
  uint64_t entries = 0;
  const auto look = [&](uint64_t value) {
    if (!IsStrongPointer(value) || consider("", value)) return;
    const MapInfo* const map = reader->MapOf(value);
    if (map == nullptr || map->category != Category::kObject) return;
    size_t properties = 0;
    ForEachProperty(*reader, value, [&](const OwnProperty& one) {
      if (!one.accessor && !one.raw_double && one.readable && one.key != 0 && IsStrongPointer(one.value)) {
        if (const ObjectId node = graph.index().At(one.value); node != kNoObject && IsCollection(reader, one.value))
          consider(ReadKey(*reader, one.key).text, one.value);
      }
      return ++properties < kMostProperties;
    });
  };
  const auto go_on = [&] { return ++entries <= kMostOuterEntries && !cancel.Cancelled(); };
  if (TableOf(*reader, object)) {
    ForEachEntry(*reader, object, [&](uint64_t key, uint64_t value, Address) {
      look(value == 0 ? key : value);
      return go_on();
    });
  } else if (reader->IsType(object, "JS_ARRAY_TYPE")) {
    ForEachElement(*reader, object, [&](const OwnProperty& one) {
      if (!one.raw_double && !one.accessor) look(one.value);
      return go_on();
    });
  } else {
    ForEachProperty(*reader, object, [&](const OwnProperty& one) {
      if (!one.raw_double && !one.accessor && one.readable) look(one.value);
      return go_on();
    });
  }
  InnerCollections* best = nullptr;
  for (auto& [property, inner] : by_property) {
    for (const Alike& one : inner.all) inner.entries += one.count, inner.bytes += one.bytes;
    if (best == nullptr || inner.bytes > best->bytes) best = &inner;
  }
  if (best == nullptr || best->all.size() < 2 || cancel.Cancelled()) return std::nullopt;
  const uint64_t each = best->entries / best->all.size();
  if (each < std::max(count, kFewEntries) ||
      static_cast<double>(best->bytes) < kMostOfIt * static_cast<double>(graph.RetainedOf(container)))
    return std::nullopt;
  std::ranges::sort(best->all, [](const Alike& a, const Alike& b) { return std::tie(b.bytes, a.node) < std::tie(a.bytes, b.node); });
  best->class_name = ClassOfNode(reader->names(), graph, best->all[0].node);
  return std::move(*best);
}

}  // namespace corewalk
