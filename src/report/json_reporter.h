// Renders a document as one JSON object (docs/json.md), streamed: rows leave as they come, only notes wait for the end.
// Output is ASCII and valid JSON whatever the command does: members that come while a table is open wait for its end, a
// repeated member name gets a number, and Finish() closes all that is open.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "report/document_reporter.h"
#include "report/output_sink.h"

namespace corewalk {

class JsonReporter final : public DocumentReporter {
 public:
  // `sink` must outlive the reporter; `command` names the document when the command fails before BeginDocument.
  JsonReporter(OutputSink* sink, std::string_view command);

  void BeginDocument(std::string_view command, const Card& target) override;
  void EndDocument(const Completeness& completeness) override;
  void AddCard(const Card& card) override;
  void BeginTable(const TableSpec& spec) override;
  void AddRow(std::span<const Cell> row) override;
  void EndTable(const TableEnd& end) override;
  void AddNote(std::string_view text) override;
  void AddTextLine(std::string_view) override {}
  void AddJson(std::string_view key, std::string_view json) override { Member(key, json); }
  bool is_text() const override { return false; }
  int width() const override { return 0; }

  bool begun() const override { return open_ || closed_; }
  void Finish(const Error* error) override;

 private:
  void Open(std::string_view command);
  // A name for a member of the top level that is not taken yet.
  std::string TopName(std::string_view key);
  // `json` is the finished value; waits while a table is open.
  void Member(std::string_view key, std::string_view json);
  void WriteMember(std::string_view name, std::string_view json);
  void CloseTable(const TableEnd& end);

  OutputSink* sink_;
  std::string command_;
  bool open_ = false;
  bool closed_ = false;
  std::set<std::string, std::less<>> names_;
  std::vector<std::string> notes_;
  size_t notes_dropped_ = 0;

  bool in_table_ = false;
  bool rows_written_ = false;
  std::string table_name_;
  std::vector<std::string> column_names_;                     // "" = not in JSON
  std::vector<std::pair<std::string, std::string>> waiting_;  // members told while a table was open
};

// The value of a cell as JSON; "" for a Bar, which JSON leaves out.
std::string JsonValue(const Cell& cell);
// The members of a completeness record as one JSON object.
std::string JsonCompleteness(const Completeness& completeness);
// The stable name of an error code: "usage", "not_found", ...
std::string_view ErrorCodeName(ErrorCode code);

}  // namespace corewalk
