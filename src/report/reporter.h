// What a command tells, independent of how it looks: cards (key-value), tables (streamed row by row), notes. A command
// writes to a Reporter; the text and the JSON renderer implement it, so that both faces and both formats say the same.
// Rows are streamed: a list of millions of objects needs no memory, and an interrupted command has printed what it has.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/completeness.h"
#include "base/untrusted_text.h"

namespace corewalk {

// Typed values, so that text and JSON each choose their form: addresses are hex strings in JSON, sizes plain bytes.
struct Count {
  uint64_t value = 0;
};
struct Bytes {
  uint64_t value = 0;
};
struct HexAddress {
  uint64_t value = 0;
};
struct Share {
  double value = 0;
};  // 0..1; text "12.3 %", JSON the fraction
struct Seconds {
  double value = 0;
};
struct Bar {
  double value = 0;
};                 // 0..1; a bar in wide text, left out of JSON
struct Absent {};  // text "-", JSON null

// std::string is our own text, UntrustedText the target's (sanitized by the renderer).
using Cell =
    std::variant<Absent, Count, Bytes, HexAddress, Share, Seconds, Bar, bool, int64_t, std::string, UntrustedText>;

struct Field {
  std::string key;    // JSON name, snake_case; "" = text only
  std::string title;  // text label; "" = JSON only
  Cell value;
};

struct Card {
  std::string key;    // JSON member that holds the fields; "" puts them at the top level
  std::string title;  // heading in text; may be empty
  std::vector<Field> fields;
};

enum class Align { kLeft, kRight };

struct Column {
  std::string key;    // JSON name, snake_case; "" = text only
  std::string title;  // heading in text; "" = JSON only
  Align align = Align::kRight;
};

struct TableSpec {
  std::string key = "rows";  // JSON member that holds the rows
  std::string title;         // heading in text; may be empty
  std::vector<Column> columns;
};

struct TableEnd {
  uint64_t omitted = 0;     // rows that exist but were cut by a limit: text "… N more", JSON "<key>_omitted"
  std::vector<Cell> total;  // a last line under a rule in text, JSON "<key>_total" as an object; empty = none
};

class Reporter {
 public:
  virtual ~Reporter() = default;

  // Once each, around everything else. `target` is a card about what is being looked at (JSON "target").
  virtual void BeginDocument(std::string_view command, const Card& target) = 0;
  virtual void EndDocument(const Completeness& completeness) = 0;

  virtual void AddCard(const Card& card) = 0;
  // Rows must have one cell per column.
  virtual void BeginTable(const TableSpec& spec) = 0;
  virtual void AddRow(std::span<const Cell> row) = 0;
  virtual void EndTable(const TableEnd& end) = 0;

  // A sentence for the reader; JSON "notes".
  virtual void AddNote(std::string_view text) = 0;

  // A line of text that is exactly so (llnode-compatible output); nothing in JSON. Our own text or already sanitized.
  virtual void AddTextLine(std::string_view line) = 0;
  // A member that is ready JSON; nothing in text. The counterpart of AddTextLine for what is no card and no table.
  virtual void AddJson(std::string_view key, std::string_view json) = 0;
  // True when text lines and wide decoration are wanted; a command may skip formatting work for JSON.
  virtual bool is_text() const = 0;
  // Whether lines of text may carry colours (ANSI escapes).
  virtual bool color() const { return false; }
  // Columns of the terminal (80 when unknown); 0 means unlimited.
  virtual int width() const = 0;
};

}  // namespace corewalk
