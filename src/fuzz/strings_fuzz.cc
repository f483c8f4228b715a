// A heap whose strings were written over: the input is a list of {offset, word} changes to a page of strings of every
// representation; all of them are then read, and named as if they were functions and constructors.
#include "fuzz/fuzz_target.h"
#include "heap/names.h"
#include "heap/strings.h"
#include "heap/testing/fake_heap.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corewalk;
  using testing::FakeHeap;
  FakeHeap heap;
  const uint64_t one = heap.NewString(1, "one byte"), two = heap.NewTwoByteString(1, u"two bytes");
  std::vector<uint64_t> strings = {one, two};
  heap.memory().AddText(0x40000000, "outside");
  strings.push_back(heap.NewIndirectString(1, testing::kConsOneByteString, 17, one, two));
  strings.push_back(heap.NewIndirectString(1, testing::kSlicedOneByteString, 3, one, heap.Smi(4)));
  strings.push_back(heap.NewIndirectString(1, testing::kThinOneByteString, 8, one, 0));
  strings.push_back(heap.NewIndirectString(1, testing::kExternalOneByteString, 7, 0, 0x40000000));
  strings.push_back(heap.NewIndirectString(1, testing::kConsTwoByteString, 20, strings[2], strings[3]));
  const uint64_t function_map = heap.NewMap(1, testing::kJSFunctionType, 8);
  const uint64_t shared = heap.New(1, heap.map_of(testing::kSharedFunctionInfoType), 64);
  const uint64_t scope = heap.New(1, heap.map_of(testing::kScopeInfoType), 64);
  const uint64_t function = heap.New(1, function_map, 64);
  heap.Set(function, 24, shared);
  heap.Set(shared, 16, scope);
  const uint64_t map = heap.NewMap(1, testing::kJSObjectType, 3);
  heap.Set(map, map_offsets::kConstructorOrBackPointer, function);
  const uint64_t prototype = heap.New(1, map, 24);
  heap.Set(map, map_offsets::kPrototype, prototype);
  heap.Set(prototype, 8, heap.NewArray(1, std::vector<uint64_t>(20), testing::kNameDictionaryType));
  const Address begin = one - 1;
  const uint64_t words = (heap.page(1).top - begin) / 8;

  fuzz::Input input(data, size);
  while (!input.empty()) {
    const uint64_t offset = input.Take<uint8_t>() % words * 8;
    const uint8_t kind = input.Take<uint8_t>();
    uint64_t word = input.Take<uint64_t>();
    if (kind & 1) word = begin + word % words * 8 + 1;  // a pointer to something that exists
    if (kind & 2) word = word << 32;
    heap.memory().Put(begin + offset, word);
  }
  static const Layout layout = FakeHeap().MakeLayout();  // does not depend on what was changed
  for (uint64_t string : strings) {
    for (uint64_t limit : {uint64_t{3}, uint64_t{100'000}}) {
      const auto text = ReadString(heap.memory(), layout, string, limit);
      if (text) fuzz::Require(text->text.size() <= 4 * limit, "the limit holds");
    }
  }
  NameResolver names(heap.memory(), layout);
  names.FunctionName(function);
  MapInfo info;
  if (ReadMap(heap.memory(), layout, map, &info)) {
    names.ClassName(info, prototype - 1);
    names.PropertyNames(info, prototype - 1);
  }
  return 0;
}
