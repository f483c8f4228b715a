#include "command/options.h"

#include <gtest/gtest.h>

#include <random>

namespace corewalk {
namespace {

const std::vector<OptionSpec> kSpecs = {
    {.name = "detailed", .letter = 'd'},
    {.name = "verbose", .letter = 'v'},
    {.name = "limit", .letter = 'n', .kind = OptionKind::kInteger, .minimum = -1, .maximum = 1000},
    {.name = "length", .letter = 'l', .kind = OptionKind::kInteger, .aliases = {"string-length", "array-length"}},
    {.name = "string", .letter = 's', .kind = OptionKind::kString},
    {.name = "min-size", .kind = OptionKind::kSize},
    {.name = "by", .kind = OptionKind::kChoice, .choices = {"size", "count"}},
    {.name = "json"},
};

Result<Arguments> Parse(std::vector<std::string> words) {
  return ParseArguments(kSpecs, words, "demo");
}

std::string ErrorOf(std::vector<std::string> words) {
  const auto args = Parse(std::move(words));
  if (args) return "";
  EXPECT_EQ(args.error().code, ErrorCode::kUsage);
  return args.error().message;
}

TEST(Options, AllForms) {
  for (std::vector<std::string> words : std::vector<std::vector<std::string>>{
           {"-n", "5"}, {"-n5"}, {"-n=5"}, {"--limit", "5"}, {"--limit=5"}, {"--lim=5"}, {"-dn5"}, {"-dvn", "5"}}) {
    const auto args = Parse(words);
    ASSERT_TRUE(args) << args.error().message;
    EXPECT_EQ(args->Integer("limit", 0), 5);
  }
  EXPECT_EQ(Parse({"--array-length", "7"})->Integer("length", 0), 7);
  EXPECT_EQ(Parse({})->Integer("length", 16), 16);
}

TEST(Options, WordsAndOptionsMix) {
  const auto args = Parse({"one", "-d", "two", "--json", "--", "--limit", "-x"});
  ASSERT_TRUE(args);
  EXPECT_EQ(args->words(), (std::vector<std::string>{"one", "two", "--limit", "-x"}));
  EXPECT_TRUE(args->Has("detailed"));
  EXPECT_TRUE(args->Has("json"));
  EXPECT_FALSE(args->Has("limit"));
}

TEST(Options, NegativeNumbersAreValuesAndWords) {
  EXPECT_EQ(Parse({"-n", "-1"})->Integer("limit", 0), -1);
  EXPECT_EQ(Parse({"-1"})->words(), std::vector<std::string>{"-1"});
  EXPECT_EQ(Parse({"-"})->words(), std::vector<std::string>{"-"});
  EXPECT_EQ(Parse({"-s", "--json"})->Text("string"), "--json");
  EXPECT_EQ(Parse({""})->words(), std::vector<std::string>{""});
}

TEST(Options, LastCountsAllKept) {
  const auto args = Parse({"-s", "a", "-s", "b"});
  EXPECT_EQ(args->Text("string"), "b");
  EXPECT_EQ(args->All("string"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(args->Text("by", "size"), "size");
  EXPECT_EQ(Parse({"--min-size", "10MB"})->Size("min-size", 0), 10u << 20);
}

TEST(Options, ErrorsHelp) {
  EXPECT_EQ(ErrorOf({"--jsn"}), "unknown option '--jsn' of 'demo', did you mean --json? (see 'help demo')");
  EXPECT_EQ(ErrorOf({"--zzzzzz"}), "unknown option '--zzzzzz' of 'demo' (see 'help demo')");
  EXPECT_EQ(ErrorOf({"-Z"}), "unknown option '-Z' of 'demo' (see 'help demo')");
  EXPECT_EQ(ErrorOf({"-d\x1b"}), "unknown option '-\\x1b' of 'demo' (see 'help demo')");
  EXPECT_EQ(ErrorOf({"--l", "1"}), "option '--l' of 'demo' may be --limit, --length (see 'help demo')");
  EXPECT_EQ(ErrorOf({"-n"}), "option '-n' of 'demo' needs a value (see 'help demo')");
  EXPECT_EQ(ErrorOf({"-n", "x"}), "option '-n' of 'demo' wants a number, not 'x' (see 'help demo')");
  EXPECT_EQ(ErrorOf({"-n", "1001"}),
            "option '-n' of 'demo' wants a number from -1 to 1000, not '1001' (see 'help demo')");
  EXPECT_EQ(ErrorOf({"--by", "x"}), "option '--by' of 'demo' wants one of size, count, not 'x' (see 'help demo')");
  EXPECT_EQ(ErrorOf({"--json=1"}), "option '--json' of 'demo' takes no value (see 'help demo')");
  EXPECT_NE(ErrorOf({"--min-size=12XB"}), "");
  EXPECT_NE(ErrorOf({"---"}), "");
  EXPECT_NE(ErrorOf({"--=x"}), "");
}

TEST(Options, LeadingOptionsAreCounted) {
  const auto count = [](std::vector<std::string> words) { return CountLeadingOptions(kSpecs, words).value_or(99); };
  EXPECT_EQ(count({"-n", "5", "cmd", "-d"}), 2u);
  EXPECT_EQ(count({"cmd"}), 0u);
  EXPECT_EQ(count({"-d", "--", "cmd"}), 1u);
  EXPECT_EQ(count({"-d"}), 1u);
  EXPECT_EQ(count({"-Q", "cmd"}), 99u);
}

TEST(Options, Numbers) {
  EXPECT_EQ(ParseInteger("0x10"), 16);
  EXPECT_EQ(ParseInteger("-9223372036854775807"), -9223372036854775807);
  for (const char* bad : {"", "-", "+", "1x", "0x", "9223372036854775808", " 1", "--1"})
    EXPECT_FALSE(ParseInteger(bad));
  EXPECT_EQ(ParseUnsigned("0xffffffffffffffff"), ~uint64_t{0});
  EXPECT_FALSE(ParseUnsigned("18446744073709551616"));
  EXPECT_EQ(ParseSize("4096"), 4096u);
  EXPECT_EQ(ParseSize("1.5k"), 1536u);
  EXPECT_EQ(ParseSize("2GiB"), uint64_t{2} << 30);
  EXPECT_EQ(ParseSize("3b"), 3u);
  for (const char* bad : {"", "k", "1kk", "1.2.3", "-1", "9e9", "99999999999E", "1 k", "."})
    EXPECT_FALSE(ParseSize(bad));
}

TEST(Options, ClosestWord) {
  const std::vector<std::string> names = {"histogram", "inspect", "bt"};
  EXPECT_EQ(Closest("histgram", names), "histogram");
  EXPECT_EQ(Closest("inpsect", names), "inspect");
  EXPECT_EQ(Closest("zebra", names), "");
  EXPECT_EQ(Closest("", names), "");
  EXPECT_EQ(Closest(std::string(100000, 'x'), names), "");
}

TEST(Options, RandomWordsNeverCrash) {
  std::mt19937 random(7);
  const char* pieces[] = {"-", "--", "=", "n", "limit", "5", "d", "s", "\xff", " ", "by", "size", "0x", "min-size"};
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::string> words(random() % 5);
    for (std::string& word : words) {
      for (unsigned n = random() % 4; n > 0; --n) word += pieces[random() % std::size(pieces)];
    }
    const auto args = Parse(words);
    EXPECT_TRUE(args || !args.error().message.empty());
  }
}

}  // namespace
}  // namespace corewalk
