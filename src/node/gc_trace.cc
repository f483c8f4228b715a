#include "node/gc_trace.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "node/memory_scan.h"
#include "node/node_limits.h"

namespace corewalk {
namespace {

constexpr size_t kRingBytes = 512;
constexpr size_t kEndOffset = 520;  // of the write position, from the start of the ring

bool IsText(char c) {
  return (c >= ' ' && c <= '~') || c == '\n' || c == '\t';
}

// Parses "[123:0x7f00] 45 ms: " at the start of `text`.
std::optional<GcLine> ParseHead(std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  GcLine line;
  auto number = [&](auto* value, int base) {
    auto [next, error] = std::from_chars(at, end, *value, base);
    if (error != std::errc()) return false;
    at = next;
    return true;
  };
  auto word = [&](std::string_view expected) {
    if (!std::string_view(at, end - at).starts_with(expected)) return false;
    at += expected.size();
    return true;
  };
  if (!word("[") || !number(&line.pid, 10) || !word(":0x") || !number(&line.isolate, 16)) return std::nullopt;
  // Isolate groups are printed as a third part by some builds; skip to the bracket.
  while (at < end && *at != ']' && *at != '\n') ++at;
  if (!word("]")) return std::nullopt;
  while (at < end && *at == ' ') ++at;
  if (!number(&line.ms, 10)) return std::nullopt;
  if (at < end && *at == '.') {
    uint64_t fraction;
    if (!word(".") || !number(&fraction, 10)) return std::nullopt;
  }
  if (!word(" ms: ")) return std::nullopt;
  return line;
}

// Splits unrolled text: a line starts with its head and ends at a newline or at the next head.
std::vector<GcLine> SplitLines(std::string_view text) {
  std::vector<GcLine> lines;
  size_t at = text.find('[');
  while (at != std::string_view::npos && lines.size() < kNodeLimits.max_gc_lines) {
    std::optional<GcLine> line = ParseHead(text.substr(at));
    if (!line) {
      at = text.find('[', at + 1);
      continue;
    }
    size_t end = std::min(text.find('\n', at), text.size());
    for (size_t next = text.find('[', at + 1); next < end; next = text.find('[', next + 1)) {
      if (ParseHead(text.substr(next))) end = next;
    }
    line->text = UntrustedText(std::string(text.substr(at, end - at)));
    lines.push_back(std::move(*line));
    at = text.find('[', end);
  }
  return lines;
}

bool InOrder(const std::vector<GcLine>& lines) {
  return !lines.empty() && std::ranges::is_sorted(lines, {}, &GcLine::ms) &&
         std::ranges::all_of(lines, [&](const GcLine& l) { return l.isolate == lines[0].isolate; });
}

}  // namespace

std::optional<GcTrace> FindGcTrace(const Memory& memory, Address heap_begin, Address heap_end) {
  if (heap_end <= heap_begin) return std::nullopt;
  Block block(memory, heap_begin, std::min<uint64_t>(heap_end - heap_begin, kNodeLimits.max_heap_struct));
  std::string_view bytes = block.text();
  size_t run_start = 0;  // of the text that ends before `at`
  size_t skip = (8 - heap_begin % 8) % 8;
  std::optional<GcTrace> best;
  for (size_t at = 0; at <= bytes.size(); ++at) {
    if (at < bytes.size() && IsText(bytes[at])) continue;
    const size_t run_end = at;
    // A buffer that went round is 512 characters of text; one that did not ends in zeros.
    for (size_t ring = std::max(run_start, skip); ring + 16 <= run_end; ring += 8) {
      ring += (8 - (ring - skip) % 8) % 8;
      if (ring + kEndOffset + 8 > bytes.size()) break;
      std::optional<uint64_t> end = block.Word(heap_begin + ring + kEndOffset);
      const size_t length = std::min(run_end - ring, kRingBytes);
      if (!end || *end > kRingBytes || (length < kRingBytes && *end != length)) {
        if (length < kRingBytes) break;  // later starts are shorter still, and the write position must fit
        continue;
      }
      std::string unrolled(bytes.substr(ring, length));
      if (length == kRingBytes) std::ranges::rotate(unrolled, unrolled.begin() + *end);
      std::vector<GcLine> lines = SplitLines(unrolled);
      if (!InOrder(lines)) continue;
      if (!best || best->lines.size() < lines.size()) best = GcTrace{std::move(lines), heap_begin + ring, false};
    }
    run_start = at + 1;
  }
  return best;
}

std::optional<GcTrace> FindGcTraceOnStack(const Memory& memory, const ThreadState& thread) {
  Block block(memory, thread.reg(Register::kRsp), kNodeLimits.max_stack_above_sp);
  std::string_view bytes = block.text();
  for (size_t at = bytes.find(":0x"); at != std::string_view::npos; at = bytes.find(":0x", at + 3)) {
    size_t start = at;
    while (start > 0 && at - start < 2 * kRingBytes && IsText(bytes[start - 1])) --start;
    size_t end = at;
    while (end < bytes.size() && end - start < 2 * kRingBytes && IsText(bytes[end])) ++end;
    // V8's copy has at most 512 characters and a NUL.
    std::vector<GcLine> lines = SplitLines(bytes.substr(start, end - start));
    if (InOrder(lines) && end < bytes.size() && bytes[end] == '\0') {
      return GcTrace{std::move(lines), block.start() + start, true};
    }
    at = std::max(at, end);
  }
  return std::nullopt;
}

}  // namespace corewalk
