#include "node/argv.h"

#include <gtest/gtest.h>

#include "memory/fake_memory.h"
#include "node/node_limits.h"

namespace corewalk {
namespace {

constexpr Address kStack = 0x7ffe00000000;
constexpr Address kWords = kStack + 0x1000;  // argc
constexpr Address kTexts = kStack + 0x2000;
constexpr size_t kStackBytes = 0x4000;

// An initial stack as the kernel makes it.
class InitialStack {
 public:
  explicit InitialStack(FakeMemory* memory) : memory_(memory) { memory_->AddZeros(kStack, kStackBytes); }

  Address AddText(std::string_view text) {
    Address at = next_;
    for (char c : text) memory_->Put(next_++, c);
    memory_->Put(next_++, '\0');
    return at;
  }
  void Word(uint64_t word) {
    memory_->Put(words_, word);
    words_ += 8;
  }
  void Build(const std::vector<std::string>& argv, const std::vector<std::string>& envp) {
    Word(argv.size());
    for (const std::string& a : argv) argv_.push_back(AddText(a));
    for (Address a : argv_) Word(a);
    Word(0);
    for (const std::string& e : envp) Word(AddText(e));
    Word(0);
    Auxv();
  }
  void Auxv() {
    Address exec = AddText("/usr/bin/node");
    Address random = kStack + 0x1f00;
    for (uint64_t word : {uint64_t{33}, kStack, uint64_t{25}, random, uint64_t{31}, exec, uint64_t{0}, uint64_t{0}}) {
      Word(word);
    }
    ProcessInfo process;
    process.auxv = {{33, kStack}, {25, random}, {31, exec}};
    process.arguments = "node cut off";
    memory_->SetProcess(process);
  }
  const std::vector<Address>& argv() const { return argv_; }

 private:
  FakeMemory* memory_;
  Address next_ = kTexts;
  Address words_ = kWords;
  std::vector<Address> argv_;
};

std::vector<std::string> Raw(const ProcessArguments& arguments) {
  std::vector<std::string> raw;
  for (const UntrustedText& text : arguments.argv) raw.push_back(text.raw());
  return raw;
}

TEST(ArgvTest, ReadsArgumentsAndVariables) {
  FakeMemory memory;
  InitialStack(&memory).Build({"node", "--max_old_space_size=50", "app.js", ""},
                              {"NODE_OPTIONSX=no", "PWD=/srv", "NODE_OPTIONS=--max-old-space-size=70"});
  ProcessArguments a = ReadProcessArguments(memory, {});
  EXPECT_EQ(a.source, ArgumentSource::kStack);
  EXPECT_EQ(Raw(a), (std::vector<std::string>{"node", "--max_old_space_size=50", "app.js", ""}));
  EXPECT_FALSE(a.title);
  EXPECT_EQ(a.exec_path->raw(), "/usr/bin/node");
  EXPECT_EQ(a.pwd->raw(), "/srv");
  EXPECT_EQ(a.node_options->raw(), "--max-old-space-size=70");
  EXPECT_EQ(MegabyteOption(a, "max-old-space-size"), 50u << 20);  // arguments win over NODE_OPTIONS
}

TEST(ArgvTest, ReadsArgumentsWithoutEnvironment) {
  FakeMemory memory;
  InitialStack(&memory).Build({"node", "app.js"}, {});
  EXPECT_EQ(Raw(ReadProcessArguments(memory, {})), (std::vector<std::string>{"node", "app.js"}));
}

TEST(ArgvTest, TakesLibuvsCopyWhenATitleWasSet) {
  FakeMemory memory;
  InitialStack stack(&memory);
  stack.Build({"/usr/bin/node", "server.js"}, {});
  for (int i = 0; i < 24; ++i) memory.Put(kTexts + i, i < 3 ? "web"[i] : '\0');
  // The copy: two pointers, NULL, the texts. Before it something that starts like one.
  constexpr Address kHeap = 0x10000000;
  memory.AddZeros(kHeap, 4096);
  memory.Put(kHeap + 0x40, kHeap + 0x40 + 24);
  memory.Put(kHeap + 0x48, kHeap + 8);
  Address copy = kHeap + 0x100;
  memory.Put(copy, copy + 24);
  memory.Put(copy + 8, copy + 24 + 14);
  Address at = copy + 24;
  for (char c : std::string("/usr/bin/node\0server.js", 23)) memory.Put(at++, c);

  ProcessArguments a = ReadProcessArguments(memory, {});
  EXPECT_EQ(a.source, ArgumentSource::kLibuvCopy);
  EXPECT_EQ(Raw(a), (std::vector<std::string>{"/usr/bin/node", "server.js"}));
  EXPECT_EQ(a.title->raw(), "web");

  // Excluded or missing: the title is still told, the arguments are not invented.
  AddressRange excluded[] = {{kHeap, kHeap + 4096}};
  a = ReadProcessArguments(memory, excluded);
  EXPECT_EQ(a.source, ArgumentSource::kNone);
  EXPECT_TRUE(a.argv.empty());
  EXPECT_EQ(a.title->raw(), "web");
}

TEST(ArgvTest, FallsBackToTheProcessNote) {
  FakeMemory memory;
  ProcessInfo process;
  process.arguments = "node  app.js ";
  memory.SetProcess(process);
  ProcessArguments a = ReadProcessArguments(memory, {});
  EXPECT_EQ(a.source, ArgumentSource::kProcessNote);
  EXPECT_TRUE(a.cut);
  EXPECT_EQ(Raw(a), (std::vector<std::string>{"node", "app.js"}));
}

TEST(ArgvTest, SurvivesNonsense) {
  {
    FakeMemory memory;  // argc does not fit
    InitialStack stack(&memory);
    stack.Word(uint64_t{1} << 60);
    stack.Word(stack.AddText("node"));
    stack.Word(0);
    stack.Word(0);
    stack.Auxv();
    EXPECT_EQ(ReadProcessArguments(memory, {}).source, ArgumentSource::kProcessNote);
  }
  {
    FakeMemory memory;  // argv points out of the stack
    InitialStack stack(&memory);
    stack.Word(1);
    stack.Word(0xdeadbeef000);
    stack.Word(0);
    stack.Word(0);
    stack.Auxv();
    EXPECT_EQ(ReadProcessArguments(memory, {}).source, ArgumentSource::kProcessNote);
  }
  for (uint64_t random : {uint64_t{0}, kStack, kStack + 8, kStack + kStackBytes - 1, ~uint64_t{0}}) {
    FakeMemory memory;  // AT_RANDOM points anywhere
    memory.AddZeros(kStack, kStackBytes);
    ProcessInfo process;
    process.auxv = {{25, random}, {31, ~uint64_t{0}}};
    memory.SetProcess(process);
    EXPECT_EQ(ReadProcessArguments(memory, {}).source, ArgumentSource::kNone);
  }
}

TEST(ArgvTest, CutsTextWithoutEnd) {
  FakeMemory memory;
  InitialStack stack(&memory);
  stack.Word(1);
  stack.Word(kStack + kStackBytes - 4);
  stack.Word(0);
  stack.Word(0);
  stack.Auxv();
  for (int i = 1; i <= 4; ++i) memory.Put(kStack + kStackBytes - i, 'x');
  ProcessArguments a = ReadProcessArguments(memory, {});
  EXPECT_EQ(Raw(a), (std::vector<std::string>{"xxxx"}));
  EXPECT_TRUE(a.cut);
}

TEST(ArgvTest, FindsOptionsAsNodeDoes) {
  auto with = [](std::vector<std::string> argv, std::optional<std::string> node_options = std::nullopt) {
    ProcessArguments a;
    for (std::string& text : argv) a.argv.emplace_back(std::move(text));
    if (node_options) a.node_options = UntrustedText(*node_options);
    return a;
  };
  EXPECT_EQ(MegabyteOption(with({"node", "app.js", "--max-old-space-size=1"}), "max-old-space-size"), std::nullopt);
  EXPECT_EQ(MegabyteOption(with({"node", "-r", "./x.js", "--max-old-space-size=2", "app.js"}), "max-old-space-size"),
            2u << 20);
  EXPECT_EQ(MegabyteOption(with({"node", "--max-old-space-size", "3", "app.js"}), "max-old-space-size"), 3u << 20);
  EXPECT_EQ(MegabyteOption(with({"node", "--max-old-space-size=4", "--max_old_space_size=5"}), "max-old-space-size"),
            5u << 20);
  EXPECT_EQ(MegabyteOption(with({"node", "--", "--max-old-space-size=6"}), "max-old-space-size"), std::nullopt);
  EXPECT_EQ(MegabyteOption(with({"node", "--max-old-space-size=x"}), "max-old-space-size"), std::nullopt);
  EXPECT_EQ(MegabyteOption(with({"node", "--max-old-space-size=99999999999999999999999"}), "max-old-space-size"),
            std::nullopt);
  EXPECT_EQ(MegabyteOption(with({"node"}, "--title=\"a b\" \"--max-old-space-size=7\""), "max-old-space-size"),
            7u << 20);
  EXPECT_TRUE(FindOption(with({"node", "--abort_on_uncaught_exception", "a.js"}), "abort-on-uncaught-exception"));
  EXPECT_FALSE(FindOption(with({}), "abort-on-uncaught-exception"));
}

}  // namespace
}  // namespace corewalk
