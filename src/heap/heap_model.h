// The V8 heaps of a process: isolates, their spaces and pages, and the layout that was found and verified for them.
// Built once per opened target; immutable afterwards. Reading objects out of the pages is page_walker's business.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "heap/linear_areas.h"
#include "heap/map_cache.h"
#include "heap/spaces.h"
#include "layout/binary_facts.h"
#include "layout/layout.h"

namespace corewalk {

struct IsolateHeap {
  int number = 0;       // 0 = the main thread's, then by address
  Address isolate = 0;  // the Isolate struct; 0 when it could not be told from the roots table's address
  Address heap = 0;     // the Heap struct inside it
  RootsTable roots;
  int thread_id = 0;  // the thread that runs it, 0 when unknown
  bool is_main = false;
  std::vector<Space> spaces;  // read-only pages that all isolates share are in HeapModel::read_only
  std::vector<LinearArea> areas;
};

// One object whose truth is known, looked up through the layout before anything is printed.
struct SelfCheckItem {
  std::string what;
  bool passed = false;
  std::string detail;
};

struct YoungSurvivor {
  MapInfo map;
  Address address = 0;
  uint64_t size = 0;           // bytes
  const Page* page = nullptr;  // of from-space
};

struct HeapModelInput {
  const Memory* memory = nullptr;
  const BinaryFacts* binary = nullptr;  // null when there is no executable
  V8Version version;                    // as the binary or the process's own data say; unknown is allowed
  LayoutSource version_source = LayoutSource::kUnknown;
  bool hide_tables = false;
};

class HeapModel {
 public:
  // Fails when no isolate is found, or when the layout cannot be verified on the core.
  static Result<std::unique_ptr<HeapModel>> Build(const HeapModelInput& input, const Cancel& cancel);

  const Memory& memory() const { return *memory_; }
  const Layout& layout() const { return layout_; }
  std::span<const IsolateHeap> isolates() const { return isolates_; }
  const Space& read_only() const { return read_only_; }  // shared by all isolates (10.2 and later), else empty
  const PageIndex& index() const { return index_; }
  HiddenLinearAreas& hidden_areas() const { return *hidden_; }
  std::span<const SelfCheckItem> self_check() const { return self_check_; }
  // Objects that a collection in progress had not copied yet, see young_survivors.h; empty for a settled heap. Found on
  // first use; thread-safe. Empty, and looked for again, when cancelled.
  std::span<const YoungSurvivor> survivors(const Cancel& cancel) const;

  // How far the objects of a new-space page reach: the allocation top on the page in use, the whole area on the pages
  // before it, its start (nothing) on the pages behind it and on from-space pages.
  static Address ObjectsEnd(const Space& space, size_t page_number);

 private:
  HeapModel() = default;
  Result<void> BuildLayout(const HeapModelInput& input, const std::vector<IsolateRoots>& isolates);
  void CollectReadOnly(const ChunkScan& scan);
  void ClassifySpaces();
  void FindHiddenAreas(const Cancel& cancel);
  void FindThreads(const HeapModelInput& input);
  Result<void> SelfCheck(const HeapModelInput& input);

  const Memory* memory_ = nullptr;
  Layout layout_;
  std::vector<IsolateHeap> isolates_;
  Space read_only_;
  PageIndex index_;
  std::unique_ptr<HiddenLinearAreas> hidden_;
  std::vector<SelfCheckItem> self_check_;
  mutable std::mutex survivors_mutex_;
  mutable std::optional<std::vector<YoungSurvivor>> survivors_;
};

}  // namespace corewalk
