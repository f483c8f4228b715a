#include "graph/references.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <tuple>

#include "base/on_threads.h"
#include "graph/dispatch_table.h"
#include "graph/machine_code.h"
#include "heap/external_layout.h"
#include "heap/tagged.h"
#include "layout/object_fields.h"

namespace corewalk {
namespace {

constexpr uint64_t kSlab = 1 << 19;  // references that a thread takes room for at a time: one huge page

uint64_t WordAt(const std::byte* bytes, uint64_t offset) {
  uint64_t word;
  std::memcpy(&word, bytes + offset, 8);
  return word;
}

}  // namespace

struct References::Hole {
  Address block;
  uint64_t bytes;
  uint32_t edge;
};

// What one thread does.
class References::Builder {
 public:
  Builder(const ObjectIndex& index, References* references, KindMarker::Marks* marks, const Cancel& cancel)
      : index_(index),
        references_(*references),
        marker_(index, marks),
        layout_(index.model().layout()),
        maps_(index.model().memory(), layout_),
        walker_(index.MakeWalker(&maps_, &cancel)),
        length_offset_(static_cast<uint64_t>(layout_.Get(LayoutConstant::kArrayBufferByteLength, 40))),
        store_offset_(static_cast<uint64_t>(layout_.Get(LayoutConstant::kArrayBufferBackingStore, 56))),
        show_weak_(FindObjectFacts(layout_.version).snapshots_hold_weak) {}

  void AddPage(size_t page) {
    if (!TakeRoom(index_.WordsOf(page))) return;
    index_.VisitPage(page, &walker_,
                     [this](ObjectId id, MapCache::Slot& slot, Address, uint64_t size, const std::byte* bytes) {
                       AddObject(id, slot, size, bytes);
                     });
    if (!own_room_) rest_ = at_;
    marker_.Flush();
  }

  // Gives the functions of this thread their Code; without a table, none.
  void AddCode(const DispatchTable* table) {
    uint32_t last_handle = 0;
    ObjectId last_code = kNoObject;
    for (const ObjectId function : functions) {
      uint32_t& first = references_.first_[function];
      uint32_t& edge = references_.edges_[first];
      const uint32_t mark = edge & kLast;
      const uint32_t handle = edge << 1;
      if (handle != last_handle) {
        last_handle = handle;
        const Address code = table != nullptr ? table->CodeOf(handle) : 0;
        last_code = IsCodeObject(code, &maps_) ? index_.At(code) : kNoObject;
      }
      if (last_code != kNoObject) {
        edge = last_code | mark;
      } else {
        --edge_count;
        first = mark != 0 ? kNoEdges : first + 1;
      }
    }
  }

  uint64_t edge_count = 0;
  std::vector<Ephemeron> ephemerons;
  std::vector<ShownReference> shown;
  std::vector<Hole> holes;
  // Functions with a dispatch handle. Until AddCode() it stands, halved, where their first reference will.
  std::vector<ObjectId> functions;

 private:
  struct Rule : EdgeRule {
    ObjectId map = kNoObject;  // when it is no read-only object
    KindMarker::Shape shape_facts;
  };

  const Rule& RuleOf(MapCache::Slot& slot) {
    if (slot.index >= rules_.size()) rules_.resize(slot.index + 64);
    Rule& rule = rules_[slot.index];
    if (slot.mark == 0) {
      slot.mark = 1;
      static_cast<EdgeRule&>(rule) = EdgeRuleOf(layout_, maps_.info(slot));
      rule.map = index_.At(slot.word);
      rule.shape_facts = marker_.ShapeOf(rule, maps_.info(slot));
    }
    return rule;
  }

  // Room for the references of a page, which are not more than its words.
  bool TakeRoom(uint64_t most) {
    if (rest_end_ - rest_ < most) {
      const uint64_t size = most > kSlab / 4 ? most : kSlab;
      const uint64_t begin = references_.taken_.fetch_add(size, std::memory_order_relaxed);
      if (begin + size > references_.edges_.size()) return false;
      if (most > kSlab / 4) {  // a large object: the rest of the slab is for others
        at_ = static_cast<uint32_t>(begin);
        own_room_ = true;
        return true;
      }
      rest_ = begin;
      rest_end_ = begin + size;
    }
    own_room_ = false;
    at_ = static_cast<uint32_t>(rest_);
    return true;
  }

  void Emit(ObjectId self, ObjectId to) {
    if (to == kNoObject || to == self || to == previous_) return;
    previous_ = to;
    references_.edges_[at_++] = to;
  }

  void AddObject(ObjectId id, MapCache::Slot& slot, uint64_t size, const std::byte* bytes) {
    const Rule& rule = RuleOf(slot);
    if (rule.shape_facts.has_kind) marker_.Add(id, rule, rule.shape_facts, bytes, size);
    const uint32_t start = at_;
    previous_ = kNoObject;
    if (rule.function) {
      if (const uint32_t handle = DispatchHandleIn(bytes, size); handle != 0) {
        references_.edges_[at_++] = handle >> 1;
        functions.push_back(id);
      }
    }
    Emit(id, rule.map);
    switch (rule.body) {
      case BodyKind::kNone:
        break;
      case BodyKind::kWords:
        EmitWords(id, size / 8 - std::min<uint64_t>(size / 8, rule.weak_tail), rule, bytes);
        break;
      case BodyKind::kHeader:
        EmitWords(id, std::min(size / 8, kCodeHeaderWords), rule, bytes);
        EmitEmbedded(id, size, bytes);
        break;
      case BodyKind::kEphemerons:
        AddTable(id, size / 8, bytes);
        break;
    }
    if (rule.shown_weak && show_weak_) AddShown(id, size, bytes);
    if (rule.array_buffer || rule.external_string) AddExternal(rule, size, bytes);
    if (at_ == start) {
      references_.first_[id] = kNoEdges;
      return;
    }
    references_.first_[id] = start;
    references_.edges_[at_ - 1] |= kLast;
    edge_count += at_ - start;
  }

  void EmitWords(ObjectId id, uint64_t words, const Rule& rule, const std::byte* bytes) {
    for (uint64_t i = 1; i < words; ++i) {
      const uint64_t word = WordAt(bytes, 8 * i);
      if (!IsStrongPointer(word)) continue;
      if (i < 64 && (rule.weak_words >> i & 1) != 0) continue;
      Emit(id, index_.At(word));
    }
  }

  // What stands in instructions.
  void EmitEmbedded(ObjectId id, uint64_t size, const std::byte* bytes) {
    const uint64_t header = 8 * std::min(size / 8, kCodeHeaderWords);
    ForEachEmbeddedPointer({bytes + header, size - header}, [&](uint64_t word) {
      const ObjectId to = index_.At(word);
      if (to == kNoObject) return;
      if (!IsWeakInCode(word, index_.model(), &maps_)) {
        Emit(id, to);
      } else if (show_weak_) {
        shown.push_back({id, to});
      }
    });
  }

  void AddShown(ObjectId id, uint64_t size, const std::byte* bytes) {
    for (uint64_t i = 1; i < size / 8; ++i) {
      const uint64_t word = WordAt(bytes, 8 * i);
      if (!IsWeakPointer(word)) continue;
      const ObjectId to = index_.At(word);
      if (to != kNoObject && to != id && !IsCodeObject(Untag(word), &maps_)) shown.push_back({id, to});
    }
  }

  void AddTable(ObjectId id, uint64_t words, const std::byte* bytes) {
    for (uint64_t i = kEphemeronFirstWord; i + 1 < words; i += kEphemeronEntryWords) {
      const uint64_t key = WordAt(bytes, 8 * i), value = WordAt(bytes, 8 * i + 8);
      if (!IsStrongPointer(key) || !IsStrongPointer(value)) continue;
      const ObjectId value_id = index_.At(value);
      if (value_id != kNoObject && value_id != id) ephemerons.push_back({id, index_.At(key), value_id});
    }
  }

  void AddExternal(const Rule& rule, uint64_t size, const std::byte* bytes) {
    uint64_t address = 0, length = 0;
    if (rule.array_buffer && std::max(length_offset_, store_offset_) + 8 <= size) {
      length = WordAt(bytes, length_offset_);
      address = WordAt(bytes, store_offset_);
    } else if (rule.external_string && kExternalStringData + 8 <= size) {
      uint32_t characters;
      std::memcpy(&characters, bytes + kExternalStringLength, 4);
      address = WordAt(bytes, kExternalStringData);
      const bool one_byte = (maps_.Find(WordAt(bytes, 0)) != nullptr) &&
                            (maps_.info(*maps_.Find(WordAt(bytes, 0))).instance_type & string_bits::kOneByte) != 0;
      length = uint64_t{characters} * (one_byte ? 1 : 2);
    }
    if (address == 0 || length == 0 || length >= kMaxBufferBytes) return;
    holes.push_back({address, length, at_});
    references_.edges_[at_++] = 0;  // numbered later
  }

  const ObjectIndex& index_;
  References& references_;
  KindMarker marker_;
  const Layout& layout_;
  MapCache maps_;
  PageWalker walker_;
  const uint64_t length_offset_, store_offset_;
  const bool show_weak_;
  std::vector<Rule> rules_;  // by MapCache::Slot::index
  uint32_t at_ = 0;
  uint64_t rest_ = 0, rest_end_ = 0;  // of the slab
  bool own_room_ = false;             // what is being filled does not belong to the slab
  ObjectId previous_ = kNoObject;
};

// Newer V8s lead from functions to their Code through a table. The collector holds the Code for the function's sake only:
// feedback cells and Code have handles as well, but these just keep the entry (src/heap/marking-visitor-inl.h,
// VisitJSDispatchTableEntry and VisitJSFunction).
void References::AddCodeOfFunctions(const ObjectIndex& index, std::span<const std::unique_ptr<Builder>> builders,
                                    const Cancel& cancel) {
  DispatchHandles handles;
  for (const std::unique_ptr<Builder>& builder : builders) {
    for (const ObjectId function : builder->functions) {
      const uint32_t handle = edges_[first_[function]] << 1;
      if (!handles.Knows(handle)) handles.Add(handle, index.AddressOf(function));
    }
  }
  if (handles.bits() == 0) return;
  const HeapModel& model = index.model();
  const std::optional<DispatchTable> table = DispatchTable::Find(
      model, model.isolates()[index.isolate()], handles.Uses(model), handles.bits(), cancel);
  code_unknown_ = !table.has_value();
  OnThreads(builders.size(), [&](size_t thread) { builders[thread]->AddCode(table ? &*table : nullptr); });
}

Result<std::unique_ptr<References>> References::Build(const ObjectIndex& index, int thread_count, const Cancel& cancel,
                                                      const ProgressFunction& progress) {
  std::unique_ptr<References> references(new References());
  references->object_count_ = index.size();
  const size_t threads = ClampThreads(thread_count);
  try {
    references->first_ = BigArray<uint32_t>(index.size(), kNoEdges);
    // A slab's rest that is too small for the next page is lost: a quarter at most.
    const uint64_t words = index.heap_bytes() / 8 + index.page_count() + 1;
    references->edges_.Reset(std::min<uint64_t>(words + words / 3 + (threads + 1) * kSlab, kNoEdges));
  } catch (const std::bad_alloc&) {
    return Fail(ErrorCode::kUnsupported, "there is not enough address space for the references of this heap");
  }
  std::vector<std::unique_ptr<Builder>> builders;
  KindMarker::Marks marks(index.size());
  for (size_t i = 0; i < threads; ++i)
    builders.push_back(std::make_unique<Builder>(index, references.get(), &marks, cancel));
  index.model().memory().Advise(AccessPattern::kSequential);
  InPieces(index.page_count(), threads, cancel, progress, "following references",
           [&](size_t thread, size_t page) { builders[thread]->AddPage(page); });
  index.model().memory().Advise(AccessPattern::kNormal);
  if (cancel.Cancelled()) return Fail(ErrorCode::kInterrupted, "interrupted while references were followed");
  if (references->taken_.load() > references->edges_.size())
    return Fail(ErrorCode::kUnsupported, "the heap has more than 2^32 references: they cannot be numbered");

  references->kinds_ = marks.Take();
  references->AddCodeOfFunctions(index, builders, cancel);
  if (cancel.Cancelled()) return Fail(ErrorCode::kInterrupted, "interrupted while references were followed");

  std::vector<Hole> holes;
  for (const std::unique_ptr<Builder>& builder : builders) {
    references->edge_count_ += builder->edge_count;
    references->ephemerons_.insert(references->ephemerons_.end(), builder->ephemerons.begin(), builder->ephemerons.end());
    references->shown_.insert(references->shown_.end(), builder->shown.begin(), builder->shown.end());
    holes.insert(holes.end(), builder->holes.begin(), builder->holes.end());
  }
  std::ranges::stable_sort(references->ephemerons_, {}, &Ephemeron::table);
  std::ranges::sort(holes, [](const Hole& a, const Hole& b) {
    return std::tie(a.block, a.edge) < std::tie(b.block, b.edge);
  });
  for (const Hole& hole : holes) {
    std::vector<ExternalBlock>& blocks = references->external_;
    if (blocks.empty() || blocks.back().address != hole.block) blocks.push_back({hole.block, 0});
    blocks.back().bytes = std::max(blocks.back().bytes, hole.bytes);
    const uint64_t node = references->object_count_ + blocks.size() - 1;
    if (node >= kMaxObjects) return Fail(ErrorCode::kUnsupported, "the heap has more than 2^31 objects");
    references->edges_[hole.edge] |= static_cast<uint32_t>(node);  // keeps the mark of the last one
  }
  return references;
}

std::unique_ptr<References> References::FromLists(const std::vector<std::vector<ObjectId>>& edges,
                                                  std::vector<Ephemeron> ephemerons) {
  std::unique_ptr<References> references(new References());
  references->object_count_ = edges.size();
  for (const std::vector<ObjectId>& list : edges) references->edge_count_ += list.size();
  references->edges_.Reset(references->edge_count_ + 1);
  references->first_.Reset(edges.size());
  uint32_t at = 0;
  size_t node = 0;
  for (const std::vector<ObjectId>& list : edges) {
    references->first_[node++] = list.empty() ? kNoEdges : at;
    for (const ObjectId to : list) references->edges_[at++] = to;
    if (!list.empty()) references->edges_[at - 1] |= kLast;
  }
  references->taken_ = at;
  references->ephemerons_ = std::move(ephemerons);
  std::ranges::stable_sort(references->ephemerons_, {}, &Ephemeron::table);
  return references;
}

uint64_t References::MemoryBytes() const {
  return 4 * (first_.size() + edge_count_) + ephemerons_.size() * sizeof(Ephemeron) +
         external_.size() * sizeof(ExternalBlock);
}

}  // namespace corewalk
