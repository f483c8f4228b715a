// Scripts: name, source, and which line and column a position of the source has. Lines end as V8 counts them
// (src/strings/string.cc, CalculateLineEnds): \n, \r, \r\n, U+2028, U+2029. The ends of a script's lines are found
// once per HeapReader. Nothing fails: what cannot be read keeps its default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "heap/views/heap_reader.h"

namespace corewalk {

struct ScriptView {
  uint64_t script = 0;  // tagged
  std::string name;     // raw target text: a path, "node:fs", "evalmachine.<anonymous>"; else its sourceURL, else ""
  uint64_t source = 0;  // tagged string; 0 = none
  uint64_t source_length = 0;  // UTF-16 units
  uint64_t source_bytes = 0;   // of its text in memory, one or two per unit
  int64_t id = -1;
  int64_t line_offset = 0;    // of the first line (vm's lineOffset)
  int64_t column_offset = 0;  // of the first line's columns
};

// Nothing when `script` is no Script. The view holds as long as the reader.
const ScriptView* ReadScript(HeapReader& reader, uint64_t script);

struct SourcePosition {
  int line = 0;  // from 1, the script's offsets included; 0 = unknown
  int column = 0;
};
// Of the UTF-16 unit `position` of the source.
SourcePosition PositionIn(HeapReader& reader, uint64_t script, int64_t position);
// Where the line that holds `position` starts, in UTF-16 units; and the line that starts behind it. 0, 0 when unknown.
struct LineRange {
  uint64_t begin = 0;
  uint64_t end = 0;  // behind the line's end mark
};
LineRange LineAt(HeapReader& reader, uint64_t script, int64_t position);

// Implementation: what a reader remembers.
struct ScriptCache {
  struct Entry {
    ScriptView view;
    bool lines_known = false;
    std::vector<uint32_t> starts;  // of the lines, in UTF-16 units; the first is 0; empty = unknown
    uint64_t readable_units = 0;   // of the source, from its beginning
  };
  std::unordered_map<uint64_t, Entry> entries;
  size_t lines = 0;  // in all
};

}  // namespace corewalk
