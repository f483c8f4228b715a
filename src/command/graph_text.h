// What commands over the graph of a heap share: the card about what is live, addresses that must be objects of it.
#pragma once

#include "command/command.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"
#include "session/session.h"

namespace corewalk {

// "live 1.7 GB, garbage 60 MB"; JSON "liveness". The shapes of the graph must be known.
Card LivenessCard(const HeapGraph& graph);

// The chosen isolate when it is one, as graphs are of one; `what` begins the error.
Result<int> ChosenSingleIsolate(const CommandContext& context);

// The graph of the chosen isolate.
Result<HeapGraph*> GraphFor(CommandContext& context, Session::GraphNeed need);

// The nodes that the words of a command name by address. kNotFound where no numbered object stands; `live_only`: and
// where it is garbage.
Result<std::vector<ObjectId>> NodesAt(CommandContext& context, const HeapGraph& graph, bool live_only);

// An object in a few words: "Session", "Map(1,000)", "Function next /app/server.js:12:3", "\"text\""; of memory outside
// of the heap "external memory". Safe to print.
std::string NodeText(HeapReader& reader, const HeapGraph& graph, ObjectId node);
// The class as the histogram names it; raw target text.
std::string NodeClass(HeapReader& reader, const HeapGraph& graph, ObjectId node);
// The same of all objects of a shape.
std::string ShapeClass(NameResolver& names, const LiveShape& shape);
// The address of a node: of the object, or of the external block.
Address NodeAddress(const HeapGraph& graph, ObjectId node);
// "(Global handles) Node / TCPWrap".
std::string RootName(const HeapGraph& graph, uint32_t root);

}  // namespace corewalk
