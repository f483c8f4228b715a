#include "heap/views/scripts.h"

#include <algorithm>
#include <limits>

namespace corewalk {
namespace {

// src/objects/script.tq, the same from 7.4 to 14.6.
constexpr int kSource = 8;
constexpr int kName = 16;
constexpr int kLineOffset = 24;
constexpr int kColumnOffset = 32;
constexpr int kLineEnds = 56;
constexpr int kId = 64;
constexpr int kSourceUrl = 104;  // where the flags (a Smi) stand since 11.x: then it is the word behind

constexpr size_t kMaxScripts = size_t{1} << 20;          // remembered
constexpr size_t kMaxLines = size_t{1} << 26;            // remembered, of all scripts
constexpr uint64_t kMaxSource = uint64_t{1} << 29;       // UTF-16 units: V8's longest string (src/objects/string.h)
constexpr uint64_t kChunk = uint64_t{1} << 20;

// Counts UTF-16 units of WTF-8 text and notes where lines start.
class LineScanner {
 public:
  explicit LineScanner(std::vector<uint32_t>* starts) : starts_(*starts) { starts_.push_back(0); }

  void Feed(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      const uint8_t byte = static_cast<uint8_t>(text[i]);
      if ((byte & 0xc0) == 0x80) continue;  // inside a character
      if (after_return_) {
        after_return_ = false;
        if (byte != '\n') NewLine();
      }
      units_ += byte >= 0xf0 ? 2 : 1;
      if (byte == '\n') {
        NewLine();
      } else if (byte == '\r') {
        after_return_ = true;
      } else if (byte == 0xe2 && i + 2 < text.size() && text[i + 1] == '\x80' &&
                 (text[i + 2] == '\xa8' || text[i + 2] == '\xa9')) {
        NewLine();
      }
    }
  }
  uint64_t Finish() {
    if (after_return_) NewLine();
    return units_;
  }

 private:
  void NewLine() { starts_.push_back(static_cast<uint32_t>(units_)); }

  std::vector<uint32_t>& starts_;
  uint64_t units_ = 0;
  bool after_return_ = false;
};

// V8's own table, where it has made one: the position of each line's last end mark.
void ReadLineEnds(HeapReader& reader, uint64_t script, std::vector<uint32_t>* starts) {
  const uint64_t ends = reader.Field(script, kLineEnds).value_or(0);
  const uint64_t length = reader.IsType(ends, "FIXED_ARRAY_TYPE") ? reader.ArrayLength(ends).value_or(0) : 0;
  if (length == 0 || length > kMaxLines) return;
  starts->push_back(0);
  for (uint64_t i = 0; i + 1 < length; ++i) {
    const std::optional<uint64_t> end = reader.ArrayElement(ends, i);
    if (!end || !IsSmi(*end) || SmiValue(*end) < static_cast<int64_t>(starts->back())) break;
    starts->push_back(static_cast<uint32_t>(SmiValue(*end)) + 1);
  }
}

void FindLines(HeapReader& reader, ScriptCache* cache, ScriptCache::Entry* entry) {
  entry->lines_known = true;
  const ScriptView& view = entry->view;
  if (view.source == 0) return;
  LineScanner scanner(&entry->starts);
  const uint64_t length = std::min(view.source_length, kMaxSource);
  uint64_t read = 0;
  while (read < length) {
    const uint64_t end = std::min(read + kChunk, length);
    const std::optional<StringText> text = reader.TextRange(view.source, read, end);
    if (!text) break;
    scanner.Feed(text->text);
    if (text->damaged) break;
    read = end;
  }
  entry->readable_units = scanner.Finish();
  if (read < length) {
    std::vector<uint32_t> known;
    ReadLineEnds(reader, view.script, &known);
    if (known.size() > entry->starts.size()) {
      entry->starts = std::move(known);
      entry->readable_units = length;
    }
  }
  cache->lines += entry->starts.size();
}

ScriptCache::Entry* EntryOf(HeapReader& reader, uint64_t script) {
  std::shared_ptr<ScriptCache>& cache = reader.script_cache();
  if (!cache) cache = std::make_shared<ScriptCache>();
  if (const auto known = cache->entries.find(script); known != cache->entries.end()) return &known->second;
  if (cache->entries.size() >= kMaxScripts || !reader.IsType(script, "SCRIPT_TYPE")) return nullptr;
  ScriptCache::Entry entry;
  ScriptView& view = entry.view;
  view.script = script;
  view.name = reader.ShortText(reader.Field(script, kName).value_or(0));
  if (view.name.empty()) {
    uint64_t url = reader.Field(script, kSourceUrl).value_or(0);
    if (IsSmi(url)) url = reader.Field(script, kSourceUrl + 8).value_or(0);
    view.name = reader.ShortText(url);
  }
  const uint64_t source = reader.Field(script, kSource).value_or(0);
  if (const std::optional<StringText> text = reader.Text(source, 0)) {
    view.source = source;
    view.source_length = text->length;
    const MapInfo* map = reader.MapOf(source);
    view.source_bytes = text->length * (map != nullptr && (map->instance_type & string_bits::kOneByte) != 0 ? 1 : 2);
  }
  const auto smi = [&](int offset, int64_t otherwise) {
    const std::optional<uint64_t> word = reader.Field(script, offset);
    return word && IsSmi(*word) ? SmiValue(*word) : otherwise;
  };
  view.line_offset = smi(kLineOffset, 0);
  view.column_offset = smi(kColumnOffset, 0);
  view.id = smi(kId, -1);
  return &cache->entries.emplace(script, std::move(entry)).first->second;
}

ScriptCache::Entry* EntryWithLines(HeapReader& reader, uint64_t script) {
  ScriptCache::Entry* entry = EntryOf(reader, script);
  if (entry == nullptr) return nullptr;
  if (!entry->lines_known && reader.script_cache()->lines < kMaxLines)
    FindLines(reader, reader.script_cache().get(), entry);
  return entry->starts.empty() ? nullptr : entry;
}

int Clamped(int64_t value) {
  return static_cast<int>(std::clamp<int64_t>(value, 0, std::numeric_limits<int>::max()));
}

}  // namespace

const ScriptView* ReadScript(HeapReader& reader, uint64_t script) {
  const ScriptCache::Entry* entry = EntryOf(reader, script);
  return entry == nullptr ? nullptr : &entry->view;
}

SourcePosition PositionIn(HeapReader& reader, uint64_t script, int64_t position) {
  const ScriptCache::Entry* entry = EntryWithLines(reader, script);
  if (entry == nullptr || position < 0 || static_cast<uint64_t>(position) > entry->readable_units) return {};
  const auto next = std::ranges::upper_bound(entry->starts, static_cast<uint64_t>(position));
  const int64_t line = next - entry->starts.begin() - 1;
  int64_t column = position - static_cast<int64_t>(*std::prev(next));
  if (line == 0) column += entry->view.column_offset;
  return {.line = Clamped(line + entry->view.line_offset + 1), .column = Clamped(column + 1)};
}

LineRange LineAt(HeapReader& reader, uint64_t script, int64_t position) {
  const ScriptCache::Entry* entry = EntryWithLines(reader, script);
  if (entry == nullptr || position < 0) return {};
  const auto next = std::ranges::upper_bound(entry->starts, static_cast<uint64_t>(position));
  return {.begin = *std::prev(next), .end = next == entry->starts.end() ? entry->view.source_length : *next};
}

}  // namespace corewalk
