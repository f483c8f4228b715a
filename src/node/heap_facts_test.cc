// Tests of what is read from the Heap struct: the GC trace and the limits.
#include <gtest/gtest.h>

#include "memory/fake_memory.h"
#include "node/gc_trace.h"
#include "node/heap_limit.h"

namespace corewalk {
namespace {

constexpr Address kHeap = 0x20001000;
constexpr size_t kHeapBytes = 12 << 10;
constexpr uint64_t kMB = 1 << 20;

class HeapFactsTest : public testing::Test {
 protected:
  HeapFactsTest() { memory_.AddZeros(kHeap, kHeapBytes); }

  // Writes lines as Heap::AddToRingBuffer() does.
  void PutRing(Address ring, const std::vector<std::string>& lines) {
    uint64_t end = 0;
    for (const std::string& line : lines) {
      for (char c : line) {
        memory_.Put(ring + end, c);
        if (++end == 512) {
          end = 0;
          memory_.Put(ring + 512, uint8_t{1});
        }
      }
    }
    memory_.Put(ring + 520, end);
  }
  void PutWords(Address at, std::initializer_list<uint64_t> words) {
    for (uint64_t word : words) {
      memory_.Put(at, word);
      at += 8;
    }
  }
  std::optional<GcTrace> Trace() { return FindGcTrace(memory_, kHeap, kHeap + kHeapBytes); }

  FakeMemory memory_;
};

std::string Line(int ms, size_t length, bool newline = true) {
  std::string line = "[77:0x20000000]      " + std::to_string(ms) + " ms: Mark-Compact 1.0 (2.0) -> 0.9 (2.0) MB, ";
  line.resize(length - (newline ? 1 : 0), 'x');
  if (newline) line += '\n';
  return line;
}

TEST_F(HeapFactsTest, ReadsARingThatIsNotFull) {
  PutRing(kHeap + 0x858, {Line(12, 100), Line(34, 90)});
  std::optional<GcTrace> trace = Trace();
  ASSERT_TRUE(trace);
  ASSERT_EQ(trace->lines.size(), 2u);
  EXPECT_EQ(trace->lines[0].ms, 12u);
  EXPECT_EQ(trace->lines[0].pid, 77);
  EXPECT_EQ(trace->lines[0].isolate, 0x20000000u);
  EXPECT_EQ(trace->lines[1].text.raw() + "\n", Line(34, 90));
  EXPECT_EQ(trace->last_ms(), 34u);
  EXPECT_EQ(trace->address, kHeap + 0x858);
}

TEST_F(HeapFactsTest, UnrollsARingThatWentRound) {
  // Cut lines have no newline; every cut position must work.
  for (size_t length = 60; length <= 255; ++length) {
    std::vector<std::string> lines;
    for (int i = 1; i <= 30; ++i) lines.push_back(Line(i * 100, length, length % 2 == 0));
    PutRing(kHeap + 0xa00, lines);
    std::optional<GcTrace> trace = Trace();
    ASSERT_TRUE(trace) << length;
    EXPECT_EQ(trace->last_ms(), 3000u) << length;
    EXPECT_EQ(trace->lines.size(), 512 / length) << length;
    EXPECT_EQ(trace->lines.back().text.raw(), lines.back().substr(0, lines.back().find('\n'))) << length;
  }
}

TEST_F(HeapFactsTest, WantsTheWritePosition) {
  PutRing(kHeap + 0x858, {Line(12, 100)});
  memory_.Put(kHeap + 0x858 + 520, uint64_t{99});
  EXPECT_FALSE(Trace());
  memory_.Put(kHeap + 0x858 + 520, ~uint64_t{0});
  EXPECT_FALSE(Trace());
}

TEST_F(HeapFactsTest, SurvivesNonsenseInTheHeap) {
  EXPECT_FALSE(Trace());
  EXPECT_FALSE(FindGcTrace(memory_, kHeap, kHeap));
  EXPECT_FALSE(FindGcTrace(memory_, kHeap + kHeapBytes - 1, ~uint64_t{0}));
  EXPECT_FALSE(FindGcTrace(memory_, 0, ~uint64_t{0}));
  for (Address at = kHeap; at < kHeap + kHeapBytes; ++at) memory_.Put(at, '[');
  EXPECT_FALSE(Trace());
  for (size_t i = 0; i < kHeapBytes; ++i) memory_.Put(kHeap + i, "[1:0x1] 1 ms: "[i % 14]);
  Trace();  // takes what fits, must end
}

TEST_F(HeapFactsTest, ReadsTheCopyOnTheStack) {
  constexpr Address kStack = 0x7ffe00000000;
  memory_.AddZeros(kStack, 4096);
  ThreadState thread;
  thread.registers[static_cast<size_t>(Register::kRsp)] = kStack + 0x100;
  EXPECT_FALSE(FindGcTraceOnStack(memory_, thread));
  Address at = kStack + 0x300;
  for (char c : "nc " + Line(400, 200) + Line(500, 200)) memory_.Put(at++, c);
  std::optional<GcTrace> trace = FindGcTraceOnStack(memory_, thread);
  ASSERT_TRUE(trace);
  EXPECT_TRUE(trace->from_stack);
  EXPECT_EQ(trace->lines.size(), 2u);
  EXPECT_EQ(trace->last_ms(), 500u);
}

TEST_F(HeapFactsTest, FindsLimitsOfEveryForm) {
  {
    FakeMemory m;  // V8 7.4
    m.AddWords(kHeap, {0, 0, 0, 16 * kMB, kMB, 1234 * kMB, 1234 * kMB, 0, 617 * kMB, 0, 0, 0});
    EXPECT_EQ(HeapLimit(m, kHeap), 1234 * kMB);
  }
  {
    FakeMemory m;  // V8 7.6
    m.AddWords(kHeap, {0, 0, 16 * kMB, kMB, 1234 * kMB, 2800 * kMB, 1234 * kMB, 0, 512 * kMB, 0, 0, 0});
    EXPECT_EQ(HeapLimit(m, kHeap), 1234 * kMB);
  }
  {
    FakeMemory m;  // V8 9.4
    m.AddWords(kHeap, {0, 16 * kMB, kMB, 0, 1234 * kMB, 0, 2468 * kMB, 1234 * kMB, 0, 512 * kMB, 0, 0});
    EXPECT_EQ(FindHeapLimits(m, kHeap)->heap_size_limit(), 1282 * kMB);
  }
  {
    FakeMemory m;  // V8 9.4, limit raised by a callback: the global limit stays
    m.AddWords(kHeap, {0, 16 * kMB, kMB, 0, 88 * kMB, 0, 80 * kMB, 40 * kMB, 38 * kMB, 20 * kMB, 1, 0});
    EXPECT_EQ(HeapLimit(m, kHeap), 88 * kMB);
  }
  {
    FakeMemory m;  // V8 13.6, limit raised by a callback
    m.AddWords(kHeap, {0, 64 * kMB, kMB, kMB, 0, 1300 * kMB, 0, 2600 * kMB, 1234 * kMB, 0, 512 * kMB, 0});
    std::optional<HeapLimits> limits = FindHeapLimits(m, kHeap);
    ASSERT_TRUE(limits);
    EXPECT_EQ(limits->old_generation, 1300 * kMB);
    EXPECT_EQ(limits->initial_old_generation, 1234 * kMB);
    EXPECT_EQ(limits->max_semi_space, 64 * kMB);
  }
  {
    FakeMemory m;  // V8 14.6
    m.AddWords(kHeap, {0, 0, 0, 0, 32 * kMB, kMB, kMB, 0, 0, 0x30000000, 0, 0});
    m.AddWords(0x30000000, {kHeap, 0, 1234 * kMB, 512 * kMB, 1, 0, 1234 * kMB, 0, 2468 * kMB, 0});
    EXPECT_EQ(FindHeapLimits(m, kHeap)->heap_size_limit(), 1330 * kMB);
    m.Put(0x30000000, uint64_t{kHeap + 8});
    EXPECT_FALSE(HeapLimit(m, kHeap));
  }
}

TEST_F(HeapFactsTest, RefusesTwoLimits) {
  PutWords(kHeap + 0x40, {16 * kMB, kMB, 0, 1234 * kMB, 0, 2468 * kMB, 1234 * kMB});
  EXPECT_EQ(HeapLimit(memory_, kHeap), 1234 * kMB);
  PutWords(kHeap + 0x400, {16 * kMB, kMB, 0, 99 * kMB, 0, 198 * kMB, 99 * kMB});
  EXPECT_FALSE(HeapLimit(memory_, kHeap));
}

TEST_F(HeapFactsTest, SurvivesWildHeaps) {
  EXPECT_FALSE(HeapLimit(memory_, 0));
  EXPECT_FALSE(HeapLimit(memory_, kHeap + 1));
  EXPECT_FALSE(HeapLimit(memory_, ~uint64_t{7}));
  EXPECT_FALSE(HeapLimit(memory_, kHeap));
  EXPECT_FALSE(FindHeapLimits(memory_, kHeap, ~uint64_t{0}));
  for (size_t i = 0; i < kHeapBytes / 8; ++i) memory_.Put(kHeap + 8 * i, kHeap + 8 * i);
  EXPECT_FALSE(HeapLimit(memory_, kHeap));
}

}  // namespace
}  // namespace corewalk
