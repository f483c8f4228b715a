#include "command/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text_sanitize.h"

namespace corewalk {
namespace {

// Command lines may be pasted from anywhere; what goes into a message is made safe and short.
std::string Shown(std::string_view text) {
  return Sanitize(text, {.max_code_points = 80});
}

bool LooksLikeNegativeNumber(std::string_view word) {
  return word.size() >= 2 && word[0] == '-' && word[1] >= '0' && word[1] <= '9';
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Levenshtein distance; both words are cut to a sane length, so that the work is bounded.
size_t EditDistance(std::string_view a, std::string_view b) {
  constexpr size_t kLongest = 64;
  a = a.substr(0, kLongest);
  b = b.substr(0, kLongest);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<uint64_t> ParseUnsigned(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return value;
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::optional<uint64_t> magnitude = ParseUnsigned(text);
  if (!magnitude) return std::nullopt;
  constexpr uint64_t kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (*magnitude > kMost) return std::nullopt;
  return negative ? -static_cast<int64_t>(*magnitude) : static_cast<int64_t>(*magnitude);
}

std::optional<uint64_t> ParseSize(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) return ParseUnsigned(text);
  size_t digits = 0;
  while (digits < text.size() && ((text[digits] >= '0' && text[digits] <= '9') || text[digits] == '.')) ++digits;
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
  if (digits == 0 || error != std::errc() || stop != text.data() + digits) return std::nullopt;
  const std::string unit = Lower(text.substr(digits));
  double factor = 0;
  if (unit.empty() || unit == "b") {
    if (const auto exact = ParseUnsigned(text.substr(0, digits))) return exact;
    factor = 1;
  } else {
    constexpr std::string_view kUnits = "kmgtpe";
    const size_t power = kUnits.find(unit[0]);
    const std::string_view rest = std::string_view(unit).substr(1);
    if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) return std::nullopt;
    factor = std::pow(1024.0, static_cast<double>(power + 1));
  }
  const double bytes = number * factor;
  if (!(bytes < 9.2e18)) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

std::string Closest(std::string_view word, std::span<const std::string> candidates) {
  const std::string* best = nullptr;
  size_t best_distance = std::max<size_t>(1, std::min<size_t>(3, word.size() / 3)) + 1;
  for (const std::string& candidate : candidates) {
    size_t distance = EditDistance(word, candidate);
    if (word.size() >= 2 && candidate.starts_with(word)) distance = std::min<size_t>(distance, 1);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  return best == nullptr ? "" : *best;
}

const Arguments::Value* Arguments::Find(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() || it->second.empty() ? nullptr : &it->second.back();
}

std::string Arguments::Text(std::string_view name, std::string_view fallback) const {
  const Value* value = Find(name);
  return value == nullptr ? std::string(fallback) : value->text;
}

int64_t Arguments::Integer(std::string_view name, int64_t fallback) const {
  const Value* value = Find(name);
  return value == nullptr ? fallback : value->number;
}

uint64_t Arguments::Size(std::string_view name, uint64_t fallback) const {
  const Value* value = Find(name);
  return value == nullptr ? fallback : static_cast<uint64_t>(value->number);
}

std::vector<std::string> Arguments::All(std::string_view name) const {
  std::vector<std::string> all;
  if (const auto it = values_.find(name); it != values_.end()) {
    for (const Value& value : it->second) all.push_back(value.text);
  }
  return all;
}

// One pass over the words of a command line.
class OptionParser {
 public:
  OptionParser(std::span<const OptionSpec> specs, std::span<const std::string> words, std::string_view who)
      : specs_(specs), words_(words), who_(who) {}

  Result<void> Run(bool stop_at_word) {
    for (; next_ < words_.size();) {
      const std::string& word = words_[next_];
      if (word == "--" && !stop_at_word) {
        for (++next_; next_ < words_.size(); ++next_) arguments_.words_.push_back(words_[next_]);
        return {};
      }
      const bool is_word = word.size() < 2 || word[0] != '-' || word == "--" ||
                           (LooksLikeNegativeNumber(word) && FindLetter(word[1]) == nullptr);
      if (is_word) {
        if (stop_at_word) return {};
        arguments_.words_.push_back(word);
        ++next_;
        continue;
      }
      ++next_;
      const Result<void> done = word[1] == '-' ? TakeLong(word) : TakeLetters(word);
      if (!done) return done;
    }
    return {};
  }

  size_t position() const { return next_; }
  Arguments Take() { return std::move(arguments_); }

 private:
  std::unexpected<Error> Usage(std::string message) const {
    if (!who_.empty()) message += fmt::format(" (see 'help {}')", who_);
    return Fail(ErrorCode::kUsage, std::move(message));
  }
  std::string OfCommand() const { return who_.empty() ? "" : fmt::format(" of '{}'", who_); }

  const OptionSpec* FindLetter(char letter) const {
    for (const OptionSpec& spec : specs_) {
      if (spec.letter == letter && letter != 0) return &spec;
    }
    return nullptr;
  }

  Result<const OptionSpec*> FindLong(std::string_view name) const {
    std::vector<const OptionSpec*> begins;
    std::vector<std::string> names;
    for (const OptionSpec& spec : specs_) {
      std::vector<std::string_view> all = {spec.name};
      all.insert(all.end(), spec.aliases.begin(), spec.aliases.end());
      bool is_beginning = false;
      for (std::string_view each : all) {
        if (each == name) return &spec;
        is_beginning |= each.starts_with(name);
      }
      names.push_back(spec.name);
      // An option that stands twice (own and common) is one option.
      const bool known = std::any_of(begins.begin(), begins.end(), [&](const auto* b) { return b->name == spec.name; });
      if (is_beginning && !name.empty() && !known) begins.push_back(&spec);
    }
    if (begins.size() == 1) return begins[0];
    if (begins.size() > 1) {
      std::string list;
      for (const OptionSpec* spec : begins) list += (list.empty() ? "--" : ", --") + spec->name;
      return Usage(fmt::format("option '--{}'{} may be {}", Shown(name), OfCommand(), list));
    }
    const std::string meant = Closest(name, names);
    return Usage(fmt::format("unknown option '--{}'{}{}", Shown(name), OfCommand(),
                             meant.empty() ? "" : fmt::format(", did you mean --{}?", meant)));
  }

  Result<void> TakeLong(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const auto spec = FindLong(name);
    if (!spec) return std::unexpected(spec.error());
    const std::string shown = "--" + (*spec)->name;
    if ((*spec)->kind == OptionKind::kFlag) {
      if (equals != std::string::npos) return Usage(fmt::format("option '{}'{} takes no value", shown, OfCommand()));
      return Store(**spec, shown, "");
    }
    if (equals != std::string::npos) return Store(**spec, shown, word.substr(equals + 1));
    return StoreNext(**spec, shown);
  }

  Result<void> TakeLetters(const std::string& word) {
    for (size_t i = 1; i < word.size(); ++i) {
      const OptionSpec* spec = FindLetter(word[i]);
      if (spec == nullptr) {
        return Usage(fmt::format("unknown option '-{}'{}", Shown(std::string_view(word).substr(i, 1)), OfCommand()));
      }
      const std::string shown = {'-', word[i]};
      if (spec->kind != OptionKind::kFlag) {
        if (i + 1 < word.size()) return Store(*spec, shown, word.substr(i + (word[i + 1] == '=' ? 2 : 1)));
        return StoreNext(*spec, shown);
      }
      if (auto stored = Store(*spec, shown, ""); !stored) return stored;
    }
    return {};
  }

  Result<void> StoreNext(const OptionSpec& spec, const std::string& shown) {
    if (next_ >= words_.size()) {
      return Usage(fmt::format("option '{}'{} needs a value{}", shown, OfCommand(),
                               spec.value_name.empty() ? "" : " (" + spec.value_name + ")"));
    }
    return Store(spec, shown, words_[next_++]);
  }

  Result<void> Store(const OptionSpec& spec, const std::string& shown, std::string text) {
    Arguments::Value value{.text = std::move(text)};
    const auto wrong = [&](const std::string& wanted) {
      return Usage(fmt::format("option '{}'{} wants {}, not '{}'", shown, OfCommand(), wanted, Shown(value.text)));
    };
    switch (spec.kind) {
      case OptionKind::kFlag:
      case OptionKind::kString:
        break;
      case OptionKind::kInteger: {
        const auto number = ParseInteger(value.text);
        if (!number) return wrong("a number");
        if (*number < spec.minimum || *number > spec.maximum) {
          return wrong(spec.maximum == std::numeric_limits<int64_t>::max()
                           ? fmt::format("a number of at least {}", spec.minimum)
                           : fmt::format("a number from {} to {}", spec.minimum, spec.maximum));
        }
        value.number = *number;
        break;
      }
      case OptionKind::kSize: {
        const auto bytes = ParseSize(value.text);
        if (!bytes || *bytes > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
          return wrong("a size such as 4096, 64KB or 10MB");
        }
        value.number = static_cast<int64_t>(*bytes);
        if (value.number < spec.minimum || value.number > spec.maximum) {
          return wrong(fmt::format("a size from {} to {} bytes", spec.minimum, spec.maximum));
        }
        break;
      }
      case OptionKind::kChoice: {
        if (std::find(spec.choices.begin(), spec.choices.end(), value.text) == spec.choices.end()) {
          return wrong(fmt::format("one of {}", fmt::join(spec.choices, ", ")));
        }
        break;
      }
    }
    arguments_.values_[spec.name].push_back(std::move(value));
    return {};
  }

  std::span<const OptionSpec> specs_;
  std::span<const std::string> words_;
  std::string who_;
  size_t next_ = 0;
  Arguments arguments_;
};

Result<Arguments> ParseArguments(std::span<const OptionSpec> specs, std::span<const std::string> words,
                                 std::string_view who) {
  OptionParser parser(specs, words, who);
  if (auto done = parser.Run(false); !done) return std::unexpected(done.error());
  return parser.Take();
}

Result<size_t> CountLeadingOptions(std::span<const OptionSpec> specs, std::span<const std::string> words) {
  OptionParser parser(specs, words, "");
  if (auto done = parser.Run(true); !done) return std::unexpected(done.error());
  return parser.position();
}

}  // namespace corewalk
