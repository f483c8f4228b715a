#include "node/fatal_message.h"

#include <gtest/gtest.h>

#include "memory/fake_memory.h"

namespace corewalk {
namespace {

constexpr Address kStack = 0x7ffe00000000;
constexpr size_t kStackBytes = 0x10000;
constexpr Address kRsp = kStack + 0x8000;
constexpr Address kImage = 0x400000;

class FatalMessageTest : public testing::Test {
 protected:
  FatalMessageTest() {
    memory_.AddZeros(kStack, kStackBytes);
    memory_.AddHole(kImage, 0x10000);
    memory_.SetMappings({{kImage, kImage + 0x10000, 0, "/usr/bin/node"}});
    image_.resize(0x10000);
    SetSignal(6);
    ThreadState thread;
    thread.registers[static_cast<size_t>(Register::kRsp)] = kRsp;
    memory_.SetThreads({thread});
  }
  void SetSignal(int signal) {
    ProcessInfo process;
    process.signal = signal;
    memory_.SetProcess(process);
  }
  void Text(Address at, std::string_view text) {
    for (char c : text) memory_.Put(at++, c);
  }
  // A literal of the executable, between NULs.
  Address Literal(std::string_view text) {
    Address at = kImage + image_next_;
    text.copy(image_.data() + image_next_, text.size());
    image_next_ = (image_next_ + text.size() + 8) & ~size_t{7};
    return at;
  }
  ImageReader Image() const {
    return [this](Address address, std::span<std::byte> out) -> size_t {
      if (address < kImage || address >= kImage + image_.size()) return 0;
      size_t count = std::min<size_t>(out.size(), kImage + image_.size() - address);
      std::memcpy(out.data(), image_.data() + (address - kImage), count);
      return count;
    };
  }
  void PutHeapStats(Address at) {
    memory_.Put(at, uint64_t{0xffffffffdecade00});
    memory_.Put(at + 0xb0, uint64_t{0xffffffffdecade01});
  }

  FakeMemory memory_;
  std::vector<char> image_;
  size_t image_next_ = 8;
};

TEST_F(FatalMessageTest, FindsV8Check) {
  SetSignal(5);
  memory_.Put(kRsp + 0x30, uint64_t{0xdecade10});
  Text(kRsp + 0x38, "Check failed: a < b.");
  EXPECT_EQ(FindFatalError(memory_, {}, false).kind, FatalKind::kNone);  // without the second word
  memory_.Put(kRsp + 0x38 + 512, uint64_t{0xdecade11});
  FatalError error = FindFatalError(memory_, {}, false);
  EXPECT_EQ(error.kind, FatalKind::kV8Check);
  EXPECT_TRUE(error.certain);
  EXPECT_EQ(error.message.raw(), "Check failed: a < b.");
}

TEST_F(FatalMessageTest, NamesOutOfMemoryFromTheExecutable) {
  PutHeapStats(kRsp + 0x1c8);
  memory_.Put(kRsp + 0x20, Literal("Writing Node.js report to file"));
  memory_.Put(kRsp + 0x128, Literal("Reached heap limit"));
  memory_.Put(kRsp + 0x138, Literal("Allocation failed - JavaScript heap out of memory"));
  memory_.Put(kRsp + 0x140, Literal("x Some tail of a text") + 2);  // into the middle: no literal
  FatalError error = FindFatalError(memory_, Image(), false);
  EXPECT_EQ(error.kind, FatalKind::kOutOfMemory);
  EXPECT_TRUE(error.certain);
  EXPECT_EQ(error.message.raw(), "Reached heap limit Allocation failed - JavaScript heap out of memory");
}

TEST_F(FatalMessageTest, KnowsOutOfMemoryWithoutTheExecutable) {
  PutHeapStats(kRsp + 0x1c8);
  FatalError error = FindFatalError(memory_, {}, false);
  EXPECT_EQ(error.kind, FatalKind::kOutOfMemory);
  EXPECT_TRUE(error.message.empty());
  // "near heap limit" ends one location, "heap limit" two.
  Text(kRsp - 0xbe0, std::string_view("\0\0t heap limit\0", 15));
  EXPECT_TRUE(FindFatalError(memory_, {}, false).location.empty());
  Text(kRsp - 0xbe0, std::string_view("\0\0ve mark-compacts near heap limit\0", 36));
  EXPECT_EQ(FindFatalError(memory_, {}, false).location.raw(), "Ineffective mark-compacts near heap limit");
}

TEST_F(FatalMessageTest, IgnoresTextOfTheProgram) {
  constexpr std::string_view kForged =
      "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n";
  Text(kRsp + 0x100, kForged);
  Text(kRsp - 0x1000, kForged);
  memory_.AddText(0x10000000, kForged);
  EXPECT_EQ(FindFatalError(memory_, Image(), false).kind, FatalKind::kNone);
}

TEST_F(FatalMessageTest, FindsNodeAssertion) {
  Address info = Literal(std::string(24, 'x'));
  uint64_t words[3] = {Literal("../src/tcp_wrap.cc:166"), Literal("args.IsConstructCall()"), Literal("void New(int)")};
  std::memcpy(image_.data() + (info - kImage), words, sizeof(words));
  memory_.Put(kRsp + 0x58, info);
  EXPECT_EQ(FindFatalError(memory_, {}, false).kind, FatalKind::kNone);
  FatalError error = FindFatalError(memory_, Image(), false);
  EXPECT_EQ(error.kind, FatalKind::kNodeAssertion);
  EXPECT_EQ(error.message.raw(), "Assertion `args.IsConstructCall()' failed.");
  EXPECT_EQ(error.location.raw(), "../src/tcp_wrap.cc:166 in void New(int)");
}

TEST_F(FatalMessageTest, FindsApiFailure) {
  memory_.Put(kRsp + 0x60, Literal("v8::ToLocalChecked"));
  memory_.Put(kRsp + 0x68, Literal("Empty MaybeLocal"));
  FatalError error = FindFatalError(memory_, Image(), false);
  EXPECT_EQ(error.kind, FatalKind::kApiFailure);
  EXPECT_EQ(error.message.raw(), "v8::ToLocalChecked Empty MaybeLocal");
  EXPECT_FALSE(error.certain);
}

TEST_F(FatalMessageTest, FindsUncaughtExceptionOnlyWithItsOption) {
  SetSignal(5);
  Text(kRsp - 0x2100, "Uncaught Error: boom\n\nFROM\n");
  EXPECT_EQ(FindFatalError(memory_, {}, false).kind, FatalKind::kNone);
  FatalError error = FindFatalError(memory_, {}, true);
  EXPECT_EQ(error.kind, FatalKind::kUncaughtException);
  EXPECT_EQ(error.message.raw(), "Uncaught Error: boom");
  EXPECT_FALSE(error.certain);
}

TEST_F(FatalMessageTest, SaysNothingAboutOtherDeaths) {
  PutHeapStats(kRsp + 0x100);
  SetSignal(11);
  EXPECT_EQ(FindFatalError(memory_, Image(), true).kind, FatalKind::kNone);
  SetSignal(0);
  EXPECT_EQ(FindFatalError(memory_, Image(), true).kind, FatalKind::kNone);
}

TEST_F(FatalMessageTest, SurvivesWildStackPointers) {
  for (uint64_t rsp : {uint64_t{0}, uint64_t{7}, kStack, kStack + kStackBytes - 1, kStack + kStackBytes, ~uint64_t{0},
                       ~uint64_t{0} - 8, uint64_t{1} << 47}) {
    ThreadState thread;
    thread.registers.fill(rsp);
    memory_.SetThreads({thread});
    EXPECT_EQ(FindFatalError(memory_, Image(), true).kind, FatalKind::kNone);
    SetSignal(5);
    EXPECT_EQ(FindFatalError(memory_, Image(), true).kind, FatalKind::kUncaughtException);
    SetSignal(6);
  }
  // Markers at the very end of the stack, and a stack full of pointers into the image.
  ThreadState thread;
  thread.registers[static_cast<size_t>(Register::kRsp)] = kRsp;
  memory_.SetThreads({thread});
  memory_.Put(kStack + kStackBytes - 8, uint64_t{0xffffffffdecade00});
  for (Address at = kRsp; at < kStack + kStackBytes - 8; at += 8) memory_.Put(at, kImage + 0xfff8);
  EXPECT_EQ(FindFatalError(memory_, Image(), false).kind, FatalKind::kNone);
}

}  // namespace
}  // namespace corewalk
