#include "heap/stack_frames.h"

#include <gtest/gtest.h>

#include "memory/fake_memory.h"

namespace corewalk {
namespace {

constexpr Address kStack = 0x7ff000000000;
constexpr size_t kBytes = 0x2000;

ThreadState Thread(Address sp, Address fp) {
  ThreadState thread;
  thread.registers[static_cast<size_t>(Register::kRsp)] = sp;
  thread.registers[static_cast<size_t>(Register::kRbp)] = fp;
  return thread;
}

// A frame at `fp`: the caller's fp, where it goes on, and its type or context.
void PutFrame(FakeMemory& memory, Address fp, Address caller, uint64_t marker) {
  memory.Put<uint64_t>(fp, caller);
  memory.Put<uint64_t>(fp + 8, 0x1234);
  memory.Put<uint64_t>(fp - 8, marker);
}

// C++ in an exit frame at +0x800, a function of JavaScript, the entry frame at +0x1000.
FakeMemory Stack() {
  FakeMemory memory;
  memory.AddZeros(kStack, kBytes);
  PutFrame(memory, kStack + 0x800, kStack + 0x900, 6);
  memory.Put<uint64_t>(kStack + 0x800 - 16, kStack + 0x7c0);
  PutFrame(memory, kStack + 0x900, kStack + 0x1000, 0x5001);
  PutFrame(memory, kStack + 0x1000, kStack + 0x1800, 2);
  return memory;
}

TEST(StackFrames, FollowsFromTheExitFrame) {
  FakeMemory memory = Stack();
  const ThreadState thread = Thread(kStack + 0x100, 0);
  const uint64_t isolate[] = {0, kStack + 0x800};
  const JavaScriptFrames frames = FindJavaScriptFrames(memory, thread, ReadStack(memory, thread), isolate);
  ASSERT_EQ(frames.ranges.size(), 1u);
  EXPECT_EQ(frames.ranges[0].begin, kStack + 0x800);
  EXPECT_EQ(frames.ranges[0].end, kStack + 0x1000);
  EXPECT_TRUE(frames.of_isolate);
  EXPECT_FALSE(frames.running);
}

// A regular expression that backtracks: a local variable of C++ stands where an entry frame has its mark.
TEST(StackFrames, AWordLikeAnEntryMarkHidesNoJavaScript) {
  FakeMemory memory = Stack();
  PutFrame(memory, kStack + 0x200, kStack + 0x300, 0x7777);
  PutFrame(memory, kStack + 0x300, kStack + 0x800, 2);
  const ThreadState thread = Thread(kStack + 0x100, kStack + 0x200);
  const uint64_t isolate[] = {0, kStack + 0x800};
  const JavaScriptFrames frames = FindJavaScriptFrames(memory, thread, ReadStack(memory, thread), isolate);
  ASSERT_EQ(frames.ranges.size(), 1u);
  EXPECT_EQ(frames.ranges[0].end, kStack + 0x1000);
  EXPECT_FALSE(frames.running);
}

TEST(StackFrames, AStackThatOverflowedIsRead) {
  FakeMemory memory = Stack();
  memory.AddHole(kStack - 0x1000, 0x1000, FakeMemory::kNone);  // the guard
  const uint64_t isolate[] = {0, kStack + 0x800};
  // The first word of its last page; in the guard; a frame of 16 KB below both.
  for (const Address sp : {kStack, kStack - 0x80, kStack - 0x4000}) {
    const ThreadState thread = Thread(sp, 0);
    const StackWords stack = ReadStack(memory, thread);
    EXPECT_EQ(stack.start, kStack);
    EXPECT_EQ(stack.words.size(), kBytes / 8);
    EXPECT_EQ(FindJavaScriptFrames(memory, thread, stack, isolate).ranges.size(), 1u);
  }
}

TEST(StackFrames, WhatLiesFarBelowIsNoStack) {
  FakeMemory memory = Stack();
  EXPECT_EQ(StackRegion(memory, kStack - (2 << 20)), nullptr);
  EXPECT_TRUE(ReadStack(memory, Thread(kStack - (2 << 20), 0)).words.empty());
}

}  // namespace
}  // namespace corewalk
