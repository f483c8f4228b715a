#include "report/json_reporter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace corewalk {
namespace {

using nlohmann::json;

struct Fixture {
  std::string text;
  OutputSink sink{[this](std::string_view s) {
    text += s;
    return true;
  }};
  JsonReporter out{&sink, "demo"};

  json Parse() {
    out.Finish(nullptr);
    for (char c : text) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f));
    return json::parse(text);
  }
};

const TableSpec kTable{.key = "rows", .columns = {{"name", "Name", Align::kLeft}, {"bytes", "Bytes"}, {"", "Bar"}}};

TEST(JsonReporter, WholeDocument) {
  Fixture f;
  f.out.BeginDocument("demo", {.fields = {{"kind", "", std::string("core_file")}}});
  f.out.AddCard({.key = "heap",
                 .fields = {{"used_bytes", "Used", Bytes{7}},
                            {"share", "", Share{0.25}},
                            {"at", "", HexAddress{0xabc}},
                            {"none", "", Absent{}},
                            {"yes", "", true},
                            {"n", "", int64_t{-3}},
                            {"s", "", Seconds{1.5}},
                            {"bar", "", Bar{1}}}});
  f.out.BeginTable(kTable);
  f.out.AddRow(std::vector<Cell>{UntrustedText("a\"\x1b\xff"), Bytes{10}, Bar{1}});
  f.out.AddRow(std::vector<Cell>{std::string("b"), Bytes{20}, Bar{1}});
  f.out.EndTable({.omitted = 5, .total = {Absent{}, Bytes{30}, Absent{}}});
  f.out.AddNote("a note");
  f.out.EndDocument({.pages_missing = 2});
  const json j = f.Parse();
  EXPECT_EQ(j["schema"], "corewalk/1");
  EXPECT_EQ(j["command"], "demo");
  EXPECT_EQ(j["target"]["kind"], "core_file");
  EXPECT_EQ(j["heap"], json::parse(R"({"used_bytes":7,"share":0.25,"at":"0xabc","none":null,"yes":true,"n":-3,
                                       "s":1.5})"));
  EXPECT_EQ(j["rows"][0]["name"], "a\"\x1b\xef\xbf\xbd");
  EXPECT_EQ(j["rows"][1], json::parse(R"({"name":"b","bytes":20})"));
  EXPECT_EQ(j["rows_omitted"], 5);
  EXPECT_EQ(j["rows_total"], json::parse(R"({"bytes":30})"));
  EXPECT_EQ(j["notes"], json::parse(R"(["a note"])"));
  EXPECT_EQ(j["completeness"]["complete"], false);
  EXPECT_EQ(j["completeness"]["pages_missing"], 2);
}

TEST(JsonReporter, FailureBeforeAnything) {
  Fixture f;
  const Error error{ErrorCode::kMismatch, "wrong node", 0x10};
  f.out.Finish(&error);
  EXPECT_EQ(json::parse(f.text), json::parse(R"({"schema":"corewalk/1","command":"demo",
      "error":{"code":"mismatch","message":"wrong node","address":"0x10"}})"));
}

TEST(JsonReporter, FailureInTheMiddleOfATable) {
  for (int rows = 0; rows < 3; ++rows) {
    Fixture f;
    f.out.BeginDocument("demo", {});
    f.out.BeginTable(kTable);
    for (int i = 0; i < rows; ++i) f.out.AddRow(std::vector<Cell>{std::string("x"), Bytes{1}, Bar{}});
    f.out.AddCard({.key = "late", .fields = {{"a", "", Count{1}}}});
    const Error error{ErrorCode::kInterrupted, "stop"};
    f.out.Finish(&error);
    const json j = json::parse(f.text);
    EXPECT_EQ(j["rows"].size(), static_cast<size_t>(rows));
    EXPECT_EQ(j["error"]["code"], "interrupted");
    EXPECT_EQ(j["late"]["a"], 1);
  }
}

TEST(JsonReporter, MisuseStaysValid) {
  Fixture f;
  f.out.AddRow(std::vector<Cell>{std::string("nowhere")});
  f.out.AddCard({.key = "", .fields = {{"schema", "", Count{1}}, {"a", "", Count{1}}, {"a", "", Share{NAN}}}});
  f.out.BeginTable(kTable);
  f.out.BeginTable({.columns = {{"x", "X"}, {"x", "X"}}});
  f.out.AddRow(std::vector<Cell>{Count{1}, Count{2}, Count{3}});
  f.out.AddRow(std::vector<Cell>{});
  f.out.EndDocument({});
  f.out.EndDocument({});
  f.out.AddNote("late");
  f.out.AddCard({.key = "late"});
  const json j = f.Parse();
  EXPECT_EQ(j["schema"], "corewalk/1");
  EXPECT_EQ(j["schema_2"], 1);
  EXPECT_TRUE(j["a_2"].is_null());
  EXPECT_EQ(j["rows_2"][0], json::parse(R"({"x":1,"x_2":2})"));
  EXPECT_EQ(j["rows_2"].size(), 2u);
}

TEST(JsonReporter, NothingToldNothingPrinted) {
  Fixture f;
  f.out.Finish(nullptr);
  EXPECT_EQ(f.text, "");
}

}  // namespace
}  // namespace corewalk
