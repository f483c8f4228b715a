// Renders a document as text for a terminal or a pipe: aligned cards and tables, notes, and a PARTIAL block when the
// answer is not whole. Target text is sanitized here. A table's first rows are held back to measure the columns; after
// that rows leave as they come, and a wider cell pushes its line to the right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/document_reporter.h"
#include "report/output_sink.h"

namespace corewalk {

struct TextOptions {
  int width = 80;          // columns; 0 = unlimited
  bool color = false;      // ANSI colours
  bool unicode = false;    // the terminal shows UTF-8 block characters
  size_t max_text = 4096;  // code points of one target text; the rest is cut
};

class TextReporter final : public DocumentReporter {
 public:
  TextReporter(OutputSink* sink, const TextOptions& options);  // `sink` must outlive the reporter

  void BeginDocument(std::string_view command, const Card& target) override;
  void EndDocument(const Completeness& completeness) override;
  void AddCard(const Card& card) override;
  void BeginTable(const TableSpec& spec) override;
  void AddRow(std::span<const Cell> row) override;
  void EndTable(const TableEnd& end) override;
  void AddNote(std::string_view text) override;
  void AddTextLine(std::string_view line) override;
  void AddJson(std::string_view, std::string_view) override {}
  bool is_text() const override { return true; }
  int width() const override { return options_.width; }

  bool begun() const override { return begun_; }
  void Finish(const Error* error) override;

 private:
  enum class Paint { kNone, kHeading, kAddress, kBar, kDim, kWarning };
  struct Piece {
    std::string text;
    size_t columns = 0;
    Paint paint = Paint::kNone;
  };

  Piece Render(const Cell& cell, bool in_table) const;
  void Print(std::string_view text, Paint paint = Paint::kNone);
  void PrintLine(const std::vector<Piece>& pieces);
  void PrintRule();
  void Separate();  // an empty line between blocks
  // Decides the column widths, `total` included, and prints the heading and the rows held back.
  void FlushHeld(const std::vector<Piece>& total);
  void CloseTable(const TableEnd& end);

  OutputSink* sink_;
  TextOptions options_;
  bool begun_ = false;
  bool ended_ = false;
  bool anything_printed_ = false;
  bool last_was_line_ = false;  // text lines follow each other without an empty line between

  bool in_table_ = false;
  bool widths_known_ = false;
  TableSpec spec_;
  std::vector<size_t> shown_;  // indexes of the columns that text shows
  std::vector<size_t> widths_;
  std::vector<std::vector<Piece>> held_;
  std::vector<std::string> notes_;  // told while a table was open
};

}  // namespace corewalk
