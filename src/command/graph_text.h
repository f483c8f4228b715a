// What commands over the graph of a heap share: the card about what is live, addresses that must be objects of it.
#pragma once

#include "command/command.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"
#include "session/session.h"

namespace corewalk {

// What the answers about a graph must say: of the target, of the graph, whether the command was interrupted.
Completeness GraphCompleteness(const CommandContext& context, const HeapGraph& graph);

// "live 1.7 GB, garbage 60 MB"; JSON "liveness". The shapes of the graph must be known.
Card LivenessCard(const HeapGraph& graph);

// The chosen isolate when it is one, as graphs are of one; `what` begins the error.
Result<int> ChosenSingleIsolate(const CommandContext& context);

// The graph of the chosen isolate.
Result<HeapGraph*> GraphFor(CommandContext& context, Session::GraphNeed need);
// The same with references and the shapes of all objects.
Result<HeapGraph*> GraphWithShapes(CommandContext& context);

// The nodes that the words of a command name by address. kNotFound where no numbered object stands; `live_only`: and
// where it is garbage.
Result<std::vector<ObjectId>> NodesAt(CommandContext& context, const HeapGraph& graph, bool live_only);

// The live objects that histogram counts under this name, by rising id; the shapes of the graph are found first when they
// are not known. kNotFound when there is none. When cancelled, the first of them.
Result<std::vector<ObjectId>> LiveObjectsOfClass(CommandContext& context, HeapGraph* graph, const std::string& wanted);

// An object in a few words: "Session", "Map(1,000)", "Function next /app/server.js:12:3", "\"text\""; of memory outside
// of the heap "external memory". Safe to print.
std::string NodeText(HeapReader& reader, const HeapGraph& graph, ObjectId node);
// The same along a way: a context alone does not tell the script it belongs to, but the function does that has it.
class WayText {
 public:
  WayText(HeapReader* reader, const HeapGraph& graph) : reader_(*reader), graph_(graph) {}
  // The nodes of a way, one after the other.
  std::string Next(ObjectId node);
  // To go on from an earlier node, where ways branch.
  uint64_t script() const { return script_; }
  void set_script(uint64_t script) { script_ = script; }

 private:
  HeapReader& reader_;
  const HeapGraph& graph_;
  uint64_t script_ = 0;  // of the functions and contexts just met; tagged
};
// The class as the histogram names it; raw target text.
std::string NodeClass(HeapReader& reader, const HeapGraph& graph, ObjectId node);
// The same of all objects of a shape.
std::string ShapeClass(NameResolver& names, const LiveShape& shape);
// The address of a node: of the object, or of the external block.
Address NodeAddress(const HeapGraph& graph, ObjectId node);
// "(Global handles) Node / TCPWrap".
std::string RootName(const HeapGraph& graph, uint32_t root);

}  // namespace corewalk
