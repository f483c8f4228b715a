#include "report/text_reporter.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text_sanitize.h"
#include "base/unicode.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr size_t kRowsMeasured = 512;
constexpr int kWideColumns = 100;  // from here on bars are long and drawn with blocks
constexpr int kWideBar = 20;
constexpr int kNarrowBar = 10;
constexpr size_t kMaxPadding = 200;  // one absurdly long name must not push a whole column away

}  // namespace

TextReporter::TextReporter(OutputSink* sink, const TextOptions& options) : sink_(sink), options_(options) {}

TextReporter::Piece TextReporter::Render(const Cell& cell, bool in_table) const {
  const bool wide = options_.width == 0 || options_.width >= kWideColumns;
  struct Renderer {
    const TextReporter& self;
    bool in_table;
    bool wide;
    Piece operator()(Absent) const { return {"-"}; }
    Piece operator()(Count v) const { return {FormatCount(v.value)}; }
    Piece operator()(Bytes v) const { return {in_table ? FormatCount(v.value) : FormatBytesLong(v.value)}; }
    Piece operator()(HexAddress v) const { return {FormatAddress(v.value), 0, Paint::kAddress}; }
    Piece operator()(Share v) const { return {FormatShare(v.value)}; }
    Piece operator()(Seconds v) const { return {FormatSeconds(v.value)}; }
    Piece operator()(Bar v) const {
      return {FormatBar(v.value, wide ? kWideBar : kNarrowBar, wide && self.options_.unicode), 0, Paint::kBar};
    }
    Piece operator()(bool v) const { return {v ? "yes" : "no"}; }
    Piece operator()(int64_t v) const { return {std::to_string(v)}; }
    Piece operator()(const std::string& v) const { return {v}; }
    Piece operator()(const UntrustedText& v) const {
      return {Sanitize(v, {.max_code_points = self.options_.max_text})};
    }
  };
  Piece piece = std::visit(Renderer{*this, in_table, wide}, cell);
  piece.columns = DisplayWidth(piece.text);
  return piece;
}

void TextReporter::Print(std::string_view text, Paint paint) {
  if (text.empty()) return;
  const char* code = nullptr;
  switch (paint) {
    case Paint::kNone:
      break;
    case Paint::kHeading:
      code = "1";
      break;
    case Paint::kAddress:
      code = "36";
      break;
    case Paint::kBar:
      code = "34";
      break;
    case Paint::kDim:
      code = "2";
      break;
    case Paint::kWarning:
      code = "1;33";
      break;
  }
  if (!options_.color || code == nullptr) {
    sink_->Write(text);
  } else {
    sink_->Write(fmt::format("\x1b[{}m{}\x1b[0m", code, text));
  }
}

void TextReporter::Separate() {
  begun_ = true;
  if (anything_printed_) sink_->Write("\n");
  anything_printed_ = true;
  last_was_line_ = false;
}

void TextReporter::BeginDocument(std::string_view, const Card&) {
  begun_ = true;
}

void TextReporter::AddCard(const Card& card) {
  CloseTable({});
  const bool any = std::ranges::any_of(card.fields, [](const Field& field) { return !field.title.empty(); });
  if (!any && card.title.empty()) return;  // it is for JSON only
  Separate();
  if (!card.title.empty()) {
    Print(card.title, Paint::kHeading);
    sink_->Write("\n");
  }
  const std::string indent = card.title.empty() ? "" : "  ";
  size_t label_columns = 0;
  for (const Field& field : card.fields) label_columns = std::max(label_columns, DisplayWidth(field.title));
  for (const Field& field : card.fields) {
    if (field.title.empty()) continue;
    const Piece value = Render(field.value, false);
    sink_->Write(indent + field.title + ":" + std::string(label_columns - DisplayWidth(field.title) + 1, ' '));
    Print(value.text, value.paint);
    sink_->Write("\n");
  }
}

void TextReporter::BeginTable(const TableSpec& spec) {
  CloseTable({});
  spec_ = spec;
  shown_.clear();
  for (size_t i = 0; i < spec_.columns.size(); ++i) {
    if (!spec_.columns[i].title.empty()) shown_.push_back(i);
  }
  in_table_ = !shown_.empty();  // else it is for JSON only
  if (!in_table_) return;
  Separate();
  widths_known_ = false;
}

void TextReporter::AddRow(std::span<const Cell> row) {
  if (!in_table_) return;
  std::vector<Piece> pieces;
  pieces.reserve(shown_.size());
  for (size_t i : shown_) pieces.push_back(i < row.size() ? Render(row[i], true) : Piece{});
  if (widths_known_) {
    PrintLine(pieces);
    return;
  }
  held_.push_back(std::move(pieces));
  if (held_.size() >= kRowsMeasured) FlushHeld({});
}

void TextReporter::PrintLine(const std::vector<Piece>& pieces) {
  // Spaces wait until something follows them, so that no line ends in blanks.
  size_t spaces = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const size_t padding = widths_[i] > piece.columns ? widths_[i] - piece.columns : 0;
    const bool right = spec_.columns[shown_[i]].align == Align::kRight;
    if (i != 0) spaces += 2;
    if (right) spaces += padding;
    if (!piece.text.empty()) {
      sink_->Write(std::string(spaces, ' '));
      Print(piece.text, piece.paint);
      spaces = 0;
    } else {
      spaces += piece.columns;
    }
    if (!right) spaces += padding;
  }
  sink_->Write("\n");
}

void TextReporter::PrintRule() {
  std::string rule;
  for (size_t i = 0; i < widths_.size(); ++i) rule += (i == 0 ? "" : "  ") + std::string(widths_[i], '-');
  Print(rule, Paint::kDim);
  sink_->Write("\n");
}

void TextReporter::FlushHeld(const std::vector<Piece>& total) {
  if (widths_known_) return;
  widths_known_ = true;
  if (!spec_.title.empty()) {
    Print(spec_.title, Paint::kHeading);
    sink_->Write("\n");
  }
  std::vector<Piece> heading;
  widths_.clear();
  for (size_t column = 0; column < shown_.size(); ++column) {
    const std::string& title = spec_.columns[shown_[column]].title;
    heading.push_back({title, DisplayWidth(title), Paint::kHeading});
    size_t width = heading.back().columns;
    for (const auto& row : held_) width = std::max(width, std::min(row[column].columns, kMaxPadding));
    if (!total.empty()) width = std::max(width, total[column].columns);
    // The last column needs no padding when it is left-aligned: only the rule would grow with a long name.
    if (column + 1 == shown_.size() && spec_.columns[shown_[column]].align == Align::kLeft) {
      width = std::min(width, std::max<size_t>(heading.back().columns, 24));
    }
    widths_.push_back(width);
  }
  PrintLine(heading);
  PrintRule();
  for (const auto& row : held_) PrintLine(row);
  held_.clear();
  held_.shrink_to_fit();
}

void TextReporter::CloseTable(const TableEnd& end) {
  if (!in_table_) return;
  std::vector<Piece> total;
  if (!end.total.empty()) {
    for (size_t i : shown_) {
      const bool absent = i >= end.total.size() || std::holds_alternative<Absent>(end.total[i]);
      total.push_back(absent ? Piece{} : Render(end.total[i], true));
    }
  }
  FlushHeld(total);  // so that the columns fit the total as well
  in_table_ = false;
  if (!total.empty()) {
    PrintRule();
    PrintLine(total);
  }
  if (end.omitted != 0) {
    Print(fmt::format("... {} more (use -n 0 for all)", FormatCount(end.omitted)), Paint::kDim);
    sink_->Write("\n");
  }
  std::vector<std::string> notes;
  notes.swap(notes_);
  for (const std::string& note : notes) AddNote(note);
}

void TextReporter::EndTable(const TableEnd& end) {
  CloseTable(end);
}

void TextReporter::AddNote(std::string_view text) {
  if (in_table_) {
    notes_.emplace_back(text);
    return;
  }
  begun_ = true;
  anything_printed_ = true;
  last_was_line_ = true;
  Print("note: ", Paint::kDim);
  sink_->Write(text);
  sink_->Write("\n");
}

void TextReporter::AddTextLine(std::string_view line) {
  CloseTable({});
  if (!last_was_line_) Separate();
  last_was_line_ = true;
  sink_->Write(line);
  sink_->Write("\n");
}

void TextReporter::EndDocument(const Completeness& completeness) {
  if (ended_) return;
  ended_ = true;
  begun_ = true;
  CloseTable({});
  const std::vector<std::string> gaps = DescribeGaps(completeness);
  if (!gaps.empty() || !completeness.complete()) {
    Separate();
    Print("PARTIAL: this answer is not complete", Paint::kWarning);
    sink_->Write("\n");
    for (const std::string& gap : gaps) sink_->Write("  - " + gap + "\n");
    for (const std::string& note : completeness.notes) sink_->Write("  - " + note + "\n");
  } else {
    for (const std::string& note : completeness.notes) AddNote(note);
  }
  if (completeness.gc_in_progress) {
    AddNote("the process stopped inside a garbage collection; the heap is shown as the collector left it");
  }
  sink_->Flush();
}

void TextReporter::Finish(const Error*) {
  CloseTable({});
  sink_->Flush();
}

}  // namespace corewalk
