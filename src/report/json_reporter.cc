#include "report/json_reporter.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text_sanitize.h"

namespace corewalk {
namespace {

constexpr std::string_view kSchema = "corewalk/1";
constexpr size_t kMaxNotes = 1000;

std::string Quote(std::string_view text) {
  return "\"" + JsonEscape(text) + "\"";
}

std::string Number(double value) {
  if (!std::isfinite(value)) return "null";
  return fmt::format("{:.6g}", value);
}

std::string Seconds6(double value) {
  if (!std::isfinite(value) || std::fabs(value) > 1e15) return "null";
  return fmt::format("{:.6f}", value);
}

struct ValueWriter {
  std::string operator()(Absent) const { return "null"; }
  std::string operator()(Count v) const { return std::to_string(v.value); }
  std::string operator()(Bytes v) const { return std::to_string(v.value); }
  std::string operator()(HexAddress v) const { return fmt::format("\"0x{:x}\"", v.value); }
  std::string operator()(Share v) const { return Number(v.value); }
  std::string operator()(Seconds v) const { return Seconds6(v.value); }
  std::string operator()(Bar) const { return ""; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(int64_t v) const { return std::to_string(v); }
  std::string operator()(const std::string& v) const { return Quote(v); }
  std::string operator()(const UntrustedText& v) const { return Quote(v.raw()); }
};

std::string Unique(const std::set<std::string, std::less<>>& taken, std::string_view key) {
  std::string name(key);
  for (int n = 2; taken.contains(name); ++n) name = fmt::format("{}_{}", key, n);
  return name;
}

// Members "a":1,"b":2 of an object, each name once.
class ObjectWriter {
 public:
  void Add(std::string_view key, std::string_view json) {
    if (key.empty() || json.empty()) return;
    const std::string name = Unique(names_, key);
    if (!names_.empty()) body_ += ",";
    body_ += Quote(name) + ":";
    body_ += json;
    names_.insert(name);
  }
  std::string Take() { return "{" + std::move(body_) + "}"; }

 private:
  std::set<std::string, std::less<>> names_;
  std::string body_;
};

std::string FieldsObject(const std::vector<Field>& fields) {
  ObjectWriter object;
  for (const Field& field : fields) {
    if (!field.key.empty()) object.Add(field.key, JsonValue(field.value));
  }
  return object.Take();
}

std::string StringArray(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (size_t i = 0; i < texts.size(); ++i) out += (i == 0 ? "" : ",") + Quote(texts[i]);
  return out + "]";
}

}  // namespace

std::string JsonValue(const Cell& cell) {
  return std::visit(ValueWriter{}, cell);
}

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kBadFormat:
      return "bad_format";
    case ErrorCode::kMismatch:
      return "mismatch";
    case ErrorCode::kUnreadable:
      return "unreadable";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kNoMemory:
      return "no_memory";
    case ErrorCode::kInterrupted:
      return "interrupted";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

std::string JsonCompleteness(const Completeness& c) {
  ObjectWriter object;
  const auto flag = [](bool v) { return v ? "true" : "false"; };
  object.Add("complete", flag(c.complete()));
  object.Add("core_truncated", flag(c.core_truncated));
  object.Add("core_bytes_missing", std::to_string(c.core_bytes_missing));
  object.Add("pages_missing", std::to_string(c.pages_missing));
  object.Add("bytes_unreadable", std::to_string(c.bytes_unreadable));
  object.Add("bytes_lost", std::to_string(c.bytes_lost));
  object.Add("objects_skipped", std::to_string(c.objects_skipped));
  object.Add("gc_in_progress", flag(c.gc_in_progress));
  object.Add("layout_guessed", flag(c.layout_guessed));
  object.Add("interrupted", flag(c.interrupted));
  object.Add("cut", flag(c.cut));
  object.Add("notes", StringArray(c.notes));
  return object.Take();
}

JsonReporter::JsonReporter(OutputSink* sink, std::string_view command) : sink_(sink), command_(command) {}

void JsonReporter::Open(std::string_view command) {
  if (open_ || closed_) return;
  open_ = true;
  names_ = {"schema", "command", "notes", "completeness", "error"};
  sink_->Write(fmt::format("{{\"schema\":{},\n\"command\":{}", Quote(kSchema), Quote(command)));
}

std::string JsonReporter::TopName(std::string_view key) {
  const std::string name = Unique(names_, key);
  names_.insert(name);
  return name;
}

void JsonReporter::WriteMember(std::string_view name, std::string_view json) {
  sink_->Write(",\n" + Quote(name) + ":");
  sink_->Write(json);
}

void JsonReporter::Member(std::string_view key, std::string_view json) {
  if (key.empty() || json.empty() || closed_) return;
  Open(command_);
  if (in_table_) {
    waiting_.emplace_back(key, json);
  } else {
    WriteMember(TopName(key), json);
  }
}

void JsonReporter::BeginDocument(std::string_view command, const Card& target) {
  if (open_ || closed_) return;
  Open(command);
  Member("target", FieldsObject(target.fields));
}

void JsonReporter::AddCard(const Card& card) {
  if (!card.key.empty()) {
    Member(card.key, FieldsObject(card.fields));
    return;
  }
  for (const Field& field : card.fields) {
    if (!field.key.empty()) Member(field.key, JsonValue(field.value));
  }
}

void JsonReporter::BeginTable(const TableSpec& spec) {
  if (closed_) return;
  if (in_table_) CloseTable({});
  Open(command_);
  in_table_ = true;
  rows_written_ = false;
  table_name_ = TopName(spec.key.empty() ? "rows" : spec.key);
  column_names_.clear();
  std::set<std::string, std::less<>> taken;
  for (const Column& column : spec.columns) {
    column_names_.push_back(column.key.empty() ? "" : Unique(taken, column.key));
    taken.insert(column_names_.back());
  }
  sink_->Write(",\n" + Quote(table_name_) + ":[");
}

void JsonReporter::AddRow(std::span<const Cell> row) {
  if (!in_table_) return;
  std::string line = rows_written_ ? ",\n{" : "\n{";
  bool first = true;
  for (size_t i = 0; i < row.size() && i < column_names_.size(); ++i) {
    if (column_names_[i].empty()) continue;
    const std::string value = JsonValue(row[i]);
    if (value.empty()) continue;
    if (!first) line += ",";
    first = false;
    line += "\"" + JsonEscape(column_names_[i]) + "\":" + value;
  }
  sink_->Write(line + "}");
  rows_written_ = true;
}

void JsonReporter::CloseTable(const TableEnd& end) {
  if (!in_table_) return;
  in_table_ = false;
  sink_->Write(rows_written_ ? "\n]" : "]");
  WriteMember(TopName(table_name_ + "_omitted"), std::to_string(end.omitted));
  if (!end.total.empty()) {
    ObjectWriter total;
    for (size_t i = 0; i < end.total.size() && i < column_names_.size(); ++i) {
      // A column without a total (the name, a bar) says nothing.
      if (!std::holds_alternative<Absent>(end.total[i])) total.Add(column_names_[i], JsonValue(end.total[i]));
    }
    WriteMember(TopName(table_name_ + "_total"), total.Take());
  }
  for (const auto& [key, json] : waiting_) WriteMember(TopName(key), json);
  waiting_.clear();
}

void JsonReporter::EndTable(const TableEnd& end) {
  CloseTable(end);
}

void JsonReporter::AddNote(std::string_view text) {
  if (closed_) return;
  Open(command_);
  if (notes_.size() < kMaxNotes) {
    notes_.emplace_back(text);
  } else {
    ++notes_dropped_;
  }
}

void JsonReporter::EndDocument(const Completeness& completeness) {
  if (closed_) return;
  Open(command_);
  CloseTable({});
  if (notes_dropped_ != 0) notes_.push_back(fmt::format("{} more notes", notes_dropped_));
  WriteMember("notes", StringArray(notes_));
  WriteMember("completeness", JsonCompleteness(completeness));
  sink_->Write("}\n");
  open_ = false;
  closed_ = true;
}

void JsonReporter::Finish(const Error* error) {
  if (!closed_ && (open_ || error != nullptr)) {
    const bool had_begun = open_;
    Open(command_);
    CloseTable({});
    if (had_begun) WriteMember("notes", StringArray(notes_));
    if (error != nullptr) {
      ObjectWriter object;
      object.Add("code", Quote(ErrorCodeName(error->code)));
      object.Add("message", Quote(error->message));
      if (error->address != 0) object.Add("address", JsonValue(HexAddress{error->address}));
      WriteMember("error", object.Take());
    }
    sink_->Write("}\n");
    open_ = false;
    closed_ = true;
  }
  sink_->Flush();
}

}  // namespace corewalk
