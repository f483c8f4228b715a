// A fake heap with what tests of the graph need: objects of some more kinds, the steps from a sealed heap to a graph,
// and references read back as plain lists. Header only; not part of the library.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "graph/heap_graph.h"
#include "heap/testing/fake_heap.h"

namespace corewalk::testing {

// Instance types beside those of fake_heap.h.
enum GraphFakeType : uint16_t {
  kCodeType = 300,
  kEphemeronHashTableType,
  kAccessorPairType,
  kPrototypeInfoType,
  kFeedbackCellType,
  kJSArrayBufferType = 1100,
  kJSWeakMapType,
  kJSWeakRefType,
};

class GraphHeap {
 public:
  explicit GraphHeap(bool split = true) : heap(split) {
    for (const auto& [key, value] : std::initializer_list<std::pair<const char*, int64_t>>{
             {"type_Code__CODE_TYPE", kCodeType},
             {"type_EphemeronHashTable__EPHEMERON_HASH_TABLE_TYPE", kEphemeronHashTableType},
             {"type_AccessorPair__ACCESSOR_PAIR_TYPE", kAccessorPairType},
             {"type_PrototypeInfo__PROTOTYPE_INFO_TYPE", kPrototypeInfoType},
             {"type_FeedbackCell__FEEDBACK_CELL_TYPE", kFeedbackCellType},
             {"type_JSArrayBuffer__JS_ARRAY_BUFFER_TYPE", kJSArrayBufferType},
             {"type_JSWeakMap__JS_WEAK_MAP_TYPE", kJSWeakMapType},
             {"type_JSWeakRef__JS_WEAK_REF_TYPE", kJSWeakRefType}}) {
      heap.binary().v8dbg[key] = value;
    }
  }

  // An object of `words` words, the Map included; its Map is read-only.
  uint64_t NewOf(uint16_t type, std::initializer_list<uint64_t> rest, size_t page = 1) {
    const uint8_t words = static_cast<uint8_t>(rest.size() + 1);
    auto [map, is_new] = maps_.try_emplace({type, words}, 0);
    if (is_new) map->second = heap.NewMap(0, type, words);
    const uint64_t object = heap.New(page, map->second, uint64_t{8} * words);
    uint64_t offset = 8;
    for (const uint64_t word : rest) heap.Set(object, offset, word), offset += 8;
    return object;
  }

  // Seals the heap and numbers it; false (and a failed test) when that does not work.
  bool Number(int threads = 2) {
    if (model == nullptr) heap.Seal();
    index.reset();
    Result<std::unique_ptr<HeapModel>> built = HeapModel::Build({.memory = &heap.memory(),
                                                                 .binary = &heap.binary(),
                                                                 .version = heap.version(),
                                                                 .version_source = LayoutSource::kBinary,
                                                                 .hide_tables = true},
                                                                Cancel());
    if (!built) {
      ADD_FAILURE() << built.error().message;
      return false;
    }
    model = std::move(*built);
    Result<std::unique_ptr<ObjectIndex>> numbered = ObjectIndex::Build(*model, 0, threads, Cancel(), {});
    if (!numbered) {
      ADD_FAILURE() << numbered.error().message;
      return false;
    }
    index = std::move(*numbered);
    return true;
  }
  bool Refer(int threads = 2) {
    if (!Number(threads)) return false;
    Result<std::unique_ptr<References>> built = References::Build(*index, threads, Cancel(), {});
    if (!built) {
      ADD_FAILURE() << built.error().message;
      return false;
    }
    references = std::move(*built);
    return true;
  }

  // The graph with the shapes of its objects; null (and a failed test) when that does not work. The heap must outlive it.
  std::unique_ptr<HeapGraph> BuildGraph(int threads = 2, const BinaryFacts* binary = nullptr) {
    if (!Number(threads)) return nullptr;
    Result<std::unique_ptr<HeapGraph>> built =
        HeapGraph::Build(*model, binary, {.isolate = 0, .threads = threads}, Cancel(), {});
    if (!built || !(*built)->EnsureShapes(Cancel(), {})) {
      ADD_FAILURE() << (built ? "no shapes" : built.error().message);
      return nullptr;
    }
    return std::move(*built);
  }

  // A root that leads to an array of all of these; the array.
  uint64_t Hold(const std::vector<uint64_t>& objects) {
    const uint64_t holder = heap.NewArray(1, objects);
    heap.SetRoot("spare_" + std::to_string(100 + held_++), holder);
    return holder;
  }

  ObjectId Id(uint64_t object) const { return index->At(object); }
  // The tagged objects that `object` refers to, by rising address; memory outside of the heap left out.
  std::vector<uint64_t> Targets(uint64_t object) const {
    std::vector<uint64_t> targets;
    references->ForEach(Id(object), [&](ObjectId to) {
      if (to < index->size()) targets.push_back(index->AddressOf(to) + 1);
    });
    std::ranges::sort(targets);
    return targets;
  }

  FakeHeap heap;
  std::unique_ptr<HeapModel> model;
  std::unique_ptr<ObjectIndex> index;
  std::unique_ptr<References> references;

 private:
  std::map<std::pair<uint16_t, uint8_t>, uint64_t> maps_;
  int held_ = 0;
};

}  // namespace corewalk::testing
