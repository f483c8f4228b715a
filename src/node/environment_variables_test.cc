#include "node/environment_variables.h"

#include <gtest/gtest.h>

#include "memory/fake_memory.h"

namespace corewalk {
namespace {

constexpr Address kStack = 0x7ffe00000000, kWords = kStack + 0x1000, kTexts = kStack + 0x2000;
constexpr Address kData = 0x600000, kMalloc = 0x7f0000000000;

// A process whose stack, static data and malloc memory can be filled.
class Process {
 public:
  Process() {
    memory_.AddZeros(kStack, 0x4000);
    memory_.AddZeros(kData, 0x1000);
    memory_.AddZeros(kMalloc, 0x1000);
    memory_.SetMappings({{kData, kData + 0x1000, 0, "/node"}});
  }
  Address Text(Address* next, std::string_view text) {
    const Address at = *next;
    for (const char c : text) memory_.Put((*next)++, c);
    memory_.Put((*next)++, '\0');
    return at;
  }
  void Build(const std::vector<std::string>& argv, const std::vector<std::string>& envp) {
    Address words = kWords, texts = kTexts;
    const auto word = [&](uint64_t value) { memory_.Put(words, value), words += 8; };
    word(argv.size());
    for (const std::string& a : argv) word(Text(&texts, a));
    word(0);
    array_ = words;
    for (const std::string& e : envp) word(Text(&texts, e));
    word(0);
    const Address exec = Text(&texts, "/usr/bin/node"), random = kStack + 0x1f00;
    for (const uint64_t value :
         {uint64_t{33}, kStack, uint64_t{25}, random, uint64_t{31}, exec, uint64_t{0}, uint64_t{0}})
      word(value);
    ProcessInfo info;
    info.auxv = {{33, kStack}, {25, random}, {31, exec}};
    memory_.SetProcess(info);
  }
  std::string Read() {
    const ProcessArguments arguments = ReadProcessArguments(memory_, {});
    const Environment environment = ReadEnvironment(memory_, {}, arguments);
    std::string text = std::to_string(arguments.argv.size()) + (environment.start_known ? " s" : " -") +
                       (environment.now_known ? "n" : "-");
    for (const Variable& v : environment.variables)
      text += " " + v.name.raw() + "=" + (v.value ? v.value->raw() : "?") + ":" +
              std::to_string(static_cast<int>(v.change));
    return text;
  }
  FakeMemory& memory() { return memory_; }
  Address array() const { return array_; }

 private:
  FakeMemory memory_;
  Address array_ = 0;
};

TEST(Environment, UnchangedAndOnlyAtStart) {
  Process process;
  process.Build({"node", "x=y"}, {"A=1", "B=", "NONSENSE", "C=x=y"});
  EXPECT_EQ(process.Read(), "2 s- A=1:0 B=:0 C=x=y:0");
  process.memory().Put(kData + 0x80, process.array());
  process.memory().Put(process.array() + 16, process.memory().ReadWord(process.array() + 24).value());
  process.memory().Put(process.array() + 24, uint64_t{0});
  EXPECT_EQ(process.Read(), "2 sn A=1:0 B=:0 C=x=y:0");
}

TEST(Environment, ChangedInPlace) {
  Process process;
  process.Build({"node"}, {"A=1", "B=2", "C=3"});
  process.memory().Put(kData + 0x80, process.array());
  Address next = kMalloc + 0x100;
  process.memory().Put(process.array(), process.Text(&next, "A=changed"));  // setenv
  process.memory().Put(process.array() + 8, process.memory().ReadWord(process.array() + 16).value());
  process.memory().Put(process.array() + 16, uint64_t{0});  // unsetenv
  EXPECT_EQ(process.Read(), "1 sn A=changed:2 B=?:3 C=3:0");
}

TEST(Environment, AnArrayOfTheProgramsOwn) {
  Process process;
  process.Build({"node"}, {"A=1", "B=2"});
  process.memory().Put(kData + 0x40, process.array());  // an older copy of the pointer
  process.memory().Put(kData + 0x80, kMalloc);
  Address next = kMalloc + 0x100;
  process.memory().Put(kMalloc, process.memory().ReadWord(process.array()).value());
  process.memory().Put(kMalloc + 8, process.Text(&next, "NEW=3"));
  EXPECT_EQ(process.Read(), "1 sn A=1:0 B=?:3 NEW=3:1");
  // An array none of whose texts is the kernel's is not believed.
  process.memory().Put(kMalloc, kMalloc + 0x100);
  EXPECT_EQ(process.Read(), "1 sn A=1:0 B=2:0");
}

TEST(Environment, NothingThere) {
  FakeMemory memory;
  const Environment environment = ReadEnvironment(memory, {}, {});
  EXPECT_TRUE(environment.variables.empty());
  EXPECT_FALSE(environment.start_known || environment.now_known);
}

}  // namespace
}  // namespace corewalk
