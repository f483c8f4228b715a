// Any bytes as PT_NOTE segments; the first byte says where the second one begins.
#include "fuzz/fuzz_target.h"
#include "memory/core_notes.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corewalk;
  fuzz::Input input(data, size);
  const size_t cut = input.Take<uint8_t>();
  const std::span<const std::byte> bytes = input.rest();
  CoreNotes notes;
  notes.Parse(bytes.first(std::min(cut, bytes.size())));
  notes.Parse(bytes.subspan(std::min(cut, bytes.size())));
  notes.Finish();
  Address last = 0;
  for (const FileMapping& mapping : notes.mappings) {
    fuzz::Require(mapping.start >= last, "mappings are sorted");
    last = mapping.start;
  }
  fuzz::Require(notes.threads.size() <= bytes.size() && notes.mappings.size() <= bytes.size(),
                "counts are bounded by the bytes");
  return 0;
}
