// An opened target: memory, executable, layout, isolates and pages, and what is known about the process. Everything
// that hangs on one target hangs here; there is no other state. A session is bound to one stop of a process: a face
// drops it when the process has run again.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/completeness.h"
#include "base/error.h"
#include "base/scratch_space.h"
#include "graph/heap_graph.h"
#include "heap/heap_model.h"
#include "heap/names.h"
#include "layout/binary_facts.h"
#include "memory/build_id.h"
#include "memory/elf_file.h"
#include "memory/image_memory.h"
#include "memory/memory.h"
#include "node/process_facts.h"
#include "session/graph_index.h"

namespace corewalk {

// What graphs may use; can be changed while a session is open.
struct GraphResources {
  std::string index;    // file that keeps the graph, see GraphIndex; "" = none
  std::string scratch;  // folder for arrays for which there is no memory; "" = none
  uint64_t memory = 0;  // bytes that may be taken, 0 = what is available
  bool operator==(const GraphResources&) const = default;
};

struct OpenOptions {
  std::string executable;    // path of the node binary (or libnode.so); "" = find it through the target's file mappings
  bool force = false;        // go on although executable and core do not belong together
  bool hide_tables = false;  // for tests: pretend that no layout table is known for this V8
  int threads = 2;           // worker threads for walks, 1 or more
  GraphResources graph;
};

class Session {
 public:
  // Takes the memory. Fails with one clear line when this is no Node.js process, when executable and core do not belong
  // together, or when the layout cannot be verified.
  static Result<std::unique_ptr<Session>> Open(std::unique_ptr<Memory> memory, OpenOptions options,
                                               const Cancel& cancel = Cancel());
  ~Session();

  const Memory& memory() const { return *memory_; }
  // The same with the read-only parts of the executable filled in from its file, when that provably belongs to the
  // target: Node.js keeps the source of its own scripts there, and cores leave it out.
  const Memory& memory_and_image() const { return image_memory_ ? *image_memory_ : *memory_; }
  const HeapModel& model() const { return *model_; }
  const Layout& layout() const { return model_->layout(); }
  const OpenOptions& options() const { return options_; }
  const BinaryFacts* binary() const { return binary_ ? &*binary_ : nullptr; }
  const std::vector<Module>& modules() const { return modules_; }
  // Facts that need a search of the process's memory; found on first use.
  const ProcessFacts& process();
  const std::optional<NodeVersion>& version() const { return version_; }
  NameResolver& names() { return *names_; }

  // What a command wants of the graph of one isolate.
  enum class GraphNeed {
    kLiveness,  // what is live, and the shapes
    kPaths,     // references and ways to the roots
    kRetained,  // dominators and retained sizes
    kAll,
    kSuspects,  // HeapGraph::ReachedWithout(): what goes with chosen objects; no more may be known
  };
  // Built on first use and kept; a later need may add to it or build it anew. With an index (OpenOptions::index) it is taken
  // from there as far as it goes, and what is added is written back. Where memory is short, a need
  // that marks can serve (kLiveness, kSuspects) gets a graph of marks only. Fails when cancelled, when the heap cannot be
  // numbered, when this machine has not the memory for it (kNoMemory; the message says what can be done), or when an index is
  // wanted of what is no core file.
  Result<HeapGraph*> Graph(int isolate, GraphNeed need, const Cancel& cancel, const ProgressFunction& progress);
  // The graph, when it has been built or stands in the index; null when not. Errors as above.
  Result<const HeapGraph*> KnownGraph(int isolate, const Cancel& cancel, const ProgressFunction& progress);
  // Why the index of this isolate was not used; "" when there is none or it was.
  std::string IndexProblem(int isolate) const;
  // From now on. A graph that was built already is written to an index when something is added to it. Errors: those of
  // ScratchSpace::Open().
  Result<void> SetGraphResources(const GraphResources& resources);
  // What arrays of commands may lie in, see ScratchScope; null = memory.
  const ScratchSpace* scratch() const { return scratch_.get(); }

  // What every result of this target must say: gaps of the core, guesses of the layout, remarks made while opening.
  const Completeness& completeness() const { return completeness_; }

 private:
  Session() = default;
  Result<void> FindExecutable();
  void DescribeCompleteness();
  std::vector<AddressRange> HeapRanges() const;
  // What is kept about the graph of one isolate.
  struct GraphOfIsolate {
    std::unique_ptr<HeapGraph> graph;
    std::unique_ptr<HeapGraph> marks;  // where memory is short
    std::unique_ptr<ObjectIndex> numbered;  // until a graph takes it
    std::optional<GraphIndex> index;
    bool index_tried = false;
  };
  Result<void> LoadIndexed(int isolate, GraphOfIsolate* of, const Cancel& cancel, const ProgressFunction& progress);
  Result<void> BuildGraph(int isolate, GraphNeed need, GraphOfIsolate* of, const Cancel& cancel, const ProgressFunction& progress);
  Result<HeapGraph*> MarksGraph(int isolate, GraphNeed need, GraphOfIsolate* of, const Cancel& cancel,
                                const ProgressFunction& progress);
  Result<void> Number(int isolate, GraphOfIsolate* of, const Cancel& cancel, const ProgressFunction& progress);
  Result<void> CheckRoom(uint64_t objects, GraphNeed need, uint64_t taken = 0) const;
  GraphIndexIdentity IndexIdentity(int isolate);

  std::unique_ptr<Memory> memory_;
  OpenOptions options_;
  std::vector<Module> modules_;
  std::unique_ptr<ElfFile> file_;  // the binary that holds V8
  std::unique_ptr<ImageMemory> image_memory_;
  std::optional<BinaryFacts> binary_;
  std::optional<NodeVersion> version_;
  std::unique_ptr<HeapModel> model_;
  std::unique_ptr<NameResolver> names_;
  std::optional<ProcessFacts> process_;
  std::map<int, GraphOfIsolate> graphs_;  // by isolate
  std::optional<uint64_t> fingerprint_;
  std::shared_ptr<const ScratchSpace> scratch_;
  Completeness completeness_;
};

}  // namespace corewalk
