// The graph of a session: when it is built, taken from an index or added to, and whether there is room for it.
#include <fmt/format.h>

#include <algorithm>

#include "memory/available_memory.h"
#include "memory/fingerprint.h"
#include "session/session.h"

namespace corewalk {
namespace {

// Bytes of memory for each object at the peak, and of what remains in memory when arrays lie in a file. Measured on heaps of
// 10 and 76 million objects; docs/performance.md has the figures.
constexpr double kBytesToNumber = 1.2;
double BytesPerObject(Session::GraphNeed need) {
  switch (need) {
    case Session::GraphNeed::kSuspects:
      return 2.5;
    case Session::GraphNeed::kLiveness:
      return 24;
    case Session::GraphNeed::kPaths:
      return 28;
    case Session::GraphNeed::kRetained:
      return 27;
    case Session::GraphNeed::kAll:
      return 42;
  }
  return 0;
}
constexpr double kBytesBesideScratch = 4;
constexpr double kBytesOfHeapPerObject = 48;  // before they are counted

std::string Size(double bytes) {
  return bytes < 1e9 ? fmt::format("{:.0f} MB", bytes / 1e6) : fmt::format("{:.1f} GB", bytes / 1e9);
}

}  // namespace

Result<void> Session::SetGraphResources(const GraphResources& resources) {
  if (resources.scratch != options_.graph.scratch || (scratch_ == nullptr && !resources.scratch.empty())) {
    std::shared_ptr<const ScratchSpace> scratch;
    if (!resources.scratch.empty()) {
      Result<std::shared_ptr<const ScratchSpace>> opened = ScratchSpace::Open(resources.scratch);
      if (!opened) return std::unexpected(opened.error());
      scratch = std::move(*opened);
    }
    scratch_ = std::move(scratch);
  }
  if (resources.index != options_.graph.index) {
    for (auto& [isolate, of] : graphs_) of.index.reset(), of.index_tried = false;
  }
  options_.graph = resources;
  return {};
}

GraphIndexIdentity Session::IndexIdentity(int isolate) {
  if (!fingerprint_) fingerprint_ = ContentFingerprint(*memory_);
  GraphIndexIdentity identity{.core_bytes = memory_->Gaps().file_bytes,
                              .content = *fingerprint_,
                              .process = memory_->Process().pid,
                              .isolate = isolate,
                              .heap = model_->isolates()[isolate].heap};
  for (const Module& module : modules_) {
    if (!module.build_id.empty()) identity.build_id += (identity.build_id.empty() ? "" : ",") + module.build_id;
  }
  if (binary_) identity.binary = binary_->build_id.empty() ? "without build-id" : binary_->build_id;
  identity.layout = fmt::format("V8 {}{}", layout().version.ToString(), options_.hide_tables ? " without tables" : "");
  return identity;
}

Result<void> Session::LoadIndexed(int isolate, GraphOfIsolate* of, const Cancel& cancel, const ProgressFunction& progress) {
  if (options_.graph.index.empty()) return {};
  if (memory_->Kind() == TargetKind::kLiveProcess)
    return Fail(ErrorCode::kUsage, "an index is kept of core files only: a live process goes on changing (leave out --index)");
  if (memory_->Kind() == TargetKind::kDebugger)
    return Fail(ErrorCode::kUsage, "an index is kept of core files only, and this target is read through the debugger (leave out --index)");
  if (of->index_tried) return {};
  of->index_tried = true;
  of->index.emplace(options_.graph.index, IndexIdentity(isolate));
  if (of->graph != nullptr) return {};  // it was built before an index was wanted
  GraphIndex::Loaded loaded =
      of->index->Load(*model_, {.isolate = isolate, .threads = options_.threads}, cancel, progress);
  if (loaded.interrupted) {
    of->index_tried = false;
    return Fail(ErrorCode::kInterrupted, "interrupted while the index was read");
  }
  of->graph = std::move(loaded.graph);
  return {};
}

Result<const HeapGraph*> Session::KnownGraph(int isolate, const Cancel& cancel, const ProgressFunction& progress) {
  GraphOfIsolate& of = graphs_[isolate];
  if (const Result<void> done = LoadIndexed(isolate, &of, cancel, progress); !done) return std::unexpected(done.error());
  return of.graph.get();
}

std::string Session::IndexProblem(int isolate) const {
  const auto of = graphs_.find(isolate);
  return of == graphs_.end() || !of->second.index ? "" : of->second.index->Problem();
}

// Says so before anything is built, and what can be done instead. `taken`: bytes in memory that are a part of what is needed.
Result<void> Session::CheckRoom(uint64_t objects, GraphNeed need, uint64_t taken) const {
  const uint64_t available = options_.graph.memory != 0 ? options_.graph.memory : AvailableMemory() + taken;
  const double each = scratch_ != nullptr && need != GraphNeed::kSuspects ? kBytesBesideScratch : BytesPerObject(need);
  const double wanted = static_cast<double>(objects) * each;
  if (available == 0 || wanted <= static_cast<double>(available)) return {};
  std::string message = fmt::format("this needs about {} of memory ({:.0f} million objects, {:g} bytes for each), and {} are available",
                                    Size(wanted), static_cast<double>(objects) / 1e6, each, Size(static_cast<double>(available)));
  if (need != GraphNeed::kSuspects) {
    if (scratch_ == nullptr) message += "; with --scratch DIR most of it lies in a file there";
    const double marks = static_cast<double>(objects) * BytesPerObject(GraphNeed::kSuspects);
    if (marks <= static_cast<double>(available)) {
      message += fmt::format("; retained and whatif (ADDRESS or --class NAME) and histogram --live do with {}", Size(marks));
    }
  }
  return Fail(ErrorCode::kNoMemory, message);
}

Result<void> Session::Number(int isolate, GraphOfIsolate* of, const Cancel& cancel, const ProgressFunction& progress) {
  if (of->numbered) return {};
  uint64_t heap_bytes = 0;
  for (const Space& space : model_->isolates()[isolate].spaces) {
    for (const Page& page : space.pages) heap_bytes += page.descriptor.area_end - page.descriptor.area_start;
  }
  const uint64_t guess = static_cast<uint64_t>(static_cast<double>(heap_bytes) / kBytesOfHeapPerObject);
  const uint64_t available = options_.graph.memory != 0 ? options_.graph.memory : AvailableMemory();
  if (available != 0 && kBytesToNumber * static_cast<double>(guess) > static_cast<double>(available)) {
    return Fail(ErrorCode::kNoMemory, fmt::format("not even the objects of this heap of {} can be numbered: {} are available",
                                                  Size(static_cast<double>(heap_bytes)), Size(static_cast<double>(available))));
  }
  Result<std::unique_ptr<ObjectIndex>> index = ObjectIndex::Build(*model_, isolate, options_.threads, cancel, progress);
  if (!index) return std::unexpected(index.error());
  of->numbered = std::move(*index);
  return {};
}

Result<void> Session::BuildGraph(int isolate, GraphNeed need, GraphOfIsolate* of, const Cancel& cancel,
                                 const ProgressFunction& progress) {
  if (const Result<void> numbered = Number(isolate, of, cancel, progress); !numbered) return numbered;
  const bool paths = need == GraphNeed::kPaths || need == GraphNeed::kAll || need == GraphNeed::kSuspects;
  if (need == GraphNeed::kSuspects) need = GraphNeed::kPaths;
  if (const Result<void> room = CheckRoom(of->numbered->size(), need); !room) return room;
  // What an index keeps should do for every command, if there is room.
  const GraphNeed more = need == GraphNeed::kRetained ? GraphNeed::kAll : GraphNeed::kPaths;
  const bool retained = need == GraphNeed::kRetained || need == GraphNeed::kAll;
  const bool lean = !paths && !(of->index && CheckRoom(of->numbered->size(), more));
  Result<std::unique_ptr<HeapGraph>> built = HeapGraph::Build(
      std::move(of->numbered), binary(),
      {.isolate = isolate, .threads = options_.threads, .lean = lean, .ways_later = retained}, cancel, progress);
  if (!built) return std::unexpected(built.error());
  of->graph = std::move(*built);
  of->marks.reset();
  return {};
}

Result<HeapGraph*> Session::MarksGraph(int isolate, GraphNeed need, GraphOfIsolate* of, const Cancel& cancel,
                                       const ProgressFunction& progress) {
  if (!of->marks) {
    if (const Result<void> numbered = Number(isolate, of, cancel, progress); !numbered) return std::unexpected(numbered.error());
    if (const Result<void> room = CheckRoom(of->numbered->size(), GraphNeed::kSuspects); !room) return std::unexpected(room.error());
    Result<std::unique_ptr<HeapGraph>> built =
        HeapGraph::Build(std::move(of->numbered), binary(),
                         {.isolate = isolate, .threads = options_.threads, .marks_only = true}, cancel, progress);
    if (!built) return std::unexpected(built.error());
    of->marks = std::move(*built);
  }
  if (need == GraphNeed::kLiveness) {
    if (const Result<void> done = of->marks->EnsureShapes(cancel, progress); !done) return std::unexpected(done.error());
  }
  return of->marks.get();
}

Result<HeapGraph*> Session::Graph(int isolate, GraphNeed need, const Cancel& cancel,
                                  const ProgressFunction& progress) {
  const bool paths = need == GraphNeed::kPaths || need == GraphNeed::kAll;
  const bool suspects = need == GraphNeed::kSuspects;
  bool retained = need == GraphNeed::kRetained || need == GraphNeed::kAll;
  GraphOfIsolate& of = graphs_[isolate];
  if (const Result<void> done = LoadIndexed(isolate, &of, cancel, progress); !done) return std::unexpected(done.error());
  if ((paths || suspects) && of.graph && !of.graph->EnsureWays(cancel))
    return Fail(ErrorCode::kInterrupted, "interrupted while ways to the roots were made");
  // What goes with chosen objects can be told without the references; retained sizes that are known are worth more.
  if (suspects && of.graph && !of.graph->has_ways()) return MarksGraph(isolate, need, &of, cancel, progress);
  if (of.graph && (paths || suspects)) {
    Result<void> references = of.graph->has_ways() ? of.graph->EnsureReferences(cancel, progress)
                                                   : Fail(ErrorCode::kUnsupported, "");
    if (!references && references.error().code == ErrorCode::kInterrupted) return std::unexpected(references.error());
    if (!references) {
      if (references.error().code == ErrorCode::kBadFormat && of.index) of.index->Forget(references.error().message);
      if (of.index) retained |= of.graph->has_retained();  // an index does not get less
      of.graph.reset();
    }
  }
  bool changed = false;
  if (!of.graph) {
    const Result<void> built = BuildGraph(isolate, need, &of, cancel, progress);
    if (!built && built.error().code == ErrorCode::kNoMemory && (suspects || need == GraphNeed::kLiveness)) {
      Result<HeapGraph*> marks = MarksGraph(isolate, need, &of, cancel, progress);
      if (marks) (*marks)->set_notes({"memory is short, so only what is live was found: " + built.error().message});
      return marks;
    }
    if (!built) return std::unexpected(built.error());
    changed = true;
  }
  HeapGraph& graph = *of.graph;
  graph.set_notes({});
  if (retained && !graph.has_retained()) {
    Result<void> done = graph.has_dominators() ? Result<void>() : graph.EnsureReferences(cancel, progress);
    // kUnsupported: a lean graph gave them up for dominators, which were interrupted.
    if (!done && (done.error().code == ErrorCode::kBadFormat || done.error().code == ErrorCode::kUnsupported)) {
      if (done.error().code == ErrorCode::kBadFormat && of.index) of.index->Forget(done.error().message);
      of.graph.reset();
      return Graph(isolate, need, cancel, progress);
    }
    if (done) {
      done = CheckRoom(graph.object_count(), graph.options().lean ? GraphNeed::kRetained : GraphNeed::kAll,
                       scratch_ == nullptr ? graph.MemoryBytes() : 0);
    }
    if (done) done = graph.EnsureRetained(cancel, progress);
    if (!done) return std::unexpected(done.error());
    changed = true;
  } else if (!paths && !suspects && !graph.has_shapes()) {
    if (const Result<void> done = graph.EnsureShapes(cancel, progress); !done) return std::unexpected(done.error());
    changed = true;
  }
  if (changed && of.index) {
    // Nothing that the file has already may be lost.
    if (graph.has_ways()) (void)graph.EnsureReferences(cancel, progress);
    if (std::string note = of.index->Save(graph, cancel, progress); !note.empty()) graph.set_notes({std::move(note)});
  }
  return of.graph.get();
}

}  // namespace corewalk
