#include "heap/page_calibration.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr size_t kDescriptorWords = 48;    // the fields stand in the first 0x120 bytes in every version
constexpr uint64_t kHeapWithin = 0x20000;  // the Heap is a member of the Isolate, 0x8f00..0xf400 beyond the roots
constexpr uint64_t kAreaWithin = 0x8000;   // the area starts 0x10..0x3030 after the chunk
constexpr size_t kMaxSampleChunks = 512;

struct Sample {
  Address chunk;
  Address descriptor;
  std::array<uint64_t, kDescriptorWords> words;
};

std::vector<Address> ChunksOf(const Memory& memory, const RootsTable& table) {
  std::set<Address> chunks;
  for (uint64_t entry : table.entries) {
    if (!LooksLikePointer(entry)) continue;
    // With 512 KB pages an object may stand in the second half: take the base that has a header.
    const Address base = ChunkBase(Untag(entry));
    if (LooksLikeChunkHeader(memory, base)) {
      chunks.insert(base);
    } else if (LooksLikeChunkHeader(memory, base - kChunkAlignment)) {
      chunks.insert(base - kChunkAlignment);
    }
    if (chunks.size() >= kMaxSampleChunks) break;
  }
  return {chunks.begin(), chunks.end()};
}

bool PointsIntoHeader(uint64_t word, Address chunk) {
  return word > chunk && word <= chunk + kAreaWithin && (word & 7) == 0;
}

// From 12.9 the chunk's second word is a pointer to the metadata, which holds the area's start.
bool IsSplit(const Memory& memory, const std::vector<Address>& chunks) {
  size_t split = 0;
  for (Address chunk : chunks) {
    const std::optional<uint64_t> second = memory.ReadWord(chunk + 8);
    if (!second || *second == chunk || *second <= 0x10000 || *second >= kUserAddressEnd || (*second & 7) != 0) continue;
    std::array<uint64_t, kDescriptorWords> words{};
    const size_t read = memory.Read(*second, std::as_writable_bytes(std::span(words)));
    for (size_t i = 0; i < read / 8; ++i) {
      if (PointsIntoHeader(words[i], chunk)) {
        ++split;
        break;
      }
    }
  }
  return 2 * split > chunks.size();
}

std::vector<Sample> ReadSamples(const Memory& memory, const std::vector<Address>& chunks, bool split) {
  std::vector<Sample> samples;
  for (Address chunk : chunks) {
    Sample sample{chunk, chunk, {}};
    if (split) {
      const std::optional<uint64_t> metadata = memory.ReadWord(chunk + 8);
      if (!metadata) continue;
      sample.descriptor = *metadata;
    }
    if (memory.Read(sample.descriptor, std::as_writable_bytes(std::span(sample.words))) < 16 * 8) continue;
    samples.push_back(sample);
  }
  return samples;
}

// The (offset, value) pair that most samples share, the value lying shortly behind the roots table.
std::optional<std::pair<uint32_t, Address>> FindHeap(const std::vector<Sample>& samples, Address table) {
  std::map<std::pair<uint32_t, Address>, size_t> votes;
  for (const Sample& sample : samples) {
    for (size_t i = 0; i < kDescriptorWords; ++i) {
      const uint64_t word = sample.words[i];
      if (word > table + 0x800 && word < table + kHeapWithin && (word & 7) == 0) ++votes[{i * 8, word}];
    }
  }
  if (votes.empty()) return std::nullopt;
  return std::ranges::max_element(votes, {}, [](const auto& v) { return v.second; })->first;
}

// The offset at which `matches` holds on `percent` of the samples (a page or two may be damaged); among several, the
// one at which most matches are `preferred` too.
std::optional<uint32_t> FindField(const std::vector<Sample>& samples, uint32_t from,
                                  const std::function<bool(const Sample&, uint64_t)>& matches,
                                  const std::function<bool(const Sample&, uint64_t)>& preferred, size_t percent = 90) {
  std::optional<uint32_t> best;
  size_t best_score = 0;
  for (size_t i = from / 8; i < kDescriptorWords; ++i) {
    size_t matching = 0, score = 1;
    for (const Sample& sample : samples) {
      if (!matches(sample, sample.words[i])) continue;
      ++matching;
      score += preferred(sample, sample.words[i]);
    }
    if (matching == 0 || (100 * matching < percent * samples.size() && matching + 1 < samples.size())) continue;
    if (score > best_score) {
      best = i * 8;
      best_score = score;
    }
  }
  return best;
}

// A space object: a vtable first, and a pointer back to its heap in its first words. It is malloc'ed, so it is not
// aligned as a chunk is, whose header points to the heap as well.
bool IsSpaceOf(const Memory& memory, Address object, Address heap) {
  if (ChunkBase(object) == object) return false;
  if (object <= 0x10000 || object >= kUserAddressEnd || (object & 7) != 0) return false;
  std::array<uint64_t, 10> words{};
  if (memory.Read(object, std::as_writable_bytes(std::span(words))) != sizeof(words)) return false;
  if (words[0] <= 0x10000 || words[0] >= kUserAddressEnd || (words[0] & 7) != 0) return false;
  return std::find(words.begin() + 1, words.end(), heap) != words.end();
}

std::optional<PageLayout> CalibrateFor(const Memory& memory, const RootsTable& table, Address* heap_out,
                                       size_t* own_out) {
  const std::vector<Address> chunks = ChunksOf(memory, table);
  if (chunks.empty()) return std::nullopt;
  PageLayout layout;
  layout.split = IsSplit(memory, chunks);
  const std::vector<Sample> samples = ReadSamples(memory, chunks, layout.split);
  if (samples.empty()) return std::nullopt;

  const auto heap = FindHeap(samples, table.address);
  if (!heap) return std::nullopt;
  layout.heap = heap->first;
  *heap_out = heap->second;

  const auto area_start = FindField(
      samples, 0,
      [&memory](const Sample& s, uint64_t w) {
        if (!PointsIntoHeader(w, s.chunk)) return false;
        const std::optional<uint64_t> first = memory.ReadWord(w);
        return first && LooksLikePointer(*first) && LooksLikePointer(memory.ReadWord(Untag(*first)).value_or(0));
      },
      [](const Sample&, uint64_t) { return true; });
  if (!area_start) return std::nullopt;
  layout.area_start = *area_start;

  std::vector<Sample> own;  // pages of this heap; read-only pages have no heap from 10.2 on
  std::ranges::copy_if(samples, std::back_inserter(own),
                       [&](const Sample& s) { return s.words[layout.heap / 8] == *heap_out; });

  if (own.empty()) return std::nullopt;
  *own_out = own.size();

  const bool half_megabyte = std::ranges::all_of(samples, [](const Sample& s) { return (s.chunk & 0x7ffff) == 0; }) &&
                             std::ranges::any_of(own, [&](const Sample& s) {
                               return std::ranges::find(s.words, s.chunk + 0x80000) != s.words.end();
                             });
  layout.page_size = half_megabyte ? 512 * 1024 : 256 * 1024;

  const auto area_end = FindField(
      samples, 0,
      [&](const Sample& s, uint64_t w) {
        return w > s.words[layout.area_start / 8] + 0x100 && w <= s.chunk + (Address{1} << 36) && (w & 7) == 0;
      },
      [&](const Sample& s, uint64_t w) { return w == s.chunk + layout.page_size; });
  if (!area_end) return std::nullopt;
  layout.area_end = *area_end;

  const auto owner = FindField(
      own, 0,
      [&](const Sample& s, uint64_t w) {
        return w != *heap_out && w != s.descriptor && IsSpaceOf(memory, w, *heap_out);
      },
      [](const Sample&, uint64_t) { return true; }, 34);  // one damaged space object may own most of the samples
  if (!owner) return std::nullopt;
  layout.owner = *owner;

  // Up to 11.8 the first word is the chunk's size and the flags follow; 12.4 and later start with the flags.
  const Sample& some = samples.front();
  layout.flags = layout.split || memory.ReadWord(some.chunk + 8) == some.chunk ? 0 : 8;
  return layout;
}

// Whether mappings follow each other without a gap from `from` to `to`.
bool IsMapped(const Memory& memory, Address from, Address to) {
  const Region* region = memory.RegionAt(from);
  while (region != nullptr && region->end < to) region = memory.RegionAt(region->end);
  return region != nullptr;
}

}  // namespace

std::optional<Address> DescriptorOf(const Memory& memory, const PageLayout& layout, Address base) {
  if (!layout.split) return base;
  const std::optional<uint64_t> metadata = memory.ReadWord(base + 8);
  if (!metadata || *metadata <= 0x10000 || *metadata >= kUserAddressEnd || (*metadata & 7) != 0) return std::nullopt;
  return *metadata;
}

std::optional<PageDescriptor> ReadPageDescriptor(const Memory& memory, const PageLayout& layout, Address base) {
  const std::optional<Address> descriptor = DescriptorOf(memory, layout, base);
  if (!descriptor) return std::nullopt;
  std::array<uint64_t, kDescriptorWords> words{};
  const size_t read = memory.Read(*descriptor, std::as_writable_bytes(std::span(words)));
  const uint32_t last = std::max({layout.heap, layout.area_start, layout.area_end, layout.owner});
  if (read < last + 8) return std::nullopt;
  PageDescriptor page;
  page.chunk = base;
  page.descriptor = *descriptor;
  page.flags = layout.split ? memory.ReadWord(base + layout.flags).value_or(0) : words[layout.flags / 8];
  page.heap = words[layout.heap / 8];
  page.area_start = words[layout.area_start / 8];
  page.area_end = words[layout.area_end / 8];
  page.owner = words[layout.owner / 8];
  if (!PointsIntoHeader(page.area_start, base)) return std::nullopt;
  // A large page is mapped to its end; one that is not has a damaged header and is taken for an ordinary page.
  if (page.area_end > base + layout.page_size && !IsMapped(memory, page.area_start, page.area_end)) {
    page.area_end = base + layout.page_size;
  }
  if (page.area_end <= page.area_start || page.area_end > base + (Address{1} << 40) || (page.area_end & 7) != 0) {
    return std::nullopt;
  }
  return page;
}

Result<PageCalibration> CalibratePages(const Memory& memory, std::vector<RootsTable> tables) {
  PageCalibration result;
  struct Candidate {
    PageLayout layout;
    IsolateRoots isolate;
    size_t pages;
  };
  std::vector<Candidate> candidates;
  for (RootsTable& table : tables) {
    Address heap = 0;
    size_t pages = 0;
    const std::optional<PageLayout> layout = CalibrateFor(memory, table, &heap, &pages);
    if (layout) candidates.push_back({*layout, {std::move(table), heap}, pages});
  }
  // A process has one V8: the layout that most pages agree with. A read-only copy of the table may have found something
  // by chance; it does not agree.
  std::map<Address, IsolateRoots> by_heap;
  const auto most = std::ranges::max_element(candidates, {}, &Candidate::pages);
  for (Candidate& candidate : candidates) {
    result.layout = most->layout;
    if (candidate.layout.split != most->layout.split || candidate.layout.heap != most->layout.heap ||
        candidate.layout.area_start != most->layout.area_start || candidate.layout.owner != most->layout.owner) {
      continue;
    }
    // A stale copy of the table may lie in front of the same heap; the real one is nearest to it.
    IsolateRoots& slot = by_heap[candidate.isolate.heap];
    if (slot.heap == 0 || candidate.isolate.roots.address > slot.roots.address) slot = std::move(candidate.isolate);
  }
  if (by_heap.empty()) {
    return Fail(ErrorCode::kBadFormat,
                tables.empty()
                    ? "no V8 isolate found in this process's memory: not a Node.js process, or its heap was not "
                      "dumped (coredump_filter must have bit 0)"
                    : "V8's roots were found, but none of its heap pages can be read");
  }
  for (auto& [heap, isolate] : by_heap) result.isolates.push_back(std::move(isolate));
  return result;
}

}  // namespace corewalk
