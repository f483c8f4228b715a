#include "analysis/leaks/buffers.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <unordered_map>

#include "heap/tagged.h"
#include "heap/views/buffers.h"
#include "heap/views/contexts.h"
#include "heap/views/slots.h"
#include "node/memory_scan.h"

namespace corewalk {
namespace {

constexpr ObjectId kPollObjects = 1 << 16;
// How many words of an object that holds an ArrayBuffer are read to learn how it calls it.
constexpr uint64_t kMostHolderWords = 4096;

// The objects of each role, garbage too.
struct Found {
  std::vector<ObjectId> buffers, views, strings, wasm_memories;
};

Found FindObjects(const HeapGraph& graph, const Layout& layout, const Cancel& cancel) {
  const std::span<const LiveShape> shapes = graph.shapes().shapes();
  std::vector<StoreRole> roles(shapes.size());
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (shapes[i].space != SpaceKind::kReadOnly) roles[i] = StoreRoleOf(layout, shapes[i].map.instance_type);
  }
  Found found;
  for (ObjectId id = 0; id < graph.object_count(); ++id) {
    if (id % (1 << 20) == 0 && cancel.Cancelled()) break;
    switch (roles[graph.shapes().ShapeOf(id)]) {
      case StoreRole::kNone:
        break;
      case StoreRole::kArrayBuffer:
        found.buffers.push_back(id);
        break;
      case StoreRole::kView:
        found.views.push_back(id);
        break;
      case StoreRole::kString:
        found.strings.push_back(id);
        break;
      case StoreRole::kWasmMemory:
        found.wasm_memories.push_back(id);
        break;
    }
  }
  return found;
}

class Census {
 public:
  Census(HeapReader* reader, const HeapGraph& graph, const BinaryFacts* binary, const Cancel& cancel)
      : reader_(*reader), graph_(graph), stores_(reader, binary), cancel_(cancel) {}

  BufferCensus Take() {
    const Found found = FindObjects(graph_, reader_.layout(), cancel_);
    for (const ObjectId id : found.wasm_memories) stores_.AddWasmMemory(Tagged(id));
    stores_.FinishWasmMemories();
    for (const ObjectId id : found.buffers) {
      if (id % kPollObjects == 0 && cancel_.Cancelled()) break;
      AddBuffer(id);
    }
    for (const ObjectId id : found.strings) {
      if (id % kPollObjects == 0 && cancel_.Cancelled()) break;
      AddString(id);
    }
    Join();
    AddViews(found.views);
    FindOtherHolders(found);
    census_.interrupted = cancel_.Cancelled();
    return std::move(census_);
  }

 private:
  uint64_t Tagged(ObjectId id) const { return graph_.index().AddressOf(id) + 1; }

  void AddBuffer(ObjectId id) {
    const std::optional<ArrayBufferInfo> info = ReadArrayBuffer(reader_, Tagged(id));
    if (!info) return;
    const bool live = graph_.IsLive(id);
    census_.array_buffers += live;
    census_.detached += live && info->detached;
    if (const std::optional<StoreFacts> facts = stores_.OfBuffer(Tagged(id))) AddStore(id, *facts);
  }

  void AddString(ObjectId id) {
    if (const std::optional<StoreFacts> facts = stores_.OfString(Tagged(id))) {
      AddStore(id, *facts);
      census_.stores.back().used_bytes = facts->bytes;
    }
  }

  void AddStore(ObjectId id, const StoreFacts& facts) {
    ExternalStore& store = census_.stores.emplace_back();
    static_cast<StoreFacts&>(store) = facts;
    store.liveness = graph_.LivenessOf(id);
    (store.liveness == Liveness::kGarbage ? store.dead_holders : store.holders) = 1;
    store.isolates = 1;
    store.isolate = graph_.options().isolate;
    store.holder = id;
  }

  // One entry for each store.
  void Join() {
    std::vector<ExternalStore>& stores = census_.stores;
    std::ranges::sort(stores, [](const ExternalStore& a, const ExternalStore& b) {
      return std::tie(a.address, a.liveness, a.holder) < std::tie(b.address, b.liveness, b.holder);
    });
    size_t last = 0;
    for (size_t i = 0; i < stores.size(); ++i) {
      of_holder_.emplace(stores[i].holder, 0);
      if (i == 0 || stores[i].address != stores[last].address) {
        if (i != 0) ++last;
        stores[last] = stores[i];
      } else {
        ExternalStore& into = stores[last];
        into.bytes = std::max(into.bytes, stores[i].bytes);
        into.capacity = std::max({into.capacity, stores[i].capacity, into.bytes});
        into.holders += stores[i].holders;
        into.dead_holders += stores[i].dead_holders;
        into.shared |= stores[i].shared;
        into.counted = std::max(into.counted, stores[i].counted);
      }
      of_holder_[stores[i].holder] = static_cast<uint32_t>(last);
    }
    stores.resize(stores.empty() ? 0 : last + 1);
  }

  struct Piece {
    uint32_t store;
    uint64_t begin, end;
    ObjectId view;
  };

  void AddViews(const std::vector<ObjectId>& views) {
    std::vector<Piece> pieces;
    for (const ObjectId id : views) {
      if (id % kPollObjects == 0 && cancel_.Cancelled()) break;
      if (!graph_.IsLive(id)) continue;
      ++census_.views;
      const std::optional<ArrayBufferViewInfo> view = ReadArrayBufferView(reader_, Tagged(id));
      if (!view) continue;
      if (view->on_heap) {
        ++census_.on_heap_views;
        census_.on_heap_bytes += view->byte_length;
        continue;
      }
      const ObjectId buffer = graph_.index().At(view->buffer);
      const auto found = of_holder_.find(buffer);
      if (buffer == kNoObject || found == of_holder_.end()) continue;
      const ExternalStore& store = census_.stores[found->second];
      const uint64_t begin = std::min(view->byte_offset, store.bytes);
      pieces.push_back({found->second, begin, std::min(begin + view->byte_length, store.bytes), id});
    }
    std::ranges::sort(pieces, [](const Piece& a, const Piece& b) {
      return std::tie(a.store, a.begin, a.view) < std::tie(b.store, b.begin, b.view);
    });
    uint64_t covered = 0;
    for (size_t i = 0; i < pieces.size(); ++i) {
      const Piece& piece = pieces[i];
      ExternalStore& store = census_.stores[piece.store];
      if (i == 0 || pieces[i - 1].store != piece.store) {
        covered = 0;
        store.view = piece.view;
      }
      ++store.views;
      if (piece.end > covered) {
        store.used_bytes += piece.end - std::max(covered, piece.begin);
        covered = piece.end;
      }
      // The view through which the store is held, when there is such a one.
      if (graph_.ParentOf(store.holder) == piece.view) store.view = piece.view;
    }
  }

  // Which ArrayBuffers are held by something else than their views: roots, other objects.
  void FindOtherHolders(const Found& found) {
    const References* references = graph_.references();
    if (references == nullptr) return;
    NodeSet buffers(graph_.node_count()), views(graph_.node_count()), held(graph_.node_count());
    for (const ObjectId id : found.buffers) buffers.Add(id);
    for (const ObjectId id : found.views) views.Add(id);
    for (ObjectId from = 0; from < graph_.object_count(); ++from) {
      if (from % (1 << 20) == 0 && cancel_.Cancelled()) return;
      if (!graph_.IsLive(from) || views.Has(from)) continue;
      references->ForEach(from, [&](ObjectId to) {
        if (graph_.IsObject(to) && buffers.Has(to) && held.Add(to)) LookForPool(from, to);
      });
    }
    for (const Ephemeron& entry : references->ephemerons()) {
      const bool key_lives = entry.key == kNoObject || graph_.IsLive(entry.key);
      if (buffers.Has(entry.value) && graph_.IsLive(entry.table) && key_lives) held.Add(entry.value);
    }
    census_.holders_known = true;
    for (const auto& [holder, number] : of_holder_) {
      ExternalStore& store = census_.stores[number];
      if (!buffers.Has(holder) || !graph_.IsLive(holder)) continue;
      if (held.Has(holder) || !graph_.RootsOf(holder).empty()) other_holder_.push_back(number);
      store.only_views = store.views != 0;
    }
    for (const uint32_t number : other_holder_) census_.stores[number].only_views = false;
    for (ExternalStore& store : census_.stores) {
      store.is_pool =
          store.kind == ExternalStoreKind::kBuffer && census_.pool_bytes != 0 && store.bytes == census_.pool_bytes;
      // Memory of a WebAssembly memory is used by its code, native memory by who made it.
      if (store.kind == ExternalStoreKind::kWasmMemory || store.kind == ExternalStoreKind::kNative)
        store.only_views = false;
    }
  }

  // lib/buffer.js keeps the slab that new Buffers are cut from in a variable (all versions).
  void LookForPool(ObjectId from, ObjectId buffer) {
    constexpr std::string_view kVariable = "allocPool";
    if (census_.pool_bytes != 0 ||
        !reader_.layout().types.IsContext(graph_.shapes().shapes()[graph_.shapes().ShapeOf(from)].map.instance_type))
      return;
    const uint64_t context = Tagged(from);
    const uint64_t words = std::min(reader_.SizeOf(context) / 8, kMostHolderWords);
    const std::vector<uint64_t> slots = ReadWords(reader_.memory(), Untag(context), words);
    SlotNamer namer(&reader_);
    for (size_t i = 0; i < slots.size(); ++i) {
      if (graph_.index().At(slots[i]) != buffer || (slots[i] & 1) == 0) continue;
      const SlotName name = namer.Name(context, Untag(context) + 8 * i);
      if (name.kind != SlotKind::kVariable || name.text != kVariable) continue;
      if (const std::optional<ArrayBufferInfo> info = ReadArrayBuffer(reader_, Tagged(buffer)))
        census_.pool_bytes = info->byte_length;
    }
  }

  HeapReader& reader_;
  const HeapGraph& graph_;
  StoreReader stores_;
  const Cancel& cancel_;
  BufferCensus census_;
  std::unordered_map<ObjectId, uint32_t> of_holder_;  // ArrayBuffer or string -> index of its store
  std::vector<uint32_t> other_holder_;
};

BufferCensus::Sum SumOf(const BufferCensus& census, ExternalStoreKind kind, bool live) {
  BufferCensus::Sum sum;
  for (const ExternalStore& store : census.stores) {
    if (store.kind != kind || (store.liveness != Liveness::kGarbage) != live) continue;
    ++sum.stores;
    sum.bytes += store.bytes;
  }
  return sum;
}

}  // namespace

BufferCensus::Sum BufferCensus::Live(ExternalStoreKind kind) const {
  return SumOf(*this, kind, true);
}

BufferCensus::Sum BufferCensus::Garbage(ExternalStoreKind kind) const {
  return SumOf(*this, kind, false);
}

BufferCensus TakeBufferCensus(HeapReader* reader, const HeapGraph& graph, const BinaryFacts* binary,
                              const Cancel& cancel) {
  return Census(reader, graph, binary, cancel).Take();
}

void MergeCensus(BufferCensus* all, BufferCensus&& one) {
  all->holders_known = (all->isolates == 0 || all->holders_known) && one.holders_known;
  ++all->isolates;
  all->array_buffers += one.array_buffers;
  all->views += one.views;
  all->detached += one.detached;
  all->on_heap_views += one.on_heap_views;
  all->on_heap_bytes += one.on_heap_bytes;
  all->pool_bytes = std::max(all->pool_bytes, one.pool_bytes);
  all->interrupted |= one.interrupted;
  std::vector<ExternalStore> merged;
  merged.reserve(all->stores.size() + one.stores.size());
  auto a = all->stores.begin(), b = one.stores.begin();
  while (a != all->stores.end() || b != one.stores.end()) {
    if (b == one.stores.end() || (a != all->stores.end() && a->address < b->address)) {
      merged.push_back(*a++);
    } else if (a == all->stores.end() || b->address < a->address) {
      merged.push_back(*b++);
    } else {
      // One memory in several isolates: how their views overlap is not known, so that nothing counts as unused that
      // either of them uses.
      ExternalStore store = b->liveness < a->liveness ? *b : *a;
      const ExternalStore& other = b->liveness < a->liveness ? *a : *b;
      store.bytes = std::max(a->bytes, b->bytes);
      store.capacity = std::max(a->capacity, b->capacity);
      store.shared |= other.shared;
      store.holders += other.holders;
      store.dead_holders += other.dead_holders;
      store.isolates += other.isolates;
      store.views += other.views;
      store.used_bytes = std::min(store.bytes, a->used_bytes + b->used_bytes);
      store.only_views &= other.only_views || other.liveness == Liveness::kGarbage;
      merged.push_back(store);
      ++a, ++b;
    }
  }
  all->stores = std::move(merged);
}

MemoryUsage UsageOf(const BufferCensus& census) {
  MemoryUsage usage;
  for (const ExternalStore& store : census.stores) {
    if (store.kind == ExternalStoreKind::kBuffer || store.kind == ExternalStoreKind::kShared)
      usage.array_buffers += store.bytes;
    usage.external += store.counted;
  }
  return usage;
}

std::optional<uint64_t> AllocatorCounter(HeapReader* reader, const HeapGraph& graph, const BufferCensus& census,
                                         const BinaryFacts* binary) {
  const StoreReader stores(reader, binary);
  for (const ExternalStore& store : census.stores) {
    if (store.kind != ExternalStoreKind::kBuffer || store.isolate != graph.options().isolate) continue;
    const Address allocator = stores.AllocatorOf(graph.index().AddressOf(store.holder) + 1, store.address);
    if (allocator == 0) continue;
    // class NodeArrayBufferAllocator (src/node_internals.h): up to Node 23 {vtable, u32 zero_fill, total, allocator},
    // then {vtable, total, allocator}; the last is a pointer to another object with a vtable.
    const uint64_t second = reader->Word(allocator + 8).value_or(0);
    const uint64_t third = reader->Word(allocator + 16).value_or(0);
    const uint64_t vtable = third % 16 == 0 ? reader->Word(third).value_or(0) : 0;
    const bool third_is_object = vtable != 0 && vtable % 8 == 0 && InReadOnlyImage(reader->memory(), vtable);
    return third_is_object && (second & 0xffffffff) > 1 ? second : third;
  }
  return std::nullopt;
}

std::vector<ViewOfStore> ViewsOfStore(HeapReader* reader, const HeapGraph& graph, Address store, const Cancel& cancel) {
  std::vector<ViewOfStore> views;
  const Found found = FindObjects(graph, reader->layout(), cancel);
  for (const ObjectId id : found.views) {
    if (id % kPollObjects == 0 && cancel.Cancelled()) break;
    if (!graph.IsLive(id)) continue;
    const std::optional<ArrayBufferViewInfo> view = ReadArrayBufferView(*reader, graph.index().AddressOf(id) + 1);
    if (!view || view->on_heap) continue;
    const std::optional<ArrayBufferInfo> buffer = ReadArrayBuffer(*reader, view->buffer);
    if (buffer && buffer->backing_store == store) views.push_back({id, view->byte_offset, view->byte_length});
  }
  std::ranges::stable_sort(views, {}, &ViewOfStore::offset);
  return views;
}

Address StoreOf(HeapReader* reader, uint64_t object) {
  if (const std::optional<ArrayBufferInfo> buffer = ReadArrayBuffer(*reader, object)) return buffer->backing_store;
  if (const std::optional<ArrayBufferViewInfo> view = ReadArrayBufferView(*reader, object)) {
    if (view->on_heap) return 0;
    const std::optional<ArrayBufferInfo> buffer = ReadArrayBuffer(*reader, view->buffer);
    return buffer ? buffer->backing_store : 0;
  }
  const std::optional<StoreFacts> text = StoreReader(reader, nullptr).OfString(object);
  return text ? text->address : 0;
}

}  // namespace corewalk
