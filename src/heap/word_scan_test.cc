#include "heap/word_scan.h"

#include <gtest/gtest.h>

#include <random>

#include "heap/string_search.h"
#include "heap/tagged.h"
#include "heap/testing/fake_heap.h"
#include "heap/views/slots.h"

namespace corewalk {
namespace {

using testing::FakeHeap;

std::unique_ptr<HeapModel> Build(FakeHeap& heap) {
  Result<std::unique_ptr<HeapModel>> model = HeapModel::Build({.memory = &heap.memory(),
                                                               .binary = &heap.binary(),
                                                               .version = heap.version(),
                                                               .version_source = LayoutSource::kBinary,
                                                               .hide_tables = true},
                                                              Cancel());
  EXPECT_TRUE(model.has_value()) << model.error().message;
  return model ? std::move(*model) : nullptr;
}

TEST(NeedleSetTest, FindsWhatAPlainLoopFinds) {
  std::mt19937_64 random(1);
  for (const size_t needles : {1, 2, 3, 4, 5, 100, 5000}) {
    std::vector<Address> objects;
    for (size_t i = 0; i < needles; ++i) objects.push_back((random() & 0xffffff) << 3);
    const NeedleSet set(objects);
    std::vector<uint64_t> words(3001);
    for (uint64_t& word : words) {
      word = random() % 40 == 0 ? objects[random() % needles] + (random() % 2 == 0 ? 1 : 3) : random();
      if (random() % 50 == 0) word = objects[random() % needles];  // untagged: no pointer
    }
    const auto* data = reinterpret_cast<const std::byte*>(words.data());
    std::vector<size_t> found, wanted;
    for (size_t i = set.Find(data, 0, words.size()); i < words.size(); i = set.Find(data, i + 1, words.size())) found.push_back(i);
    for (size_t i = 0; i < words.size(); ++i) {
      bool hit = false;
      for (const Address object : objects) hit |= words[i] == object + 1 || words[i] == object + 3;
      if (hit) wanted.push_back(i);
    }
    EXPECT_EQ(found, wanted) << needles;
  }
  EXPECT_EQ(NeedleSet({}).Find(nullptr, 0, 0), 0u);
}

class WordScanTest : public ::testing::Test {
 protected:
  HeapHits Scan(std::span<const Address> objects, uint64_t most = 1000) {
    const std::unique_ptr<HeapModel> model = Build(heap_);
    return FindInHeap(*model, {}, NeedleSet(objects), most, Cancel(), {});
  }
  FakeHeap heap_;
};

TEST_F(WordScanTest, HoldersButNoDataAndNoFreeSpace) {
  const uint64_t target = heap_.NewArray(1, {});
  const uint64_t strong = heap_.NewArray(1, {heap_.Smi(1), target});
  const uint64_t weak = heap_.NewArray(2, {target | 3});
  const uint64_t text = heap_.NewString(1, "12345678");
  heap_.Set(text, 16, target);  // characters that look like the pointer
  const uint64_t free = heap_.NewFreeSpace(1, 64);
  heap_.Set(free, 32, target);
  heap_.Seal();
  const Address needle = target - 1;
  const HeapHits hits = Scan(std::span(&needle, 1));
  ASSERT_EQ(hits.hits.size(), 2u);
  EXPECT_EQ(hits.total, 2u);
  EXPECT_EQ(hits.hits[0].holder, strong - 1);
  EXPECT_EQ(hits.hits[0].slot, strong - 1 + 24);
  EXPECT_EQ(hits.hits[1].holder, weak - 1);
  EXPECT_TRUE(IsWeakPointer(hits.hits[1].word));
  EXPECT_EQ(Scan(std::span(&needle, 1), 1).hits.size(), 1u);
  EXPECT_EQ(Scan(std::span(&needle, 1), 1).total, 2u);
  // The same without a view: what a live process gives.
  heap_.memory().RefuseView();
  EXPECT_EQ(Scan(std::span(&needle, 1)).hits.size(), 2u);
}

TEST_F(WordScanTest, MemoryOutsideTheHeap) {
  const uint64_t target = heap_.NewArray(1, {});
  heap_.NewArray(1, {target});
  heap_.memory().AddWords(0x30000000, {1, target, target | 2, target - 1});
  heap_.memory().AddWords(0x31000000, {target}, FakeMemory::kRead);
  heap_.Seal();
  const std::unique_ptr<HeapModel> model = Build(heap_);
  const Address needle = target - 1;
  const OutsideHits hits = FindOutside(*model, 2, NeedleSet(std::span(&needle, 1)), 10, Cancel());
  ASSERT_EQ(hits.hits.size(), 2u);
  EXPECT_EQ(hits.hits[0].slot, 0x30000008u);
  EXPECT_EQ(hits.hits[1].slot, 0x30000010u);
}

TEST_F(WordScanTest, CancelledSearchesSaySo) {
  const uint64_t target = heap_.NewArray(1, {});
  heap_.NewArray(1, {target});
  heap_.Seal();
  const std::unique_ptr<HeapModel> model = Build(heap_);
  Cancel cancel;
  cancel.Request();
  const Address needle = target - 1;
  EXPECT_TRUE(FindInHeap(*model, {}, NeedleSet(std::span(&needle, 1)), 10, cancel, {}).interrupted);
  EXPECT_TRUE(FindStrings(*model, {}, StringNeedle("x"), cancel, {}).interrupted);
}

class StringSearchTest : public ::testing::Test {
 protected:
  std::vector<uint64_t> Find(std::string_view text) {
    const std::unique_ptr<HeapModel> model = Build(heap_);
    const StringSearch search = FindStrings(*model, {}, StringNeedle(text), Cancel(), {});
    std::vector<uint64_t> tagged;
    for (const Address string : search.found) tagged.push_back(string + 1);
    return tagged;
  }
  static std::vector<uint64_t> Sorted(std::vector<uint64_t> addresses) {
    std::ranges::sort(addresses);
    return addresses;
  }
  FakeHeap heap_;
};

TEST_F(StringSearchTest, EveryRepresentation) {
  using namespace testing;
  const uint64_t whole = heap_.NewString(1, "..needle..");
  const uint64_t wide = heap_.NewTwoByteString(1, u"\u4e00needle");
  const uint64_t ne = heap_.NewString(1, "....ne");
  const uint64_t edle = heap_.NewString(2, "edle....");
  const uint64_t wide_edle = heap_.NewTwoByteString(2, u"edle\u4e00");
  const uint64_t seam = heap_.NewIndirectString(1, kConsOneByteString, 14, ne, edle);
  const uint64_t wide_seam = heap_.NewIndirectString(1, kConsTwoByteString, 11, ne, wide_edle);
  const uint64_t wrong = heap_.NewIndirectString(1, kConsOneByteString, 14, edle, ne);
  const uint64_t outer = heap_.NewIndirectString(2, kConsOneByteString, 20, ne, seam);
  const uint64_t sliced = heap_.NewIndirectString(1, kSlicedOneByteString, 7, whole, heap_.Smi(1));
  const uint64_t beside = heap_.NewIndirectString(1, kSlicedOneByteString, 7, whole, heap_.Smi(3));
  const uint64_t thin = heap_.NewIndirectString(1, kThinOneByteString, 10, whole, 0);
  heap_.memory().AddText(0x40000000, "external needle");
  const uint64_t external = heap_.NewIndirectString(1, kExternalOneByteString, 15, 0, 0x40000000);
  heap_.Seal();
  EXPECT_EQ(Find("needle"), Sorted({whole, wide, seam, wide_seam, outer, sliced, thin, external}));
  EXPECT_EQ(Find("edle....ne"), Sorted({}));
  EXPECT_EQ(Find("e....ne"), Sorted({outer}));
  EXPECT_EQ(Find("e........ne"), Sorted({wrong}));
  EXPECT_EQ(Find("\u4e00"), Sorted({wide, wide_edle, wide_seam}));
  EXPECT_EQ(Find("nothing of it"), Sorted({}));
  (void)beside;
}

TEST_F(StringSearchTest, ATextAcrossManyLeaves) {
  const std::string_view text = "needle";
  uint64_t rope = heap_.NewString(1, "..");
  uint32_t length = 2;
  for (const char c : text) rope = heap_.NewIndirectString(1, testing::kConsOneByteString, ++length, rope, heap_.NewString(1, std::string(1, c)));
  const uint64_t right_end = heap_.NewString(1, "..");
  uint64_t right = right_end;
  length = 2;
  for (size_t i = text.size(); i-- > 0;) right = heap_.NewIndirectString(2, testing::kConsOneByteString, ++length, heap_.NewString(2, std::string(1, text[i])), right);
  heap_.Seal();
  EXPECT_EQ(Find(text), Sorted({rope, right}));
}

// Each field of each string overwritten with what hurts: the search must come back.
TEST_F(StringSearchTest, HostileBytes) {
  using namespace testing;
  const uint64_t whole = heap_.NewString(1, "..needle..");
  const uint64_t cons = heap_.NewIndirectString(1, kConsOneByteString, 20, whole, whole);
  const uint64_t deep = heap_.NewIndirectString(1, kConsOneByteString, 40, cons, cons);
  const uint64_t sliced = heap_.NewIndirectString(1, kSlicedOneByteString, 7, whole, heap_.Smi(1));
  const uint64_t thin = heap_.NewIndirectString(1, kThinOneByteString, 20, cons, 0);
  heap_.memory().AddText(0x40000000, "external needle");
  const uint64_t external = heap_.NewIndirectString(1, kExternalOneByteString, 15, 0, 0x40000000);
  heap_.Seal();
  const std::unique_ptr<HeapModel> model = Build(heap_);
  for (const uint64_t string : {whole, cons, deep, sliced, thin, external}) {
    for (uint64_t offset = 8; offset < 32; offset += 8) {
      if (string == whole && offset >= 16) continue;
      const uint64_t before = heap_.memory().ReadWord(string - 1 + offset).value();
      for (const uint64_t value : {uint64_t{0}, ~uint64_t{0}, uint64_t{0x7fffffff} << 32, string, string | 3, deep,
                                   uint64_t{0x7f0000000001}, uint64_t{0x40000000}}) {
        heap_.Set(string, offset, value);
        for (const std::string_view text : {"needle", "e..n", "edle....needle"})
          FindStrings(*model, {}, StringNeedle(text), Cancel(), {});
      }
      heap_.Set(string, offset, before);
    }
  }
}

TEST(StringNeedleTest, Widths) {
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  const auto wide = [](std::u16string_view text) { return std::as_bytes(std::span(text)); };
  EXPECT_TRUE(StringNeedle("b").In(bytes("abc"), true));
  EXPECT_TRUE(StringNeedle("b").In(wide(u"abc"), false));
  EXPECT_FALSE(StringNeedle("x").In(bytes("abc"), true));
  EXPECT_TRUE(StringNeedle("\u00e9").In(bytes("caf\xe9"), true));
  EXPECT_FALSE(StringNeedle("\u4e00").In(bytes("\x4e"), true));
  EXPECT_FALSE(StringNeedle("\u6100").In(wide(u"\u0061\u0000"), false));  // the bytes are there, at an odd place
  EXPECT_TRUE(StringNeedle("\U0001f600").In(wide(u"-\U0001f600"), false));
  EXPECT_TRUE(StringNeedle("\xed\xa0\xbd").In(wide(u"\xd83d"), false));
  EXPECT_EQ(StringNeedle("\U0001f600").units(), 2u);
}

class SlotsTest : public ::testing::Test {
 protected:
  SlotsTest() : layout_(heap_.MakeLayout()), names_(heap_.memory(), layout_), reader_(heap_.memory(), layout_, &names_), namer_(&reader_) {}

  FakeHeap heap_;
  Layout layout_;
  NameResolver names_;
  HeapReader reader_;
  SlotNamer namer_;
};

TEST_F(SlotsTest, DictionaryEntriesBearTheirKeys) {
  const uint64_t key = heap_.NewString(1, "answer", testing::kInternalizedOneByte);
  const uint64_t table = heap_.NewArray(1, {heap_.Smi(1), 0, heap_.Smi(1), 0, 0, key, heap_.root("undefined_value"), 0},
                                        testing::kNameDictionaryType);
  EXPECT_TRUE(namer_.IsStore(table));
  const SlotName name = namer_.Name(table, table - 1 + 16 + 8 * 6);
  EXPECT_EQ(name.kind, SlotKind::kProperty);
  EXPECT_EQ(name.text, "answer");
  EXPECT_EQ(namer_.Name(table, table - 1).label, "(map)");
  const uint64_t object = heap_.New(1, heap_.NewMap(1, testing::kJSObjectType, 3), 24);
  heap_.Set(object, 8, table);
  SlotName joined = name;
  EXPECT_TRUE(namer_.Join(object, object - 1 + 8, table, table - 1 + 64, &joined));
  EXPECT_EQ(joined.text, "answer");
}

TEST_F(SlotsTest, ElementsAndStrings) {
  const uint64_t array = heap_.NewArray(1, {0, 0, 0});
  EXPECT_EQ(namer_.Name(array, array - 1 + 32).index, 2u);
  const uint64_t cons = heap_.NewIndirectString(1, testing::kConsOneByteString, 2, array, array);
  EXPECT_EQ(namer_.Name(cons, cons - 1 + 16).label, "(first)");
  EXPECT_EQ(namer_.Name(cons, cons - 1 + 24).label, "(second)");
}

// Whatever the words of an object and of its Map say, each word gets some name.
TEST_F(SlotsTest, HostileBytes) {
  const uint64_t key = heap_.NewString(1, "answer", testing::kInternalizedOneByte);
  const uint64_t map = heap_.NewMap(1, testing::kJSObjectType, 5);
  const uint64_t object = heap_.New(1, map, 40);
  const uint64_t array = heap_.NewArray(1, {key, key});
  const uint64_t context = heap_.New(1, heap_.NewMap(1, testing::kPlainContextType, 0), 40);
  heap_.Set(context, 8, heap_.Smi(3));
  for (uint64_t offset = 16; offset < 40; offset += 8) heap_.Set(context, offset, key);
  const uint64_t table = heap_.NewArray(1, {heap_.Smi(1), 0, heap_.Smi(1), 0, 0, key, key, 0}, testing::kNameDictionaryType);
  const uint64_t descriptors = heap_.NewArray(1, {key, 0, key}, testing::kDescriptorArrayType);
  heap_.Set(object, 8, table);
  heap_.Set(object, 16, array);
  for (const uint64_t victim : {map, object, array, context, table, descriptors, key}) {
    for (uint64_t offset = 8; offset < 40; offset += 8) {
      const std::optional<uint64_t> before = heap_.memory().ReadWord(victim - 1 + offset);
      if (!before) continue;
      for (const uint64_t value : {uint64_t{0}, ~uint64_t{0}, uint64_t{0x7fffffff} << 32, victim, uint64_t{0x7f0000000001}}) {
        heap_.Set(victim, offset, value);
        HeapReader reader(heap_.memory(), layout_, &names_);  // Maps are cached
        SlotNamer namer(&reader);
        for (const uint64_t holder : {map, object, array, context, table, descriptors, key}) {
          for (uint64_t slot = 0; slot < 48; slot += 8) {
            SlotName name = namer.Name(holder, holder - 1 + slot);
            namer.Join(object, object - 1 + slot, holder, holder - 1 + 16, &name);
          }
        }
      }
      heap_.Set(victim, offset, *before);
    }
  }
}

}  // namespace
}  // namespace corewalk
