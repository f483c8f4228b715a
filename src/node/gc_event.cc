#include "node/gc_event.h"

#include <algorithm>
#include <charconv>

namespace corewalk {
namespace {

class LineReader {
 public:
  explicit LineReader(std::string_view line) : line_(line) {}

  void Spaces() {
    while (at_ < line_.size() && line_[at_] == ' ') ++at_;
  }
  bool Skip(std::string_view text) {
    Spaces();
    if (line_.substr(at_, text.size()) != text) return false;
    at_ += text.size();
    return true;
  }
  std::optional<double> Number() {
    Spaces();
    double value = 0;
    const char* begin = line_.data() + at_;
    const auto [end, error] = std::from_chars(begin, line_.data() + line_.size(), value, std::chars_format::fixed);
    if (error != std::errc() || value < 0) return std::nullopt;
    at_ += static_cast<size_t>(end - begin);
    return value;
  }
  // The text up to where a number begins behind a space.
  std::string UpToNumber() {
    Spaces();
    const size_t begin = at_;
    while (at_ < line_.size() && !(line_[at_] >= '0' && line_[at_] <= '9' && at_ > begin && line_[at_ - 1] == ' '))
      ++at_;
    std::string text(line_.substr(begin, at_ - begin));
    while (text.ends_with(' ')) text.pop_back();
    return text;
  }
  std::string_view rest() const { return line_.substr(at_); }
  void Drop(size_t count) { at_ += count; }

 private:
  std::string_view line_;
  size_t at_ = 0;
};

// V8 formats a line into 256 bytes (GCTracer::Output); one that is whole ends with a newline, which is not kept.
constexpr size_t kMostLine = 255;

// The number behind `label` in the text; a bracket or a comma stands behind it, so that it is whole.
std::optional<double> Labelled(std::string_view text, std::string_view label) {
  const size_t at = text.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  LineReader reader(text.substr(at + label.size()));
  const std::optional<double> number = reader.Number();
  return reader.rest().empty() ? std::nullopt : number;
}

}  // namespace

std::optional<GcEvent> ParseGcLine(std::string_view line) {
  const bool cut = line.size() >= kMostLine && !line.ends_with('\n');
  while (line.ends_with('\n') || line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
  LineReader reader(line);
  GcEvent event;
  event.cut = cut;
  if (reader.Skip("[")) {
    const size_t end = reader.rest().find(']');
    if (end == std::string_view::npos) return std::nullopt;
    reader.Drop(end + 1);
  }
  const std::optional<double> at = reader.Number();
  if (!at || !reader.Skip("ms:")) return std::nullopt;
  event.at_ms = *at;
  event.kind_text = reader.UpToNumber();
  constexpr std::string_view kIncremental = "Incremental ";
  std::string_view kind = event.kind_text;
  if (kind.starts_with(kIncremental)) kind.remove_prefix(kIncremental.size());
  event.kind = kind.starts_with("Scavenge")                                                ? GcKind::kScavenge
               : kind.starts_with("Minor") || kind.starts_with("Mark-Compact (minor)") ? GcKind::kMinorMarkSweep
               : kind.starts_with("Mark-")                                             ? GcKind::kMarkCompact
                                                                                       : GcKind::kUnknown;
  const std::optional<double> before = reader.Number();
  if (!before || !reader.Skip("(")) return std::nullopt;
  const std::optional<double> committed_before = reader.Number();
  if (!committed_before || !reader.Skip(")") || !reader.Skip("->")) return std::nullopt;
  const std::optional<double> after = reader.Number();
  if (!after || !reader.Skip("(")) return std::nullopt;
  const std::optional<double> committed_after = reader.Number();
  if (!committed_after || !reader.Skip(")") || !reader.Skip("MB,")) return std::nullopt;
  event.before_mb = *before, event.committed_before_mb = *committed_before;
  event.after_mb = *after, event.committed_after_mb = *committed_after;
  if (reader.Skip("pooled:")) {  // from 13.x on
    if (!reader.Number() || !reader.Skip("MB,")) return std::nullopt;
  }
  const std::optional<double> pause = reader.Number();
  if (!pause) return std::nullopt;
  event.pause_ms = *pause;
  if (reader.Skip("/")) event.external_ms = reader.Number();
  reader.Skip("ms");
  std::string_view rest = reader.rest();
  event.average_mu = Labelled(rest, "average mu = ");
  event.current_mu = Labelled(rest, "current mu = ");
  // The reason stands behind the notes in brackets.
  const size_t notes = rest.rfind(") ");
  if (notes != std::string_view::npos)
    rest.remove_prefix(notes + 2);
  else if (rest.ends_with(')') || event.cut)
    rest = {};
  // The line ends in these notes: what is left of them is no reason.
  if (event.cut && rest.starts_with('(')) rest = {};
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  event.reason = rest;
  while (event.reason.ends_with(' ') || event.reason.ends_with(';')) event.reason.pop_back();
  return event;
}

std::optional<GcRecord> SummarizeGcs(const GcTrace& trace) {
  std::optional<GcRecord> record;
  double begin = 0;
  for (const GcLine& line : trace.lines) {
    const std::optional<GcEvent> event = ParseGcLine(line.text.raw());
    if (!event) continue;
    if (!record) {
      record.emplace();
      begin = event->at_ms - event->pause_ms;
    }
    record->scavenges += event->kind == GcKind::kScavenge;
    record->mark_compacts += event->kind == GcKind::kMarkCompact;
    record->pause += event->pause_ms;
    record->longest_pause = std::max(record->longest_pause, event->pause_ms);
    record->last_at = event->at_ms;
    record->span = event->at_ms - begin;
    if (event->kind == GcKind::kMarkCompact) record->freed_mb = event->before_mb - event->after_mb;
  }
  return record;
}

}  // namespace corewalk
