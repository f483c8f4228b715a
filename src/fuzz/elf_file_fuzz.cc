// Any bytes as an executable: symbols, segments, and all that the layout reads from it.
#include "fuzz/fuzz_target.h"
#include "layout/binary_facts.h"
#include "memory/elf_file.h"
#include "memory/fake_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corewalk;
  const auto file = ElfFile::OpenBytes(std::as_bytes(std::span(data, size)), "input");
  if (!file) {
    fuzz::Require(!file.error().message.empty(), "an error has a message");
    return 0;
  }
  size_t symbols = 0;
  (*file)->ForEachSymbol("", [&symbols](std::string_view, const Symbol&) { return ++symbols < 10000; });
  (*file)->FindSymbol("main");
  std::byte buffer[64];
  for (const LoadSegment& load : (*file)->loads()) {
    (*file)->ReadVirtual(load.vaddr, buffer, ElfFile::ZeroFill::kYes);
    (*file)->ReadVirtual(load.vaddr + load.file_size - 1, buffer);
  }
  const FakeMemory memory;
  ReadBinaryFacts(**file, memory, 0x1000);
  return 0;
}
