#include "analysis/leaks/key_pattern.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

namespace corewalk {
namespace {

KeyPattern OfTexts(uint64_t count, const std::function<std::string(uint64_t)>& text, uint64_t step = 1) {
  std::vector<KeySample> samples;
  for (uint64_t i = 0; i < count; ++i)
    samples.push_back({.kind = KeySample::Kind::kString, .text = text(i), .order = i * step});
  return FindKeyPattern(samples);
}
KeyPattern OfNumbers(const std::vector<double>& numbers) {
  std::vector<KeySample> samples;
  for (size_t i = 0; i < numbers.size(); ++i)
    samples.push_back({.kind = KeySample::Kind::kNumber, .number = numbers[i], .order = i});
  return FindKeyPattern(samples);
}

// Digits without a system, the same in every run.
std::string Random(uint64_t seed, size_t size, std::string_view digits) {
  std::string text;
  uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
  for (size_t i = 0; i < size; ++i) {
    state ^= state >> 29, state *= 0xbf58476d1ce4e5b9, state ^= state >> 32;
    text += digits[state % digits.size()];
  }
  return text;
}
constexpr std::string_view kHexDigits = "0123456789abcdef", kBase36 = "0123456789abcdefghijklmnopqrstuvwxyz",
                           kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string Uuid(uint64_t seed) {
  const std::string hex = Random(seed, 32, kHexDigits);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20);
}

TEST(KeyPatternTest, NumbersBehindAPrefix) {
  const KeyPattern pattern = OfTexts(
      500, [](uint64_t i) { return "user:" + std::to_string(1000 + i * 7); }, 7);
  EXPECT_EQ(pattern.pattern, "user:…");
  EXPECT_EQ(pattern.key_class, KeyClass::kSequential);
  EXPECT_EQ(pattern.first, 1000);
  EXPECT_EQ(pattern.last, 1000 + 499 * 7);
  EXPECT_TRUE(pattern.identifiers && pattern.rising);
  EXPECT_EQ(pattern.share, 1);
}

TEST(KeyPatternTest, PrefixesDoNotEndInsideOfANumber) {
  EXPECT_EQ(OfTexts(10, [](uint64_t i) { return "user18" + std::to_string(i); }).pattern, "user…");
  EXPECT_EQ(OfTexts(10, [](uint64_t i) { return "page-19" + std::to_string(i) + "5.html"; }).pattern, "page-….html");
}

TEST(KeyPatternTest, NumbersThatAreNotConsecutive) {
  KeyPattern pattern = OfTexts(100, [](uint64_t i) { return "k" + std::to_string(i * i); });
  EXPECT_EQ(pattern.key_class, KeyClass::kIntegers);
  EXPECT_TRUE(pattern.rising && pattern.identifiers);
  pattern = OfTexts(100, [](uint64_t i) { return "k" + std::to_string(i * 7919 % 1009); });
  EXPECT_EQ(pattern.key_class, KeyClass::kIntegers);
  EXPECT_FALSE(pattern.rising);
  EXPECT_EQ(pattern.lowest, 0);
}

TEST(KeyPatternTest, SeveralPlaces) {
  const KeyPattern pattern = OfTexts(100, [](uint64_t i) {
    return "GET /api/" + std::string(i % 2 ? "orders/" : "users/") + std::to_string(i) + "?page=2";
  });
  EXPECT_EQ(pattern.pattern, "GET /api/…/…?page=2");
  EXPECT_EQ(pattern.key_class, KeyClass::kSequential);
}

TEST(KeyPatternTest, Identifiers) {
  KeyPattern pattern = OfTexts(50, [](uint64_t i) { return "session-" + Uuid(i); });
  EXPECT_EQ(pattern.pattern, "session-…");
  EXPECT_EQ(pattern.key_class, KeyClass::kUuids);
  EXPECT_TRUE(pattern.identifiers);
  pattern = OfTexts(50, [](uint64_t i) { return Uuid(i); });
  EXPECT_EQ(pattern.pattern, "");
  EXPECT_EQ(pattern.key_class, KeyClass::kUuids);
  pattern = OfTexts(50, [](uint64_t i) { return "t_" + Random(i, 24, kHexDigits); });
  EXPECT_EQ(pattern.pattern, "t_…");
  EXPECT_EQ(pattern.key_class, KeyClass::kHex);
  // The first digits of a MongoDB ObjectId are the time.
  EXPECT_EQ(OfTexts(50, [](uint64_t i) { return "65a1b2c3" + Random(i, 16, kHexDigits); }).key_class, KeyClass::kHex);
  pattern = OfTexts(50, [](uint64_t i) { return "req_" + Random(i, 11, kBase36); });
  EXPECT_EQ(pattern.pattern, "req_…");
  EXPECT_EQ(pattern.key_class, KeyClass::kTokens);
  EXPECT_TRUE(pattern.identifiers);
  pattern = OfTexts(50, [](uint64_t i) { return Random(i, 43, kBase64); });
  EXPECT_EQ(pattern.key_class, KeyClass::kTokens);
  EXPECT_TRUE(pattern.identifiers);
}

TEST(KeyPatternTest, Times) {
  KeyPattern pattern = OfTexts(50, [](uint64_t i) { return "at:" + std::to_string(1700000000000 + i * 977); });
  EXPECT_EQ(pattern.key_class, KeyClass::kTimestamps);
  EXPECT_EQ(pattern.first, 1700000000000.0);
  EXPECT_TRUE(pattern.rising);
  pattern = OfTexts(
      28, [](uint64_t i) { return "log-2026-11-" + std::string(i < 9 ? "0" : "") + std::to_string(i + 1) + ".txt"; });
  EXPECT_EQ(pattern.pattern, "log-….txt");
  EXPECT_EQ(pattern.key_class, KeyClass::kDates);
  EXPECT_FALSE(pattern.identifiers);
  std::vector<double> times;
  for (int i = 0; i < 40; ++i) times.push_back(1.7e12 + 31.0 * i);
  EXPECT_EQ(OfNumbers(times).key_class, KeyClass::kTimestamps);
  EXPECT_TRUE(IsMilliseconds(1.7e12));
  EXPECT_FALSE(IsMilliseconds(1.7e9));
}

TEST(KeyPatternTest, WordsAreNoIdentifiers) {
  static const char* const kWords[] = {"content-type", "accept", "host",   "user-agent",
                                       "etag",         "vary",   "origin", "cookie"};
  KeyPattern pattern = OfTexts(8, [](uint64_t i) { return kWords[i]; });
  EXPECT_EQ(pattern.key_class, KeyClass::kTexts);
  EXPECT_FALSE(pattern.identifiers);
  pattern = OfTexts(8, [](uint64_t i) { return std::string("/usr/lib/node_modules/") + kWords[i] + "/index.js"; });
  EXPECT_EQ(pattern.key_class, KeyClass::kTexts);
  EXPECT_TRUE(pattern.pattern.starts_with("/usr/lib/node")) << pattern.pattern;
  EXPECT_FALSE(pattern.identifiers);
}

TEST(KeyPatternTest, Numbers) {
  EXPECT_EQ(OfNumbers({5, 6, 7, 8}).key_class, KeyClass::kSequential);
  EXPECT_EQ(OfNumbers({5, 60, 7, 80}).key_class, KeyClass::kIntegers);
  EXPECT_FALSE(OfNumbers({5, 60, 7, 80}).identifiers);
  EXPECT_EQ(OfNumbers({0.5, 1.25, 7}).key_class, KeyClass::kNumbers);
  EXPECT_EQ(OfNumbers({}).key_class, KeyClass::kNone);
  EXPECT_FALSE(OfNumbers({std::numeric_limits<double>::quiet_NaN()}).first);
}

TEST(KeyPatternTest, ObjectsAndMixtures) {
  std::vector<KeySample> samples(10, {.kind = KeySample::Kind::kObject, .text = "Socket"});
  KeyPattern pattern = FindKeyPattern(samples);
  EXPECT_EQ(pattern.key_class, KeyClass::kObjects);
  EXPECT_EQ(pattern.pattern, "Socket");
  for (int i = 0; i < 9; ++i) samples.push_back({.kind = KeySample::Kind::kNumber, .number = 1.0 * i});
  EXPECT_EQ(FindKeyPattern(samples).key_class, KeyClass::kMixed);
}

TEST(KeyPatternTest, AnyBytes) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    const KeyPattern pattern =
        OfTexts(1 + seed % 20, [&](uint64_t i) { return Random(seed * 31 + i % (1 + seed % 7), seed % 300, all); });
    EXPECT_LE(pattern.share, 1);
  }
  // A character is not cut in two.
  EXPECT_EQ(OfTexts(20, [](uint64_t i) { return "benutz\xc3\xa4r-\xc3" + std::string(1, static_cast<char>(0xa0 + i)); })
                .pattern,
            "benutz\xc3\xa4r-…");
}

}  // namespace
}  // namespace corewalk
