#include "heap/linear_areas.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "heap/roots_finder.h"
#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr uint64_t kBeforeRoots = 0x400;    // from 11.3 the areas stand in front of the roots table
constexpr uint64_t kBehindRoots = 0x14000;  // up to 10.8 behind it
constexpr size_t kSpaceWords = 0x240 / 8;
constexpr size_t kPairBefore = 0x80 / 8;  // {top, limit} pairs stand at +0x60 or +0x68; later ones are records
                                          // of the area's original bounds
constexpr size_t kMaxHiddenPairs = size_t{1} << 22;
constexpr uint64_t kMaxStackBytes = 8 << 20;  // of one thread

bool IsTriple(const PageIndex& index, const std::vector<uint64_t>& words, size_t i) {
  return i + 2 < words.size() && words[i] <= words[i + 1] && words[i + 1] <= words[i + 2] && words[i] < words[i + 2] &&
         (words[i] & 7) == 0 && (words[i + 1] & 7) == 0 && index.SameArea(words[i], words[i + 2]);
}

// The areas in the Isolate are those of the new and the old space, one page each. What lies behind it is any memory of
// malloc's, up to 9.x often the sorted addresses of a page's code objects (CodeObjectRegistry, src/heap/code-object-registry.h),
// of which any three in a row would be an area that hides objects.
bool IsTripleOfIsolate(const PageIndex& index, const std::vector<uint64_t>& words, size_t i) {
  if (!IsTriple(index, words, i)) return false;
  const SpaceKind space = index.At(words[i])->space;
  if (space == SpaceKind::kCode || space == SpaceKind::kCodeLargeObject) return false;
  const bool more_before = i > 0 && index.SameArea(words[i - 1], words[i]);
  const bool more_behind = i + 3 < words.size() && index.SameArea(words[i + 2], words[i + 3]);
  return !more_before && !more_behind;
}

bool IsPair(const PageIndex& index, const std::vector<uint64_t>& words, size_t i) {
  return i + 1 < words.size() && words[i] <= words[i + 1] && (words[i] & 7) == 0 &&
         index.SameArea(words[i], words[i + 1]);
}

// The size of the single huge allocation that starts at `at`, 0 if there is none: what glibc's malloc gives a mapping of
// its own bears its size, with the flag IS_MMAPPED, in the second word (malloc/malloc.c). Gigabytes of Buffers are like
// that, and hold no struct of V8's.
uint64_t MappedChunkSize(const Memory& memory, Address at, Address end) {
  constexpr uint64_t kPage = 4096, kFlags = 7, kIsMapped = 2;
  if (at % kPage != 0 || at + kPage > end || memory.ReadWord(at) != 0) return 0;
  const uint64_t word = memory.ReadWord(at + 8).value_or(0);
  const uint64_t size = word & ~kFlags;
  return (word & kFlags) == kIsMapped && size % kPage == 0 && size <= end - at ? size : 0;
}

}  // namespace

void PageIndex::Finish() {
  std::ranges::sort(pages_, {}, [](const Page* p) { return p->descriptor.chunk; });
}

const Page* PageIndex::At(Address address) const {
  const auto at = std::ranges::upper_bound(pages_, address, {}, [](const Page* p) { return p->descriptor.chunk; });
  if (at == pages_.begin()) return nullptr;
  const Page* page = *(at - 1);
  return address <= page->descriptor.area_end ? page : nullptr;
}

bool PageIndex::SameArea(Address low, Address high) const {
  if (low > high || high - low > kChunkAlignment * 2 || low <= 0x10000) return false;
  const Page* page = At(low);
  return page != nullptr && low >= page->descriptor.area_start && high <= page->descriptor.area_end;
}

std::vector<LinearArea> FindLinearAreas(const Memory& memory, const PageIndex& index, Address roots_table,
                                        const std::vector<Space>& spaces) {
  std::vector<LinearArea> areas;
  const std::vector<uint64_t> isolate =
      ReadWords(memory, roots_table - kBeforeRoots, (kBeforeRoots + kBehindRoots) / 8);
  for (size_t i = 0; i < isolate.size(); ++i) {
    if (!IsTripleOfIsolate(index, isolate, i)) continue;
    areas.push_back({isolate[i + 1], isolate[i + 2]});
    i += 2;
  }
  // In space objects the area stands at one offset for all spaces of a version: the first at which any has one.
  size_t offset = 0;
  bool triple = false;
  for (size_t i = 1; i < kSpaceWords && offset == 0; ++i) {
    for (const Space& space : spaces) {
      if (space.address == 0) continue;
      const std::vector<uint64_t> words = ReadWords(memory, space.address, kSpaceWords);
      if (IsTriple(index, words, i)) {
        offset = i;
        triple = true;
        break;
      }
      if (i < kPairBefore && IsPair(index, words, i)) {
        offset = i;
        break;
      }
    }
  }
  if (offset != 0) {
    for (const Space& space : spaces) {
      if (space.address == 0) continue;
      const std::vector<uint64_t> words = ReadWords(memory, space.address, kSpaceWords);
      if (triple && IsTriple(index, words, offset)) areas.push_back({words[offset + 1], words[offset + 2]});
      if (!triple && IsPair(index, words, offset)) areas.push_back({words[offset], words[offset + 1]});
    }
  }
  std::ranges::sort(areas, {}, &LinearArea::top);
  return areas;
}

bool HiddenLinearAreas::EnsureBuilt(const Cancel* cancel) {
  if (built_.load(std::memory_order_acquire)) return true;
  const std::lock_guard lock(building_);
  if (built_.load(std::memory_order_relaxed)) return true;
  Build(cancel);
  if (cancel != nullptr && cancel->Cancelled()) {
    pairs_.clear();
    known_.clear();
    return false;
  }
  built_.store(true, std::memory_order_release);
  return true;
}

std::span<const LinearArea> HiddenLinearAreas::Known(const Cancel* cancel) {
  if (!EnsureBuilt(cancel)) return {};
  return known_;
}

std::vector<LinearArea> HiddenLinearAreas::Near(Address address, const Cancel* cancel) {
  constexpr size_t kMost = 8;
  std::vector<LinearArea> near;
  if (!EnsureBuilt(cancel)) return near;
  const Address from = address > kTopSlack ? address - kTopSlack : 0;
  for (auto at = std::ranges::lower_bound(pairs_, from, {}, &LinearArea::top);
       at != pairs_.end() && at->top <= address + kTopSlack; ++at) {
    if (at->limit > address) near.push_back(*at);
  }
  std::ranges::stable_sort(near, {}, [address](const LinearArea& area) {
    return area.top > address ? area.top - address : address - area.top;
  });
  if (near.size() > kMost) near.resize(kMost);
  return near;
}

std::optional<Address> HiddenLinearAreas::LimitOf(Address top, const Cancel* cancel) {
  if (!EnsureBuilt(cancel)) return std::nullopt;
  std::optional<Address> limit;
  for (auto at = std::ranges::lower_bound(pairs_, top, {}, &LinearArea::top); at != pairs_.end() && at->top == top;
       ++at) {
    if (!limit || at->limit > *limit) limit = at->limit;
  }
  return limit;
}

void HiddenLinearAreas::Build(const Cancel* cancel) {
  constexpr size_t kBlock = 1 << 20;
  constexpr size_t kOverlap = 32;  // so that a struct on the seam of two blocks is seen whole
  Address low = ~Address{0}, high = 0;
  for (const Page* page : index_.pages()) {
    low = std::min(low, page->descriptor.area_start);
    high = std::max(high, page->descriptor.area_end);
  }
  if (low > high) return;
  std::vector<Address> stacks;
  for (const ThreadState& thread : memory_.Threads()) stacks.push_back(thread.reg(Register::kRsp));
  std::vector<std::byte> buffer;
  const auto search = [&](Address begin, Address end) {
    for (Address block = begin & ~Address{7}; block < end && pairs_.size() < kMaxHiddenPairs; block += kBlock) {
      if (cancel != nullptr && cancel->Cancelled()) return;
      while (const uint64_t size = MappedChunkSize(memory_, block, end)) block += size;
      if (block >= end) return;
      const size_t wanted = std::min<Address>(kBlock + kOverlap, end - block);
      std::span<const std::byte> bytes = memory_.View(block, wanted);
      if (bytes.empty()) {
        buffer.resize(kBlock + kOverlap);
        bytes = std::span<const std::byte>(buffer).first(memory_.Read(block, std::span(buffer).first(wanted)));
      }
      const auto word_at = [bytes](size_t offset) {
        uint64_t word = 0;
        if (offset + 8 <= bytes.size()) std::memcpy(&word, bytes.data() + offset, sizeof(word));
        return word;
      };
      for (size_t offset = 0; offset + 16 <= bytes.size(); offset += 8) {
        const uint64_t first = word_at(offset);
        if (first - low > high - low || (first & 7) != 0) continue;
        const uint64_t second = word_at(offset + 8);
        if (second > first && index_.SameArea(first, second)) pairs_.push_back({first, second});
        if (offset < 8 || second < first) continue;
        const uint64_t before = word_at(offset - 8);
        const bool owned = before == block + offset;
        if (!owned && !std::ranges::binary_search(heaps_, before)) continue;
        // No such struct is on a stack, but stale copies of them are.
        if (std::ranges::any_of(stacks, [&](Address sp) { return block + kMaxStackBytes - sp < 2 * kMaxStackBytes; }))
          continue;
        const uint64_t third = word_at(offset + 16);
        if ((second & 7) == 0 && third >= second && third > first && index_.SameArea(first, third)) {
          if (third > second) known_.push_back({second, third});
        } else if (!owned && second > first && index_.SameArea(first, second)) {
          known_.push_back({first, second});
        }
      }
    }
  };
  for (const Region& region : memory_.Regions()) {
    // Generated code's ranges are huge and sparse; nothing malloc'ed is there.
    if (!region.writable || region.executable || region.present_end <= region.start) continue;
    Address begin = region.start;
    // Step over V8's own pages.
    for (Address base = (region.start + kChunkAlignment - 1) & ~(kChunkAlignment - 1); base < region.present_end;
         base += kChunkAlignment) {
      if (index_.At(base) == nullptr && !LooksLikeChunkHeader(memory_, base)) continue;
      if (base > begin) search(begin, base);
      begin = base + kChunkAlignment;
    }
    if (begin < region.present_end) search(begin, region.present_end);
  }
  std::ranges::sort(pairs_, {}, &LinearArea::top);
  std::ranges::sort(known_, {}, &LinearArea::top);
}

}  // namespace corewalk
