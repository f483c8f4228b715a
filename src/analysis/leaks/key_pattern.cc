#include "analysis/leaks/key_pattern.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace corewalk {
namespace {

constexpr size_t kMostText = 240;      // bytes of a key that are looked at
constexpr double kMost = 0.95;         // of neighbours that a claim about order must hold for
constexpr double kFitting = 0.6;       // of the keys that a pattern must fit
constexpr uint64_t kFewSamples = 3;    // from so many on there is a pattern
constexpr uint64_t kManySamples = 16;  // from so many different numbers on they are identifiers
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
// Bytes of characters beyond ASCII belong to words.
bool IsWordByte(char c) {
  return IsDigit(c) || IsLetter(c) || (static_cast<unsigned char>(c) & 0x80) != 0;
}

// How many bytes at the start of `text` match `shape`: 'x' a hexadecimal digit, '9' a decimal one, else itself; 0 =
// not.
size_t MatchShape(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) return 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool fits = shape[i] == 'x' ? IsHexDigit(text[i]) : shape[i] == '9' ? IsDigit(text[i]) : text[i] == shape[i];
    if (!fits) return 0;
  }
  return shape.size();
}

enum class RunKind : uint8_t { kWord, kUuid, kDate };
struct Run {
  std::string_view text;
  RunKind kind = RunKind::kWord;
};

// A key as words and what stands between them. The skeleton has 'R' for a run and every other byte as it is, after a
// backslash where it could be taken for a run.
struct Pieces {
  std::string skeleton;
  std::vector<Run> runs;
};

Pieces Split(std::string_view text) {
  Pieces pieces;
  text = text.substr(0, kMostText);
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (!IsWordByte(rest[0])) {
      pieces.skeleton += rest[0];
      ++at;
      continue;
    }
    RunKind kind = RunKind::kUuid;
    size_t size = MatchShape(rest, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    if (size == 0 || (size < rest.size() && IsWordByte(rest[size]))) {
      kind = RunKind::kDate;
      size = MatchShape(rest, "9999-99-99");
      if (size != 0) {
        if (const size_t time = MatchShape(rest.substr(size), "T99:99:99"); time != 0) {
          size += time;
          if (const size_t fraction = MatchShape(rest.substr(size), ".999"); fraction != 0) size += fraction;
          if (size < rest.size() && rest[size] == 'Z') ++size;
        }
        if (size < rest.size() && IsWordByte(rest[size])) size = 0;
      }
    }
    if (size == 0) {
      kind = RunKind::kWord;
      while (size < rest.size() && IsWordByte(rest[size])) ++size;
    }
    pieces.skeleton += 'R';
    pieces.runs.push_back({rest.substr(0, size), kind});
    at += size;
  }
  return pieces;
}

size_t CommonPrefix(std::string_view a, std::string_view b) {
  size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  return i;
}
size_t CommonSuffix(std::string_view a, std::string_view b) {
  size_t i = 0;
  while (i < a.size() && i < b.size() && a[a.size() - 1 - i] == b[b.size() - 1 - i]) ++i;
  return i;
}
// A cut of a text must not leave half a character.
bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::optional<double> ToInteger(std::string_view digits) {
  if (digits.empty() || digits.size() > 20) return std::nullopt;
  double number = 0;
  for (const char c : digits) {
    if (!IsDigit(c)) return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

struct Numbers {
  std::vector<double> values;
  std::vector<uint64_t> orders;
};

// What numbers in the order of their entries are.
void JudgeNumbers(const Numbers& numbers, KeyPattern* pattern) {
  const std::vector<double>& values = numbers.values;
  if (values.empty()) return;
  pattern->first = values.front();
  pattern->last = values.back();
  pattern->lowest = *std::ranges::min_element(values);
  pattern->highest = *std::ranges::max_element(values);
  uint64_t steps = 0, rising = 0, falling = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    const double more = values[i] - values[i - 1];
    rising += more > 0;
    falling += more < 0;
    steps += more == static_cast<double>(numbers.orders[i]) - static_cast<double>(numbers.orders[i - 1]) && more > 0;
  }
  const double neighbours = static_cast<double>(values.size() - 1);
  const bool integral = std::ranges::all_of(values, [](double value) { return value == std::floor(value); });
  // Times of one tick are equal.
  pattern->rising = values.size() > 1 && static_cast<double>(values.size() - 1 - falling) >= kMost * neighbours &&
                    values.back() > values.front();
  const bool many = values.size() >= kFewSamples;
  if (many && integral && static_cast<double>(steps) >= kMost * neighbours) {
    pattern->key_class = KeyClass::kSequential;
  } else if (many && std::ranges::all_of(values, IsMilliseconds)) {
    pattern->key_class = KeyClass::kTimestamps;
  } else {
    pattern->key_class = integral ? KeyClass::kIntegers : KeyClass::kNumbers;
  }
  pattern->identifiers = (integral && values.size() >= kManySamples) || pattern->key_class == KeyClass::kSequential ||
                         pattern->key_class == KeyClass::kTimestamps;
}

// One place of the pattern: the texts that all keys have there.
struct Place {
  std::string prefix, suffix;  // what they have in common
  bool constant = true;
  KeyClass key_class = KeyClass::kTexts;
  Numbers numbers;
};

bool AllHex(const std::vector<std::string_view>& texts, size_t least) {
  bool digit = false, letter = false;
  for (const std::string_view text : texts) {
    if (text.size() < least || text.size() != texts[0].size()) return false;
    for (const char c : text) {
      if (!IsHexDigit(c)) return false;
      digit |= IsDigit(c);
      letter |= IsLetter(c);
    }
  }
  return digit && letter;
}

// Letters and digits mixed, as in "k3j9xz0q" but not in "user18".
bool LooksRandom(std::string_view text) {
  size_t changes = 0;
  bool upper_inside = false, lower = false;
  for (size_t i = 1; i < text.size(); ++i) {
    changes += IsDigit(text[i]) != IsDigit(text[i - 1]);
    upper_inside |= text[i] >= 'A' && text[i] <= 'Z';
    lower |= text[i] >= 'a' && text[i] <= 'z';
  }
  return text.size() >= 6 && (changes >= 2 || (changes >= 1 && upper_inside && lower));
}

Place JudgePlace(const std::vector<Run>& runs, const std::vector<uint64_t>& orders) {
  Place place;
  std::vector<std::string_view> texts;
  bool uuids = true, dates = true;
  for (const Run& run : runs) {
    texts.push_back(run.text);
    uuids &= run.kind == RunKind::kUuid;
    dates &= run.kind == RunKind::kDate;
    place.constant &= run.text == runs[0].text;
  }
  if (place.constant) {
    place.prefix = texts[0];
    return place;
  }
  if (uuids || dates || AllHex(texts, 8)) {
    place.key_class = uuids ? KeyClass::kUuids : dates ? KeyClass::kDates : KeyClass::kHex;
    return place;
  }
  size_t prefix = texts[0].size(), suffix = texts[0].size(), shortest = texts[0].size();
  for (const std::string_view text : texts) {
    prefix = std::min(prefix, CommonPrefix(texts[0], text));
    suffix = std::min(suffix, CommonSuffix(texts[0], text));
    shortest = std::min(shortest, text.size());
  }
  // Numbers stay whole: of "user18" and "user19" it is "user" that they have in common.
  const std::string_view sample = texts[0];
  while (prefix > 0 && (IsDigit(sample[prefix - 1]) || (prefix < sample.size() && IsContinuation(sample[prefix]))))
    --prefix;
  suffix = std::min(suffix, shortest - std::min(prefix, shortest));
  while (suffix > 0 && (IsDigit(sample[sample.size() - suffix]) || IsContinuation(sample[sample.size() - suffix])))
    --suffix;

  size_t random = 0;
  std::vector<std::string_view> middles;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string_view middle = texts[i].substr(prefix, texts[i].size() - prefix - suffix);
    middles.push_back(middle);
    random += LooksRandom(texts[i]);
    if (const std::optional<double> number = ToInteger(middle)) {
      place.numbers.values.push_back(*number);
      place.numbers.orders.push_back(orders[i]);
    }
  }
  const bool numbers = static_cast<double>(place.numbers.values.size()) >= kMost * static_cast<double>(texts.size());
  const bool tokens = static_cast<double>(random) >= 0.5 * static_cast<double>(texts.size());
  place.key_class = numbers              ? KeyClass::kIntegers
                    : AllHex(middles, 8) ? KeyClass::kHex
                    : tokens             ? KeyClass::kTokens
                                         : KeyClass::kTexts;
  // What tokens and words happen to begin or end with says nothing.
  if (place.key_class == KeyClass::kTokens || (place.key_class == KeyClass::kTexts && prefix < 3)) prefix = 0;
  if (place.key_class == KeyClass::kTokens || place.key_class == KeyClass::kTexts) suffix = 0;
  if (!numbers) place.numbers = {};
  place.prefix = sample.substr(0, prefix);
  place.suffix = sample.substr(sample.size() - suffix);
  return place;
}

bool IsIdentifier(KeyClass key_class) {
  return key_class == KeyClass::kUuids || key_class == KeyClass::kHex || key_class == KeyClass::kTokens;
}

// Keys that are cut differently: only what they begin with.
void JudgePrefix(const std::vector<std::string_view>& texts, KeyPattern* pattern) {
  pattern->key_class = KeyClass::kTexts;
  size_t prefix = texts[0].size();
  size_t random = 0;
  for (const std::string_view text : texts) {
    prefix = std::min(prefix, CommonPrefix(texts[0], text));
  }
  const std::string_view sample = texts[0];
  while (prefix > 0 && (IsDigit(sample[prefix - 1]) || (prefix < sample.size() && IsContinuation(sample[prefix]))))
    --prefix;
  for (const std::string_view text : texts) {
    random += text.size() >= prefix + 16 && text.find_first_of(" /.") == std::string_view::npos &&
              LooksRandom(text.substr(prefix));
  }
  // "aB3-x_9", base64 for one, has no system in its punctuation either.
  if (static_cast<double>(random) >= 0.9 * static_cast<double>(texts.size())) pattern->key_class = KeyClass::kTokens;
  pattern->identifiers = pattern->key_class == KeyClass::kTokens;
  pattern->share = 1;
  if (prefix >= 2) pattern->pattern = std::string(sample.substr(0, prefix)) + std::string(kEllipsis);
}

void JudgeStrings(std::span<const KeySample> samples, KeyPattern* pattern) {
  std::vector<std::string_view> texts;
  std::vector<Pieces> split;
  std::vector<uint64_t> orders;
  std::map<std::string_view, uint64_t> skeletons;
  for (const KeySample& sample : samples) {
    if (sample.kind != KeySample::Kind::kString) continue;
    texts.push_back(std::string_view(sample.text).substr(0, kMostText));
    split.push_back(Split(sample.text));
    orders.push_back(sample.order);
  }
  for (const Pieces& pieces : split) ++skeletons[pieces.skeleton];
  const auto most = std::ranges::max_element(skeletons, {}, [](const auto& one) { return one.second; });
  if (static_cast<double>(most->second) < kFitting * static_cast<double>(split.size()) ||
      most->first.find('R') == std::string_view::npos) {
    JudgePrefix(texts, pattern);
    return;
  }
  pattern->share = static_cast<double>(most->second) / static_cast<double>(samples.size());
  const std::string skeleton(most->first);
  const size_t places = static_cast<size_t>(std::ranges::count(skeleton, 'R'));
  std::vector<std::vector<Run>> runs(places);
  std::vector<uint64_t> fitting;
  for (size_t i = 0; i < split.size(); ++i) {
    if (split[i].skeleton != skeleton) continue;
    fitting.push_back(orders[i]);
    for (size_t place = 0; place < places && place < split[i].runs.size(); ++place)
      runs[place].push_back(split[i].runs[place]);
  }
  // The place that tells most of what differs.
  KeyPattern best;
  bool differs = false, common = false;
  size_t next = 0;
  for (const char c : skeleton) {
    if (c != 'R') {
      pattern->pattern += c;
      continue;
    }
    const Place place = JudgePlace(runs[next++], fitting);
    pattern->pattern += place.prefix;
    common |= !place.prefix.empty() || !place.suffix.empty();
    if (place.constant) continue;
    pattern->pattern += std::string(kEllipsis) + place.suffix;
    KeyPattern one{.key_class = place.key_class, .identifiers = IsIdentifier(place.key_class)};
    if (!place.numbers.values.empty()) JudgeNumbers(place.numbers, &one);
    if (!differs || one.key_class < best.key_class) best = one;
    best.identifiers |= differs && one.identifiers;
    differs = true;
  }
  pattern->key_class = differs ? best.key_class : KeyClass::kTexts;
  pattern->first = best.first, pattern->last = best.last;
  pattern->lowest = best.lowest, pattern->highest = best.highest;
  pattern->rising = best.rising;
  pattern->identifiers = best.identifiers;
  if (!common && skeleton == "R") pattern->pattern.clear();
}

}  // namespace

std::string_view KeyClassName(KeyClass key_class) {
  switch (key_class) {
    case KeyClass::kNone:
      return "none";
    case KeyClass::kSequential:
      return "sequential";
    case KeyClass::kTimestamps:
      return "timestamps";
    case KeyClass::kUuids:
      return "uuids";
    case KeyClass::kHex:
      return "hex";
    case KeyClass::kTokens:
      return "tokens";
    case KeyClass::kDates:
      return "dates";
    case KeyClass::kIntegers:
      return "integers";
    case KeyClass::kNumbers:
      return "numbers";
    case KeyClass::kTexts:
      return "texts";
    case KeyClass::kSymbols:
      return "symbols";
    case KeyClass::kObjects:
      return "objects";
    case KeyClass::kMixed:
      return "mixed";
  }
  return "";
}

bool IsMilliseconds(double number) {
  constexpr double kYear2001 = 978307200e3, kYear2100 = 4102444800e3;
  return number >= kYear2001 && number < kYear2100;
}

KeyPattern FindKeyPattern(std::span<const KeySample> samples) {
  KeyPattern pattern{.sampled = samples.size()};
  if (samples.empty()) return pattern;
  std::array<uint64_t, 6> kinds{};
  for (const KeySample& sample : samples) ++kinds[static_cast<size_t>(sample.kind)];
  const size_t most = static_cast<size_t>(std::ranges::max_element(kinds) - kinds.begin());
  if (static_cast<double>(kinds[most]) < kFitting * static_cast<double>(samples.size())) {
    pattern.key_class = KeyClass::kMixed;
    return pattern;
  }
  pattern.share = static_cast<double>(kinds[most]) / static_cast<double>(samples.size());
  switch (static_cast<KeySample::Kind>(most)) {
    case KeySample::Kind::kString:
      if (kinds[most] < kFewSamples) {
        pattern.share = 0;
        return pattern;
      }
      JudgeStrings(samples, &pattern);
      return pattern;
    case KeySample::Kind::kNumber: {
      Numbers numbers;
      for (const KeySample& sample : samples) {
        if (sample.kind != KeySample::Kind::kNumber || !std::isfinite(sample.number)) continue;
        numbers.values.push_back(sample.number);
        numbers.orders.push_back(sample.order);
      }
      JudgeNumbers(numbers, &pattern);
      return pattern;
    }
    case KeySample::Kind::kSymbol:
      pattern.key_class = KeyClass::kSymbols;
      return pattern;
    case KeySample::Kind::kBigInt:
      pattern.key_class = KeyClass::kIntegers;
      pattern.identifiers = samples.size() >= kManySamples;
      return pattern;
    case KeySample::Kind::kObject: {
      pattern.key_class = KeyClass::kObjects;
      pattern.identifiers = true;
      std::map<std::string_view, uint64_t> classes;
      for (const KeySample& sample : samples) {
        if (sample.kind == KeySample::Kind::kObject) ++classes[sample.text];
      }
      const auto largest = std::ranges::max_element(classes, {}, [](const auto& one) { return one.second; });
      pattern.pattern = largest->first;
      pattern.share = static_cast<double>(largest->second) / static_cast<double>(samples.size());
      return pattern;
    }
    case KeySample::Kind::kOther:
      pattern.key_class = KeyClass::kMixed;
      return pattern;
  }
  return pattern;
}

}  // namespace corewalk
