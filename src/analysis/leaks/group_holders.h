// Who holds the members of a group: many objects of one class that no single object dominates, because several things
// hold each of them. One pass over all references finds the containers that refer to many members (the array and the
// Map that both hold every session) and the classes of objects that refer to one member each (a context for each
// closure).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

struct GroupHolders {
  struct Container {
    ObjectId node = kNoObject;  // the array, Map, ...; its store's owner
    uint64_t members = 0;       // references to members
  };
  std::vector<Container> containers;  // those with most members first
  struct Kind {
    std::string class_name;  // raw target text
    uint64_t holders = 0;
    uint64_t references = 0;
    ObjectId example = kNoObject;
  };
  std::vector<Kind> kinds;  // of holders of few members each, by falling number of references
};

struct MemberGroup {
  std::vector<ObjectId> members;  // rising
  GroupHolders holders;
};

// At most 255 groups; a member of several counts for the first. The graph must have its references.
void FindGroupHolders(const HeapGraph& graph, HeapReader* reader, std::span<MemberGroup> groups, const Cancel& cancel);

}  // namespace corewalk
