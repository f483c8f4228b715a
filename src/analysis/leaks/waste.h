// Memory that the program's objects take and do not use: room of arrays and tables, holes, properties kept in hash
// tables, empty collections, unused slots of objects, numbers in boxes, hidden classes. Live objects only; one walk
// over the heap on all threads, which reads headers and, of arrays that may have holes, their elements. What is counted
// in one category is not counted in another, but hidden classes and slots are what objects of the other categories may
// have too.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/leaks/holder_census.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

enum class WasteKind : uint8_t {
  kArrayRoom,     // elements behind the length of an Array
  kHoles,         // of Arrays with more holes than elements
  kTableRoom,     // free and deleted entries of Maps and Sets
  kDictionaries,  // hash tables of objects that have few properties and are in dictionary mode
  kEmpty,         // Maps, Sets, Arrays and plain objects that hold nothing
  kObjectRoom,    // slots of objects that no property uses
  kNumbers,       // HeapNumbers: a double or a large integer in a box of its own
  kShapes,        // Maps (hidden classes) of constructors that have many
};
inline constexpr size_t kWasteKinds = 8;
std::string_view WasteKindName(WasteKind kind);  // "array_room", ...

struct WasteItem {
  uint64_t rank = 0;    // bytes wasted
  uint64_t number = 0;  // the ObjectId
  uint64_t used = 0;    // entries
  uint64_t room = 0;    // entries that there is room for
  ObjectId id() const { return static_cast<ObjectId>(number); }
};

// Of kObjectRoom and kShapes: one class.
struct WasteClass {
  std::string name;      // raw target text
  uint64_t objects = 0;  // live instances
  uint64_t shapes = 0;   // Maps
  uint64_t bytes = 0;    // wasted
};

struct WasteCategory {
  uint64_t count = 0;  // objects that waste something
  uint64_t bytes = 0;  // wasted
  ObjectSample sample{0};
  std::vector<WasteItem> largest;
  std::vector<WasteClass> classes;  // of kObjectRoom and kShapes, the largest first
};

struct WasteReport {
  std::array<WasteCategory, kWasteKinds> categories;
  uint64_t bytes = 0;  // of all
  const WasteCategory& operator[](WasteKind kind) const { return categories[static_cast<size_t>(kind)]; }
};

struct WasteQuery {
  size_t most = 10;     // items and classes of a category
  size_t sample = 512;  // objects of a category whose holders can be asked for
};

// The graph must have shapes. Interrupted: what was found until then.
WasteReport FindWaste(HeapReader* reader, const HeapGraph& graph, const WasteQuery& query, const Cancel& cancel,
                      const ProgressFunction& progress);

// An object with no more properties than this is better off in fast mode.
inline constexpr uint64_t kFewProperties = 128;
// A constructor with fewer Maps than this has not many.
inline constexpr uint64_t kManyShapes = 64;

}  // namespace corewalk
