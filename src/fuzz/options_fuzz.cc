// Any bytes as a command line: words are separated by zero bytes.
#include <string>
#include <vector>

#include "command/options.h"
#include "fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corewalk;
  static const std::vector<OptionSpec> specs = {
      {.name = "detailed", .letter = 'd'},
      {.name = "limit", .letter = 'n', .kind = OptionKind::kInteger, .minimum = -1, .maximum = 1000},
      {.name = "string", .letter = 's', .kind = OptionKind::kString},
      {.name = "min-size", .kind = OptionKind::kSize},
      {.name = "by", .kind = OptionKind::kChoice, .choices = {"size", "count"}},
  };
  std::vector<std::string> words(1);
  for (size_t i = 0; i < size; ++i) {
    if (data[i] != 0) {
      words.back().push_back(static_cast<char>(data[i]));
    } else if (words.size() < 64) {
      words.emplace_back();
    }
  }
  const auto args = ParseArguments(specs, words, "demo");
  if (args) {
    const int64_t limit = args->Integer("limit", 0);
    fuzz::Require(limit >= -1 && limit <= 1000, "numbers keep their limits");
    fuzz::Require(args->words().size() <= words.size(), "words are not invented");
  } else {
    for (unsigned char c : args.error().message) fuzz::Require(c >= 0x20 && c != 0x7f, "messages are safe to print");
  }
  if (const auto leading = CountLeadingOptions(specs, words))
    fuzz::Require(*leading <= words.size(), "a place in the line");
  ParseSize(words[0]);
  ParseInteger(words[0]);
  ParseUnsigned(words[0]);
  Closest(words[0], words);
  return 0;
}
