#include "heap/new_space.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr size_t kSemiSpaceWords = 0x240 / 8;  // the SemiSpace and what follows it in SemiSpaceNewSpace

std::optional<size_t> PageWithDescriptor(const Space& space, uint64_t word) {
  const auto page = std::ranges::find(space.pages, word, [](const Page& p) { return p.descriptor.descriptor; });
  if (page == space.pages.end()) return std::nullopt;
  return page - space.pages.begin();
}

}  // namespace

void FindAllocationEnd(const Memory& memory, std::span<const LinearArea> areas, Space* space) {
  space->current_page = 0;
  space->allocation_end = space->pages.empty() ? 0 : space->pages.front().descriptor.area_start;
  for (size_t i = 0; i < space->pages.size(); ++i) {
    const PageDescriptor& page = space->pages[i].descriptor;
    for (const LinearArea& area : areas) {
      if (area.top < page.area_start || area.top > page.area_end) continue;
      space->current_page = i;
      space->allocation_end = area.top;
      return;
    }
  }
  // No allocation area: it is given back before a collection. SemiSpace::current_page_ is the first word behind the
  // list's {front, back} that is a page of the semispace. From 12.4 on SemiSpaceNewSpace::allocation_top_, behind the
  // two semispaces, says how far the collector's threads took memory of it (src/heap/new-spaces.h).
  const std::vector<uint64_t> words = ReadWords(memory, space->address, kSemiSpaceWords);
  size_t at = 0;
  while (at + 1 < words.size() &&
         (PageWithDescriptor(*space, words[at]) != 0 || PageWithDescriptor(*space, words[at + 1]) != space->pages.size() - 1))
    ++at;
  for (at += 2; at < words.size(); ++at) {
    const std::optional<size_t> current = PageWithDescriptor(*space, words[at]);
    if (!current) continue;
    const PageDescriptor& page = space->pages[*current].descriptor;
    const auto top = std::find_if(words.begin() + at + 1, words.end(), [&](uint64_t word) {
      return word >= page.area_start && word <= page.area_end && (word & 7) == 0;
    });
    space->current_page = *current;
    space->allocation_end = top != words.end() ? *top : page.area_end;
    return;
  }
}

}  // namespace corewalk
