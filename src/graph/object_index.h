// All objects of one isolate, numbered in the order of their addresses with 32-bit ids. From address to id it takes a
// look at the page (a small hash table of pages, not of objects), a bit per 8 bytes that says where objects start, and a
// running count: 10 bytes for 512 bytes of heap. Read-only objects are left out: nothing can hold or free them.
// Objects that a collection in progress had not copied yet are numbered too.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/big_array.h"
#include "base/cancel.h"
#include "heap/heap_walk.h"
#include "heap/page_walker.h"
#include "heap/young_survivors.h"

namespace corewalk {

using ObjectId = uint32_t;
inline constexpr ObjectId kNoObject = 0xffffffff;
inline constexpr uint64_t kMaxObjects = uint64_t{1} << 31;  // the top bit of an id is used for marks

class ObjectIndex {
 public:
  // Of the isolate with this number. Fails when there are more than kMaxObjects, or when cancelled.
  static Result<std::unique_ptr<ObjectIndex>> Build(const HeapModel& model, int isolate, int threads,
                                                    const Cancel& cancel, const ProgressFunction& progress);

  const HeapModel& model() const { return model_; }
  int isolate() const { return isolate_; }
  uint64_t size() const { return count_; }           // number of objects
  uint64_t heap_bytes() const { return heap_bytes_; }  // of all object areas
  const PageTally& tally() const { return tally_; }  // of what could not be read or understood
  bool gc_in_progress() const { return !survivors_.empty(); }

  // The object that starts at `address` (a tag is ignored); kNoObject when none starts there. Moved objects are found
  // under their old address too.
  ObjectId At(uint64_t address) const {
    const ObjectId id = Lookup(address & ~uint64_t{3});
    return id == kNoObject && moved_possible_ ? Moved(address & ~uint64_t{3}) : id;
  }
  Address AddressOf(ObjectId id) const;
  uint32_t PageOf(ObjectId id) const;
  // At(), with its page and where it starts (of a moved object: where it is now).
  struct Place {
    ObjectId id = kNoObject;
    uint32_t page = 0;
    Address start = 0;
  };
  Place PlaceOf(uint64_t address) const {
    const Place place = LookupPlace(address & ~uint64_t{3});
    return place.id == kNoObject && moved_possible_ ? MovedPlace(address & ~uint64_t{3}) : place;
  }
  // PlaceOf() in two steps, for who has many words to look up: the first asks the memory for what the second reads.
  struct Ahead {
    Address address = 0;
    uint32_t page = kNowhere;
  };
  static constexpr uint32_t kNowhere = 0xffffffff;
  Ahead LookAhead(uint64_t address) const {
    const Ahead ahead{address & ~uint64_t{3}, PageAt(address)};
    if (ahead.page == kNoPage) return ahead;
    const NumberedPage& page = pages_[ahead.page];
    if (!page.one_object && ahead.address < page.end) {
      const size_t block = page.first_block + (ahead.address - page.chunk) / kBlockBytes;
      __builtin_prefetch(&bits_[block]);
      __builtin_prefetch(&ranks_[block]);
    }
    return ahead;
  }
  // Nothing for one without a page, whose object can only have moved.
  Place PlaceOf(const Ahead& ahead) const {
    const Place place = PlaceOn(ahead.page, ahead.address);
    return place.id == kNoObject && moved_possible_ ? MovedPlace(ahead.address) : place;
  }
  // The object of the page that starts at `address`, which has no tag and lies in the page's chunk.
  Place PlaceOn(uint32_t page, Address address) const;
  // Whether an address without a page can be the old one of a moved object.
  bool moved_possible() const { return moved_possible_; }
  // From where to where objects of the page may stand.
  std::pair<Address, Address> RangeOf(uint32_t page) const {
    return {pages_[page].page->descriptor.area_start, pages_[page].end};
  }
  // Where the next object of the page starts behind `start`; where objects end when there is none.
  Address NextStart(uint32_t page, Address start) const;
  // Calls to_each(ObjectId, Address) for the objects of the page that are in a set of ids (a NodeSet, to which other threads
  // may add meanwhile), by rising address.
  template <typename Set, typename ToEach>
  void ForEachOn(uint32_t page, const Set& set, ToEach&& to_each) const;

  // Visits the objects of a page in rising order of their ids: visitor(ObjectId, MapCache::Slot&, Address, uint64_t size,
  // const std::byte* bytes). `maps` belongs to the calling thread.
  size_t page_count() const { return pages_.size(); }
  uint64_t FirstOf(size_t page) const { return page < pages_.size() ? pages_[page].first_id : count_; }  // or of what follows
  template <typename Visitor>
  void VisitPage(size_t page, PageWalker* walker, Visitor&& visitor) const;
  SpaceKind SpaceOf(size_t page) const { return pages_[page].page->space; }
  // The words of a page's objects, and one more.
  uint64_t WordsOf(size_t page) const {
    const NumberedPage& numbered = pages_[page];
    return (numbered.end - std::min(numbered.page->descriptor.area_start, numbered.end)) / 8 + 1;
  }

  // A walker for one thread over this heap.
  PageWalker MakeWalker(MapCache* maps, const Cancel* cancel) const {
    return PageWalker(model_.memory(), model_.layout(), maps, &model_.hidden_areas(), cancel);
  }

  uint64_t MemoryBytes() const;

 private:
  struct NumberedPage {
    const Page* page = nullptr;
    const IsolateHeap* isolate = nullptr;
    Address chunk = 0;
    Address end = 0;             // how far objects reach
    uint32_t first_id = 0;
    uint32_t first_block = 0;    // into bits_ and ranks_
    uint32_t first_survivor = 0;
    uint32_t survivor_count = 0;  // of a from-space page, which is not walked
    bool one_object = false;
  };
  friend class GraphStore;
  static constexpr uint64_t kBlockBytes = 512;
  static constexpr uint32_t kNoPage = 0xffffffff;

  ObjectIndex(const HeapModel& model, int isolate) : model_(model), isolate_(isolate) {}
  void CollectPages(const Cancel& cancel);
  void FillPage(NumberedPage* page, PageWalker* walker, PageTally* tally, uint32_t* objects);
  void HashPages();
  // Into bits_ and ranks_, from first_block on.
  static size_t BlocksOf(const NumberedPage& page) {
    return page.one_object ? 0 : (page.end - page.chunk + kBlockBytes - 1) / kBlockBytes;
  }
  uint32_t PageAt(Address address) const {
    const Address chunk = address >> kChunkShift;
    for (size_t i = (chunk * 0x9e3779b97f4a7c15ull) >> hash_shift_;; i = (i + 1) & hash_mask_) {
      if (hash_[i].chunk == chunk) return hash_[i].page;
      if (hash_[i].page == kNoPage) return kNoPage;
    }
  }
  ObjectId Lookup(Address address) const { return LookupPlace(address).id; }
  Place LookupPlace(Address address) const {
    const uint32_t number = PageAt(address);
    return number == kNoPage ? Place{} : PlaceOn(number, address);
  }
  ObjectId Moved(Address address) const { return MovedPlace(address).id; }
  Place MovedPlace(Address address) const;
  Address AddressOn(const NumberedPage& page, ObjectId id) const;

  static constexpr int kChunkShift = 18;  // 256 KB
  struct HashedPage {
    Address chunk = 0;
    uint32_t page = kNoPage;
  };

  const HeapModel& model_;
  const int isolate_;
  std::vector<NumberedPage> pages_;  // by rising address
  std::vector<YoungSurvivor> survivors_;  // by rising address
  BigArray<uint64_t> bits_;
  BigArray<uint16_t> ranks_;  // objects of the page in front of the block
  std::vector<HashedPage> hash_;
  size_t hash_mask_ = 0;
  int hash_shift_ = 0;
  uint64_t count_ = 0;
  uint64_t heap_bytes_ = 0;
  bool moved_possible_ = false;
  PageTally tally_;
};

// AddressOf() for who asks about rising ids: the next address is mostly near the last one. For one thread.
class AddressCursor {
 public:
  explicit AddressCursor(const ObjectIndex& index) : index_(index) {}
  Address AddressOf(ObjectId id) {
    if (id < next_page_id_ && id >= id_ && id - id_ <= kNear) {
      for (; id_ < id; ++id_) address_ = index_.NextStart(page_, address_);
    } else if (id >= index_.size()) {
      return 0;
    } else {
      page_ = index_.PageOf(id);
      next_page_id_ = index_.FirstOf(page_ + 1);
      id_ = id;
      address_ = index_.AddressOf(id);
    }
    return address_;
  }

 private:
  static constexpr uint32_t kNear = 32;  // objects
  const ObjectIndex& index_;
  uint32_t page_ = 0;
  uint64_t next_page_id_ = 0;
  ObjectId id_ = 0;
  Address address_ = 0;
};

inline ObjectIndex::Place ObjectIndex::PlaceOn(uint32_t number, Address address) const {
  const NumberedPage& page = pages_[number];
  if (page.one_object) return address == page.page->descriptor.area_start ? Place{page.first_id, number, address} : Place{};
  if (address >= page.end) return {};
  const uint64_t word = (address - page.chunk) / 8;
  const size_t block = page.first_block + word / 64;
  const uint64_t bit = uint64_t{1} << word % 64;
  if ((bits_[block] & bit) == 0 || (address & 7) != 0) return {};
  return {page.first_id + ranks_[block] + static_cast<uint32_t>(std::popcount(bits_[block] & (bit - 1))), number, address};
}

template <typename Set, typename ToEach>
void ObjectIndex::ForEachOn(uint32_t number, const Set& set, ToEach&& to_each) const {
  const NumberedPage& page = pages_[number];
  if (page.one_object) {
    const uint64_t end = number + 1 < pages_.size() ? pages_[number + 1].first_id : count_;
    if (page.first_id < end && set.HasShared(page.first_id)) to_each(page.first_id, page.page->descriptor.area_start);
    return;
  }
  const size_t blocks = BlocksOf(page);
  for (size_t i = 0; i < blocks; ++i) {
    uint64_t starts = bits_[page.first_block + i];
    ObjectId id = page.first_id + ranks_[page.first_block + i];
    while (starts != 0) {
      // The objects of the block that the word of the set at hand has.
      const unsigned here = std::min<unsigned>(64 - id % 64, static_cast<unsigned>(std::popcount(starts)));
      uint64_t wanted = set.SharedWord(id / 64) >> id % 64;
      if (here < 64) wanted &= (uint64_t{1} << here) - 1;
      for (unsigned k = 0; k < here; ++k, starts &= starts - 1, wanted >>= 1) {
        if ((wanted & 1) != 0)
          to_each(id + k, page.chunk + i * kBlockBytes + 8 * static_cast<Address>(std::countr_zero(starts)));
      }
      id += here;
    }
  }
}

template <typename Visitor>
void ObjectIndex::VisitPage(size_t number, PageWalker* walker, Visitor&& visitor) const {
  const NumberedPage& page = pages_[number];
  ObjectId id = page.first_id;
  if (page.survivor_count != 0) {
    std::vector<std::byte> bytes;
    for (uint32_t i = 0; i < page.survivor_count; ++i, ++id) {
      const YoungSurvivor& survivor = survivors_[page.first_survivor + i];
      MapCache::Slot* slot = walker->maps().Find(survivor.map.word);
      bytes.resize(survivor.size);
      if (slot == nullptr || model_.memory().Read(survivor.address, bytes) != survivor.size) continue;
      visitor(id, *slot, survivor.address, survivor.size, static_cast<const std::byte*>(bytes.data()));
    }
    return;
  }
  const std::span<const LinearArea> areas =
      page.isolate ? std::span<const LinearArea>(page.isolate->areas) : std::span<const LinearArea>();
  PageTally ignored;
  walker->Walk(
      *page.page, page.end, areas,
      [&](MapCache::Slot& slot, Address address, uint64_t size, const std::byte* bytes) {
        visitor(id++, slot, address, size, bytes);
      },
      &ignored);
}

}  // namespace corewalk
