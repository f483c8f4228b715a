#include "heap/string_search.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>

#include "base/on_threads.h"
#include "heap/tagged.h"
#include "heap/young_survivors.h"

namespace corewalk {
namespace {

// Fields of strings, the same in every line (src/objects/string.h); see strings.cc.
constexpr Address kLength = 12, kChars = 16, kFirst = 16, kSecond = 24, kExternalData = 24;
constexpr int kMaxSameLength = 16;            // see strings.cc: more parts of equal length in a row are a cycle
constexpr size_t kMaxDepth = size_t{1} << 24;  // of a rope
constexpr size_t kMaxSeamParts = 1 << 20;      // parts visited to read one seam
constexpr uint64_t kChunkBits = 18;
constexpr uint64_t kReadAtOnce = 1 << 20;

// Two bits for each word of the chunks that hold strings: "is known", "contains the text". Threads that compute the same
// string get the same answer.
class Answers {
 public:
  explicit Answers(std::vector<Address> chunks) {
    std::ranges::sort(chunks);
    chunks.erase(std::ranges::unique(chunks).begin(), chunks.end());
    mask_ = std::bit_ceil(2 * chunks.size() + 2) - 1;
    keys_.resize(mask_ + 1);
    indices_.resize(mask_ + 1);
    bits_ = std::make_unique<std::atomic<uint64_t>[]>(chunks.size() * kWordsPerChunk);
    for (size_t i = 0; i < chunks.size(); ++i) {
      size_t at = Hash(chunks[i]);
      while (keys_[at] != 0) at = (at + 1) & mask_;
      keys_[at] = chunks[i];
      indices_[at] = i;
    }
  }
  bool Known(Address string) const { return Get(string, 0); }
  bool Contains(Address string) const { return Get(string, 1); }
  void Set(Address string, bool contains) {
    if (std::atomic<uint64_t>* word = Word(string)) {
      word->fetch_or((contains ? uint64_t{3} : uint64_t{1}) << Shift(string), std::memory_order_relaxed);
    }
  }

 private:
  static constexpr size_t kWordsPerChunk = (size_t{1} << kChunkBits) / 8 * 2 / 64;
  static int Shift(Address string) { return static_cast<int>((string >> 3 & 31) * 2); }
  size_t Hash(Address chunk) const { return (chunk * 0x9e3779b97f4a7c15ull >> 32) & mask_; }
  std::atomic<uint64_t>* Word(Address string) const {
    const Address chunk = string >> kChunkBits;
    for (size_t at = Hash(chunk); keys_[at] != 0; at = (at + 1) & mask_) {
      if (keys_[at] == chunk)
        return &bits_[indices_[at] * kWordsPerChunk + (string & ((1 << kChunkBits) - 1)) / (8 * 32)];
    }
    return nullptr;
  }
  bool Get(Address string, int bit) const {
    const std::atomic<uint64_t>* word = Word(string);
    return word != nullptr && (word->load(std::memory_order_relaxed) >> (Shift(string) + bit) & 1) != 0;
  }

  std::vector<Address> keys_;  // chunk numbers; 0 = empty
  std::vector<size_t> indices_;
  size_t mask_ = 0;
  std::unique_ptr<std::atomic<uint64_t>[]> bits_;
};

// Reads of single fields, most of them near each other: the chunks seen last are kept as views.
class QuickReader {
 public:
  explicit QuickReader(const Memory& memory) : memory_(memory), entries_(kEntries) {}

  template <typename T>
  T Get(Address address) {
    T value{};
    if (const std::byte* at = Find(address, sizeof(T))) {
      std::memcpy(&value, at, sizeof(T));
    } else {
      value = memory_.ReadValue<T>(address).value_or(T{});
    }
    return value;
  }
  // The bytes in place, or null.
  const std::byte* Find(Address address, uint64_t size) {
    const Address chunk = address >> kChunkBits;
    Entry& entry = entries_[chunk % kEntries];
    if (entry.chunk != chunk) {
      entry.chunk = chunk;
      const std::span<const std::byte> view = memory_.View(chunk << kChunkBits, size_t{1} << kChunkBits);
      entry.bytes = view.empty() ? nullptr : view.data();
    }
    const uint64_t offset = address & ((uint64_t{1} << kChunkBits) - 1);
    if (entry.bytes == nullptr || offset + size > (uint64_t{1} << kChunkBits)) return nullptr;
    return entry.bytes + offset;
  }
  const Memory& memory() const { return memory_; }

 private:
  static constexpr size_t kEntries = 1024;
  struct Entry {
    Address chunk = 0;
    const std::byte* bytes = nullptr;
  };
  const Memory& memory_;
  std::vector<Entry> entries_;
};

struct StringInfo {
  bool valid = false;
  uint8_t representation = 0;
  bool one_byte = false;
  uint32_t length = 0;
  bool flat() const { return representation == string_bits::kSeq || representation == string_bits::kExternal; }
};

// One thread's work on strings that are made of others.
class RopeSearcher {
 public:
  RopeSearcher(const HeapModel& model, const StringNeedle& needle, Answers* answers)
      : layout_(model.layout()), needle_(needle), answers_(*answers), reader_(model.memory()), maps_(model.memory(), model.layout()) {}

  bool Evaluate(Address root, const Cancel& cancel) {
    std::vector<Frame>& work = frames_;
    work.assign(1, {root, 0, 0});
    uint64_t steps = 0;
    while (!work.empty()) {
      if (++steps % 4096 == 0 && cancel.Cancelled()) return false;
      Frame& frame = work.back();
      const Address string = frame.string;
      const StringInfo info = Info(string);
      if (!info.valid || info.flat() || answers_.Known(string)) {
        work.pop_back();
        continue;
      }
      const bool cons = info.representation == string_bits::kCons;
      const Address parts[2] = {Untag(reader_.Get<uint64_t>(string + kFirst)),
                                cons ? Untag(reader_.Get<uint64_t>(string + kSecond)) : 0};
      bool descended = false;
      while (frame.stage < (cons ? 2 : 1)) {
        const Address part = parts[frame.stage++];
        const StringInfo of_part = Info(part);
        if (!of_part.valid || of_part.flat() || of_part.length < needle_.units() || answers_.Known(part)) continue;
        const int same_length = frame.same_length + (of_part.length >= info.length);
        if (same_length > kMaxSameLength || work.size() >= kMaxDepth) continue;  // damaged
        work.push_back({part, 0, same_length});
        descended = true;
        break;
      }
      if (descended) continue;
      bool contains = false;
      if (cons) {
        contains = answers_.Contains(parts[0]) || answers_.Contains(parts[1]) || Seam(parts[0], parts[1]);
      } else if (info.representation == string_bits::kThin) {
        contains = answers_.Contains(parts[0]);
      } else {
        const int64_t offset = SmiValue(reader_.Get<uint64_t>(string + kSecond));
        if (answers_.Contains(parts[0]) && offset >= 0) {
          units_.clear();
          contains = Append(parts[0], static_cast<uint64_t>(offset), info.length) && InUnits();
        }
      }
      answers_.Set(string, contains);
      work.pop_back();
    }
    return answers_.Contains(root);
  }

 private:
  StringInfo Info(Address string) {
    StringInfo info;
    const MapCache::Slot* slot = maps_.Find(reader_.Get<uint64_t>(string));
    if (slot == nullptr) return info;
    const uint16_t type = maps_.info(*slot).instance_type;
    if (!layout_.types.IsString(type)) return info;
    info.valid = true;
    info.representation = type & string_bits::kRepresentationMask;
    info.one_byte = (type & string_bits::kOneByte) != 0;
    info.length = reader_.Get<uint32_t>(string + kLength);
    return info;
  }

  // Whether the text lies across the end of `first` and the start of `second`.
  bool Seam(Address first, Address second) {
    const uint64_t reach = needle_.units() - 1;
    if (reach == 0) return false;
    const StringInfo left = Info(first), right = Info(second);
    if (!left.valid || !right.valid || left.length == 0 || right.length == 0) return false;
    const uint64_t tail = std::min<uint64_t>(reach, left.length), head = std::min<uint64_t>(reach, right.length);
    if (tail + head < needle_.units()) return false;
    // Most seams are ruled out by the two characters that meet there.
    const std::optional<uint16_t> before = Edge(first, left, true), after = Edge(second, right, false);
    if ((before && !needle_.Holds(*before)) || (after && !needle_.Holds(*after))) return false;
    units_.clear();
    return Append(first, left.length - tail, tail) && Append(second, 0, head) && InUnits();
  }
  // The last or the first character of a string, nothing when it is not near at hand.
  std::optional<uint16_t> Edge(Address string, StringInfo info, bool last) {
    constexpr int kMaxSteps = 16;
    for (int step = 0; step < kMaxSteps && info.valid && info.length > 0; ++step) {
      if (info.representation == string_bits::kSeq) {
        const Address at = string + kChars + (last ? info.length - 1 : 0) * (info.one_byte ? uint64_t{1} : uint64_t{2});
        return info.one_byte ? reader_.Get<uint8_t>(at) : reader_.Get<uint16_t>(at);
      }
      if (info.representation != string_bits::kCons) return std::nullopt;
      const Address near = Untag(reader_.Get<uint64_t>(string + (last ? kSecond : kFirst)));
      StringInfo next = Info(near);
      // A flattened rope: all of it is in the first part.
      if (last && next.valid && next.length == 0) {
        string = Untag(reader_.Get<uint64_t>(string + kFirst));
        next = Info(string);
      } else {
        string = near;
      }
      info = next;
    }
    return std::nullopt;
  }
  bool InUnits() const { return needle_.In(std::as_bytes(std::span(units_)), false); }

  // Appends `count` units of a string from `begin` on; false when they cannot be read.
  bool Append(Address root, uint64_t root_begin, uint64_t root_count) {
    const size_t wanted = units_.size() + root_count;
    std::vector<Piece>& work = pieces_;
    work.clear();
    work.push_back({root, root_begin, root_count, 0});
    size_t visited = 0;
    while (!work.empty()) {
      const Piece piece = work.back();
      work.pop_back();
      if (piece.count == 0) continue;
      const StringInfo info = Info(piece.string);
      if (!info.valid || ++visited > kMaxSeamParts || piece.same_length > kMaxSameLength ||
          piece.begin + piece.count > info.length) {
        return false;
      }
      const auto push = [&](Address part, uint64_t begin, uint64_t count) {
        const int same_length = piece.same_length + (Info(part).length >= info.length);
        work.push_back({part, begin, count, same_length});
      };
      switch (info.representation) {
        case string_bits::kSeq:
          if (!AppendChars(piece.string + kChars, piece.begin, piece.count, info.one_byte)) return false;
          break;
        case string_bits::kExternal:
          if (!AppendChars(reader_.Get<uint64_t>(piece.string + kExternalData), piece.begin, piece.count, info.one_byte))
            return false;
          break;
        case string_bits::kCons: {
          const Address first = Untag(reader_.Get<uint64_t>(piece.string + kFirst));
          const uint64_t split = Info(first).length;
          if (piece.begin + piece.count > split) {
            const uint64_t begin = std::max(piece.begin, split);
            push(Untag(reader_.Get<uint64_t>(piece.string + kSecond)), begin - split, piece.begin + piece.count - begin);
          }
          if (piece.begin < split) push(first, piece.begin, std::min(piece.count, split - piece.begin));
          break;
        }
        case string_bits::kSliced: {
          const int64_t offset = SmiValue(reader_.Get<uint64_t>(piece.string + kSecond));
          if (offset < 0) return false;
          push(Untag(reader_.Get<uint64_t>(piece.string + kFirst)), piece.begin + static_cast<uint64_t>(offset), piece.count);
          break;
        }
        case string_bits::kThin:
          push(Untag(reader_.Get<uint64_t>(piece.string + kFirst)), piece.begin, piece.count);
          break;
        default:
          return false;
      }
    }
    return units_.size() == wanted;
  }

  bool AppendChars(Address data, uint64_t begin, uint64_t count, bool one_byte) {
    const uint64_t unit = one_byte ? 1 : 2;
    for (Address at = data + begin * unit; count > 0;) {
      const uint64_t now = std::min(count, kReadAtOnce);
      const size_t before = units_.size();
      const std::byte* bytes = reader_.Find(at, now * unit);
      if (bytes == nullptr) {
        buffer_.resize(now * unit);
        if (reader_.memory().Read(at, buffer_) != buffer_.size()) return false;
        bytes = buffer_.data();
      }
      units_.resize(before + now);
      if (one_byte) {
        for (uint64_t i = 0; i < now; ++i) units_[before + i] = static_cast<uint8_t>(bytes[i]);
      } else {
        std::memcpy(units_.data() + before, bytes, now * 2);
      }
      at += now * unit;
      count -= now;
    }
    return true;
  }

  const Layout& layout_;
  const StringNeedle& needle_;
  Answers& answers_;
  QuickReader reader_;
  MapCache maps_;
  std::vector<uint16_t> units_;
  std::vector<std::byte> buffer_;
  struct Piece {
    Address string;
    uint64_t begin, count;
    int same_length;
  };
  std::vector<Piece> pieces_;
  struct Frame {
    Address string;
    int stage;
    int same_length;
  };
  std::vector<Frame> frames_;
};

// What the first pass finds on one page.
struct PageStrings {
  std::vector<Address> found;  // flat ones that contain the text
  std::vector<Address> ropes;  // to be decided in the second pass
  uint64_t strings = 0;
};

// The first pass: flat strings are searched in place, others noted.
class FlatSearcher {
 public:
  FlatSearcher(const HeapModel& model, const StringNeedle& needle, const Cancel& cancel)
      : model_(model),
        needle_(needle),
        maps_(model.memory(), model.layout()),
        walker_(model.memory(), model.layout(), &maps_, &model.hidden_areas(), &cancel) {}

  void Walk(const WalkedPage& task, PageStrings* result) {
    const std::span<const LinearArea> areas =
        task.isolate ? std::span<const LinearArea>(task.isolate->areas) : std::span<const LinearArea>();
    walker_.Walk(
        *task.page, task.end, areas,
        [&](MapCache::Slot& slot, Address address, uint64_t size, const std::byte* bytes) {
          if (slot.mark == 0) slot.mark = model_.layout().types.IsString(maps_.info(slot).instance_type) ? 2 : 1;
          if (slot.mark == 2) Look(maps_.info(slot), address, size, bytes, result);
        },
        &tally_);
  }

  void Look(const MapInfo& map, Address address, uint64_t size, const std::byte* bytes, PageStrings* result) {
    if (size < 16) return;
    ++result->strings;
    uint32_t length;
    std::memcpy(&length, bytes + kLength, 4);
    if (length < needle_.units()) return;
    const bool one_byte = (map.instance_type & string_bits::kOneByte) != 0;
    const uint64_t wanted = uint64_t{length} * (one_byte ? 1 : 2);
    switch (map.instance_type & string_bits::kRepresentationMask) {
      case string_bits::kSeq:
        if (needle_.In({bytes + kChars, std::min(wanted, size - kChars)}, one_byte)) result->found.push_back(address);
        break;
      case string_bits::kExternal: {
        if (size < 32) break;
        uint64_t data;
        std::memcpy(&data, bytes + kExternalData, 8);
        if (ExternalContains(data, wanted, one_byte)) result->found.push_back(address);
        break;
      }
      case string_bits::kCons:
      case string_bits::kSliced:
      case string_bits::kThin:
        result->ropes.push_back(address);
        break;
      default:
        break;
    }
  }

  PageTally& tally() { return tally_; }

 private:
  bool ExternalContains(Address data, uint64_t size, bool one_byte) {
    if (const std::span<const std::byte> view = model_.memory().View(data, size); !view.empty()) return needle_.In(view, one_byte);
    // Piece by piece, each with the end of the one before.
    const uint64_t overlap = (needle_.units() - 1) * (one_byte ? 1 : 2);
    const uint64_t step = std::max<uint64_t>(kReadAtOnce, 4 * overlap);
    for (uint64_t at = 0; at < size; at += step - overlap) {
      buffer_.resize(std::min(step, size - at));
      const size_t read = model_.memory().Read(data + at, buffer_);
      if (needle_.In(std::span<const std::byte>(buffer_).first(read), one_byte)) return true;
      if (read < buffer_.size() || at + read >= size) return false;
    }
    return false;
  }

  const HeapModel& model_;
  const StringNeedle& needle_;
  MapCache maps_;
  PageWalker walker_;
  PageTally tally_;
  std::vector<std::byte> buffer_;
};

}  // namespace

StringSearch FindStrings(const HeapModel& model, const HeapWalkOptions& options, const StringNeedle& needle,
                         const Cancel& cancel, const ProgressFunction& progress) {
  StringSearch result;
  if (needle.empty()) return result;
  const std::vector<WalkedPage> tasks = PagesToWalk(model, options.isolate, options.read_only);
  const size_t threads = ClampThreads(options.threads);
  std::vector<PageStrings> pages(tasks.size() + 1);  // the last one: survivors of a collection in progress
  std::vector<FlatSearcher> searchers;
  searchers.reserve(threads);
  for (size_t i = 0; i < threads; ++i) searchers.emplace_back(model, needle, cancel);
  model.memory().Advise(AccessPattern::kSequential);
  InPieces(tasks.size(), threads, cancel, progress, "searching strings",
           [&](size_t thread, size_t i) { searchers[thread].Walk(tasks[i], &pages[i]); });
  model.memory().Advise(AccessPattern::kNormal);
  for (FlatSearcher& searcher : searchers) result.tally.Add(searcher.tally());
  std::vector<std::byte> bytes;
  for (const YoungSurvivor& survivor : model.survivors(cancel)) {
    if (options.isolate >= 0 && model.isolates()[options.isolate].heap != survivor.page->descriptor.heap) continue;
    result.gc_in_progress = true;
    if (!model.layout().types.IsString(survivor.map.instance_type)) continue;
    bytes.resize(survivor.size);
    if (model.memory().Read(survivor.address, bytes) == bytes.size())
      searchers[0].Look(survivor.map, survivor.address, survivor.size, bytes.data(), &pages.back());
  }

  std::vector<Address> chunks;
  const auto add_chunk = [&chunks](Address string) {
    if (chunks.empty() || chunks.back() != string >> kChunkBits) chunks.push_back(string >> kChunkBits);
  };
  for (const PageStrings& page : pages) {
    result.strings += page.strings;
    for (const Address string : page.found) add_chunk(string);
    for (const Address string : page.ropes) add_chunk(string);
  }
  Answers answers(std::move(chunks));
  for (const PageStrings& page : pages) {
    for (const Address string : page.found) answers.Set(string, true);
  }
  std::atomic<size_t> next{0};
  OnThreads(threads, [&](size_t number) {
    RopeSearcher ropes(model, needle, &answers);
    for (size_t i = next++; i < pages.size() && !cancel.Cancelled(); i = next++) {
      for (const Address string : pages[i].ropes) {
        if (ropes.Evaluate(string, cancel)) pages[i].found.push_back(string);
      }
      if (number == 0 && progress) progress("searching ropes", i, pages.size());
    }
  });
  for (const PageStrings& page : pages) result.found.insert(result.found.end(), page.found.begin(), page.found.end());
  std::ranges::sort(result.found);
  result.interrupted = cancel.Cancelled();
  return result;
}

}  // namespace corewalk
