// Any bytes as a core file: open it, read around every region's ends.
#include "fuzz/fuzz_target.h"
#include "memory/build_id.h"
#include "memory/elf_core.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corewalk;
  const auto core = ElfCore::OpenBytes(std::as_bytes(std::span(data, size)), "input");
  if (!core) {
    fuzz::Require(!core.error().message.empty(), "an error has a message");
    return 0;
  }
  const Memory& memory = **core;
  Address last = 0;
  size_t regions = 0;
  for (const Region& region : memory.Regions()) {
    fuzz::Require(region.start >= last && region.start < region.end, "regions are sorted and disjoint");
    fuzz::Require(region.present_end >= region.start && region.present_end <= region.end,
                  "present part inside the region");
    last = region.end;
    if (++regions > 256) continue;
    for (const Address at :
         {region.start, region.start - 1, region.present_end, region.present_end - 1, region.end, region.end - 8}) {
      std::byte buffer[32];
      const size_t read = memory.Read(at, buffer);
      fuzz::Require(read <= sizeof(buffer), "not more than asked for");
      if (const auto view = memory.View(at, 16); !view.empty()) {
        fuzz::Require(view.size() == 16 && read >= 16 && std::memcmp(view.data(), buffer, 16) == 0,
                      "View and Read agree");
      }
      memory.ReadCString(at, 64);
    }
  }
  Modules(memory);
  return 0;
}
