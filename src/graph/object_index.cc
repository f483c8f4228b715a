#include "graph/object_index.h"

#include <algorithm>

#include "base/on_threads.h"
#include "heap/tagged.h"

namespace corewalk {

Result<std::unique_ptr<ObjectIndex>> ObjectIndex::Build(const HeapModel& model, int isolate, int thread_count,
                                                        const Cancel& cancel, const ProgressFunction& progress) {
  std::unique_ptr<ObjectIndex> index(new ObjectIndex(model, isolate));
  index->CollectPages(cancel);
  const size_t threads = ClampThreads(thread_count);
  struct Worker {
    MapCache maps;
    PageWalker walker;
    PageTally tally;
    Worker(const ObjectIndex& index, const Cancel& cancel)
        : maps(index.model().memory(), index.model().layout()), walker(index.MakeWalker(&maps, &cancel)) {}
  };
  std::vector<std::unique_ptr<Worker>> workers;  // a walker refers to its maps: they stay where they are
  for (size_t i = 0; i < threads; ++i) workers.push_back(std::make_unique<Worker>(*index, cancel));
  std::vector<uint32_t> objects(index->pages_.size());
  model.memory().Advise(AccessPattern::kSequential);
  InPieces(index->pages_.size(), threads, cancel, progress, "numbering objects", [&](size_t thread, size_t i) {
    index->FillPage(&index->pages_[i], &workers[thread]->walker, &workers[thread]->tally, &objects[i]);
  });
  model.memory().Advise(AccessPattern::kNormal);
  if (cancel.Cancelled()) return Fail(ErrorCode::kInterrupted, "interrupted while objects were numbered");
  for (const std::unique_ptr<Worker>& worker : workers) index->tally_.Add(worker->tally);
  uint64_t id = 0;
  for (size_t i = 0; i < index->pages_.size(); ++i) {
    index->pages_[i].first_id = static_cast<uint32_t>(id);
    id += objects[i];
    if (id >= kMaxObjects) return Fail(ErrorCode::kUnsupported, "the heap has more than 2^31 objects");
  }
  index->count_ = id;
  index->moved_possible_ = !index->survivors_.empty() || index->tally_.forwarded != 0;
  return index;
}

void ObjectIndex::CollectPages(const Cancel& cancel) {
  for (const WalkedPage& walked : PagesToWalk(model_, isolate_, false)) {
    if (walked.page->space == SpaceKind::kReadOnly) continue;
    pages_.push_back({.page = walked.page, .isolate = walked.isolate, .chunk = walked.page->descriptor.chunk,
                      .end = walked.end, .one_object = IsLargeObjectSpace(walked.page->space)});
  }
  for (const YoungSurvivor& survivor : model_.survivors(cancel)) {
    if (survivor.page->descriptor.heap == model_.isolates()[isolate_].heap) survivors_.push_back(survivor);
  }
  std::ranges::sort(survivors_, {}, &YoungSurvivor::address);
  for (uint32_t i = 0; i < survivors_.size(); ++i) {
    const Page* page = survivors_[i].page;
    if (pages_.empty() || pages_.back().page != page || pages_.back().survivor_count == 0) {
      pages_.push_back({.page = page, .isolate = &model_.isolates()[isolate_], .chunk = page->descriptor.chunk,
                        .end = page->descriptor.area_end, .first_survivor = i});
    }
    ++pages_.back().survivor_count;
  }
  std::ranges::sort(pages_, {}, &NumberedPage::chunk);
  // A page that is walked and has survivors as well (there is none in a sound heap) is walked.
  const auto repeated = std::ranges::unique(pages_, {}, &NumberedPage::chunk);
  pages_.erase(repeated.begin(), repeated.end());
  uint64_t blocks = 0;
  for (NumberedPage& page : pages_) {
    heap_bytes_ += page.end - std::min(page.page->descriptor.area_start, page.end);
    page.first_block = static_cast<uint32_t>(blocks);
    blocks += BlocksOf(page);
  }
  bits_.Reset(blocks);
  ranks_.Reset(blocks);
  HashPages();
}

void ObjectIndex::HashPages() {
  const uint64_t chunk_bytes = model_.layout().page.page_size;
  const size_t per_page = chunk_bytes > (uint64_t{1} << kChunkShift) ? chunk_bytes >> kChunkShift : 1;
  const size_t capacity = std::bit_ceil(std::max<size_t>(64, 4 * pages_.size() * per_page));
  hash_.resize(capacity);
  hash_mask_ = capacity - 1;
  hash_shift_ = 64 - std::countr_zero(capacity);
  for (uint32_t number = 0; number < pages_.size(); ++number) {
    // Objects start in the first chunk only when the page is a large one.
    const size_t chunks = pages_[number].one_object ? 1 : per_page;
    for (size_t k = 0; k < chunks; ++k) {
      const Address chunk = (pages_[number].chunk >> kChunkShift) + k;
      size_t i = (chunk * 0x9e3779b97f4a7c15ull) >> hash_shift_;
      while (hash_[i].page != kNoPage) i = (i + 1) & hash_mask_;
      hash_[i] = {chunk, number};
    }
  }
}

void ObjectIndex::FillPage(NumberedPage* page, PageWalker* walker, PageTally* tally, uint32_t* objects) {
  uint32_t count = 0;
  if (page->survivor_count != 0) {
    for (uint32_t i = 0; i < page->survivor_count; ++i) {
      const uint64_t word = (survivors_[page->first_survivor + i].address - page->chunk) / 8;
      bits_[page->first_block + word / 64] |= uint64_t{1} << word % 64;
    }
    count = page->survivor_count;
  } else {
    const std::span<const LinearArea> areas =
        page->isolate ? std::span<const LinearArea>(page->isolate->areas) : std::span<const LinearArea>();
    walker->Walk(
        *page->page, page->end, areas,
        [&](MapCache::Slot&, Address address, uint64_t, const std::byte*) {
          ++count;
          if (page->one_object) return;
          const uint64_t word = (address - page->chunk) / 8;
          bits_[page->first_block + word / 64] |= uint64_t{1} << word % 64;
        },
        tally);
  }
  *objects = count;
  if (page->one_object) return;
  uint32_t rank = 0;
  const size_t blocks = BlocksOf(*page);
  for (size_t i = 0; i < blocks; ++i) {
    ranks_[page->first_block + i] = static_cast<uint16_t>(rank);
    rank += static_cast<uint32_t>(std::popcount(bits_[page->first_block + i]));
  }
}

ObjectIndex::Place ObjectIndex::MovedPlace(Address address) const {
  // Where an object has been moved away its first word is the new address, without a tag.
  if ((address & 7) != 0 || model_.index().At(address) == nullptr) return {};
  const std::optional<uint64_t> word = model_.memory().ReadWord(address);
  return word && (*word & 7) == 0 && *word != 0 ? LookupPlace(*word) : Place{};
}

uint32_t ObjectIndex::PageOf(ObjectId id) const {
  return static_cast<uint32_t>(std::ranges::upper_bound(pages_, id, {}, &NumberedPage::first_id) - pages_.begin() - 1);
}

Address ObjectIndex::NextStart(uint32_t number, Address start) const {
  const NumberedPage& page = pages_[number];
  if (page.one_object) return page.end;
  const uint64_t word = (start - page.chunk) / 8 + 1;
  size_t block = word / 64;
  if (block >= BlocksOf(page)) return page.end;
  uint64_t bits = bits_[page.first_block + block] & ~uint64_t{0} << word % 64;
  while (bits == 0 && ++block < BlocksOf(page)) bits = bits_[page.first_block + block];
  return bits == 0 ? page.end : page.chunk + block * kBlockBytes + 8 * static_cast<Address>(std::countr_zero(bits));
}

Address ObjectIndex::AddressOf(ObjectId id) const {
  return id < count_ ? AddressOn(pages_[PageOf(id)], id) : 0;
}

Address ObjectIndex::AddressOn(const NumberedPage& page, ObjectId id) const {
  if (page.one_object) return page.page->descriptor.area_start;
  uint32_t rest = id - page.first_id;
  const auto first = ranks_.begin() + page.first_block;
  const auto last = first + BlocksOf(page);
  const auto block = std::upper_bound(first, last, rest) - 1;
  rest -= *block;
  uint64_t bits = bits_[static_cast<size_t>(block - ranks_.begin())];
  for (; rest > 0; --rest) bits &= bits - 1;
  return page.chunk + static_cast<uint64_t>(block - first) * kBlockBytes + 8 * static_cast<uint64_t>(std::countr_zero(bits));
}

uint64_t ObjectIndex::MemoryBytes() const {
  return bits_.size() * 8 + ranks_.size() * 2 + hash_.size() * sizeof(HashedPage) + pages_.size() * sizeof(NumberedPage);
}

}  // namespace corewalk
