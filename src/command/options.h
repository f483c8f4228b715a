// The option parser of all commands, the same in the plugin and in the CLI: "-n 5", "-n5", "--limit 5", "--limit=5",
// flags together ("-dv"), unique beginnings of long names, options before or after other words, "--" ends options. A
// word such as -1 is a value or a positional word, not an option. Any input is fine; errors are kUsage and name the
// command.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace corewalk {

enum class OptionKind { kFlag, kString, kInteger, kSize, kChoice };

struct OptionSpec {
  std::string name;  // long name without dashes; also the key of Arguments
  char letter = 0;   // short name, 0 = none
  OptionKind kind = OptionKind::kFlag;
  std::string value_name;  // "N", "FILE": for the help text
  std::string help;        // one line
  int64_t minimum = 0;     // of kInteger (a number) and kSize (bytes), both ends included
  int64_t maximum = std::numeric_limits<int64_t>::max();
  std::vector<std::string> choices = {};  // of kChoice
  std::vector<std::string> aliases = {};  // other long names; not in the help text
};

// What the words of a command line said. Given twice, the last value counts.
class Arguments {
 public:
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  // The value as it was written.
  std::string Text(std::string_view name, std::string_view fallback = "") const;
  int64_t Integer(std::string_view name, int64_t fallback) const;   // of a kInteger option
  uint64_t Size(std::string_view name, uint64_t fallback) const;    // of a kSize option, bytes
  std::vector<std::string> All(std::string_view name) const;        // every value given, in order
  const std::vector<std::string>& words() const { return words_; }  // what is no option

 private:
  friend class OptionParser;
  struct Value {
    std::string text;
    int64_t number = 0;
  };
  const Value* Find(std::string_view name) const;

  std::map<std::string, std::vector<Value>, std::less<>> values_;
  std::vector<std::string> words_;
};

// `specs`: where a letter or name stands twice, the first one counts. `who` is the command's name for messages, "" when
// none is known yet.
Result<Arguments> ParseArguments(std::span<const OptionSpec> specs, std::span<const std::string> words,
                                 std::string_view who);

// Counts the words up to the first that is neither an option nor the value of one: where the command word stands.
Result<size_t> CountLeadingOptions(std::span<const OptionSpec> specs, std::span<const std::string> words);

// Numbers of users: decimal or 0x hexadecimal, with sign.
std::optional<int64_t> ParseInteger(std::string_view text);
// Decimal or hexadecimal, the 0x may be missing only when the text is decimal.
std::optional<uint64_t> ParseUnsigned(std::string_view text);
// "512", "10k", "10KB", "10KiB", "1.5MB", "2g": bytes; every unit is a power of 1024.
std::optional<uint64_t> ParseSize(std::string_view text);

// The candidate that `word` was probably meant to be, "" when none is near.
std::string Closest(std::string_view word, std::span<const std::string> candidates);

}  // namespace corewalk
