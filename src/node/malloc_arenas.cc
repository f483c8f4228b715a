#include "node/malloc_arenas.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "node/memory_scan.h"
#include "node/node_limits.h"

namespace corewalk {
namespace {

constexpr uint64_t kPage = 4096;
constexpr Address kUserEnd = Address{1} << 47;
constexpr uint64_t kPrevInUse = 1, kIsMapped = 2, kFlags = 7;
constexpr uint64_t kMinChunk = 32, kFencePost = 16;
constexpr size_t kBins = 127;
constexpr uint64_t kBinsBytes = 16 * kBins, kBinMapBytes = 16;
constexpr size_t kFastBins = 10;
constexpr size_t kMostArenas = 4096;
constexpr size_t kMostHeaps = 1 << 16;
constexpr uint32_t kPollChunks = 1 << 14;

// Words of a stretch of memory, viewed as a whole where that is possible, else read in windows.
class Words {
 public:
  Words(const Memory& memory, Address start, Address end) : memory_(memory), end_(end) {
    if (end > start) whole_ = memory.View(start, end - start);
    window_start_ = start;
    if (!whole_.empty()) window_ = whole_;
  }
  std::optional<uint64_t> At(Address address) {
    if (address + 8 > end_) return std::nullopt;
    if (address < window_start_ || address - window_start_ + 8 > window_.size()) {
      if (!whole_.empty()) return std::nullopt;
      buffer_.resize(std::min<uint64_t>(kWindow, end_ - address));
      window_start_ = address;
      window_ = std::span<const std::byte>(buffer_).first(memory_.Read(address, buffer_));
      if (window_.size() < 8) return std::nullopt;
    }
    uint64_t word;
    std::memcpy(&word, window_.data() + (address - window_start_), 8);
    return word;
  }

 private:
  static constexpr uint64_t kWindow = 256 << 10;

  const Memory& memory_;
  Address end_;
  std::span<const std::byte> whole_, window_;
  Address window_start_ = 0;
  std::vector<std::byte> buffer_;
};

bool IsUserPointer(uint64_t word) {
  return word >= kPage && word < kUserEnd && word % 8 == 0;
}

// Whether the list heads of an arena stand at `bins`: {fd, bk} each, which point to where a chunk would begin whose
// fields these are; to itself when the list is empty.
bool AreBins(const Memory& memory, Address bins) {
  constexpr size_t kLeastEmpty = 8;
  std::array<uint64_t, 2 * kBins> words;
  if (memory.Read(bins, std::as_writable_bytes(std::span(words))) != sizeof(words)) return false;
  size_t empty = 0;
  for (size_t i = 0; i < kBins; ++i) {
    const uint64_t self = bins + 16 * i - 16, fd = words[2 * i], bk = words[2 * i + 1];
    if (fd == self && bk == self) {
      ++empty;
    } else if (fd == self || bk == self || !IsUserPointer(fd) || !IsUserPointer(bk)) {
      return false;
    }
  }
  return empty >= kLeastEmpty;
}

// The words behind the bins: binmap, next, next_free, [attached_threads, from 2.23,] system_mem, max_system_mem.
struct ArenaTail {
  Address next = 0;
  uint64_t system_bytes = 0;
};
std::optional<ArenaTail> ReadTail(const Memory& memory, Address bins) {
  const Address at = bins + kBinsBytes + kBinMapBytes;
  std::array<uint64_t, 5> words;
  if (memory.Read(at, std::as_writable_bytes(std::span(words))) != sizeof(words)) return std::nullopt;
  if (!IsUserPointer(words[0])) return std::nullopt;
  for (const size_t i : {3, 2}) {
    const uint64_t now = words[i], most = words[i + 1];
    if (now >= kPage && now <= most && most < kUserEnd && (i == 2 || words[2] < (1 << 20)))
      return ArenaTail{words[0], now};
  }
  return std::nullopt;
}

Address TopOf(const Memory& memory, Address bins) {
  return memory.ReadWord(bins - 16).value_or(0);
}

bool IsTop(const Memory& memory, Address top) {
  if (!IsUserPointer(top) || top % 16 != 0) return false;
  const uint64_t size = memory.ReadWord(top + 8).value_or(0) & ~kFlags;
  return size >= 16 && size < kUserEnd && (top + size) % kPage == 0;
}

// The bins of the arena that stands in the data of a file: glibc's main_arena.
Address FindMainBins(const Memory& memory) {
  Address found = 0;
  ScanMemory(memory, ScanArea::kStaticData, {}, kNodeLimits.max_static_data_scan, kBinsBytes, [&](const Block& block) {
    const std::span<const std::byte> bytes = block.bytes();
    for (size_t offset = 0; offset + 16 <= bytes.size(); offset += 8) {
      uint64_t pair[2];
      std::memcpy(pair, bytes.data() + offset, 16);
      const Address at = block.start() + offset;
      if (pair[0] != at - 16 || pair[1] != pair[0]) continue;
      for (size_t i = 0; i < kBins; ++i) {
        const Address bins = at - 16 * i;
        if (!AreBins(memory, bins) || !ReadTail(memory, bins) || !IsTop(memory, TopOf(memory, bins))) continue;
        found = bins;
        return true;
      }
      offset += kBinsBytes - 16;  // bins of something else
    }
    return false;
  });
  return found;
}

// How far behind the start of struct malloc_state its bins are: mutex, flags, [have_fastchunks,] fast bins, top,
// last_remainder.
Address FindBins(const Memory& memory, Address state) {
  for (Address offset = 0x40; offset <= 0xa0; offset += 8) {
    if (AreBins(memory, state + offset) && ReadTail(memory, state + offset)) return offset;
  }
  return 0;
}

// Whether chunks lead from `first` to the heap's end; only as far as headers go.
bool LeadsToEnd(const Memory& memory, const MallocArena& arena, MallocHeap heap, Address first, const Cancel& cancel) {
  heap.first_chunk = first;
  bool any = false;
  const bool whole = WalkMallocHeap(memory, arena, heap, cancel, [&](Address, uint64_t, ChunkUse use) {
    any |= use == ChunkUse::kInUse || use == ChunkUse::kFree || use == ChunkUse::kTop;
  });
  return whole && any;
}

// Of a damaged or cut heap no start leads to the end: then the one from which most bytes can be told.
Address BestFirstChunk(const Memory& memory, const MallocArena& arena, const MallocHeap& heap,
                       std::span<const Address> candidates, const Cancel& cancel) {
  Address best = heap.end;
  uint64_t most = 0;
  for (const Address first : candidates) {
    if (first < heap.start || first >= heap.end || first % 16 != 0) continue;
    if (LeadsToEnd(memory, arena, heap, first, cancel)) return first;
    MallocHeap tried = heap;
    tried.first_chunk = first;
    uint64_t told = 0;
    WalkMallocHeap(memory, arena, tried, cancel, [&](Address, uint64_t bytes, ChunkUse use) {
      if (use == ChunkUse::kInUse || use == ChunkUse::kFree) told += bytes;
    });
    if (told > most) most = told, best = first;
  }
  return most >= kPage ? best : heap.end;
}

// The heaps of a thread's arena: struct heap_info {ar_ptr, prev, size, mprotect_size, [pagesize]} at the start of each
// 64 MB (with huge pages other sizes), the first with the arena itself behind it.
void AddThreadHeaps(const Memory& memory, Address bins_offset, MallocArena* arena, const Cancel& cancel) {
  for (const uint64_t reserved : {uint64_t{64} << 20, uint64_t{8} << 20, uint64_t{4} << 30}) {
    Address at = arena->top & ~(reserved - 1);
    if (memory.ReadWord(at) != arena->state) continue;
    while (at != 0 && arena->heaps.size() < kMostHeaps && !cancel.Cancelled()) {
      std::array<uint64_t, 4> info;
      if (memory.Read(at, std::as_writable_bytes(std::span(info))) != sizeof(info)) break;
      if (info[0] != arena->state || info[2] > reserved || info[2] < kPage) break;
      MallocHeap heap{at, at + info[2], at + reserved, at + info[2]};
      std::vector<Address> candidates;
      if (arena->state > at && arena->state < heap.end) {
        const Address tail = arena->state + bins_offset + kBinsBytes + kBinMapBytes;
        for (Address first = tail + 24; first <= tail + 96; first += 8) candidates.push_back(first);
      } else {
        candidates = {at + 32, at + 48, at + 64};
      }
      heap.first_chunk = BestFirstChunk(memory, *arena, heap, candidates, cancel);
      arena->heaps.push_back(heap);
      const Address prev = info[1];
      if (prev % reserved != 0 ||
          std::ranges::any_of(arena->heaps, [&](const MallocHeap& h) { return h.start == prev; }))
        break;
      at = prev;
    }
    break;
  }
  std::ranges::sort(arena->heaps, {}, &MallocHeap::start);
}

// Whether a chunk may begin at `start` that is the first of a segment: the one before it counts as in use.
bool MayBeginSegment(const Memory& memory, Address start, Address limit) {
  const std::optional<uint64_t> head = limit - start < 16 ? std::nullopt : memory.ReadWord(start + 8);
  if (!head || (*head & kFlags) != kPrevInUse) return false;
  const uint64_t size = *head & ~kFlags;
  return size >= kMinChunk && size % 16 == 0 && size <= limit - start;
}

// Where the segment of the main arena ends that begins at `start`: behind its top, or behind the two chunks of 16
// bytes, fence posts, that malloc leaves when it goes on elsewhere (sysmalloc, malloc/malloc.c); three, when just 16
// bytes of the old top were left. 0 when there is no segment.
Address SegmentEnd(const Memory& memory, Address top, Address start, Address limit, uint64_t* left,
                   const Cancel& cancel) {
  if (!MayBeginSegment(memory, start, limit)) return 0;
  Words words(memory, start, limit);
  int posts = 0;
  for (Address at = start; at<limit&& * left> 0; --*left) {
    if (*left % kPollChunks == 0 && cancel.Cancelled()) return 0;
    const uint64_t head = words.At(at + 8).value_or(0), size = head & ~kFlags;
    if (size < kFencePost || size % 16 != 0 || size > limit - at || (head & kFlags & ~kPrevInUse) != 0) return 0;
    if (at == top) return at + size;
    if (size != kFencePost && posts > 0) return 0;
    at += size;
    if (size != kFencePost) continue;
    if (++posts > 3) return 0;
    if (posts > 1 && at % kPage == 0) return at;
  }
  return 0;
}

// The segments of the main arena. malloc wants memory from brk(), one stretch behind the other. Where that fails (V8
// puts its code near the program, and so sometimes right behind the heap of one with fixed addresses), it maps 1 MB or
// more at a time elsewhere. No list names the segments; the arena tells how many bytes they have together.
class MainSegments {
 public:
  MainSegments(const Memory& memory, const MallocArena& arena, const Cancel& cancel)
      : memory_(memory), arena_(arena), cancel_(cancel) {}

  // Start and end of each, by rising address.
  const std::map<Address, Address>& Find() {
    const std::vector<Address> noted = NotedAddresses();
    std::vector<Address> starts;
    for (const Region& region : memory_.Regions()) {
      if (IsData(region)) starts.push_back(region.start);
    }
    std::ranges::copy_if(noted, std::back_inserter(starts), [](Address at) { return at % kPage == 0; });
    std::ranges::sort(starts);
    for (const Address start : starts) Follow(start);
    if (!Enough()) LookAtPages();
    // Where brk() began need not be the start of a page.
    for (const Address start : noted) Follow(start);
    return segments_;
  }

  // Whether nothing is missing, or no more will be found. The bytes that were lost to alignment where brk() began count
  // in the arena's sum.
  bool Enough() const { return found_ + kPage > arena_.system_bytes || left_ == 0 || cancel_.Cancelled(); }

  // Addresses of data that stand among malloc's own (mp_.sbrk_base is one, malloc/malloc.c), by rising address. Those
  // of the arena itself lead to chunks in the middle.
  std::vector<Address> NotedAddresses() const {
    constexpr uint64_t kDataAround = 64 << 10, kArenaBytes = 2200;
    std::vector<Address> noted;
    const Region* own = memory_.RegionAt(arena_.state);
    const Address from = std::max(own == nullptr ? arena_.state : own->start,
                                  arena_.state > kDataAround ? arena_.state - kDataAround : 0);
    const Block data(memory_, from, 2 * kDataAround);
    for (Address at = from; data.Has(at, 8); at += 8) {
      if (at >= arena_.state && at - arena_.state < kArenaBytes) continue;
      const uint64_t word = *data.Word(at);
      if (IsUserPointer(word) && word % 16 == 0 && (own == nullptr || !own->contains(word))) noted.push_back(word);
    }
    std::ranges::sort(noted);
    noted.erase(std::unique(noted.begin(), noted.end()), noted.end());
    return noted;
  }

 private:
  static bool IsData(const Region& region) {
    return region.readable && region.writable && !region.executable && region.present_end > region.start;
  }

  // The end of the segment that holds `at`, else 0.
  Address EndOfFound(Address at) const {
    const auto next = segments_.upper_bound(at);
    return next != segments_.begin() && std::prev(next)->second > at ? std::prev(next)->second : 0;
  }

  // Takes the segments that begin at `start` and right behind each other. Where they end; `start` when there is none.
  Address Follow(Address start) {
    if (Enough() || EndOfFound(start) != 0) return start;
    const Region* region = memory_.RegionAt(start);
    if (region == nullptr || !IsData(*region)) return start;
    while (start < region->end && !Enough()) {
      const Address end = SegmentEnd(memory_, arena_.top, start, region->end, &left_, cancel_);
      const auto next = segments_.upper_bound(start);
      if (end == 0 || (next != segments_.end() && next->first < end)) break;
      segments_[start] = end;
      found_ += end - start;
      start = end;
    }
    return start;
  }

  // Segments in the middle of regions: the kernel joins them with other memory.
  void LookAtPages() {
    for (const Region& region : memory_.Regions()) {
      if (!IsData(region)) continue;
      for (Address at = (region.start + kPage - 1) & ~(kPage - 1); at < region.present_end && !Enough();) {
        --left_;
        const Address behind = std::max(EndOfFound(at), Follow(at));
        at = behind > at ? (behind + kPage - 1) & ~(kPage - 1) : at + kPage;
      }
    }
  }

  const Memory& memory_;
  const MallocArena& arena_;
  const Cancel& cancel_;
  std::map<Address, Address> segments_;  // start -> end
  uint64_t found_ = 0;                   // bytes
  uint64_t left_ = 1 << 26;              // chunks and pages that may still be looked at
};

// What is damaged or cut off in front of `end`: as much of it as can be told, from where it begins.
bool AddDamagedHeap(const Memory& memory, const MainSegments& segments, Address start, Address end, MallocArena* arena,
                    const Cancel& cancel) {
  constexpr size_t kMostCandidates = 64;
  MallocHeap heap{start, end, end, end};
  std::vector<Address> candidates = {start};
  for (const Address noted : segments.NotedAddresses()) {
    if (noted > start && noted < end && candidates.size() < kMostCandidates) candidates.push_back(noted);
  }
  std::erase_if(candidates, [&](Address at) { return !MayBeginSegment(memory, at, end); });
  heap.start = heap.first_chunk = BestFirstChunk(memory, *arena, heap, candidates, cancel);
  if (heap.start < end) arena->heaps.push_back(heap);
  return heap.start < end;
}

void AddMainHeaps(const Memory& memory, MallocArena* arena, const Cancel& cancel) {
  MainSegments segments(memory, *arena, cancel);
  Address last_end = 0, last_below_top = 0;
  bool has_top = false;
  for (const auto& [start, end] : segments.Find()) {
    const Region* region = memory.RegionAt(start);
    const Address behind = std::max(region->start, last_end);
    if (!segments.Enough() && behind < start) AddDamagedHeap(memory, segments, behind, start, arena, cancel);
    arena->heaps.push_back({start, end, end, start});
    has_top |= arena->top >= start && arena->top < end;
    last_end = end;
    if (end <= arena->top) last_below_top = end;
  }
  if (const Region* region = has_top ? nullptr : memory.RegionAt(arena->top)) {
    const Address start = std::max(region->start, last_below_top);
    Address end = arena->top + (memory.ReadWord(arena->top + 8).value_or(0) & ~kFlags);
    if (end > region->end || end <= arena->top) end = region->end;
    if (!AddDamagedHeap(memory, segments, start, end, arena, cancel)) arena->heaps.push_back({start, end, end, end});
  }
  std::ranges::sort(arena->heaps, {}, &MallocHeap::start);
}

bool InHeaps(const MallocArena& arena, Address address) {
  const auto next = std::ranges::upper_bound(arena.heaps, address, {}, &MallocHeap::start);
  return next != arena.heaps.begin() && address < std::prev(next)->end;
}

// Lists of small free chunks whose neighbours count them as in use; from 2.32 on the links are mixed with their place.
void FindFastChunks(const Memory& memory, Address bins, MallocArena* arena, const Cancel& cancel) {
  for (size_t i = 0; i < kFastBins && !cancel.Cancelled(); ++i) {
    const uint64_t size = kMinChunk + 16 * i;
    const auto fits = [&](Address chunk) {
      return chunk % 16 == 0 && InHeaps(*arena, chunk) && (memory.ReadWord(chunk + 8).value_or(0) & ~kFlags) == size;
    };
    Address chunk = memory.ReadWord(bins - 16 - 8 * kFastBins + 8 * i).value_or(0);
    uint64_t left = arena->system_bytes / size;
    while (chunk != 0 && left-- > 0 && fits(chunk)) {
      if (left % (1 << 16) == 0 && cancel.Cancelled()) break;
      arena->fast_chunks.push_back(chunk);
      const uint64_t link = memory.ReadWord(chunk + 16).value_or(0), mask = (chunk + 16) >> 12;
      chunk = link == 0 || link == mask ? 0 : fits(link) ? link : link ^ mask;
    }
  }
  std::ranges::sort(arena->fast_chunks);
  const auto repeated = std::ranges::unique(arena->fast_chunks);
  arena->fast_chunks.erase(repeated.begin(), repeated.end());
}

std::string OtherAllocator(const Memory& memory) {
  for (const FileMapping& mapping : memory.FileMappings()) {
    const size_t slash = mapping.path.rfind('/');
    const std::string_view name = std::string_view(mapping.path).substr(slash == std::string::npos ? 0 : slash + 1);
    for (const std::string_view known :
         {"jemalloc", "mimalloc", "tcmalloc", "snmalloc", "rpmalloc", "hoard", "scudo"}) {
      if (name.find(known) != std::string_view::npos) return std::string(name);
    }
  }
  return "";
}

}  // namespace

MallocState FindMallocArenas(const Memory& memory, const Cancel& cancel) {
  MallocState result;
  result.allocator = OtherAllocator(memory);
  const Address main_bins = FindMainBins(memory);
  if (main_bins == 0) return result;
  if (result.allocator.empty()) result.allocator = "glibc";
  const ArenaTail main_tail = *ReadTail(memory, main_bins);
  // The ring of arenas leads back to the main one, which tells where its struct begins.
  Address offset = FindBins(memory, main_tail.next);
  if (offset == 0)
    offset = main_bins > main_tail.next && main_bins - main_tail.next <= 0xa0 ? main_bins - main_tail.next : 0x70;
  MallocArena main{.state = main_bins - offset, .is_main = true, .top = TopOf(memory, main_bins)};
  main.system_bytes = main_tail.system_bytes;
  AddMainHeaps(memory, &main, cancel);
  FindFastChunks(memory, main_bins, &main, cancel);
  result.arenas.push_back(std::move(main));
  for (Address state = main_tail.next; state != result.arenas[0].state && result.arenas.size() < kMostArenas;) {
    if (cancel.Cancelled() || !AreBins(memory, state + offset)) break;
    const std::optional<ArenaTail> tail = ReadTail(memory, state + offset);
    if (!tail) break;
    if (std::ranges::any_of(result.arenas, [&](const MallocArena& a) { return a.state == state; })) break;
    MallocArena arena{.state = state, .top = TopOf(memory, state + offset), .system_bytes = tail->system_bytes};
    AddThreadHeaps(memory, offset, &arena, cancel);
    FindFastChunks(memory, state + offset, &arena, cancel);
    result.arenas.push_back(std::move(arena));
    state = tail->next;
  }
  return result;
}

bool WalkMallocHeap(const Memory& memory, const MallocArena& arena, const MallocHeap& heap, const Cancel& cancel,
                    const ChunkVisitor& visit) {
  constexpr uint64_t kEndPieces = 64;  // the ends of a full heap, which are no chunks
  Words words(memory, heap.start, heap.end);
  Address at = heap.first_chunk;
  if (at > heap.start) visit(heap.start, at - heap.start, ChunkUse::kBookkeeping);
  std::optional<uint64_t> head = words.At(at + 8);
  auto fast = std::ranges::lower_bound(arena.fast_chunks, at);
  uint32_t walked = 0;
  while (at < heap.end) {
    if (++walked % kPollChunks == 0 && cancel.Cancelled()) break;
    if (at == arena.top) {
      visit(at, heap.end - at, ChunkUse::kTop);
      return true;
    }
    const uint64_t size = head.value_or(0) & ~kFlags;
    if (!head || size < kMinChunk || size % 16 != 0 || size > heap.end - at || (*head & kIsMapped) != 0) {
      const bool is_end = head && heap.end - at <= kEndPieces;
      visit(at, heap.end - at, is_end ? ChunkUse::kBookkeeping : ChunkUse::kUnknown);
      return is_end;
    }
    const Address next = at + size;
    head = words.At(next + 8);
    while (fast != arena.fast_chunks.end() && *fast < at) ++fast;
    const bool is_fast = fast != arena.fast_chunks.end() && *fast == at;
    // The flag of the next chunk says whether this one is in use; no flag of a damaged head is believed.
    const uint64_t next_size = head.value_or(0) & ~kFlags;
    const bool head_is_sound =
        next_size >= 16 && next_size % 16 == 0 && next_size <= heap.end - next && (head.value_or(0) & kIsMapped) == 0;
    const bool in_use = (!head_is_sound || (*head & kPrevInUse) != 0) && !is_fast;
    visit(at, size, in_use ? ChunkUse::kInUse : ChunkUse::kFree);
    at = next;
  }
  if (at < heap.end) visit(at, heap.end - at, ChunkUse::kUnknown);
  return at >= heap.end;
}

std::vector<MappedChunk> FindMappedChunks(const Memory& memory, Address from, Address end, const Cancel& cancel) {
  constexpr uint32_t kPollPages = 1 << 14;
  std::vector<MappedChunk> chunks;
  uint32_t looked = 0;
  for (Address at = (from + kPage - 1) & ~(kPage - 1); at + kPage <= end;) {
    if (++looked % kPollPages == 0 && cancel.Cancelled()) break;
    uint64_t bytes = 0;
    // The chunk begins at the start of its mapping; of an aligned block so far behind it as its first word says.
    for (uint64_t behind = 0; behind < kPage && bytes == 0; behind = behind == 0 ? 16 : 2 * behind + 16) {
      std::array<uint64_t, 2> head;
      if (memory.Read(at + behind, std::as_writable_bytes(std::span(head))) != sizeof(head)) break;
      const uint64_t size = head[1] & ~kFlags;
      if (head[0] != behind || (head[1] & kFlags) != kIsMapped || size < kPage || size > end - at) continue;
      if ((size + behind) % kPage == 0 && size + behind <= end - at) bytes = size + behind;
    }
    if (bytes != 0) chunks.push_back({at, bytes});
    at += bytes != 0 ? bytes : kPage;
  }
  return chunks;
}

}  // namespace corewalk
