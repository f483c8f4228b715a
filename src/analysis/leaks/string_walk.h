// Visits every live string of a heap on all threads. Header only.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/on_threads.h"
#include "graph/heap_graph.h"
#include "heap/page_walker.h"
#include "heap/views/flat_text.h"

namespace corewalk {

struct WalkedString {
  ObjectId id = kNoObject;
  StringForm form = StringForm::kNone;
  uint64_t address = 0;  // untagged
  uint64_t size = 0;     // bytes in the heap
  std::span<const std::byte> bytes;

  uint32_t length() const { return Load<uint32_t>(12); }
  uint64_t first() const {
    return Load<uint64_t>(16);
  }  // of a cons; of a slice its parent; of a thin string the actual one
  uint64_t second() const { return Load<uint64_t>(24); }  // of a cons; of a slice its offset, a Smi
  // Bytes outside of the heap.
  uint64_t outside() const { return !IsExternal(form) ? 0 : uint64_t{length()} * (IsWide(form) ? 2 : 1); }

  template <typename T>
  T Load(size_t offset) const {
    T value{};
    if (offset + sizeof(T) <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
  }
};

class StringWalk {
 public:
  StringWalk(const HeapGraph& graph, const Cancel& cancel, const ProgressFunction& progress)
      : graph_(graph), cancel_(cancel), progress_(progress), threads_(ClampThreads(graph.options().threads)) {
    const HeapModel& model = graph.index().model();
    for (const LiveShape& shape : graph.shapes().shapes())
      forms_.push_back(StringFormOf(model.layout().types, shape.map.instance_type));
    for (size_t i = 0; i < threads_; ++i) {
      maps_.push_back(std::make_unique<MapCache>(model.memory(), model.layout()));
      walkers_.push_back(std::make_unique<PageWalker>(graph.index().MakeWalker(maps_.back().get(), &cancel)));
    }
  }

  size_t threads() const { return threads_; }
  StringForm FormOf(ObjectId id) const { return forms_[graph_.shapes().ShapeOf(id)]; }
  // Of the string at an address, for the thread with this number.
  StringForm FormAt(size_t thread, uint64_t address) {
    const std::optional<uint64_t> map = graph_.index().model().memory().ReadWord(address);
    const MapCache::Slot* slot = map ? maps_[thread]->Find(*map) : nullptr;
    return slot == nullptr
               ? StringForm::kNone
               : StringFormOf(graph_.index().model().layout().types, maps_[thread]->info(*slot).instance_type);
  }

  // visit(size_t thread, const WalkedString&), from several threads at once.
  template <typename Visit>
  void ForEach(const char* what, Visit&& visit) {
    const ObjectIndex& index = graph_.index();
    InPieces(index.page_count(), threads_, cancel_, progress_, what, [&](size_t thread, size_t page) {
      index.VisitPage(page, walkers_[thread].get(),
                      [&](ObjectId id, MapCache::Slot&, Address address, uint64_t size, const std::byte* bytes) {
                        const StringForm form = FormOf(id);
                        if (form == StringForm::kNone || !graph_.IsLive(id)) return;
                        visit(thread, WalkedString{id, form, address, size, std::span(bytes, size)});
                      });
    });
  }

 private:
  const HeapGraph& graph_;
  const Cancel& cancel_;
  const ProgressFunction& progress_;
  const size_t threads_;
  std::vector<StringForm> forms_;  // by shape
  std::vector<std::unique_ptr<MapCache>> maps_;
  std::vector<std::unique_ptr<PageWalker>> walkers_;
};

}  // namespace corewalk
