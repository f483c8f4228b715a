#include "heap/young_survivors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <unordered_map>

#include "heap/page_walker.h"
#include "heap/stack_frames.h"
#include "heap/tagged.h"
#include "heap/word_scan.h"

namespace corewalk {
namespace {

constexpr size_t kSampledPages = 192;       // pages outside new space that are looked at before all are
constexpr size_t kMaxStackBytes = 8 << 20;  // of one thread
constexpr uint64_t kBeforeRoots = 0x400;
constexpr uint64_t kBehindHeap = 0x3000;  // the structs that hold V8's own roots end here

// The from-space pages, and which objects on them have been reached.
class FromSpace {
 public:
  FromSpace(const HeapModel& model, std::span<const WalkedPage> pages)
      : model_(model), page_size_(model.layout().page.page_size) {
    std::set<const IsolateHeap*> isolates;
    for (const WalkedPage& page : pages) {
      if (page.isolate != nullptr) isolates.insert(page.isolate);
    }
    for (const IsolateHeap* isolate : isolates) {
      for (const Space& space : isolate->spaces) {
        for (const Page& page : space.pages) {
          if (!page.from_page) continue;
          at_[page.descriptor.chunk] = pages_.size();
          pages_.push_back({&page, {}});
          near_[Near(page.descriptor.chunk)] = true;
        }
      }
    }
  }

  bool empty() const { return pages_.empty(); }

  // Adds what the word refers to on a from-space page to the work list, once.
  void Consider(uint64_t word) {
    if ((word & 1) == 0 || !near_[Near(word)]) return;
    const Address target = Untag(word);
    const auto at = at_.find(ChunkBase(target, page_size_));
    if (at == at_.end()) return;
    Entry& entry = pages_[at->second];
    const PageDescriptor& d = entry.page->descriptor;
    if (target < d.area_start || target >= d.area_end || (target & 7) != 0) return;
    if (entry.seen.empty()) entry.seen.resize((d.area_end - d.area_start) / 8);
    std::vector<bool>::reference seen = entry.seen[(target - d.area_start) / 8];
    if (seen) return;
    seen = true;
    work_.push_back({target, entry.page});
  }

  void ConsiderAll(const std::byte* bytes, uint64_t size) {
    for (uint64_t i = 0; i + 8 <= size; i += 8) {
      uint64_t word;
      std::memcpy(&word, bytes + i, 8);
      Consider(word);
    }
  }

  bool reached_any() const { return !work_.empty() || !survivors_.empty(); }

  // Follows the work list through from-space. Objects that were moved to a page that no walk knows are taken where they
  // are now.
  void Follow(MapCache& maps, const Cancel& cancel) {
    const Memory& memory = model_.memory();
    std::vector<std::byte> bytes;
    std::set<Address> moved;
    size_t done = 0;
    while (!work_.empty()) {
      if ((++done & 0xfff) == 0 && cancel.Cancelled()) return;
      auto [address, page] = work_.back();
      work_.pop_back();
      const std::optional<uint64_t> word = memory.ReadWord(address);
      if (!word) continue;
      Address end = page->descriptor.area_end;
      MapCache::Slot* slot = maps.Find(*word);
      if (slot == nullptr) {
        const Address target = *word;
        if ((target & 7) != 0 || target <= 0x10000 || target >= kUserAddressEnd) continue;
        if (model_.index().At(target) != nullptr || !moved.insert(target).second) continue;
        slot = maps.Find(memory.ReadWord(target).value_or(0));
        if (slot == nullptr) continue;
        address = target;
        end = ChunkBase(target, page_size_) + page_size_;
      }
      if (slot->is_free) continue;
      const MapInfo& map = maps.info(*slot);
      uint64_t size = slot->fixed_size;
      // A view costs nothing; where there is none, the rest of the page is copied to bound a variable size.
      std::span<const std::byte> object = memory.View(address, size != 0 ? size : end - address);
      if (object.empty()) {
        bytes.resize(size != 0 ? size : end - address);
        object = std::span<const std::byte>(bytes).first(memory.Read(address, bytes));
      }
      if (size == 0) size = SizeByRule(model_.layout().Rule(map.size_kind).rule, map, object, memory);
      if (size == 0 || size > object.size()) continue;
      survivors_.push_back({map, address, size, page});
      if (HoldsPointers(model_.layout(), map)) ConsiderAll(object.data() + 8, size - 8);
    }
  }

  std::vector<YoungSurvivor> TakeSurvivors() { return std::move(survivors_); }

 private:
  struct Entry {
    const Page* page;
    std::vector<bool> seen;  // one bit per word of the area
  };
  static size_t Near(uint64_t word) { return (word >> 18) & 4095; }

  const HeapModel& model_;
  const uint64_t page_size_;
  std::vector<Entry> pages_;
  std::unordered_map<Address, size_t> at_;
  std::array<bool, 4096> near_{};  // a filter in front of the hash table
  std::vector<std::pair<Address, const Page*>> work_;
  std::vector<YoungSurvivor> survivors_;
};

void ConsiderMemory(const Memory& memory, Address from, uint64_t size, FromSpace* from_space) {
  std::vector<std::byte> bytes(size);
  bytes.resize(memory.Read(from & ~Address{7}, bytes));
  from_space->ConsiderAll(bytes.data(), bytes.size());
}

}  // namespace

std::vector<YoungSurvivor> FindYoungSurvivors(const HeapModel& model, std::span<const WalkedPage> pages,
                                              const Cancel& cancel) {
  FromSpace from_space(model, pages);
  if (from_space.empty()) return {};
  const Memory& memory = model.memory();
  MapCache maps(memory, model.layout());
  PageWalker walker(memory, model.layout(), &maps, &model.hidden_areas());
  PageTally tally;
  const auto look_at = [&](const WalkedPage& walked) {
    const std::span<const LinearArea> areas =
        walked.isolate ? std::span<const LinearArea>(walked.isolate->areas) : std::span<const LinearArea>();
    walker.Walk(
        *walked.page, walked.end, areas,
        [&](MapCache::Slot& slot, Address, uint64_t size, const std::byte* bytes) {
          if (HoldsPointers(model.layout(), maps.info(slot))) from_space.ConsiderAll(bytes + 8, size - 8);
        },
        &tally);
  };
  // A sample first: new space itself, and others evenly, the newest among them.
  size_t others = 0;
  for (const WalkedPage& walked : pages) others += walked.page->space != SpaceKind::kNew;
  const size_t step = std::max<size_t>(1, others / kSampledPages);
  std::vector<const WalkedPage*> rest;
  size_t number = 0;
  for (const WalkedPage& walked : pages) {
    if (cancel.Cancelled()) return {};
    if (walked.page->space == SpaceKind::kReadOnly) continue;  // refers to nothing that moves
    const bool sampled = walked.page->space == SpaceKind::kNew || number++ % step == 0 || number + 16 > others;
    if (sampled) {
      look_at(walked);
    } else {
      rest.push_back(&walked);
    }
  }
  if (!from_space.reached_any()) return {};

  for (const WalkedPage* walked : rest) {
    if (cancel.Cancelled()) return {};
    look_at(*walked);
  }
  std::set<const IsolateHeap*> isolates;
  for (const WalkedPage& walked : pages) {
    if (walked.isolate != nullptr && isolates.insert(walked.isolate).second) {
      const Address start = walked.isolate->roots.address - kBeforeRoots;
      ConsiderMemory(memory, start, walked.isolate->heap + kBehindHeap - start, &from_space);
    }
  }
  for (const ThreadState& thread : memory.Threads()) {
    const Region* region = StackRegion(memory, thread.reg(Register::kRsp));
    if (region == nullptr) continue;
    const Address sp = std::max(thread.reg(Register::kRsp), region->start);
    if (region->present_end <= sp) continue;
    ConsiderMemory(memory, sp, std::min<uint64_t>(region->present_end - sp, kMaxStackBytes), &from_space);
  }
  from_space.Follow(maps, cancel);
  return from_space.TakeSurvivors();
}

std::vector<WalkedPage> PagesToWalk(const HeapModel& model, int isolate_number, bool read_only) {
  std::vector<WalkedPage> pages;
  if (read_only) {
    for (const Page& page : model.read_only().pages) pages.push_back({&page, nullptr, page.descriptor.area_end});
  }
  for (const IsolateHeap& isolate : model.isolates()) {
    if (isolate_number >= 0 && isolate_number != isolate.number) continue;
    for (const Space& space : isolate.spaces) {
      for (size_t i = 0; i < space.pages.size(); ++i) {
        if (space.pages[i].from_page) continue;
        pages.push_back({&space.pages[i], &isolate, HeapModel::ObjectsEnd(space, i)});
      }
    }
  }
  return pages;
}

}  // namespace corewalk
