// Collections: what a Map, Set, array, dictionary or WeakMap holds, how it is keyed, how it grew. Finding the largest
// ones looks at shapes and retained sizes first and at few objects; describing one reads its header for exact counts
// and a sample of its entries for all else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/leaks/growth.h"
#include "analysis/leaks/key_pattern.h"
#include "analysis/leaks/value_classes.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/collection_store.h"

namespace corewalk {

enum class CollectionKind : uint8_t { kMap, kSet, kArray, kObject, kWeakMap, kWeakSet };
inline constexpr size_t kCollectionKinds = 6;
std::string_view CollectionKindName(CollectionKind kind);  // "map", "set", "array", "object", "weakmap", "weakset"

// An object in fast mode with fewer properties than this is no collection.
inline constexpr uint64_t kLeastFields = 32;

struct CollectionFacts {
  ObjectId node = kNoObject;
  CollectionKind kind = CollectionKind::kMap;
  uint64_t object = 0;     // tagged
  std::string class_name;  // of the object: "Map", "LruCache", "URLSearchParams"; raw target text
  // The collection inside of an object that is nothing but one (URLSearchParams, Headers, a cache class): tagged, with
  // the names of the properties that lead there. 0 = the object is the collection itself.
  uint64_t inner = 0;
  std::vector<std::string> inner_path;
  StoreView store;       // the one with most entries
  uint64_t entries = 0;  // exact, of all its stores; holes left out where `holes` is known
  uint64_t length = 0;   // of an array, holes included
  uint64_t capacity = 0;
  uint64_t deleted = 0;
  std::optional<uint64_t> holes;  // of an array; nothing when it was too long to count them
  uint64_t store_bytes = 0;       // of tables, arrays and dictionaries alone
  bool dictionary = false;        // an object in dictionary mode
  bool whole = true;              // false: damaged, or not all in the core

  KeyPattern keys;  // of a set the members; of an array the elements, when they are texts or numbers
  std::vector<StoreEntry> first, last;  // up to 3 each, in the order of insertion (where there is one)
  std::vector<ValueClass> values;
  uint64_t values_sampled = 0;
  bool values_exact = false;     // every entry was looked at
  bool one_class = false;        // nearly all of them are objects of one class
  uint64_t dead_references = 0;  // of the sampled values: WeakRefs whose target is gone
  // Of keys (of a set: members) that are objects the share that nothing but this collection holds; needs dominators.
  std::optional<double> keys_held_here;
  Growth growth;
  BoundJudgement judgement;
};

// What stands at `node`: a collection, an object that is nothing but one, or the store of one. Nothing when it is none
// of these or holds nothing. The graph's shapes must be known. Reads some thousand entries at most, and the whole table
// of a dictionary.
std::optional<CollectionFacts> DescribeCollection(HeapReader* reader, const HeapGraph& graph, ObjectId node,
                                                  const Cancel& cancel = Cancel());

// Dates that span more time than the process can have lived say nothing of how it grew: marks them, and judges anew.
// `lived_ms`: an upper bound.
void DropForeignTimes(double lived_ms, CollectionFacts* facts);

// Whether an object would be freed with the collection that has this store. Needs dominators.
bool HeldByStore(const HeapGraph& graph, const StoreView& store, ObjectId value);

struct CollectionHead {
  ObjectId node = kNoObject;
  CollectionKind kind = CollectionKind::kMap;
  uint64_t entries = 0;
  uint64_t retained = 0;  // bytes, see RetainedByCollection()
};

// What goes with a collection: where a root holds its table too (a stack, while the table grows), the two together, as
// the collection alone retains nothing then. Needs retained sizes.
uint64_t RetainedByCollection(const HeapGraph& graph, ObjectId node, const StoreView& store);

struct CollectionQuery {
  std::vector<CollectionKind> kinds;  // empty = all
  uint64_t most = 20;                 // 0 = all
  uint64_t min_entries = 1;
  bool by_entries = false;  // else by retained bytes
  bool count_more = false;  // look at all, to tell how many there are beyond `most`
};

struct CollectionList {
  std::vector<CollectionHead> rows;  // the largest first
  uint64_t more = 0;                 // that fit and are not listed: exact with count_more, else at most so many
  std::array<uint64_t, kCollectionKinds> counts{};  // live ones of each kind; of objects those in dictionary mode
  bool cut = false;                                 // too many to look at
};

// The live collections of a heap that retain most, or that have most entries. Retained sizes must be known.
CollectionList FindCollections(HeapReader* reader, const HeapGraph& graph, const CollectionQuery& query,
                               const Cancel& cancel);

// What kind of collection objects of a shape are; nothing for shapes that are none. Objects in fast mode are kObject,
// as any may have elements.
std::optional<CollectionKind> KindOfShape(HeapReader* reader, const MapInfo& map);

}  // namespace corewalk
