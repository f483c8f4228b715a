// Accumulation points: where the dominator tree fans out. Going down from the roots, retained size stays in one object
// for a while and then scatters over many small ones; the last object before that is what fills the heap. So each byte
// is attributed to the lowest large object above it ("large": it retains at least the least size asked for), and an
// object to which much is attributed is an accumulation point. Chains (linked lists, closures that hold the closure
// before) lose a little at each of many large objects; they are told as what they are. No point lies below another one
// that stands for the same bytes.
//
// Cost: some passes over the dominators, 20 bytes per large object. No recursion; damaged cores give other numbers,
// never a loop. The graph must have its retained sizes.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// What an accumulation point directly dominates, by class.
struct ChildGroup {
  std::string class_name;  // raw target text; "(external)" for memory outside of the heap
  uint64_t count = 0;
  uint64_t bytes = 0;            // retained, of all of them
  ObjectId example = kNoObject;  // the one that retains most
};

struct Accumulation {
  ObjectId node = kNoObject;       // graph.node_count(): the roots themselves
  uint64_t retained = 0;           // bytes
  uint64_t scattered = 0;          // bytes of it that are attributed to this point
  bool collection = false;         // an array, a Map, a dictionary, ...: what it dominates are its entries
  bool structure = false;          // nothing piles up: objects of its class go on below it, as in a tree
  uint64_t chain = 0;              // so many large objects follow one another from it on; 0 = it is no chain
  std::vector<ChildGroup> groups;  // by falling bytes; of a chain, the classes of its links
  // Of a chain that something else holds in the middle, too (a stack, a cursor): its first links, the first of all at
  // the front, and `pieces`, the links that nothing before them in the chain dominates; `node` is one of them.
  std::vector<ObjectId> top, pieces;
};

// Points to which at least `least_bytes` are attributed, the largest first.
std::vector<Accumulation> FindAccumulations(const HeapGraph& graph, HeapReader* reader, uint64_t least_bytes,
                                            const Cancel& cancel);

// The class of a node as the histogram counts it; found once per shape. Raw target text.
std::string ClassOfNode(NameResolver& names, const HeapGraph& graph, ObjectId node);

// True for what a programmer puts many things into: arrays, Maps and Sets, and objects in dictionary mode or with
// elements.
bool IsCollection(HeapReader* reader, uint64_t tagged);

}  // namespace corewalk
