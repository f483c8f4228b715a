// Any bytes as text of the target: what leaves Sanitize() and JsonEscape() must be harmless.
#include "base/text_sanitize.h"
#include "base/unicode.h"
#include "fuzz/fuzz_target.h"

namespace {

void CheckPlain(const std::string& text) {
  using namespace corewalk;
  int marks = 0;
  for (size_t at = 0; at < text.size();) {
    const DecodedCodePoint point = DecodeUtf8(text, at);
    fuzz::Require(point.valid, "the output is UTF-8");
    fuzz::Require(point.value >= 0x20 && !(point.value >= 0x7f && point.value < 0xa0), "no control character");
    const GlyphKind kind = KindOf(point.value);
    fuzz::Require(kind != GlyphKind::kHidden, "no hidden character");
    marks = kind == GlyphKind::kCombining ? marks + 1 : 0;
    fuzz::Require(marks <= kMaxCombiningMarks, "no pile of combining marks");
    at += static_cast<size_t>(point.size);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corewalk;
  fuzz::Input input(data, size);
  const size_t limit = input.Take<uint8_t>();
  const std::string_view text = input.text();
  for (EscapeStyle style : {EscapeStyle::kPlain, EscapeStyle::kQuoted}) {
    for (size_t max : {size_t{0}, limit}) {
      const std::string out = Sanitize(text, {.max_code_points = max, .style = style});
      fuzz::Require(out.size() <= 10 * text.size() + 64, "the output is bounded");
      CheckPlain(out);
      DisplayWidth(out);
    }
  }
  const std::string json = JsonEscape(text);
  bool escaped = false;
  for (unsigned char c : json) {
    fuzz::Require(c >= 0x20 && c < 0x7f, "JSON is ASCII");
    fuzz::Require(c != '"' || escaped, "no bare quote");
    escaped = c == '\\' && !escaped;
  }
  fuzz::Require(!escaped, "no escape at the end");
  return 0;
}
