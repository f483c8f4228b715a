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
#include "graph/heap_graph.h"
#include "heap/heap_model.h"
#include "heap/names.h"
#include "layout/binary_facts.h"
#include "memory/build_id.h"
#include "memory/elf_file.h"
#include "memory/image_memory.h"
#include "memory/memory.h"
#include "node/process_facts.h"

namespace corewalk {

struct OpenOptions {
  std::string executable;    // path of the node binary (or libnode.so); "" = find it through the target's file mappings
  bool force = false;        // go on although executable and core do not belong together
  bool hide_tables = false;  // for tests: pretend that no layout table is known for this V8
  int threads = 2;           // worker threads for walks, 1 or more
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
  };
  // Built on first use and kept; a later need may add to it or build it anew. Fails when cancelled, when the heap cannot
  // be numbered, or when this machine has not the memory for it.
  Result<HeapGraph*> Graph(int isolate, GraphNeed need, const Cancel& cancel, const ProgressFunction& progress);
  // The graph, when it has been built.
  const HeapGraph* KnownGraph(int isolate) const;

  // What every result of this target must say: gaps of the core, guesses of the layout, remarks made while opening.
  const Completeness& completeness() const { return completeness_; }

 private:
  Session() = default;
  Result<void> FindExecutable();
  void DescribeCompleteness();
  std::vector<AddressRange> HeapRanges() const;

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
  std::map<int, std::unique_ptr<HeapGraph>> graphs_;  // by isolate
  Completeness completeness_;
};

}  // namespace corewalk
