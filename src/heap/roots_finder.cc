#include "heap/roots_finder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr size_t kBlock = 1 << 20;    // bytes searched at a time
constexpr size_t kStride = 256;       // bytes between the words that are looked at
constexpr size_t kSamplesInARow = 7;  // of the shortest table, 591 words = 18 samples, mixed with few Smis at the end
constexpr size_t kMaxTableWords = 2048;  // the longest table has 1156 words; longer runs are large arrays
constexpr size_t kMetaMapWithin = 96;    // the meta map is root 10 (<= 13.6) or 41 (14.x)
constexpr size_t kMaxTables = 4096;      // isolates plus copies; a bound against hostile input
constexpr size_t kDescriptorWords = 24;  // area, end and reservation stand in the first 0x68 bytes in every version
constexpr Address kChunksAhead = 128;
constexpr Address kAreaWithin = 0x8000;  // the area starts 0x10..0x3030 after the chunk
constexpr Address kLargestPage = Address{1} << 36;
constexpr uint64_t kOsPage = 0x1000;  // what reservations are made of

bool IsSelfMapped(const Memory& memory, uint64_t tagged) {
  return LooksLikePointer(tagged) && memory.ReadWord(Untag(tagged)) == tagged;
}

// Share of the roots called *_map whose object's map is the meta map: near 1 at the right alignment.
double MapRootsRight(const Memory& memory, const std::vector<std::string>& names, const std::vector<uint64_t>& entries,
                     uint64_t meta_map) {
  size_t maps = 0, right = 0;
  for (size_t i = 0; i < names.size() && i < entries.size(); ++i) {
    if (!names[i].ends_with("_map")) continue;
    ++maps;
    if (LooksLikePointer(entries[i]) && memory.ReadWord(Untag(entries[i])) == meta_map) ++right;
  }
  return maps == 0 ? 0 : static_cast<double>(right) / static_cast<double>(maps);
}

// Examines the run of pointers around `inside`; adds the table it turns out to be.
Address ExamineRun(const Memory& memory, const std::vector<std::string>& names, Address inside, Address low,
                   Address high, std::vector<RootsTable>* tables) {
  const Address from = std::max(low, inside - std::min<Address>(inside, 8 * kMaxTableWords));
  const Address to = std::min(high, inside + 8 * kMaxTableWords);
  const std::vector<uint64_t> words = ReadWords(memory, from, (to - from) / 8);
  size_t middle = (inside - from) / 8;
  if (middle >= words.size()) return inside + kStride;
  size_t begin = middle, end = middle;
  while (begin > 0 && LooksLikePointer(words[begin - 1])) --begin;
  while (end < words.size() && LooksLikePointer(words[end])) ++end;

  if (end - begin >= kMaxTableWords) return from + 8 * end;

  const auto meta_index = std::ranges::find(names, "meta_map") - names.begin();
  for (size_t i = begin; i < end && i < begin + kMetaMapWithin; ++i) {
    if (!IsSelfMapped(memory, words[i])) continue;
    RootsTable table;
    table.meta_map = words[i];
    if (names.empty()) {
      table.address = from + 8 * begin;
      table.entries.assign(words.begin() + begin, words.begin() + end);
      size_t maps = 0;
      for (uint64_t entry : table.entries) maps += memory.ReadWord(Untag(entry)) == table.meta_map;
      if (maps < 64) continue;
    } else {
      const Address at = from + 8 * i;
      if (at < 8 * static_cast<Address>(meta_index)) continue;
      table.address = at - 8 * meta_index;
      table.entries = ReadWords(memory, table.address, names.size());
      if (table.entries.size() != names.size()) continue;
      if (MapRootsRight(memory, names, table.entries, table.meta_map) < 0.5) continue;
    }
    if (tables->empty() || tables->back().address != table.address) tables->push_back(std::move(table));
    break;
  }
  return from + 8 * end + 8;
}

void SearchExtent(const Memory& memory, const std::vector<std::string>& names, Address begin, Address end,
                  const Cancel& cancel, std::vector<RootsTable>* tables) {
  std::vector<std::byte> buffer;
  size_t in_a_row = 0;
  Address resume = begin;
  for (Address block = begin; block < end && tables->size() < kMaxTables; block += kBlock) {
    if (cancel.Cancelled()) return;
    const size_t size = std::min<Address>(kBlock, end - block);
    std::span<const std::byte> bytes = memory.View(block, size);
    if (bytes.empty()) {
      buffer.resize(size);
      bytes = std::span<const std::byte>(buffer.data(), memory.Read(block, buffer));
    }
    for (size_t offset = 0; offset + 8 <= bytes.size(); offset += kStride) {
      if (block + offset < resume) continue;
      uint64_t word;
      std::memcpy(&word, bytes.data() + offset, 8);
      if (!LooksLikePointer(word)) {
        in_a_row = 0;
      } else if (++in_a_row == kSamplesInARow) {
        resume = ExamineRun(memory, names, block + offset, begin, end, tables);
        in_a_row = 0;
      }
    }
  }
}

// How many bytes the chunk at `base` has when `words` describe it, else 0: they hold the start of its object area, the
// area's end next to it, and the base itself, followed by the size of the chunk's reservation. Read-only pages have no
// reservation from 10.2 on; there, and where the size is no size, the first object tells. Less will not do: malloc's
// memory has records that point to themselves and into their neighbourhood (the algorithms of OpenSSL do), once in 64
// processes one of them lies where a chunk could begin, and with the 256 KiB after it the Isolate would be passed over.
// A chunk of a large object is as large as area and reservation both say; where they differ, one of them is damaged, and
// it counts as an ordinary one. V8: MemoryChunk, MutablePageMetadata.
uint64_t ChunkBytes(const Memory& memory, std::span<const uint64_t> words, Address base) {
  const auto base_at = std::ranges::find(words, base);
  const bool names_base = base_at != words.end();
  const uint64_t reserved = names_base && base_at + 1 != words.end() ? *(base_at + 1) : 0;
  for (size_t i = 0; i < words.size(); ++i) {
    const Address start = words[i];
    if (start <= base || start > base + kAreaWithin || (start & 7) != 0) continue;
    const auto is_end = [&](size_t at) {  // {start, end} to 12.4, {end, heap, start} from 12.9
      return at < words.size() && words[at] > start && words[at] - base <= kLargestPage && (words[at] & 7) == 0;
    };
    if (!is_end(i + 1) && !is_end(i - 2)) continue;
    const uint64_t used = words[is_end(i + 1) ? i + 1 : i - 2] - base;
    const bool fits = reserved >= used && reserved - used < kChunkAlignment;
    if (reserved % kOsPage == 0 && reserved != 0 && (fits || reserved <= 2 * kChunkAlignment))
      return fits && used > kChunkAlignment ? used : kChunkAlignment;
    const uint64_t map = memory.ReadWord(start).value_or(0);
    const uint64_t meta_map = LooksLikePointer(map) ? memory.ReadWord(Untag(map)).value_or(0) : 0;
    if (IsSelfMapped(memory, meta_map)) return kChunkAlignment;
  }
  return 0;
}

}  // namespace

uint64_t ChunkBytesAt(const Memory& memory, Address base) {
  std::array<uint64_t, kDescriptorWords> words{};
  size_t read = memory.Read(base, std::as_writable_bytes(std::span(words))) / 8;
  if (read < 16) return 0;
  // The first word is the chunk's size (<= 11.8) or its flags, never a pointer.
  if (words[0] >= Address{1} << 40) return 0;
  if (const uint64_t bytes = ChunkBytes(memory, std::span(words).first(read), base); bytes != 0) return bytes;
  const Address metadata = words[1];  // from 12.9
  if (metadata <= 0x10000 || metadata >= kUserAddressEnd || (metadata & 7) != 0) return 0;
  read = memory.Read(metadata, std::as_writable_bytes(std::span(words))) / 8;
  return ChunkBytes(memory, std::span(words).first(read), base);
}

bool LooksLikeChunkHeader(const Memory& memory, Address base) {
  return ChunkBytesAt(memory, base) != 0;
}

std::vector<RootsTable> FindRootsTables(const Memory& memory, const std::vector<std::string>& root_names,
                                        const Cancel& cancel, bool everywhere) {
  std::vector<RootsTable> tables;
  for (const Region& region : memory.Regions()) {
    // Generated code's ranges are huge and sparse; nothing malloc'ed is there.
    if (!region.writable || region.executable || region.present_end <= region.start) continue;
    Address begin = region.start;
    // Cut the region at chunks: what lies between heap pages is searched, the pages are not.
    Address fetched = (region.start + kChunkAlignment - 1) & ~(kChunkAlignment - 1);
    for (Address base = fetched; base < region.present_end && !everywhere; base += kChunkAlignment) {
      // Headers are a page in 64: of a core on disk, many are asked for at a time.
      for (; fetched < region.present_end && fetched < base + kChunksAhead * kChunkAlignment;
           fetched += kChunkAlignment)
        memory.Prefetch(fetched, 8 * kDescriptorWords);
      const uint64_t chunk = ChunkBytesAt(memory, base);
      if (chunk == 0) continue;
      if (base > begin) SearchExtent(memory, root_names, begin, base, cancel, &tables);
      base += (chunk - 1) & ~(kChunkAlignment - 1);  // the last aligned address inside
      begin = base + kChunkAlignment;
      if (cancel.Cancelled()) return tables;
    }
    if (begin < region.present_end) SearchExtent(memory, root_names, begin, region.present_end, cancel, &tables);
  }
  return tables;
}

}  // namespace corewalk
