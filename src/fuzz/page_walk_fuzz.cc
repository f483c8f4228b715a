// A page of arbitrary bytes, and a heap around it whose page headers, roots and space objects were changed at random.
// The input: a list of {what, where, word} changes; then the walk of the page and the building of the whole model.
#include "fuzz/fuzz_target.h"
#include "heap/heap_model.h"
#include "heap/heap_walk.h"
#include "heap/testing/fake_heap.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corewalk;
  using testing::FakeHeap;
  fuzz::Input input(data, size);
  const uint8_t mode = input.Take<uint8_t>();
  FakeHeap heap(mode & 1);
  const Address begin = heap.page(1).top;
  for (int i = 0; i < 8; ++i) {
    heap.NewString(1, "a string that takes a few words");
    heap.NewArray(1, {heap.Smi(1), heap.root("undefined_value")});
    heap.NewFreeSpace(1, 48);
    heap.New(1, heap.NewMap(1, testing::kJSObjectType, 3), 24);
    heap.New(1, heap.NewMap(1, testing::kUnknownVariableType, 0), 32);
  }
  const uint64_t words = (heap.page(1).top - begin) / 8;
  heap.Seal();
  while (!input.empty()) {
    const uint8_t what = input.Take<uint8_t>();
    const uint64_t where = input.Take<uint16_t>();
    uint64_t word = input.Take<uint64_t>();
    if (what & 1) word = begin + word % words * 8 + 1;
    if (what & 2) word <<= 32;
    if (what & 4) word = heap.meta_map() + word % 4096 * 8;
    switch (what >> 3 & 3) {
      case 0:
      case 1:
        heap.memory().Put(begin + where % words * 8, word);
        break;
      case 2:
        heap.memory().Put(heap.page(where >> 8 & 3).descriptor + where % 48 * 8, word);
        break;
      case 3:
        heap.memory().Put(FakeHeap::kSpaceObjects + where % 512 * 8, word);
        break;
    }
  }
  if (mode & 2) heap.memory().FailReads(begin + 4096, 4096);
  if (mode & 4) heap.memory().RefuseView();

  // The layout does not depend on what was changed: it was verified before.
  static const Layout layouts[2] = {FakeHeap(false).MakeLayout(), FakeHeap(true).MakeLayout()};
  const Layout& layout = layouts[mode & 1];
  MapCache maps(heap.memory(), layout);
  PageWalker walker(heap.memory(), layout, &maps, nullptr);
  const Page page = heap.MakePage(1);
  Address last = page.descriptor.area_start;
  PageTally tally;
  walker.Walk(
      page, page.descriptor.area_end, {},
      [&](MapCache::Slot&, Address address, uint64_t bytes, const std::byte*) {
        fuzz::Require(address >= last && bytes >= 8 && bytes % 8 == 0, "objects follow each other");
        last = address + bytes;
        fuzz::Require(last <= page.descriptor.area_end, "objects end in the area");
      },
      &tally);
  const uint64_t sum = tally.object_bytes + tally.free_bytes + tally.filler_bytes + tally.linear_area_bytes +
                       tally.lost_bytes + tally.unreadable_bytes + tally.forwarded_bytes;
  fuzz::Require(sum == page.descriptor.area_end - page.descriptor.area_start, "every byte is accounted for once");

  if (!(mode & 8)) return 0;  // the rest is a hundred times slower
  const auto model = HeapModel::Build({.memory = &heap.memory(),
                                       .binary = &heap.binary(),
                                       .version = heap.version(),
                                       .version_source = LayoutSource::kBinary,
                                       .hide_tables = true},
                                      Cancel());
  if (!model) {
    fuzz::Require(!model.error().message.empty(), "an error has a message");
    return 0;
  }
  WalkHeap(**model, {.threads = 1}, Cancel(), {});
  return 0;
}
