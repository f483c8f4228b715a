#include "heap/word_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/on_threads.h"
#include "heap/outside_memory.h"
#include "heap/tagged.h"
#include "heap/young_survivors.h"

namespace corewalk {
namespace {

// Two words side by side: the compiler makes SSE2 of it.
using WordPair = uint64_t __attribute__((vector_size(16)));

// Words per block; hits are rare, so that a block is asked for any hit first.
constexpr size_t kBlock = 32;

template <size_t kNeedles>
size_t FindAmong(const std::byte* data, size_t from, size_t count, const uint64_t* needles) {
  const auto is_hit = [&](size_t i) {
    uint64_t word;
    std::memcpy(&word, data + 8 * i, 8);
    word |= 2;
    bool hit = false;
    for (size_t n = 0; n < kNeedles; ++n) hit |= word == needles[n];
    return hit;
  };
  size_t i = from;
  WordPair wanted[kNeedles];
  for (size_t n = 0; n < kNeedles; ++n) wanted[n] = WordPair{needles[n], needles[n]};
  const WordPair weak = {2, 2};
  for (; i + kBlock <= count; i += kBlock) {
    WordPair any = {0, 0};
    for (size_t k = 0; k < kBlock; k += 2) {
      WordPair words;
      std::memcpy(&words, data + 8 * (i + k), 16);
      words |= weak;
      for (size_t n = 0; n < kNeedles; ++n) any |= static_cast<WordPair>(words == wanted[n]);
    }
    if ((any[0] | any[1]) != 0) [[unlikely]] {
      for (size_t k = i; k < i + kBlock; ++k) {
        if (is_hit(k)) return k;
      }
    }
  }
  for (; i < count; ++i) {
    if (is_hit(i)) return i;
  }
  return count;
}

struct Slot {
  Address address;
  uint64_t word;
};

// What one page yields; kept apart so that the order of the pages, not of the threads, decides.
struct PageHits {
  std::vector<HeapHit> hits;
  uint64_t total = 0;
};

class HeapScanner {
 public:
  HeapScanner(const HeapModel& model, const NeedleSet& needles, uint64_t most, const Cancel& cancel)
      : model_(model),
        needles_(needles),
        most_(most),
        cancel_(cancel),
        maps_(model.memory(), model.layout()),
        walker_(model.memory(), model.layout(), &maps_, &model.hidden_areas(), &cancel) {}

  PageHits Scan(const WalkedPage& task) {
    slots_.clear();
    const uint64_t missing =
        ForEachPiece(model_.memory(), task.page->descriptor.area_start, task.end, &buffer_, cancel_,
                     [&](Address at, std::span<const std::byte> bytes) {
                       const size_t count = bytes.size() / 8;
                       for (size_t i = needles_.Find(bytes.data(), 0, count); i < count;
                            i = needles_.Find(bytes.data(), i + 1, count)) {
                         uint64_t word;
                         std::memcpy(&word, bytes.data() + 8 * i, 8);
                         slots_.push_back({at + 8 * i, word});
                       }
                     });
    PageHits result;
    if (slots_.empty()) {
      tally_.unreadable_bytes += missing;
      return result;
    }
    const std::span<const LinearArea> areas =
        task.isolate ? std::span<const LinearArea>(task.isolate->areas) : std::span<const LinearArea>();
    size_t next = 0;
    walker_.Walk(
        *task.page, task.end, areas,
        [&](MapCache::Slot& slot, Address address, uint64_t size, const std::byte*) {
          while (next < slots_.size() && slots_[next].address < address) ++next;  // in free space
          if (next == slots_.size() || slots_[next].address >= address + size) [[likely]]
            return;
          const bool pointers = HoldsPointers(model_.layout(), maps_.info(slot));
          for (; next < slots_.size() && slots_[next].address < address + size; ++next) {
            if (!pointers && slots_[next].address != address) continue;
            if (result.total++ < most_)
              result.hits.push_back({address, slot.word, slots_[next].address, slots_[next].word});
          }
        },
        &tally_);
    return result;
  }

  const PageTally& tally() const { return tally_; }

 private:
  const HeapModel& model_;
  const NeedleSet& needles_;
  const uint64_t most_;
  const Cancel& cancel_;
  MapCache maps_;
  PageWalker walker_;
  PageTally tally_;
  std::vector<Slot> slots_;
  std::vector<std::byte> buffer_;
};

void AddSurvivors(const HeapModel& model, const HeapWalkOptions& options, const NeedleSet& needles, uint64_t most,
                  const Cancel& cancel, HeapHits* result) {
  std::vector<std::byte> bytes;
  for (const YoungSurvivor& survivor : model.survivors(cancel)) {
    if (options.isolate >= 0 && model.isolates()[options.isolate].heap != survivor.page->descriptor.heap) continue;
    result->gc_in_progress = true;
    if (cancel.Cancelled()) return;
    if (!HoldsPointers(model.layout(), survivor.map)) continue;
    bytes.resize(survivor.size);
    const size_t count = model.memory().Read(survivor.address, bytes) / 8;
    for (size_t i = needles.Find(bytes.data(), 0, count); i < count; i = needles.Find(bytes.data(), i + 1, count)) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + 8 * i, 8);
      if (result->total++ < most)
        result->hits.push_back({survivor.address, survivor.map.word, survivor.address + 8 * i, word});
    }
  }
}

}  // namespace

NeedleSet::NeedleSet(std::span<const Address> objects) {
  for (const Address object : objects) sorted_.push_back(object | 3);
  std::ranges::sort(sorted_);
  const auto repeated = std::ranges::unique(sorted_);
  sorted_.erase(repeated.begin(), repeated.end());
  if (sorted_.size() <= kFew) return;
  // At least 16 bits for a needle, within what a processor keeps near.
  const size_t bits = std::clamp<size_t>(std::bit_ceil(16 * sorted_.size()), 1 << 16, 1 << 23);
  filter_mask_ = bits - 1;
  filter_.resize(bits / 64);
  for (const uint64_t needle : sorted_) filter_[FilterBit(needle) / 64] |= uint64_t{1} << FilterBit(needle) % 64;
}

bool NeedleSet::Holds(uint64_t word) const {
  return (word & 1) != 0 && std::ranges::binary_search(sorted_, word | 2);
}

size_t NeedleSet::Find(const std::byte* data, size_t from, size_t count) const {
  switch (sorted_.size()) {
    case 0:
      return count;
    case 1:
      return FindAmong<1>(data, from, count, sorted_.data());
    case 2:
      return FindAmong<2>(data, from, count, sorted_.data());
    case 3:
      return FindAmong<3>(data, from, count, sorted_.data());
    case 4:
      return FindAmong<4>(data, from, count, sorted_.data());
    default:
      break;
  }
  for (size_t i = from; i < count; ++i) {
    uint64_t word;
    std::memcpy(&word, data + 8 * i, 8);
    const size_t bit = FilterBit(word);
    if ((filter_[bit / 64] >> bit % 64 & 1) != 0 && Holds(word)) return i;
  }
  return count;
}

bool HoldsPointers(const Layout& layout, const MapInfo& map) {
  switch (map.size_kind) {
    case SizeKind::kSeqOneByteString:
    case SizeKind::kSeqTwoByteString:
    case SizeKind::kByteArray:
    case SizeKind::kBigInt:
    case SizeKind::kInstructionStream:
    case SizeKind::kFeedbackMetadata:
    case SizeKind::kFixedTypedArray1:
    case SizeKind::kFixedTypedArray2:
    case SizeKind::kFixedTypedArray4:
    case SizeKind::kFixedTypedArray8:
      return false;
    case SizeKind::kArray:
      return layout.types.at(map.instance_type).name != "FIXED_DOUBLE_ARRAY_TYPE";
    case SizeKind::kNone:
      return layout.types.at(map.instance_type).name != "HEAP_NUMBER_TYPE";
    default:
      return map.category != Category::kFree;
  }
}

HeapHits FindInHeap(const HeapModel& model, const HeapWalkOptions& options, const NeedleSet& needles, uint64_t most,
                    const Cancel& cancel, const ProgressFunction& progress) {
  HeapHits result;
  if (needles.size() == 0) return result;
  const std::vector<WalkedPage> tasks = PagesToWalk(model, options.isolate, options.read_only);
  const size_t threads = ClampThreads(options.threads);
  std::vector<HeapScanner> scanners;
  scanners.reserve(threads);
  for (size_t i = 0; i < threads; ++i) scanners.emplace_back(model, needles, most, cancel);
  std::vector<PageHits> found(tasks.size());
  model.memory().Advise(AccessPattern::kSequential);
  InPieces(tasks.size(), threads, cancel, progress, "searching references",
           [&](size_t thread, size_t i) { found[i] = scanners[thread].Scan(tasks[i]); });
  model.memory().Advise(AccessPattern::kNormal);
  for (const PageHits& page : found) {
    result.total += page.total;
    for (const HeapHit& hit : page.hits) {
      if (result.hits.size() < most) result.hits.push_back(hit);
    }
  }
  for (const HeapScanner& scanner : scanners) result.tally.Add(scanner.tally());
  result.interrupted = cancel.Cancelled();
  if (!result.interrupted) AddSurvivors(model, options, needles, most, cancel, &result);
  return result;
}

OutsideHits FindOutside(const HeapModel& model, int thread_count, const NeedleSet& needles, uint64_t most,
                        const Cancel& cancel) {
  OutsideHits result;
  const Memory& memory = model.memory();
  const std::vector<MemoryPiece> pieces = OutsidePieces(memory, model.index(), cancel);
  struct Found {
    std::vector<OutsideHit> hits;
    uint64_t total = 0;
  };
  std::vector<Found> found(pieces.size());
  ReadPieces(memory, pieces, thread_count, cancel, [&](size_t i, Address at, std::span<const std::byte> bytes) {
    const size_t count = bytes.size() / 8;
    for (size_t k = needles.Find(bytes.data(), 0, count); k < count;
         k = needles.Find(bytes.data(), k + 1, count)) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + 8 * k, 8);
      if (found[i].total++ < most) found[i].hits.push_back({at + 8 * k, word});
    }
  });
  for (const Found& piece : found) {
    result.total += piece.total;
    for (const OutsideHit& hit : piece.hits) {
      if (result.hits.size() < most) result.hits.push_back(hit);
    }
  }
  result.interrupted = cancel.Cancelled();
  return result;
}

}  // namespace corewalk
