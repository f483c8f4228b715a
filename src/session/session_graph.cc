// The graph of a session: when it is built, what of it is kept, and whether there is room for it.
#include <fmt/format.h>

#include <algorithm>

#include "memory/available_memory.h"
#include "session/session.h"

namespace corewalk {
namespace {

// Bytes of memory per byte of heap at the peak, for objects of 48 bytes on average: numbers, references, dominators.
constexpr double kPeakShare = 0.60;

}  // namespace

const HeapGraph* Session::KnownGraph(int isolate) const {
  const auto found = graphs_.find(isolate);
  return found == graphs_.end() ? nullptr : found->second.get();
}

Result<HeapGraph*> Session::Graph(int isolate, GraphNeed need, const Cancel& cancel,
                                  const ProgressFunction& progress) {
  const bool paths = need == GraphNeed::kPaths || need == GraphNeed::kAll;
  const bool retained = need == GraphNeed::kRetained || need == GraphNeed::kAll;
  std::unique_ptr<HeapGraph>& graph = graphs_[isolate];
  if (graph && paths && (graph->options().lean || graph->references() == nullptr)) graph.reset();
  if (!graph) {
    uint64_t heap_bytes = 0;
    for (const Space& space : model_->isolates()[isolate].spaces) {
      for (const Page& page : space.pages) heap_bytes += page.descriptor.area_end - page.descriptor.area_start;
    }
    const double wanted = kPeakShare * static_cast<double>(heap_bytes);
    const uint64_t available = AvailableMemory();
    if (available != 0 && wanted > static_cast<double>(available)) {
      return Fail(ErrorCode::kUnsupported,
                  fmt::format("the graph of this heap of {:.1f} GB would take some {:.1f} GB of memory, and {:.1f} GB are "
                              "available: histogram, refs and find need little; else take the core to a larger machine",
                              static_cast<double>(heap_bytes) / 1e9, wanted / 1e9, static_cast<double>(available) / 1e9));
    }
    Result<std::unique_ptr<HeapGraph>> built =
        HeapGraph::Build(*model_, binary(), {.isolate = isolate, .threads = options_.threads, .lean = !paths}, cancel,
                         progress);
    if (!built) return std::unexpected(built.error());
    graph = std::move(*built);
  }
  if (retained) {
    if (const Result<void> done = graph->EnsureRetained(cancel, progress); !done) return std::unexpected(done.error());
  } else if (!paths) {
    if (const Result<void> done = graph->EnsureShapes(cancel, progress); !done) return std::unexpected(done.error());
  }
  return graph.get();
}

}  // namespace corewalk
