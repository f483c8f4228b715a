// A suspect: something that fills the heap, in the form in which every search for a leak pattern tells it and `leaks`
// ranks it. A pattern fills in what it knows better than the graph does (marked P); the verdict fills in the rest: it
// measures, finds the holder, drops what is told twice and ranks. All texts are raw target text or contain some: they
// are printed through Sanitize() only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/leaks/collections.h"
#include "analysis/leaks/holder.h"
#include "analysis/leaks/pinned.h"
#include "graph/object_index.h"

namespace corewalk {

enum class SuspectKind : uint8_t {
  kCollection,  // a Map, Set, array, dictionary: many alike in one container
  kListeners,   // of one event of one emitter, or of one EventTarget
  kTimers,      // of one callback and interval; immediates
  kClosures,    // of one source function, whoever holds them
  kPromises,    // that nobody settled
  kObjects,     // many of one class that no single container holds
  kObject,      // one object that is large by itself or through one thing
  kStrings,     // duplicates, a large one, slices that keep a parent
  kBuffers,     // memory outside of the heap
  kContexts,    // vm contexts
  kModules,     // many modules, or one loaded many times
  kQueue,       // of process.nextTick() callbacks or microtasks that could not run
};
// "collection", "listeners", ...: for JSON.
std::string_view SuspectKindName(SuspectKind kind);

// Something that is freed with the suspect.
struct Pinned {
  std::string class_name;
  uint64_t count = 0;
  uint64_t bytes = 0;            // shallow, of all of them
  ObjectId example = kNoObject;  // the one that retains most
};

// A function that belongs to a suspect: the callback of its timers, the listener that is hung on.
struct SuspectFunction {
  std::string name;
  std::string file;
  int line = 0, column = 0;
  uint64_t count = 0;
};

// Another thing of the same declaration: what `this.items = []` made in another object, the Set of another call.
struct Alike {
  ObjectId node = kNoObject;
  uint64_t count = 0;
  uint64_t bytes = 0;  // its weight()
};

inline constexpr uint64_t kFewEntries = 50;  // below, a collection has hardly grown one by one

struct Suspect {
  SuspectKind kind = SuspectKind::kCollection;  // P
  // P: what would have to go for the memory to be free: the collection itself, never its table; or all the listeners,
  // timers, closures, where their container is not the program's to drop. Sorted by rising id.
  std::vector<ObjectId> nodes;
  ObjectId container = kNoObject;          // P: who holds the nodes, when that is one; its holder is told
  std::string what;                        // P: "Map", "Array", "listeners of 'update'", "interval of 50 ms"
  uint64_t count = 0;                      // P: entries, listeners, timers, ...
  std::string element_class;               // P: of most elements
  std::vector<SuspectFunction> functions;  // P: most frequent first
  uint64_t functions_looked = 0;           // of how many; 0 = all
  ClosurePins captured;                    // P: what the functions keep alive, by variable
  std::vector<std::string> growth;         // P: evidence, one clause each: "nothing was ever deleted"
  bool grows = false;                      // P: the evidence speaks for growth without bound
  bool structure = false;                  // it goes on with objects of its own class, as a tree does
  // Of an object that is told for its few collections: how many there are. `count` is what they have together. 0: it is one.
  uint64_t parts = 0;
  bool inner = false;                      // a part of the entries of another collection, and alike are those of the others
  bool bounded = false;                    // P: the evidence speaks against it (an LRU that evicts)
  std::string steady;                      // P: why as many go as come, though there are many; "" = they do not
  uint64_t callback = 0;                   // P: tagged; of timers the function that they call
  std::string sample;                      // P: some keys, or an element, in a few words
  std::vector<std::string> advice;         // P: what to try, one clause each

  uint64_t retained_bytes = 0;  // freed with all `nodes`; external memory counts with its owner
  // Of texts it refers to that V8's string table has, too: they go with it unless others refer to them, but are not
  // dominated by it (see shared_texts.h).
  uint64_t text_bytes = 0;
  std::vector<Alike> alike;  // by falling bytes: told with this one, the largest
  uint64_t alike_bytes = 0;  // of all of them
  uint64_t weight() const { return retained_bytes + text_bytes + alike_bytes; }
  double share = 0;  // of weight() in all live bytes
  Holder holder;
  std::shared_ptr<const CollectionFacts> collection;  // of kCollection
  std::vector<ObjectId> also;                         // other things that hold the same: what would have to go too
  std::vector<Pinned> pins;                           // by falling bytes
};

}  // namespace corewalk
