#include "base/text_sanitize.h"

#include <fmt/format.h>

#include <iterator>

#include "base/unicode.h"

namespace corewalk {
namespace {

void AppendEscape(std::string& out, const DecodedCodePoint& c) {
  switch (c.value) {
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      break;
  }
  const auto value = static_cast<uint32_t>(c.value);
  // Raw bytes and controls up to U+009F are both shown as \xNN: a terminal takes either as the same control.
  if (!c.valid || value < 0xa0) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", value);
  } else {
    fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", value);
  }
}

size_t CountCodePoints(std::string_view text, size_t position) {
  size_t count = 0;
  for (; position < text.size(); ++count) position += DecodeUtf8(text, position).size;
  return count;
}

bool IsSurrogate(char32_t c) {
  return c >= 0xd800 && c <= 0xdfff;
}

}  // namespace

std::string Sanitize(const UntrustedText& text, const SanitizeOptions& options) {
  return Sanitize(std::string_view(text.raw()), options);
}

std::string Sanitize(std::string_view untrusted, const SanitizeOptions& options) {
  std::string out;
  size_t code_points = 0;
  // At the start a mark would combine with whatever we printed before the text, so none is allowed there.
  int marks_left = 0;
  for (size_t i = 0; i < untrusted.size(); ++code_points) {
    if (options.max_code_points != 0 && code_points == options.max_code_points) {
      fmt::format_to(std::back_inserter(out), "...({} more)", CountCodePoints(untrusted, i));
      break;
    }
    const DecodedCodePoint c = DecodeUtf8(untrusted, i);
    const std::string_view bytes = untrusted.substr(i, c.size);
    i += c.size;
    switch (c.valid ? KindOf(c.value) : GlyphKind::kHidden) {
      case GlyphKind::kHidden:
        AppendEscape(out, c);
        marks_left = 0;
        break;
      case GlyphKind::kCombining:
        if (marks_left > 0) {
          out += bytes;
          --marks_left;
        } else {
          AppendEscape(out, c);
        }
        break;
      case GlyphKind::kNarrow:
      case GlyphKind::kWide:
        if (options.style == EscapeStyle::kQuoted && (c.value == '"' || c.value == '\\')) out += '\\';
        out += bytes;
        marks_left = kMaxCombiningMarks;
        break;
    }
  }
  return out;
}

std::string JsonEscape(const UntrustedText& text) {
  return JsonEscape(std::string_view(text.raw()));
}

namespace {

std::string EscapeForJson(std::string_view text, bool keep_surrogates) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const DecodedCodePoint c = DecodeUtf8(text, i);
    i += c.size;
    const auto value = static_cast<uint32_t>(c.value);
    if (!c.valid || (IsSurrogate(c.value) && !keep_surrogates)) {
      out += "\\ufffd";
    } else if (value == '"' || value == '\\') {
      out += '\\';
      out += static_cast<char>(value);
    } else if (value >= 0x20 && value < 0x7f) {
      out += static_cast<char>(value);
    } else if (value == '\n') {
      out += "\\n";
    } else if (value == '\t') {
      out += "\\t";
    } else if (value < 0x10000) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", value);
    } else {
      const uint32_t offset = value - 0x10000;
      fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}", 0xd800 + (offset >> 10), 0xdc00 + (offset & 0x3ff));
    }
  }
  return out;
}

}  // namespace

std::string JsonEscape(std::string_view text) {
  return EscapeForJson(text, false);
}

std::string JsonEscapeExact(std::string_view text) {
  return EscapeForJson(text, true);
}

}  // namespace corewalk
