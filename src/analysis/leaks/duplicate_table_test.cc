#include "analysis/leaks/duplicate_table.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "analysis/leaks/holder_census.h"
#include "analysis/leaks/largest.h"

namespace corewalk {
namespace {

// Texts are numbers here; the string at an address has the text address / 1000.
bool SameText(uint64_t a, uint64_t b) {
  return a / 1000 == b / 1000;
}

TEST(RepeatedHashesTest, MissesNoneThatRepeats) {
  RepeatedHashes repeated(1000);
  for (uint64_t i = 0; i < 1000; ++i) {
    const uint64_t hash = i * 0x9e3779b97f4a7c15;
    repeated.Add(hash);
    if (i % 3 == 0) repeated.Add(hash);
  }
  uint64_t others = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    const bool may = repeated.MayRepeat(i * 0x9e3779b97f4a7c15);
    EXPECT_TRUE(may || i % 3 != 0) << i;
    others += i % 3 != 0 && may;
  }
  EXPECT_LT(others, 200u);
}

TEST(DuplicateTableTest, CountsAndAddsUpByText) {
  DuplicateTable table;
  for (uint64_t copy = 0; copy < 3; ++copy) EXPECT_TRUE(table.Add(7, 5000 + copy, 24, SameText));
  EXPECT_TRUE(table.Add(7, 9000, 32, SameText));  // the same hash, another text
  EXPECT_TRUE(table.Add(7, 9001, 32, SameText));
  EXPECT_TRUE(table.Add(8, 1000, 16, SameText));  // alone
  std::map<uint64_t, Copies> found;
  table.ForEach([&](const Copies& copies) { found[copies.address] = copies; });
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[5000].count, 3u);
  EXPECT_EQ(found[5000].bytes, 72u);
  EXPECT_EQ(found[9000].count, 2u);
  EXPECT_EQ(found[9000].bytes, 64u);
}

TEST(DuplicateTableTest, ThreadsAgreeOnTheLowestAddress) {
  DuplicateTable table;
  constexpr uint64_t kTexts = 5000, kCopies = 4;
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < kCopies; ++thread) {
    threads.emplace_back([&table, thread] {
      for (uint64_t i = 0; i < kTexts; ++i) {
        const uint64_t text = thread % 2 == 0 ? i : kTexts - 1 - i;
        table.Add(text * 0x9e3779b97f4a7c15, (text + 1) * 1000 + thread, 16, SameText);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  uint64_t texts = 0;
  table.ForEach([&](const Copies& copies) {
    ++texts;
    EXPECT_EQ(copies.count, kCopies);
    EXPECT_EQ(copies.address % 1000, 0u);
  });
  EXPECT_EQ(texts, kTexts);
}

struct Ranked {
  uint64_t rank = 0, number = 0;
};

TEST(LargestTest, IsTheSameInWhateverOrderAndHoweverDivided) {
  for (const size_t most : {0, 1, 3, 100}) {
    Largest<Ranked> whole(most), first(most), second(most);
    for (uint64_t i = 0; i < 50; ++i) whole.Add({i * 7 % 13, i});
    for (uint64_t i = 50; i-- > 0;) (i % 2 == 0 ? first : second).Add({i * 7 % 13, i});
    first.Merge(second);
    const std::vector<Ranked> a = whole.Sorted(), b = first.Sorted();
    ASSERT_EQ(a.size(), std::min<size_t>(most, 50));
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i)
      EXPECT_EQ(std::pair(a[i].rank, a[i].number), std::pair(b[i].rank, b[i].number));
  }
}

TEST(ObjectSampleTest, SumsAreOfAllAndTheSampleIsTheSameHoweverDivided) {
  ObjectSample whole(16), first(16), second(16);
  for (ObjectId id = 0; id < 1000; ++id) {
    whole.Add(id, id);
    (id % 3 == 0 ? first : second).Add(id, id);
  }
  second.Merge(first);
  EXPECT_EQ(second.count(), 1000u);
  EXPECT_EQ(second.bytes(), 499500u);
  EXPECT_FALSE(second.whole());
  const auto ids = [](const ObjectSample& sample) {
    std::vector<ObjectId> all;
    for (const ObjectSample::Member& member : sample.members()) all.push_back(member.id);
    std::ranges::sort(all);
    return all;
  };
  EXPECT_EQ(ids(whole).size(), 16u);
  EXPECT_EQ(ids(whole), ids(second));
  ObjectSample few(16);
  few.Add(3, 8);
  EXPECT_TRUE(few.whole());
}

}  // namespace
}  // namespace corewalk
