#include "analysis/memory_ledger.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "heap/heap_walk.h"
#include "heap/roots_finder.h"
#include "node/malloc_arenas.h"
#include "node/thread_stacks.h"

namespace corewalk {
namespace {

constexpr uint64_t kPage = 4096;
constexpr size_t kMostListed = 1000;  // lines of a list that are kept
constexpr size_t kPollObjects = 1 << 14;

// Who claims memory. Spaces, files and stacks have numbers of their own behind these.
enum Owner : uint32_t {
  kFreePages,
  kCodeRange,
  kTables,
  kArrayBuffers,
  kStrings,
  kWasm,
  kMallocHeaps,  // dissolved into chunks
  kMallocMapped,
  kMallocReserved,
  kOtherAllocator,
  kGuards,
  kWasmGuards,
  kReserved,
  kKernel,
  kOther,
  kFirstSpace = 100,
  kFirstStack = 1000,
  kFirstFile = 1'000'000,
};

struct FixedRow {
  Owner owner;
  const char* key;
  const char* title;
  LedgerGroup group;
};
// In the order in which they are told.
constexpr FixedRow kFixedRows[] = {
    {kFreePages, "v8_free_pages", "pages V8 freed and keeps", LedgerGroup::kHeap},
    {kCodeRange, "code_range", "rest of the code range", LedgerGroup::kHeap},
    {kTables, "v8_tables", "tables of code pointers", LedgerGroup::kHeap},
    {kArrayBuffers, "array_buffers", "ArrayBuffers, Buffers", LedgerGroup::kExternal},
    {kStrings, "external_strings", "external strings", LedgerGroup::kExternal},
    {kWasm, "wasm_memories", "WebAssembly memories", LedgerGroup::kExternal},
    {kMallocMapped, "malloc_mapped", "malloc: large blocks", LedgerGroup::kMalloc},
    {kOtherAllocator, "other_allocator", "memory of the other allocator", LedgerGroup::kMalloc},
    {kMallocReserved, "malloc_reserved", "reserved for malloc's arenas", LedgerGroup::kReserved},
    {kGuards, "stack_guards", "guards of stacks", LedgerGroup::kReserved},
    {kWasmGuards, "wasm_guards", "guards of WebAssembly memories", LedgerGroup::kReserved},
    {kReserved, "reserved", "other reservations", LedgerGroup::kReserved},
    {kKernel, "kernel", "the kernel's pages (vdso)", LedgerGroup::kOther},
    {kOther, "other", "everything else", LedgerGroup::kOther},
};

bool IsInaccessible(const Region& region) {
  return !region.readable && !region.writable && !region.executable;
}

class Ledger {
 public:
  Ledger(Session& session, const Cancel& cancel, const ProgressFunction& progress, Completeness* completeness)
      : session_(session),
        memory_(session.memory()),
        cancel_(cancel),
        progress_(progress),
        completeness_(completeness),
        residency_(Residency::Find(memory_, cancel, progress)),
        map_(memory_, residency_) {}

  MemoryLedger Take() {
    ledger_.source = residency_.source();
    ledger_.swapped = residency_.swapped();
    ClaimPages();
    ClaimStacks();
    ClaimFiles();
    CollectStores();
    ClaimArenas();
    ClaimZeroedData();
    ClaimMappedChunks();
    ClaimPageStores();
    ClaimLeftovers();
    WriteRows();
    ledger_.interrupted = cancel_.Cancelled();
    return std::move(ledger_);
  }

 private:
  // V8's pages, and per isolate what is on them.
  void ClaimPages() {
    const HeapModel& model = session_.model();
    const auto claim = [&](const Space& space, MemoryLedger::IsolateLine* line) {
      for (const Page& page : space.pages) {
        const Address start = page.descriptor.chunk, end = EndOf(page);
        if (line != nullptr) line->pages += map_.SumOf(start, end);
        map_.Claim(start, end, kFirstSpace + static_cast<uint32_t>(space.kind));
        ++pages_of_[static_cast<size_t>(space.kind)];
      }
    };
    claim(model.read_only(), nullptr);
    for (const IsolateHeap& isolate : model.isolates()) {
      MemoryLedger::IsolateLine line{.number = isolate.number, .thread_id = isolate.thread_id};
      for (const Space& space : isolate.spaces) claim(space, &line);
      const HeapWalkResult walk = WalkHeap(
          model, {.isolate = isolate.number, .threads = session_.options().threads, .read_only = isolate.number == 0},
          cancel_, progress_);
      for (size_t i = 0; i < walk.spaces.size(); ++i) {
        used_of_[i] += walk.spaces[i].tally.object_bytes;
        if (static_cast<SpaceKind>(i) != SpaceKind::kReadOnly) line.used_bytes += walk.spaces[i].tally.object_bytes;
      }
      walk.Describe(completeness_);
      ledger_.isolates.push_back(line);
    }
  }

  // Pages have 256 KB (512 KB in 7.4), but may have been shortened; a large page ends with its object.
  Address EndOf(const Page& page) const {
    const Address area_end = (page.descriptor.area_end + kPage - 1) & ~(kPage - 1);
    const Address whole = page.descriptor.chunk + session_.layout().page.page_size;
    if (area_end >= whole) return area_end;
    const Region* region = memory_.RegionAt(area_end);
    // What a shortened page gave back may hold something else by now.
    return whole - area_end < 2 * kPage || (region != nullptr && region->contains(page.descriptor.chunk)) ? whole
                                                                                                          : area_end;
  }

  void ClaimStacks() {
    for (const ThreadStack& stack : FindThreadStacks(memory_)) {
      const uint32_t owner = kFirstStack + static_cast<uint32_t>(ledger_.stacks.size());
      map_.Claim(stack.start, stack.end, owner);
      map_.Claim(stack.guard_start, stack.start, kGuards);
      // A guard may be a mapping of its own below the stack.
      if (const Region* below = stack.start == 0 ? nullptr : memory_.RegionAt(stack.start - 1);
          below != nullptr && IsInaccessible(*below) && below->size() <= (1 << 20)) {
        map_.Claim(below->start, below->end, kGuards);
      }
      ledger_.stacks.push_back({stack.tid, stack.is_main, stack.start, stack.end, {}, stack.used()});
    }
  }

  void ClaimFiles() {
    constexpr uint64_t kAtEntry = 9, kAtSysinfoEhdr = 33;
    const Address entry = memory_.Process().Auxv(kAtEntry).value_or(0);
    std::map<std::string, uint32_t> numbers;
    for (const FileMapping& mapping : memory_.FileMappings()) {
      const auto [number, is_new] = numbers.try_emplace(mapping.path, static_cast<uint32_t>(ledger_.files.size()));
      if (is_new) ledger_.files.push_back({mapping.path, {}});
      map_.Claim(mapping.start, mapping.end, kFirstFile + number->second);
      if (entry >= mapping.start && entry < mapping.end) program_number_ = number->second;
      last_of_file_[mapping.end] = kFirstFile + number->second;
    }
    const Address vdso = memory_.Process().Auxv(kAtSysinfoEhdr).value_or(0);
    if (const Region* region = vdso == 0 ? nullptr : memory_.RegionAt(vdso))
      map_.Claim(region->start, region->end, kKernel);
    constexpr Address kKernelStart = Address{1} << 47;
    map_.Claim(kKernelStart, ~Address{0}, kKernel);
  }

  // The memory that ArrayBuffers and external strings of all isolates hold, each block once.
  void CollectStores() {
    HeapReader reader(memory_, session_.layout(), &session_.names());
    StoreReader store_reader(&reader, session_.binary());
    const Layout& layout = session_.layout();
    const HeapModel& model = session_.model();
    std::vector<std::pair<uint64_t, int>> objects;  // tagged, and their isolate
    for (const IsolateHeap& isolate : model.isolates()) {
      const auto wanted = [&](const MapInfo& map, Address) {
        const StoreRole role = StoreRoleOf(layout, map.instance_type);
        return role != StoreRole::kNone && role != StoreRole::kView;
      };
      VisitObjects(model, {.isolate = isolate.number, .read_only = false}, cancel_, wanted,
                   [&](const MapInfo& map, Address address, uint64_t, const Page&) {
                     if (StoreRoleOf(layout, map.instance_type) == StoreRole::kWasmMemory) {
                       store_reader.AddWasmMemory(address + 1);
                     } else {
                       objects.emplace_back(address + 1, isolate.number);
                     }
                     return true;
                   });
    }
    store_reader.FinishWasmMemories();
    std::vector<std::pair<StoreFacts, int>> found;
    size_t read = 0;
    for (const auto& [object, isolate] : objects) {
      if (++read % kPollObjects == 0 && cancel_.Cancelled()) break;
      std::optional<StoreFacts> store = store_reader.OfBuffer(object);
      if (!store) store = store_reader.OfString(object);
      if (store && store->kind != ExternalStoreKind::kStaticString) found.emplace_back(*store, isolate);
    }
    std::ranges::stable_sort(found, [](const auto& a, const auto& b) { return a.first.address < b.first.address; });
    for (const auto& [store, isolate] : found) {
      const bool is_new = stores_.empty() || stores_.back().address != store.address;
      if (is_new) {
        stores_.push_back(store);
      } else {
        stores_.back().bytes = std::max(stores_.back().bytes, store.bytes);
        stores_.back().capacity = std::max(stores_.back().capacity, store.capacity);
      }
      if (is_new || last_isolate_ != isolate)
        ledger_.isolates[static_cast<size_t>(isolate)].external_bytes += store.bytes;
      last_isolate_ = isolate;
    }
    ledger_.stores = stores_.size();
    for (const StoreFacts& store : stores_) ledger_.store_bytes += store.bytes;
  }

  static Owner OwnerOf(const StoreFacts& store) {
    return store.kind == ExternalStoreKind::kString       ? kStrings
           : store.kind == ExternalStoreKind::kWasmMemory ? kWasm
                                                          : kArrayBuffers;
  }

  // The store that begins in [start, end), at or behind *next; takes all others there too.
  const StoreFacts* TakeStore(Address start, Address end, size_t* next) {
    while (*next < stores_.size() && stores_[*next].address < start) ++*next;
    const StoreFacts* first = nullptr;
    for (; *next < stores_.size() && stores_[*next].address < end; ++*next) {
      const StoreFacts& store = stores_[*next];
      if (first == nullptr) first = &store;
      in_use_of_[OwnerOf(store)] += store.bytes;
      ++count_of_[OwnerOf(store)];
    }
    return first;
  }

  void ClaimArenas() {
    const MallocState malloc = FindMallocArenas(memory_, cancel_);
    ledger_.allocator = malloc.allocator;
    other_allocator_ = !malloc.allocator.empty() && malloc.allocator != "glibc";
    for (const MallocArena& arena : malloc.arenas) {
      if (cancel_.Cancelled()) return;
      MemoryLedger::ArenaLine line{.state = arena.state, .is_main = arena.is_main};
      uint64_t found = 0;
      for (const MallocHeap& heap : arena.heaps) {
        found += heap.end - heap.start;
        map_.Claim(heap.end, heap.reserved_end, kMallocReserved);
        const MemorySum heap_sum = map_.SumOf(heap.start, heap.end);
        // Where something else has claimed a part, the chunks are not to be trusted.
        if (map_.Claim(heap.start, heap.end, kMallocHeaps) != heap.end - heap.start) {
          line.whole = false;
          continue;
        }
        line.sum += heap_sum;
        size_t next = static_cast<size_t>(std::ranges::lower_bound(stores_, heap.start, {}, &StoreFacts::address) -
                                          stores_.begin());
        line.whole &= WalkMallocHeap(memory_, arena, heap, cancel_, [&](Address start, uint64_t bytes, ChunkUse use) {
          AddChunk(start, bytes, use, &next, &line);
        });
      }
      // Less than a page may go to alignment.
      line.whole &= found + kPage > arena.system_bytes;
      ledger_.arenas.push_back(line);
    }
  }

  void AddChunk(Address start, uint64_t bytes, ChunkUse use, size_t* next_store, MemoryLedger::ArenaLine* line) {
    const MemorySum sum = map_.SumOf(start, start + bytes);
    chunks_ += sum;
    switch (use) {
      case ChunkUse::kInUse: {
        line->in_use += bytes;
        ++line->in_use_chunks;
        if (const StoreFacts* store = TakeStore(start + 16, start + bytes, next_store)) {
          chunk_stores_[OwnerOf(*store)] += sum;
        } else {
          in_use_ += sum;
          ++in_use_chunks_;
        }
        return;
      }
      case ChunkUse::kFree:
        line->free += bytes;
        ++line->free_chunks;
        line->largest_free = std::max(line->largest_free, bytes);
        line->free_resident += sum.resident;
        free_ += sum;
        ++free_chunks_;
        return;
      case ChunkUse::kTop:
        line->top += bytes;
        line->free_resident += sum.resident;
        free_ += sum;
        ++free_chunks_;
        return;
      case ChunkUse::kBookkeeping:
        in_use_ += sum;
        return;
      case ChunkUse::kUnknown:
        unknown_ += sum;
        return;
    }
  }

  // Zeroed data of files: the anonymous memory that follows the last of a file's mappings.
  void ClaimZeroedData() {
    for (const AddressMap::Stretch& stretch : map_.Unclaimed()) {
      const auto file = last_of_file_.find(stretch.start);
      if (file != last_of_file_.end() && stretch.region->writable) map_.Claim(stretch.start, stretch.end, file->second);
    }
  }

  // Large blocks that malloc mapped one by one; those that hold a store are the store's.
  void ClaimMappedChunks() {
    if (other_allocator_) return;
    size_t next = 0;
    for (const AddressMap::Stretch& stretch : map_.Unclaimed()) {
      if (cancel_.Cancelled()) return;
      const Region& region = *stretch.region;
      if (!region.readable || !region.writable || region.executable) continue;
      const Address end = std::min(stretch.end, region.present_end);
      for (const MappedChunk& chunk : FindMappedChunks(memory_, stretch.start, end, cancel_)) {
        const StoreFacts* store = TakeStore(chunk.start, chunk.start + chunk.bytes, &next);
        map_.Claim(chunk.start, chunk.start + chunk.bytes, store != nullptr ? OwnerOf(*store) : kMallocMapped);
        if (store == nullptr) ++count_of_[kMallocMapped];
      }
    }
  }

  // Stores that have pages of their own: resizable ones, WebAssembly memories, memory of native code.
  void ClaimPageStores() {
    for (const StoreFacts& store : stores_) {
      const uint64_t bytes = std::max(store.bytes, store.kind == ExternalStoreKind::kResizable ? store.capacity : 0);
      const Address end = store.address + bytes;
      const bool pages = store.address % kPage == 0;
      const uint64_t claimed =
          map_.Claim(store.address, pages ? (end + kPage - 1) & ~(kPage - 1) : end, OwnerOf(store));
      if (claimed != 0) {
        in_use_of_[OwnerOf(store)] += store.bytes;
        ++count_of_[OwnerOf(store)];
      }
      if (store.kind != ExternalStoreKind::kWasmMemory) continue;
      for (const Address beside : {end, store.address - 1}) {
        const Region* region = memory_.RegionAt(beside);
        constexpr uint64_t kLeastGuard = 1 << 20;
        if (region != nullptr && IsInaccessible(*region) && region->size() >= kLeastGuard)
          map_.Claim(region->start, region->end, kWasmGuards);
      }
    }
  }

  void ClaimLeftovers() {
    // V8's pages that no list knows.
    for (const AddressMap::Stretch& stretch : map_.Unclaimed()) {
      if (cancel_.Cancelled()) return;
      if (!stretch.region->readable || !stretch.region->writable) continue;
      for (Address chunk = ChunkBase(stretch.start + kChunkAlignment - 1); chunk < stretch.end;
           chunk += kChunkAlignment) {
        const uint64_t bytes = ChunkBytesAt(memory_, chunk);
        if (bytes == 0) continue;
        const uint64_t whole = (bytes + kChunkAlignment - 1) & ~(kChunkAlignment - 1);
        map_.Claim(chunk, std::min<Address>(stretch.end, chunk + whole), kFreePages);
        ++count_of_[kFreePages];
        chunk += whole - kChunkAlignment;
      }
    }
    ClaimRestsOfPages();
    ClaimTables();
    for (const AddressMap::Stretch& stretch : map_.Unclaimed()) {
      const Region& region = *stretch.region;
      Owner owner = kOther;
      if (IsInaccessible(region)) {
        owner = kReserved;
      } else if (region.executable) {
        owner = kCodeRange;
      } else if (other_allocator_ && region.writable) {
        owner = kOtherAllocator;
      }
      map_.Claim(stretch.start, stretch.end, owner);
      if (owner != kOther) continue;
      ledger_.others.push_back({stretch.start, stretch.end, map_.SumOf(stretch.start, stretch.end), region.readable,
                                region.writable, region.executable});
    }
  }

  // Large pages that V8 has freed: what their header says goes for 256 KB at most. The rest begins where a page could
  // and is full of references to objects.
  void ClaimRestsOfPages() {
    constexpr size_t kWords = 128, kLeastReferences = 120;
    for (const AddressMap::Stretch& stretch : map_.Unclaimed()) {
      if (stretch.start % kChunkAlignment != 0 || !stretch.region->writable) continue;
      std::array<uint64_t, kWords> words{};
      if (memory_.Read(stretch.start, std::as_writable_bytes(std::span(words))) != sizeof(words)) continue;
      const auto is_reference = [](uint64_t word) {
        return (word & 7) == 1 && word >= kChunkAlignment && word < Address{1} << 47;
      };
      if (static_cast<size_t>(std::ranges::count_if(words, is_reference)) < kLeastReferences) continue;
      map_.Claim(stretch.start, stretch.end, kFreePages);
      ++count_of_[kFreePages];
    }
  }

  // Tables of pointers to code (from V8 13 on; src/sandbox/external-entity-table.h): a large reservation that begins
  // with a read-only segment of 64 KB, then the segments in use.
  void ClaimTables() {
    constexpr uint64_t kSegment = 64 << 10, kLeastReserved = 64 << 20;
    const std::span<const Region> regions = memory_.Regions();
    for (size_t i = 0; i + 2 < regions.size(); ++i) {
      const Region &head = regions[i], &used = regions[i + 1], &rest = regions[i + 2];
      if (head.size() != kSegment || !head.readable || head.writable || head.executable) continue;
      if (used.start != head.end || !used.writable || used.size() % kSegment != 0) continue;
      if (rest.start != used.end || !IsInaccessible(rest) || rest.size() < kLeastReserved) continue;
      map_.Claim(head.start, used.end, kTables);
      ++count_of_[kTables];
    }
  }

  void AddRow(std::string key, std::string title, LedgerGroup group, uint64_t count, const MemorySum& sum,
              std::optional<uint64_t> in_use = std::nullopt) {
    if (sum.reserved == 0) return;
    ledger_.rows.push_back({std::move(key), std::move(title), group, count, sum, in_use});
  }

  void WriteRows() {
    std::map<AddressMap::Owner, MemorySum> sums = map_.Sums();
    ledger_.total = map_.Total();
    for (size_t i = 0; i < static_cast<size_t>(SpaceKind::kCount); ++i) {
      const std::string name(SpaceName(static_cast<SpaceKind>(i)));
      AddRow(name, name, LedgerGroup::kHeap, pages_of_[i], sums[kFirstSpace + static_cast<uint32_t>(i)], used_of_[i]);
    }
    for (const auto& [owner, sum] : chunk_stores_) sums[owner] += sum;
    // What malloc's heaps have beside their chunks: parts that were claimed and not walked.
    MemorySum unwalked = sums[kMallocHeaps];
    unwalked -= chunks_;
    unknown_ += unwalked;
    const auto tell = [&](LedgerGroup group) {
      for (const FixedRow& row : kFixedRows) {
        if (row.group != group) continue;
        const auto in_use = in_use_of_.find(row.owner);
        AddRow(row.key, row.title, row.group, count_of_[row.owner], sums[row.owner],
               in_use == in_use_of_.end() ? std::nullopt : std::optional<uint64_t>(in_use->second));
      }
    };
    tell(LedgerGroup::kHeap);
    tell(LedgerGroup::kExternal);
    AddRow("malloc_in_use", "malloc: in use by native code", LedgerGroup::kMalloc, in_use_chunks_, in_use_);
    AddRow("malloc_free", "malloc: free, not given back", LedgerGroup::kMalloc, free_chunks_, free_);
    AddRow("malloc_unknown", "malloc: chunks that could not be told", LedgerGroup::kMalloc, 0, unknown_);
    tell(LedgerGroup::kMalloc);
    MemorySum stacks;
    for (size_t i = 0; i < ledger_.stacks.size(); ++i)
      stacks += ledger_.stacks[i].sum = sums[kFirstStack + static_cast<uint32_t>(i)];
    AddRow("stacks", "stacks of threads", LedgerGroup::kThreads, ledger_.stacks.size(), stacks);
    WriteFiles(sums);
    tell(LedgerGroup::kReserved);
    tell(LedgerGroup::kOther);
    std::ranges::stable_sort(ledger_.others, std::ranges::greater(),
                             [](const MemoryLedger::OtherLine& line) { return line.sum.resident; });
    if (ledger_.others.size() > kMostListed) ledger_.others.resize(kMostListed);
  }

  void WriteFiles(std::map<AddressMap::Owner, MemorySum>& sums) {
    MemorySum program, libraries, others;
    uint64_t library_count = 0, other_count = 0;
    for (size_t i = 0; i < ledger_.files.size(); ++i) {
      MemoryLedger::FileLine& file = ledger_.files[i];
      file.sum = sums[kFirstFile + static_cast<uint32_t>(i)];
      const std::string name = file.path.substr(file.path.rfind('/') + 1);
      if (i == program_number_) {
        program += file.sum;
      } else if (name.find(".so") != std::string::npos || name.ends_with(".node")) {
        libraries += file.sum;
        ++library_count;
      } else {
        others += file.sum;
        ++other_count;
      }
    }
    AddRow("executable", "the executable", LedgerGroup::kFiles, 1, program);
    AddRow("libraries", "libraries, addons", LedgerGroup::kFiles, library_count, libraries);
    AddRow("other_files", "other mapped files", LedgerGroup::kFiles, other_count, others);
    std::ranges::stable_sort(ledger_.files, [](const MemoryLedger::FileLine& a, const MemoryLedger::FileLine& b) {
      return std::pair(b.sum.resident, b.sum.reserved) < std::pair(a.sum.resident, a.sum.reserved);
    });
  }

  Session& session_;
  const Memory& memory_;
  const Cancel& cancel_;
  const ProgressFunction& progress_;
  Completeness* completeness_;
  Residency residency_;
  AddressMap map_;
  MemoryLedger ledger_;
  std::array<uint64_t, static_cast<size_t>(SpaceKind::kCount)> pages_of_{}, used_of_{};
  std::vector<StoreFacts> stores_;  // by rising address, each once
  int last_isolate_ = -1;
  std::map<Address, uint32_t> last_of_file_;  // end of a file's mapping -> owner
  size_t program_number_ = 0;  // the file with the entry point; without auxiliary vector the one that is mapped lowest
  bool other_allocator_ = false;
  std::map<AddressMap::Owner, MemorySum> chunk_stores_;  // stores in malloc's heaps
  std::map<AddressMap::Owner, uint64_t> in_use_of_, count_of_;
  MemorySum chunks_, in_use_, free_, unknown_;
  uint64_t in_use_chunks_ = 0, free_chunks_ = 0;
};

}  // namespace

std::string_view LedgerGroupTitle(LedgerGroup group) {
  static constexpr std::string_view kTitles[] = {"V8 heap", "outside the heap", "malloc", "threads",
                                                 "files",   "reserved",         "other"};
  return kTitles[static_cast<size_t>(group)];
}

std::string_view LedgerGroupKey(LedgerGroup group) {
  static constexpr std::string_view kKeys[] = {"v8_heap", "external", "malloc", "threads",
                                               "files",   "reserved", "other"};
  return kKeys[static_cast<size_t>(group)];
}

const LedgerRow* MemoryLedger::Row(std::string_view key) const {
  const auto found = std::ranges::find(rows, key, &LedgerRow::key);
  return found == rows.end() ? nullptr : &*found;
}

MemorySum MemoryLedger::GroupSum(LedgerGroup group) const {
  MemorySum sum;
  for (const LedgerRow& row : rows) {
    if (row.group == group) sum += row.sum;
  }
  return sum;
}

MemoryLedger TakeMemoryLedger(Session& session, const Cancel& cancel, const ProgressFunction& progress,
                              Completeness* completeness) {
  return Ledger(session, cancel, progress, completeness).Take();
}

}  // namespace corewalk
