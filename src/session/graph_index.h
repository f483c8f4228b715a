// The file that keeps a graph beside its core (--index FILE): which target it was made from, whether it may be used, and
// whether it may be replaced. What stands in it: graph/graph_store.h.
//
// One file for each isolate: FILE for isolate 0, "FILE.isolate-N" for others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "graph/graph_store.h"

namespace corewalk {

// What a file must have been made from to be of use, as lines "key value".
struct GraphIndexIdentity {
  uint64_t core_bytes = 0;
  uint64_t content = 0;   // see ContentFingerprint()
  int process = 0;
  std::string build_id;   // of the executable, as the core's memory has it; "" = unknown
  std::string binary;     // the build-id of the file that V8's names were read from; "" = none was there
  std::string layout;     // which V8 layout is in use, and from where
  int isolate = 0;
  uint64_t heap = 0;      // address of the isolate's Heap

  std::string Lines() const;
};

class GraphIndex {
 public:
  GraphIndex(const std::string& path, GraphIndexIdentity identity);

  struct Loaded {
    std::unique_ptr<HeapGraph> graph;  // null when there is nothing to be used
    std::string problem;               // why not; "" when there is just no file yet
    bool interrupted = false;
  };
  Loaded Load(const HeapModel& model, const HeapGraphOptions& options, const Cancel& cancel,
              const ProgressFunction& progress);
  // "index FILE was not used: it belongs to another core"; "" when it was, or when there is none.
  std::string Problem() const;
  // Part of an earlier Load() that was left in the file turned out to be damaged.
  void Forget(std::string problem) { problem_ = std::move(problem); }

  // Writes the file as far as the graph goes; a note about it, "" when there is nothing to be said. A file that is no
  // index, or that others can write to, stays as it is.
  std::string Save(const HeapGraph& graph, const Cancel& cancel, const ProgressFunction& progress);

 private:
  std::string Shown() const;

  std::string path_;
  std::string identity_;
  std::string problem_;    // of the last Load()
  bool replaceable_ = true;
};

}  // namespace corewalk
