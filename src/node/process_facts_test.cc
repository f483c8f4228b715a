// Tests of the versions, of the scan of memory and of the facts as a whole.
#include "node/process_facts.h"

#include <gtest/gtest.h>

#include "memory/fake_memory.h"

namespace corewalk {
namespace {

constexpr Address kData = 0x600000;
constexpr Address kMalloc = 0x10000000;

class ProcessFactsTest : public testing::Test {
 protected:
  ProcessFactsTest() {
    memory_.AddZeros(kData, 0x1000);           // .data
    memory_.AddZeros(kData + 0x1000, 0x1000);  // .bss
    memory_.AddZeros(kMalloc, 0x1000);
    memory_.SetMappings({{kData, kData + 0x1000, 0, "/usr/bin/node"}});
  }
  void Text(Address at, std::string_view text) {
    for (char c : text) memory_.Put(at++, c);
    memory_.Put(at, '\0');
  }
  void NewString(Address at, std::string_view text, Address far) {
    memory_.Put(at, text.size() < 16 ? at + 16 : far);
    memory_.Put(at + 8, uint64_t{text.size()});
    Text(text.size() < 16 ? at + 16 : far, text);
  }
  void OldString(Address at, std::string_view text, Address far) {
    memory_.Put(at, far);
    memory_.Put(far - 24, uint64_t{text.size()});
    memory_.Put(far - 16, uint64_t{text.size() + 3});
    Text(far, text);
  }
  FakeMemory memory_;
};

TEST_F(ProcessFactsTest, FindsVersionsOfTheNewForm) {
  NewString(kData + 0x1100, "24.21.0", 0);
  NewString(kData + 0x1120, "13.6.233.17-node.53", kMalloc + 0x100);
  std::optional<NodeVersion> version = FindNodeVersion(memory_, {});
  ASSERT_TRUE(version);
  EXPECT_EQ(version->node, "24.21.0");
  EXPECT_EQ(version->v8, "13.6.233.17-node.53");
  EXPECT_EQ(version->address, kData + 0x1100);
}

TEST_F(ProcessFactsTest, FindsVersionsOfTheOldForm) {
  OldString(kData + 0x800, "12.0.0", kMalloc + 0x118);
  OldString(kData + 0x808, "7.4.288.21-node.16", kMalloc + 0x158);
  std::optional<NodeVersion> version = FindNodeVersion(memory_, {});
  ASSERT_TRUE(version);
  EXPECT_EQ(version->node, "12.0.0");
  EXPECT_EQ(version->v8, "7.4.288.21-node.16");
}

TEST_F(ProcessFactsTest, RefusesOtherTexts) {
  NewString(kData + 0x100, "24.21.0", 0);
  NewString(kData + 0x120, "1.52.1", 0);
  NewString(kData + 0x200, "24.21", 0);
  NewString(kData + 0x220, "1.2.3.4", 0);
  NewString(kData + 0x300, "24.21.0", 0);
  NewString(kData + 0x320, "13.6.233.17-\x1b]0;x", kMalloc + 0x100);
  EXPECT_FALSE(FindNodeVersion(memory_, {}));
  // Not in malloc memory either, where a program could have put it.
  NewString(kMalloc + 0x500, "24.21.0", 0);
  NewString(kMalloc + 0x520, "1.2.3.4", 0);
  EXPECT_FALSE(FindNodeVersion(memory_, {}));
}

TEST_F(ProcessFactsTest, SurvivesWildStrings) {
  for (Address at = kData; at + 16 <= kData + 0x2000; at += 8) memory_.Put(at, at + 16);
  EXPECT_FALSE(FindNodeVersion(memory_, {}));
  for (Address at = kData; at + 8 <= kData + 0x2000; at += 8) memory_.Put(at, ~uint64_t{0} - 7);
  EXPECT_FALSE(FindNodeVersion(memory_, {}));
}

TEST_F(ProcessFactsTest, ScansWhatIsLeft) {
  std::vector<AddressRange> seen;
  auto visit = [&](const Block& block) {
    seen.emplace_back(block.start(), block.end());
    return false;
  };
  AddressRange excluded[] = {{kMalloc + 0x800, kMalloc + 0x900},
                             {kMalloc, kMalloc + 0x100},
                             {5, 5},
                             {kMalloc + 0x880, kMalloc + 0xa00},
                             {9, 3}};
  EXPECT_FALSE(ScanMemory(memory_, ScanArea::kMalloc, excluded, 1 << 20, 16, visit));
  EXPECT_EQ(seen, (std::vector<AddressRange>{{kMalloc + 0x100, kMalloc + 0x800}, {kMalloc + 0xa00, kMalloc + 0x1000}}));
  seen.clear();
  EXPECT_FALSE(ScanMemory(memory_, ScanArea::kMalloc, excluded, 0x10, 0, visit));
  EXPECT_EQ(seen, (std::vector<AddressRange>{{kMalloc + 0x100, kMalloc + 0x110}}));
  // Everything excluded.
  AddressRange all[] = {{0, ~uint64_t{0}}};
  seen.clear();
  EXPECT_FALSE(ScanMemory(memory_, ScanArea::kStaticData, all, 1 << 20, 16, visit));
  EXPECT_TRUE(seen.empty());
}

TEST_F(ProcessFactsTest, CollectsWithoutAnythingKnown) {
  FakeMemory empty;
  ProcessFacts facts = CollectProcessFacts(empty, {});
  EXPECT_FALSE(facts.death);
  EXPECT_FALSE(facts.version);
  EXPECT_FALSE(facts.exec_path);
  EXPECT_FALSE(facts.uptime_at_last_gc_ms());
  EXPECT_EQ(facts.fatal.kind, FatalKind::kNone);
  EXPECT_TRUE(facts.threads.empty());
}

TEST_F(ProcessFactsTest, TellsDeathAndThreads) {
  ProcessInfo process;
  process.pid = 10;
  process.signal = 11;
  process.fault_address = 0x18;
  process.name = "node";
  process.auxv = {{9, kData + 0x10}};
  memory_.SetProcess(process);
  ThreadState crashed, main;
  crashed.tid = 12;
  main.tid = 10;
  main.cpu_user_us = 5;
  memory_.SetThreads({crashed, main});
  ProcessFactsOptions options;
  options.heap = ~uint64_t{7};  // a wild heap is no harm
  ProcessFacts facts = CollectProcessFacts(memory_, options);
  ASSERT_TRUE(facts.death);
  EXPECT_EQ(facts.death->name, "SIGSEGV");
  EXPECT_EQ(facts.death->tid, 12);
  EXPECT_EQ(facts.death->fault_address, 0x18u);
  ASSERT_EQ(facts.threads.size(), 2u);
  EXPECT_TRUE(facts.threads[0].crashed);
  EXPECT_FALSE(facts.threads[0].name);
  EXPECT_TRUE(facts.threads[1].main);
  EXPECT_EQ(facts.threads[1].name->raw(), "node");
  EXPECT_EQ(facts.exec_path->raw(), "/usr/bin/node");
  EXPECT_EQ(SignalName(77), "signal 77");
  EXPECT_FALSE(SignalMeaning(77).empty());
}

TEST_F(ProcessFactsTest, TellsWhoseSignalItWas) {
  ProcessInfo process;
  process.pid = 10;
  process.signal = 6;
  process.signal_code_known = true;
  process.sender_pid = 77;
  ThreadState thread;
  thread.tid = 10;
  memory_.SetProcess(process);
  memory_.SetThreads({thread});
  EXPECT_EQ(CollectProcessFacts(memory_, {}).death->meaning, "sent by process 77 (kill)");
  process.sender_pid = 10;
  memory_.SetProcess(process);
  EXPECT_EQ(CollectProcessFacts(memory_, {}).death->meaning, "sent by the process to itself (process.kill)");
  process.signal_code = -6;  // abort()
  memory_.SetProcess(process);
  EXPECT_EQ(CollectProcessFacts(memory_, {}).death->meaning, SignalMeaning(6));
  process.signal_code_known = false;
  memory_.SetProcess(process);
  EXPECT_EQ(CollectProcessFacts(memory_, {}).death->meaning, SignalMeaning(6));
}

TEST_F(ProcessFactsTest, FindsTheFaultThatAHandlerPassedOn) {
  ProcessInfo process;
  process.pid = 10;
  process.signal = 11;
  process.signal_code = -6;
  process.signal_code_known = true;
  process.sender_pid = 10;
  ThreadState thread;
  thread.tid = 10;
  thread.registers[static_cast<size_t>(Register::kRsp)] = kMalloc + 0x900;
  thread.registers[static_cast<size_t>(Register::kRip)] = 0x1234;
  memory_.SetProcess(process);
  memory_.SetThreads({thread});
  EXPECT_EQ(FindSignalOrigin(memory_).from, SignalOrigin::From::kRaised);
  const Address frame = kMalloc + 0x140;  // struct rt_sigframe
  memory_.Put(frame + 168, kMalloc + 0x900);  // the stack pointer
  memory_.Put(frame + 176, uint64_t{0x1234});
  memory_.Put(frame + 312, uint64_t{11});   // siginfo_t
  memory_.Put(frame + 320, uint64_t{1});
  memory_.Put(frame + 328, uint64_t{0x18});
  const SignalOrigin origin = FindSignalOrigin(memory_);
  EXPECT_EQ(origin.from, SignalOrigin::From::kFault);
  EXPECT_EQ(origin.fault_address, 0x18u);
}

}  // namespace
}  // namespace corewalk
