#include "base/text_sanitize.h"

#include <gtest/gtest.h>

#include <random>

#include "base/unicode.h"

namespace corewalk {
namespace {

std::string Utf8(uint32_t c) {  // also encodes surrogates (WTF-8)
  std::string s;
  if (c < 0x80) {
    s += static_cast<char>(c);
  } else if (c < 0x800) {
    s += static_cast<char>(0xc0 | c >> 6);
    s += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    s += static_cast<char>(0xe0 | c >> 12);
    s += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    s += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    s += static_cast<char>(0xf0 | c >> 18);
    s += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    s += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    s += static_cast<char>(0x80 | (c & 0x3f));
  }
  return s;
}

// What must hold for any output: valid UTF-8, nothing hidden, no long run of marks, no mark at the start.
void ExpectSafe(const std::string& out) {
  int marks = kMaxCombiningMarks;
  for (size_t i = 0; i < out.size();) {
    const DecodedCodePoint c = DecodeUtf8(out, i);
    ASSERT_TRUE(c.valid) << out;
    const GlyphKind kind = KindOf(c.value);
    ASSERT_NE(kind, GlyphKind::kHidden) << std::hex << static_cast<uint32_t>(c.value);
    marks = kind == GlyphKind::kCombining ? marks + 1 : 0;
    ASSERT_LE(marks, kMaxCombiningMarks);
    i += c.size;
  }
}

TEST(Sanitize, EveryByteAlone) {
  for (int b = 0; b < 256; ++b) {
    const std::string in(1, static_cast<char>(b));
    const std::string out = Sanitize(UntrustedText(in));
    if (b >= 0x20 && b < 0x7f) {
      EXPECT_EQ(out, in);
    } else if (b == '\n') {
      EXPECT_EQ(out, "\\n");
    } else if (b == '\t') {
      EXPECT_EQ(out, "\\t");
    } else if (b == '\r') {
      EXPECT_EQ(out, "\\r");
    } else {
      char want[8];
      snprintf(want, sizeof want, "\\x%02x", b);
      EXPECT_EQ(out, want);
    }
  }
}

TEST(Sanitize, EveryCodePointIsSafe) {
  for (uint32_t c = 0; c <= 0x10ffff; ++c) ExpectSafe(Sanitize("a" + Utf8(c) + "b"));
}

TEST(Sanitize, HiddenClassesAreEscaped) {
  const uint32_t hidden[] = {0x80,   0x9b,   0x9f,   0xad,    0x61c,   0x200b,  0x200c,  0x200d,
                             0x200e, 0x200f, 0x2028, 0x2029,  0x202a,  0x202e,  0x2060,  0x2066,
                             0x2069, 0xfeff, 0xd800, 0xdfff,  0xe000,  0xf8ff,  0xfdd0,  0xfffe,
                             0xffff, 0xfff9, 0x3164, 0x1fffe, 0xe0001, 0xe0041, 0xf0000, 0x10fffd};
  for (uint32_t c : hidden) {
    char want[16];
    snprintf(want, sizeof want, c < 0xa0 ? "\\x%02x" : "\\u{%x}", c);
    EXPECT_EQ(Sanitize(Utf8(c)), want);
  }
}

TEST(Sanitize, KeepsPrintableText) {
  for (const char* text : {"plain", "häß", "日本語", "Привет", "e\u0301", "😀", "a\u00a0b"}) {
    EXPECT_EQ(Sanitize(std::string_view(text)), text);
  }
}

TEST(Sanitize, TerminalSequencesLoseTheirPower) {
  EXPECT_EQ(Sanitize("\x1b]0;PWNED\x07"), "\\x1b]0;PWNED\\x07");
  EXPECT_EQ(Sanitize("\x9b"
                     "31m"),
            "\\x9b31m");
  EXPECT_EQ(Sanitize("\xc2\x9b"
                     "31m"),
            "\\x9b31m");
}

TEST(Sanitize, LimitsCombiningMarks) {
  const std::string mark = Utf8(0x301);
  EXPECT_EQ(Sanitize(mark), "\\u{301}");
  std::string zalgo = "a";
  for (int i = 0; i < 6; ++i) zalgo += mark;
  EXPECT_EQ(Sanitize(zalgo), "a" + mark + mark + mark + mark + "\\u{301}\\u{301}");
}

TEST(Sanitize, CutsByCodePoints) {
  EXPECT_EQ(Sanitize("häßlich", {.max_code_points = 3}), "häß...(4 more)");
  EXPECT_EQ(Sanitize("abc", {.max_code_points = 3}), "abc");
  EXPECT_EQ(Sanitize("", {.max_code_points = 3}), "");
  EXPECT_EQ(Sanitize("a\xff\xff", {.max_code_points = 1}), "a...(2 more)");
}

TEST(Sanitize, QuotedStyle) {
  EXPECT_EQ(Sanitize("a\"b\\c", {.style = EscapeStyle::kQuoted}), "a\\\"b\\\\c");
  EXPECT_EQ(Sanitize("a\"b\\c"), "a\"b\\c");
}

TEST(Sanitize, MalformedUtf8) {
  EXPECT_EQ(Sanitize("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(Sanitize("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");           // overlong
  EXPECT_EQ(Sanitize("\xe2\x82"), "\\xe2\\x82");                    // cut off
  EXPECT_EQ(Sanitize("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  EXPECT_EQ(Sanitize("\xf8\x88"), "\\xf8\\x88");
}

TEST(Sanitize, RandomBytesAreSafe) {
  std::mt19937 random(1);
  for (int n = 0; n < 20000; ++n) {
    std::string in(random() % 24, 0);
    for (char& c : in) c = static_cast<char>(random());
    const std::string out = Sanitize(in, {.max_code_points = random() % 20});
    ExpectSafe(out);
    EXPECT_LE(out.size(), in.size() * 10 + 24);
  }
}

TEST(JsonEscape, AsciiOnlyAndExact) {
  EXPECT_EQ(JsonEscape("a\"b\\c\n\t\x01\x7f"), "a\\\"b\\\\c\\n\\t\\u0001\\u007f");
  EXPECT_EQ(JsonEscape("ä日"), "\\u00e4\\u65e5");
  EXPECT_EQ(JsonEscape("😀"), "\\ud83d\\ude00");
  EXPECT_EQ(JsonEscape("\xff\xed\xa0\x80"), "\\ufffd\\ufffd");
  for (uint32_t c = 0; c <= 0x10ffff; ++c) {
    for (char ch : JsonEscape(Utf8(c))) ASSERT_TRUE(ch >= 0x20 && ch < 0x7f);
  }
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("日本"), 4u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);
  EXPECT_EQ(DisplayWidth(""), 0u);
}

}  // namespace
}  // namespace corewalk
