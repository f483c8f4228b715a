#include "memory/image_memory.h"

#include <algorithm>

namespace corewalk {

size_t ImageMemory::Read(Address address, std::span<std::byte> out) const {
  size_t done = target_.Read(address, out);
  // Each turn makes progress or is the last.
  while (done < out.size()) {
    const Address at = address + done, vaddr = at - bias_;
    // As far as the target's next region, which may have bytes of its own.
    const Region* region = target_.RegionAt(at);
    const auto next = std::ranges::upper_bound(target_.Regions(), at, {}, &Region::start);
    const Address stop = region != nullptr ? region->end : next != target_.Regions().end() ? next->start : ~Address{0};
    const auto segment = std::ranges::find_if(file_.loads(), [vaddr](const LoadSegment& load) {
      return !load.writable && vaddr >= load.vaddr && vaddr - load.vaddr < load.file_size;
    });
    if (segment == file_.loads().end()) break;
    const size_t count = std::min<uint64_t>({out.size() - done, segment->vaddr + segment->file_size - vaddr, stop - at});
    const size_t got = file_.ReadVirtual(vaddr, out.subspan(done, count));
    done += got;
    if (got == 0 || got < count) break;
    if (done < out.size()) done += target_.Read(address + done, out.subspan(done));
  }
  return done;
}

}  // namespace corewalk
