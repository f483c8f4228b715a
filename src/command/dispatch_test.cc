#include "command/dispatch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <new>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>

#include "command/help.h"

namespace corewalk {
namespace {

using nlohmann::json;

// Does what its word says.
class DemoCommand final : public Command {
 public:
  DemoCommand()
      : Command({.name = "demo",
                 .aliases = {"sample"},
                 .group = "Tests",
                 .summary = "does what it is told",
                 .usage = "[-n N] [WORD]",
                 .description = "Long text.",
                 .example = "  demo -n 1",
                 .options = {{.name = "limit", .letter = 'n', .kind = OptionKind::kInteger, .value_name = "N"}},
                 .max_words = 1}) {}

  Result<void> Run(CommandContext& c) const override {
    const std::string what = c.args.words().empty() ? "" : c.args.words()[0];
    if (what == "fail-early") return Fail(ErrorCode::kNotFound, "nothing there", 0x10);
    if (what == "throw") throw std::runtime_error("boom\x1b");
    if (what == "throw-int") throw 3;
    if (what == "alloc") throw std::bad_alloc();
    c.out.BeginDocument("demo", {.fields = {{"kind", "", std::string("fake")}}});
    c.out.BeginTable({.columns = {{"n", "N"}}});
    const Cell row[] = {Count{static_cast<uint64_t>(c.args.Integer("limit", 7))}};
    c.out.AddRow(row);
    if (what == "fail-late") return Fail(ErrorCode::kInternal, "broke");
    if (what == "throw-late") throw std::runtime_error("boom");
    if (what == "many") {
      for (int i = 0; i < 100000 && !c.cancel.Cancelled(); ++i) c.out.AddRow(row);
    }
    c.out.EndTable({});
    if (what == "isolate") c.out.AddNote(c.isolate.all ? "all" : std::to_string(c.isolate.number.value_or(99)));
    c.out.AddNote(std::to_string(++c.memory_of_face.numbers["demo"]));
    c.out.EndDocument({.interrupted = c.cancel.Cancelled()});
    return {};
  }
};

class DemonstrateCommand final : public PlainCommand {
 public:
  DemonstrateCommand() : PlainCommand({.name = "demonstrate", .group = "Tests", .summary = "x"}) {}
  Result<void> RunPlain(PlainContext&) const override { return {}; }
};

class FakeFace final : public Face {
 public:
  bool WriteOut(std::string_view text) override {
    if (out.size() + text.size() > room) return false;
    out += text;
    return true;
  }
  std::string output_error() const override { return "disk full"; }
  void WriteError(std::string_view text) override { err += text; }
  bool color_wanted() const override { return color; }
  bool unicode() const override { return false; }
  int width() const override { return 80; }
  Cancel& cancel() override { return cancel_; }
  ProgressFunction progress() override { return {}; }
  void HideProgress() override {}
  std::span<const OptionSpec> options() const override { return options_; }
  Result<Session*> OpenSession(const Arguments& args) override {
    ++opened;
    if (args.Text("core") == "bad") return Fail(ErrorCode::kBadFormat, "no core");
    return reinterpret_cast<Session*>(&dummy_);  // the commands of this test never look at it
  }
  CommandMemory& memory() override { return memory_; }
  FaceSettings& settings() override { return settings_; }
  std::string_view invocation() const override { return "corewalk"; }
  std::string_view help() const override { return "Usage: corewalk COMMAND\n"; }

  std::string out, err;
  size_t room = ~size_t{0} / 2;
  bool color = false;
  int opened = 0;
  FaceSettings settings_;

 private:
  std::vector<OptionSpec> options_ = {{.name = "core", .letter = 'c', .kind = OptionKind::kString}};
  alignas(16) char dummy_[64] = {};
  Cancel cancel_;
  CommandMemory memory_;
};

struct Fixture : testing::Test {
  Fixture() {
    registry = BuiltinCommands();
    registry.Add(std::make_unique<DemoCommand>());
    registry.Add(std::make_unique<DemonstrateCommand>());
  }
  int Run(std::vector<std::string> words) {
    face.out.clear();
    face.err.clear();
    return RunCommand(face, registry, words);
  }
  Registry registry;
  FakeFace face;
};
using Dispatch = Fixture;

TEST_F(Dispatch, RunsWithOptionsAnywhere) {
  EXPECT_EQ(Run({"-c", "x", "demo", "-n", "5"}), 0);
  EXPECT_EQ(face.out, "N\n-\n5\nnote: 1\n");
  EXPECT_EQ(Run({"demo", "-n5", "-c", "x"}), 0);
  EXPECT_EQ(face.out, "N\n-\n5\nnote: 2\n");
  EXPECT_EQ(Run({"sam"}), 0);
  EXPECT_EQ(face.opened, 3);
}

TEST_F(Dispatch, UsageErrors) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_NE(face.err.find("does what it is told"), std::string::npos);
  EXPECT_EQ(Run({"demmo"}), 2);
  EXPECT_EQ(face.err, "error: unknown command 'demmo', did you mean 'demo'?\n");
  EXPECT_EQ(Run({"dem"}), 2);
  EXPECT_EQ(face.err, "error: ambiguous command 'dem': demo, demonstrate\n");
  EXPECT_EQ(Run({"demo", "--limt", "4"}), 2);
  EXPECT_EQ(face.err, "error: unknown option '--limt' of 'demo', did you mean --limit? (see 'corewalk help demo')\n");
  EXPECT_EQ(Run({"demo", "a", "b"}), 2);
  EXPECT_EQ(face.err, "error: 'demo' does not know what to do with 'b' (usage: demo [-n N] [WORD])\n");
  EXPECT_EQ(Run({"demo", "--isolate", "x"}), 2);
  EXPECT_EQ(Run({"--zzz", "demo"}), 2);
  EXPECT_EQ(Run({"\x1b[31m"}), 2);
  EXPECT_EQ(face.err.find('\x1b'), std::string::npos);
  EXPECT_EQ(face.opened, 0);
  EXPECT_EQ(face.out, "");
}

TEST_F(Dispatch, ErrorsAndExceptionsAreTold) {
  EXPECT_EQ(Run({"demo", "fail-early"}), 1);
  EXPECT_EQ(face.err, "error: nothing there (at 0x10)\n");
  EXPECT_EQ(Run({"demo", "-c", "bad"}), 1);
  EXPECT_EQ(face.err, "error: no core\n");
  EXPECT_EQ(Run({"demo", "throw"}), 1);
  EXPECT_EQ(face.err, "error: internal error: boom\\x1b\n");
  EXPECT_EQ(Run({"demo", "throw-int"}), 1);
  EXPECT_EQ(Run({"demo", "alloc"}), 1);
  EXPECT_EQ(face.err, "error: out of memory\n");
  EXPECT_EQ(Run({"demo", "fail-late"}), 1);
  EXPECT_EQ(face.out, "N\n-\n7\n");
  EXPECT_EQ(face.err, "error: broke\n");
}

TEST_F(Dispatch, JsonIsAlwaysOneObject) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {{{"demo", "--json", "fail-early"}, "not_found"},
                                                                    {{"demo", "--json", "fail-late"}, "internal"},
                                                                    {{"demo", "--json", "throw-late"}, "internal"},
                                                                    {{"demo", "--json", "-c", "bad"}, "bad_format"},
                                                                    {{"demo", "--json", "--nope"}, "usage"},
                                                                    {{"nope", "--json"}, "usage"},
                                                                    {{"--json"}, "usage"},
                                                                    {{"demo", "--json", "a", "b"}, "usage"}};
  for (const auto& [words, code] : cases) {
    EXPECT_NE(Run(words), 0);
    EXPECT_EQ(face.err, "");
    EXPECT_EQ(json::parse(face.out)["error"]["code"], code) << face.out;
  }
  EXPECT_EQ(Run({"--json", "demo"}), 0);
  EXPECT_EQ(json::parse(face.out)["rows"][0]["n"], 7);
  EXPECT_EQ(Run({"help", "--json"}), 0);
  EXPECT_GE(json::parse(face.out)["commands"].size(), 4u);
  EXPECT_EQ(Run({"version", "--json"}), 0);
  EXPECT_EQ(json::parse(face.out)["version"], std::string(Version()));
}

TEST_F(Dispatch, Help) {
  for (std::vector<std::string> words : std::vector<std::vector<std::string>>{
           {"help", "demo"}, {"demo", "--help"}, {"demo", "-h", "x"}, {"demo", "--wrong", "--help"}}) {
    EXPECT_EQ(Run(words), 0);
    EXPECT_NE(face.out.find("Usage: corewalk demo [-n N] [WORD]"), std::string::npos);
    EXPECT_NE(face.out.find("-n, --limit N"), std::string::npos);
  }
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_EQ(Run({"help"}), 0);
  EXPECT_NE(face.out.find("does what it is told"), std::string::npos);
  EXPECT_EQ(Run({"help", "nothing"}), 2);
  EXPECT_EQ(face.opened, 0);
}

TEST_F(Dispatch, IsolateAndColour) {
  Run({"demo", "isolate", "--isolate", "all"});
  EXPECT_NE(face.out.find("note: all"), std::string::npos);
  face.settings_.isolate.number = 3;
  Run({"demo", "isolate"});
  EXPECT_NE(face.out.find("note: 3"), std::string::npos);
  face.color = true;
  Run({"demo"});
  EXPECT_NE(face.out.find('\x1b'), std::string::npos);
  Run({"demo", "--color=never"});
  EXPECT_EQ(face.out.find('\x1b'), std::string::npos);
}

TEST_F(Dispatch, FullDiskStopsTheWork) {
  face.room = 1000;
  EXPECT_EQ(Run({"demo", "many"}), 1);
  EXPECT_EQ(face.err, "error: cannot write the output: disk full\n");
}

TEST_F(Dispatch, OutputFile) {
  std::string name = (std::filesystem::temp_directory_path() / "corewalk-dispatch-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(name.data());
  const std::string path = folder / "out.json";
  EXPECT_EQ(Run({"demo", "--json", "-o", path}), 0);
  EXPECT_EQ(face.out, "");
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  EXPECT_EQ(json::parse(content.str())["command"], "demo");
  EXPECT_EQ(Run({"demo", "--json", "-o", folder / "late", "fail-late"}), 1);
  EXPECT_EQ(face.err, "error: broke\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "late"));
  EXPECT_EQ(Run({"demo", "-o", folder / "no/such"}), 1);
  std::filesystem::remove_all(folder);
}

// No option of a command may take a name or letter that every command has already, nor those of the two faces.
TEST(Commands, OptionsDoNotCollide) {
  const Registry registry = BuiltinCommands();
  std::set<std::string> names;
  for (const auto& command : registry.commands()) {
    const CommandInfo& info = command->info();
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    for (const std::string& alias : info.aliases) EXPECT_TRUE(names.insert(alias).second) << alias;
    EXPECT_FALSE(info.summary.empty()) << info.name;
    EXPECT_EQ(info.summary.find('\n'), std::string::npos) << info.name;
    EXPECT_FALSE(info.description.empty()) << info.name;
    EXPECT_LE(info.min_words, info.max_words) << info.name;
    std::set<std::string> options = {"core", "executable", "pid", "force", "threads", "hide-tables"};
    std::set<char> letters = {'c', 'e', 'p'};
    for (const OptionSpec& option : CommonOptions()) {
      options.insert(option.name);
      if (option.letter != 0) letters.insert(option.letter);
    }
    for (const OptionSpec& option : info.options) {
      EXPECT_TRUE(options.insert(option.name).second) << info.name << " --" << option.name;
      EXPECT_TRUE(option.letter == 0 || letters.insert(option.letter).second) << info.name << " -" << option.letter;
      EXPECT_FALSE(option.help.empty()) << info.name << " --" << option.name;
    }
  }
}

}  // namespace
}  // namespace corewalk
