// What nodes are, as far as V8's heap snapshots treat them specially: snapshots lead from a JavaScript object straight to
// the values of its properties and elements, to the getters and setters of its accessors and to its prototype, although
// their words stand in a backing array, in a cell or in what describes its shape. So these parts dominate nothing but
// what they have for themselves (see HoistFromParts). src/profiler/heap-snapshot-generator.cc: ExtractPropertyReferences,
// ExtractElementReferences, ExtractJSObjectReferences.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "graph/edge_rules.h"
#include "graph/node_set.h"
#include "graph/object_index.h"

namespace corewalk {

// A function and its initial Map.
struct InitialMap {
  ObjectId function = kNoObject;
  ObjectId map = kNoObject;
};

// Empty sets when a graph does not come from a heap.
struct NodeKinds {
  NodeSet stores;       // elements, property arrays and dictionaries of objects, cells of the global object
  NodeSet shapes;       // Maps of objects and their descriptor arrays, pairs of a getter and a setter
  NodeSet store_parts;  // what a store has for itself: keys, cells, native accessors, boxes of numbers
  NodeSet shape_parts;  // what a shape has for itself: its constructor, keys, other shapes
  NodeSet rooted;       // strings in V8's string tables, which snapshots count as roots
  std::vector<InitialMap> initial_maps = {};
};

// Marks what the objects of a heap are. One per thread; all of them share a Marks.
class KindMarker {
 public:
  struct Marks {
    explicit Marks(uint64_t objects)
        : kinds{NodeSet(objects), NodeSet(objects), NodeSet(objects), NodeSet(objects), NodeSet(objects)}, held(objects) {}
    // When all objects are marked.
    NodeKinds Take();

    NodeKinds kinds;
    NodeSet held;  // what objects have as the store of their properties or elements
    std::mutex mutex;  // of kinds.initial_maps
  };

  KindMarker(const ObjectIndex& index, Marks* marks)
      : index_(index), marks_(*marks), stores_(&marks->kinds.stores), rooted_(&marks->kinds.rooted) {}

  // What an EdgeRule does not say of the objects of one Map; computed once per Map.
  struct Shape {
    bool has_kind = false;                 // Add() has something to do
    std::vector<uint16_t> outside_doubles;  // words of the property array that point to boxes of numbers
  };
  Shape ShapeOf(const EdgeRule& rule, const MapInfo& map);

  // Objects of a page by rising ids, and Flush() behind the last.
  void Add(ObjectId id, const EdgeRule& rule, const Shape& shape, const std::byte* bytes, uint64_t size);
  void Flush() { stores_.Flush(), rooted_.Flush(); }

 private:
  void AddPart(NodeSet* parts, uint64_t word);  // a reference
  void AddStoresOf(const Shape& shape, const std::byte* bytes);
  void AddInitialMap(ObjectId function, const std::byte* bytes, uint64_t size);
  std::vector<uint16_t> OutsideDoubles(const MapInfo& map) const;

  const ObjectIndex& index_;
  Marks& marks_;
  RisingAdder stores_, rooted_;
};

}  // namespace corewalk
