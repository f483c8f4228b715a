#include "heap/outside_memory.h"

#include <algorithm>
#include <utility>

#include "heap/roots_finder.h"
#include "heap/tagged.h"

namespace corewalk {

std::vector<MemoryPiece> OutsidePieces(const Memory& memory, const PageIndex& index, const Cancel& cancel) {
  std::vector<MemoryPiece> pieces;
  std::vector<std::pair<Address, Address>> pages;
  for (const Page* page : index.pages())
    pages.emplace_back(page->descriptor.chunk, std::max(page->descriptor.area_end, page->descriptor.chunk));
  std::ranges::sort(pages);
  constexpr uint64_t kPiece = 1 << 20;
  for (const Region& region : memory.Regions()) {
    if (cancel.Cancelled()) break;
    // Generated code's ranges are huge and sparse; nothing but V8's pages is there.
    if (!region.readable || !region.writable || region.executable || region.present_end <= region.start) continue;
    auto page = std::ranges::upper_bound(pages, region.start, {}, &std::pair<Address, Address>::first);
    if (page != pages.begin()) --page;
    Address at = region.start;
    while (at < region.present_end) {
      while (page != pages.end() && page->second <= at) ++page;
      Address end = region.present_end;
      if (page != pages.end() && page->first < end) {
        if (page->first <= at) {
          at = (page->second + 7) & ~Address{7};
          continue;
        }
        end = page->first;
      }
      // Pages that V8 gave up but did not unmap hold stale objects.
      const Address chunk = ChunkBase(at + kChunkAlignment - 1);
      if (chunk == at && LooksLikeChunkHeader(memory, at)) {
        at += kChunkAlignment;
        continue;
      }
      end = std::min({end, chunk > at ? chunk : chunk + kChunkAlignment});
      if (!pieces.empty() && pieces.back().end == at && end - pieces.back().from <= kPiece) {
        pieces.back().end = end;
      } else {
        pieces.push_back({at, end});
      }
      at = end;
    }
  }
  return pieces;
}

}  // namespace corewalk
