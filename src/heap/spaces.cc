#include "heap/spaces.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_set>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr size_t kSpaceObjectWords = 96;     // enough for the page list and the current page of every version
constexpr size_t kHeapWords = 0x3000 / 8;    // the pointers to the spaces stand in the first 12 KB of the Heap
constexpr Address kNewSpaceBytes = 0x400;    // sizeof(NewSpace) of every version that has SemiSpaces
constexpr Address kVtablesWithin = 1 << 20;  // the vtables of the space classes stand near each other
constexpr size_t kMaxPagesInList = size_t{1} << 24;

constexpr std::array<std::string_view, static_cast<size_t>(SpaceKind::kCount)> kSpaceNames = {
    "read_only_space",
    "new_space",
    "old_space",
    "code_space",
    "map_space",
    "large_object_space",
    "code_large_object_space",
    "new_large_object_space",
    "trusted_space",
    "trusted_large_object_space",
    "shared_space",
    "shared_large_object_space",
    "shared_trusted_space",
    "shared_trusted_large_object_space",
    "compaction_space",
    "unknown_space"};

// V8: src/heap/*-spaces.h. Class names have not been reused for another meaning between 7.4 and 14.6.
SpaceKind KindOfClass(std::string_view name) {
  static constexpr std::pair<std::string_view, SpaceKind> kClasses[] = {
      {"CodeLargeObjectSpace", SpaceKind::kCodeLargeObject},
      {"CodeSpace", SpaceKind::kCode},
      {"CompactionSpace", SpaceKind::kCompaction},
      {"LargeObjectSpace", SpaceKind::kLargeObject},
      {"MapSpace", SpaceKind::kMap},
      {"NewLargeObjectSpace", SpaceKind::kNewLargeObject},
      {"NewSpace", SpaceKind::kNew},
      {"OldLargeObjectSpace", SpaceKind::kLargeObject},
      {"OldSpace", SpaceKind::kOld},
      {"PagedNewSpace", SpaceKind::kNew},
      {"PagedSpaceForNewSpace", SpaceKind::kNew},
      {"ReadOnlySpace", SpaceKind::kReadOnly},
      {"SemiSpace", SpaceKind::kNew},
      {"SemiSpaceNewSpace", SpaceKind::kNew},
      {"SharedLargeObjectSpace", SpaceKind::kSharedLargeObject},
      {"SharedReadOnlySpace", SpaceKind::kReadOnly},
      {"SharedSpace", SpaceKind::kShared},
      {"SharedTrustedLargeObjectSpace", SpaceKind::kSharedTrustedLargeObject},
      {"SharedTrustedSpace", SpaceKind::kSharedTrusted},
      {"StickySpace", SpaceKind::kOld},
      {"TrustedLargeObjectSpace", SpaceKind::kTrustedLargeObject},
      {"TrustedSpace", SpaceKind::kTrusted},
  };
  const auto at = std::ranges::find(kClasses, name, [](const auto& c) { return c.first; });
  return at == std::end(kClasses) ? SpaceKind::kUnknown : at->second;
}

// Follows {next, prev} from `front` while the pages belong to `owner`; the pages when it arrives at `back`, else none.
std::vector<Address> FollowList(const Memory& memory, const PageLayout& layout, Address owner, Address front,
                                Address back, const std::map<Address, PageDescriptor>& by_descriptor) {
  std::vector<Address> list;
  std::unordered_set<Address> seen;
  for (Address at = front; list.size() < kMaxPagesInList;) {
    const auto page = by_descriptor.find(at);
    if (page == by_descriptor.end() || page->second.owner != owner || !seen.insert(at).second) return {};
    list.push_back(at);
    if (at == back) return list;
    const std::optional<uint64_t> next = layout.list_next ? memory.ReadWord(at + layout.list_next) : std::nullopt;
    if (!next) return {};
    at = *next;
  }
  return {};
}

// The NewSpace object when no vtable names it. It owns no pages itself: its two SemiSpaces, which do, are members of
// it. 0 when no word of the Heap leads to an object that looks like it.
Address FindNewSpaceObject(const Memory& memory, Address heap,
                           const std::map<Address, std::vector<const PageDescriptor*>>& by_owner) {
  Address semi_space = 0, other_vtable = 0;
  for (const auto& [owner, pages] : by_owner) {
    if (owner == 0) continue;
    const bool is_semi = (pages.front()->flags & (PageLayout::kFromPage | PageLayout::kToPage)) != 0;
    if (is_semi && semi_space == 0) semi_space = owner;
    if (!is_semi) other_vtable = memory.ReadWord(owner).value_or(0);
  }
  if (semi_space == 0 || other_vtable == 0) return 0;
  Address found = 0;
  for (uint64_t word : ReadWords(memory, heap, kHeapWords)) {
    if ((word & 7) != 0 || word <= found || word >= semi_space || semi_space - word > kNewSpaceBytes) continue;
    const uint64_t vtable = memory.ReadWord(word).value_or(0);
    if (std::max(vtable, other_vtable) - std::min(vtable, other_vtable) < kVtablesWithin) found = word;
  }
  return found;
}

}  // namespace

std::string_view SpaceName(SpaceKind kind) {
  return kSpaceNames[static_cast<size_t>(kind)];
}

bool IsLargeObjectSpace(SpaceKind kind) {
  switch (kind) {
    case SpaceKind::kLargeObject:
    case SpaceKind::kCodeLargeObject:
    case SpaceKind::kNewLargeObject:
    case SpaceKind::kTrustedLargeObject:
    case SpaceKind::kSharedLargeObject:
    case SpaceKind::kSharedTrustedLargeObject:
      return true;
    default:
      return false;
  }
}

ChunkScan ScanChunks(const Memory& memory, const PageLayout& layout, const std::vector<IsolateRoots>& isolates,
                     const Cancel& cancel) {
  ChunkScan scan;
  std::set<Address> heaps;
  std::set<uint64_t> meta_maps;
  for (const IsolateRoots& isolate : isolates) {
    heaps.insert(isolate.heap);
    meta_maps.insert(isolate.roots.meta_map);
  }
  // The flags of the page that holds a meta map are those of all read-only pages.
  std::set<uint64_t> read_only_flags;
  for (uint64_t meta_map : meta_maps) {
    if (const auto page = ReadPageDescriptor(memory, layout, ChunkBase(Untag(meta_map), layout.page_size))) {
      read_only_flags.insert(page->flags);
    }
  }
  Address resume = 0;  // behind a large page, whose inside may look like anything
  for (const Region& region : memory.Regions()) {
    if (region.present_end <= region.start) continue;
    if (cancel.Cancelled()) break;
    for (Address base = (region.start + layout.page_size - 1) & ~Address{layout.page_size - 1};
         base < region.present_end; base += layout.page_size) {
      if (base < resume) continue;
      const std::optional<PageDescriptor> page = ReadPageDescriptor(memory, layout, base);
      if (!page) continue;
      if (heaps.contains(page->heap)) {
        scan.pages.push_back(*page);
        resume = page->area_end;
      } else if (page->heap == 0 && page->owner == 0 && read_only_flags.contains(page->flags) &&
                 page->area_end <= base + layout.page_size) {
        const std::optional<uint64_t> first = memory.ReadWord(page->area_start);
        if (first && LooksLikePointer(*first)) scan.read_only_pages.push_back(*page);
      }
    }
  }
  return scan;
}

uint32_t CalibrateListNode(const Memory& memory, const ChunkScan& scan) {
  std::map<Address, Address> owner_of;  // descriptor -> owner
  for (const PageDescriptor& page : scan.pages) owner_of[page.descriptor] = page.owner;
  std::map<uint32_t, size_t> votes;
  size_t sampled = 0;
  for (const PageDescriptor& page : scan.pages) {
    if (++sampled > 256) break;
    const std::vector<uint64_t> words = ReadWords(memory, page.descriptor, 48);
    for (size_t i = 0; i < words.size(); ++i) {
      const auto next = owner_of.find(words[i]);
      if (next == owner_of.end() || next->second != page.owner || words[i] == page.descriptor) continue;
      // next.prev must lead back.
      if (memory.ReadWord(words[i] + 8 * i + 8) == page.descriptor) ++votes[static_cast<uint32_t>(8 * i)];
    }
  }
  if (votes.empty()) return 0;
  return std::ranges::max_element(votes, {}, [](const auto& v) { return v.second; })->first;
}

std::vector<Space> FindSpaces(const Memory& memory, const PageLayout& layout, const BinaryFacts* binary, Address heap,
                              const ChunkScan& scan) {
  std::map<Address, PageDescriptor> by_descriptor;
  std::map<Address, std::vector<const PageDescriptor*>> by_owner;
  for (const PageDescriptor& page : scan.pages) {
    if (page.heap != heap) continue;
    by_descriptor[page.descriptor] = page;
    by_owner[page.owner].push_back(&page);
  }

  std::map<Address, Space> spaces;
  std::map<size_t, size_t> list_offsets;  // words into the space object -> spaces whose list stands there
  // Spaces that have no pages are known only by their vtables.
  if (binary != nullptr) {
    for (uint64_t word : ReadWords(memory, heap, kHeapWords)) {
      if ((word & 7) != 0 || word <= 0x10000 || word >= kUserAddressEnd || spaces.contains(word)) continue;
      const std::string_view name = binary->SpaceClass(memory.ReadWord(word).value_or(0));
      if (name.empty() || KindOfClass(name) == SpaceKind::kUnknown) continue;
      Space& space = spaces[word];
      space.kind = KindOfClass(name);
      space.address = word;
      space.class_name = name;
    }
  }
  if (const Address new_space =
          std::ranges::none_of(spaces, [](const auto& s) { return s.second.kind == SpaceKind::kNew; })
              ? FindNewSpaceObject(memory, heap, by_owner)
              : 0) {
    spaces[new_space].kind = SpaceKind::kNew;
    spaces[new_space].address = new_space;
  }
  for (const auto& [owner, pages] : by_owner) {
    if (owner == 0) continue;  // freed pages
    Space& space = spaces[owner];
    if (space.address == 0) {
      space.address = owner;
      if (binary != nullptr) space.class_name = binary->SpaceClass(memory.ReadWord(owner).value_or(0));
      space.kind = KindOfClass(space.class_name);
    }
    // {front, back}: two adjacent words of the space object from whose first the second is reached.
    std::vector<Address> listed;
    const std::vector<uint64_t> words = ReadWords(memory, owner, kSpaceObjectWords);
    for (size_t i = 0; i + 1 < words.size() && listed.empty(); ++i) {
      if (by_descriptor.contains(words[i]) && by_descriptor.contains(words[i + 1])) {
        listed = FollowList(memory, layout, owner, words[i], words[i + 1], by_descriptor);
        if (!listed.empty()) ++list_offsets[i];
      }
    }
    const bool has_list = !listed.empty();
    std::unordered_set<Address> in_list(listed.begin(), listed.end());
    const auto add = [&](const PageDescriptor& descriptor, bool is_listed) {
      Page page{.descriptor = descriptor, .space = space.kind, .listed = is_listed};
      page.from_page = (descriptor.flags & PageLayout::kFromPage) != 0;
      page.to_page = (descriptor.flags & PageLayout::kToPage) != 0;
      if (page.from_page || page.to_page)
        page.space = space.kind = space.kind == SpaceKind::kNewLargeObject ? space.kind : SpaceKind::kNew;
      space.pages.push_back(page);
    };
    for (Address descriptor : listed) add(by_descriptor[descriptor], true);
    for (const PageDescriptor* page : pages) {
      if (in_list.contains(page->descriptor)) continue;
      if (has_list) {
        ++space.pages_only_in_scan;
      } else {
        add(*page, false);
      }
    }
    if (space.kind != SpaceKind::kNew) {
      std::ranges::sort(space.pages, {}, [](const Page& p) { return p.descriptor.chunk; });
    }
  }
  // The list is a member of V8's class Space, at one offset in all of them; ReadOnlySpace keeps a vector instead. A
  // space without a list of pages, in which there is something at this offset, has lost one.
  if (layout.list_next != 0 && !list_offsets.empty()) {
    const size_t offset = std::ranges::max_element(list_offsets, {}, [](const auto& v) { return v.second; })->first;
    for (auto& [address, space] : spaces) {
      const bool has_list = std::ranges::any_of(space.pages, &Page::listed);
      if (has_list || space.kind == SpaceKind::kReadOnly || space.class_name.empty()) continue;
      space.list_broken = memory.ReadWord(address + 8 * offset).value_or(1) != 0;
    }
  }
  std::vector<Space> result;
  for (auto& [address, space] : spaces) result.push_back(std::move(space));
  return result;
}

}  // namespace corewalk
