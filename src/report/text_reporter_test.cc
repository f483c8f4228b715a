#include "report/text_reporter.h"

#include <gtest/gtest.h>

namespace corewalk {
namespace {

struct Fixture {
  explicit Fixture(TextOptions options = {}) : out(&sink, options) {}
  std::string text;
  OutputSink sink{[this](std::string_view s) {
    text += s;
    return true;
  }};
  TextReporter out;

  std::string End(const Completeness& completeness = {}) {
    out.EndDocument(completeness);
    out.Finish(nullptr);
    return text;
  }
};

const TableSpec kTable{
    .columns = {{"count", "Count"}, {"bytes", "Bytes"}, {"hidden", ""}, {"name", "Name", Align::kLeft}}};

std::vector<Cell> Row(uint64_t count, uint64_t bytes, std::string name) {
  return {Count{count}, Bytes{bytes}, Count{1}, UntrustedText(std::move(name))};
}

TEST(TextReporter, TableIsAligned) {
  Fixture f;
  f.out.BeginDocument("x", {});
  f.out.BeginTable(kTable);
  f.out.AddRow(Row(1, 20, "short"));
  f.out.AddRow(Row(1234, 5000000, "日本\x1b"));
  f.out.EndTable({.omitted = 1000, .total = {Count{1235}, Bytes{5000020}, Absent{}, Absent{}}});
  EXPECT_EQ(f.End(),
            "Count      Bytes  Name\n"
            "-----  ---------  --------\n"
            "    1         20  short\n"
            "1,234  5,000,000  日本\\x1b\n"
            "-----  ---------  --------\n"
            "1,235  5,000,020\n"
            "... 1,000 more (use -n 0 for all)\n");
}

TEST(TextReporter, CardsAndNotes) {
  Fixture f;
  f.out.AddCard(
      {.title = "Heap", .fields = {{"a", "Used", Bytes{2048}}, {"b", "Pages of it", Count{3}}, {"c", "", Count{4}}}});
  f.out.AddNote("first");
  f.out.AddNote("second");
  EXPECT_EQ(f.End(),
            "Heap\n"
            "  Used:        2.0 KiB (2,048 bytes)\n"
            "  Pages of it: 3\n"
            "note: first\n"
            "note: second\n");
}

TEST(TextReporter, PartialBlockIsPrinted) {
  Fixture f;
  f.out.AddTextLine("line one");
  f.out.AddTextLine("line two");
  EXPECT_EQ(f.End({.pages_missing = 2, .gc_in_progress = true, .notes = {"why"}}),
            "line one\nline two\n\n"
            "PARTIAL: this answer is not complete\n"
            "  - 2 V8 heap pages could not be read whole\n"
            "  - why\n"
            "note: the process stopped inside a garbage collection; the heap is shown as the collector left it\n");
}

TEST(TextReporter, RowsAfterTheMeasuredOnesAreStreamed) {
  Fixture f;
  f.out.BeginTable(kTable);
  for (int i = 0; i < 512; ++i) f.out.AddRow(Row(1, 1, "a"));
  for (int i = 0; i < 20000; ++i) f.out.AddRow(Row(12345678, 1, "a"));
  EXPECT_GT(f.text.size(), 100000u);
  f.out.EndTable({});
  EXPECT_NE(f.End().find("\n    1      1  a\n12,345,678      1  a\n"), std::string::npos);
}

TEST(TextReporter, NotesInsideATableWait) {
  Fixture f;
  f.out.BeginTable(kTable);
  f.out.AddNote("n");
  f.out.AddRow(Row(1, 1, "a"));
  f.out.EndTable({});
  EXPECT_EQ(f.End(), "Count  Bytes  Name\n-----  -----  ----\n    1      1  a\nnote: n\n");
}

TEST(TextReporter, ColoursOnlyWhenAsked) {
  Fixture f({.color = true});
  f.out.AddCard({.fields = {{"a", "At", HexAddress{16}}}});
  EXPECT_EQ(f.End(), "At: \x1b[36m0x10\x1b[0m\n");
}

TEST(TextReporter, BarsFollowTheWidth) {
  const TableSpec spec{.columns = {{"", "Bar", Align::kLeft}}};
  for (auto [options, want] : {std::pair<TextOptions, std::string>{{.width = 80, .unicode = true}, "#####"},
                               {{.width = 120, .unicode = true}, "██████████"},
                               {{.width = 120}, "##########"}}) {
    Fixture f(options);
    f.out.BeginTable(spec);
    f.out.AddRow(std::vector<Cell>{Bar{0.5}});
    f.out.EndTable({});
    EXPECT_NE(f.End().find("\n" + want + "\n"), std::string::npos);
  }
}

TEST(TextReporter, TooFewCellsAndEndWithoutTable) {
  Fixture f;
  f.out.EndTable({});
  f.out.AddRow(Row(1, 1, "x"));
  f.out.BeginTable(kTable);
  f.out.AddRow(std::vector<Cell>{Count{1}});
  const Error error;
  f.out.Finish(&error);
  EXPECT_EQ(f.text, "Count  Bytes  Name\n-----  -----  ----\n    1\n");
}

}  // namespace
}  // namespace corewalk
