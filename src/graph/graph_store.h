// Keeps a graph in a file (see SectionFile) and takes it from there: what was numbered, reached, measured and summed up is
// mapped, not computed again. Whether the file was made from this very target is the business of the caller.
//
// Bad input: what was read is checked before anything uses it, so that even a file whose hashes are right cannot lead out
// of an array: the pages must be those of the heap, every id and every index in its bounds, every list of references ended.
// Ways and trees of damaged files may still lie; whoever follows them bounds the steps.
#pragma once

#include <memory>

#include "base/section_file.h"
#include "graph/heap_graph.h"

namespace corewalk {

// Grows with every change of the sections, and of what counts as a reference, a root, live or retained.
inline constexpr uint32_t kGraphFormat = 1;

class GraphStore {
 public:
  // How many bytes Save() will write, about.
  static uint64_t BytesOf(const HeapGraph& graph);
  // False when the writer has failed or was cancelled; its Commit() tells why.
  static bool Save(const HeapGraph& graph, SectionFileWriter* file, const Cancel& cancel, const ProgressFunction& progress);

  // The graph as far as the file has it; what is missing is found by the graph when it is asked for. Errors: kBadFormat when
  // the file is damaged or is not of this heap, kInterrupted.
  static Result<std::unique_ptr<HeapGraph>> Load(std::shared_ptr<const SectionFile> file, const HeapModel& model,
                                                 const HeapGraphOptions& options, const Cancel& cancel,
                                                 const ProgressFunction& progress);
  // The references, which Load() leaves in the file: they are most of it, and many commands need none.
  static Result<std::unique_ptr<References>> LoadReferences(const SectionFile& file, const HeapGraph& graph,
                                                            const Cancel& cancel);
  static bool HasReferences(const SectionFile& file);

 private:
  class Reader;
};

}  // namespace corewalk
