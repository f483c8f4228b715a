#include "node/gc_event.h"

#include <gtest/gtest.h>

namespace corewalk {
namespace {

TEST(GcEvent, LinesOfManyVersions) {
  // 22
  auto event = ParseGcLine(
      "[5237:0x8377000]      437 ms: Mark-Compact (reduce) 59.6 (60.3) -> 59.1 (60.8) MB, 12.10 / 0.50 ms  (average mu "
      "= 0.327, "
      "current mu = 0.000) allocation failure; scavenge might not succeed\n");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, GcKind::kMarkCompact);
  EXPECT_EQ(event->kind_text, "Mark-Compact (reduce)");
  EXPECT_DOUBLE_EQ(event->at_ms, 437);
  EXPECT_DOUBLE_EQ(event->before_mb, 59.6);
  EXPECT_DOUBLE_EQ(event->committed_after_mb, 60.8);
  EXPECT_DOUBLE_EQ(event->pause_ms, 12.1);
  EXPECT_DOUBLE_EQ(*event->external_ms, 0.5);
  EXPECT_DOUBLE_EQ(*event->average_mu, 0.327);
  EXPECT_DOUBLE_EQ(*event->current_mu, 0);
  EXPECT_EQ(event->reason, "allocation failure; scavenge might not succeed");
  // 24
  event = ParseGcLine(
      "[1:0x1]    1234 ms: Scavenge (interleaved) 7.0 (7.5) -> 6.9 (8.5) MB, pooled: 0 MB, 0.56 / 0.00 ms  (average mu "
      "= 1.000, current mu = 1.000) task; ");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, GcKind::kScavenge);
  EXPECT_DOUBLE_EQ(event->pause_ms, 0.56);
  EXPECT_EQ(event->reason, "task");
  // 12
  event = ParseGcLine(
      "[18820:0x55e0]     5433 ms: Mark-sweep 2045.5 (2083.1) -> 2044.9 (2083.6) MB, 1187.6 / 0.0 ms  (+ 0.0 ms in 6 "
      "steps since start of "
      "marking, biggest step 0.0 ms, walltime since start of marking 1195 ms) (average mu = 0.118, current mu = 0.001) "
      "finalize incremental marking");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, GcKind::kMarkCompact);
  EXPECT_DOUBLE_EQ(*event->current_mu, 0.001);
  EXPECT_EQ(event->reason, "finalize incremental marking");
  event = ParseGcLine("[1:0x1]  9 ms: Scavenge 2.0 (3.0) -> 1.0 (4.0) MB, 0.8 / 0.0 ms  allocation failure");
  ASSERT_TRUE(event);
  EXPECT_FALSE(event->average_mu);
  EXPECT_EQ(event->reason, "allocation failure");
}

TEST(GcEvent, LinesThatV8Cut) {
  // 26
  const std::string incremental =
      "[5070:0x168f5000]      462 ms: Incremental Mark-Compact 27.6 (36.3) -> 26.3 (36.8) MB, pooled: 0.0 MB, 34.79 / "
      "0.00 ms (+ 3.3 ms in 99 steps since start of marking, biggest step 0.2 ms, walltime since start of marking 79 "
      "ms) (average mu = 0.916, current m";
  ASSERT_EQ(incremental.size(), 255u);
  auto event = ParseGcLine(incremental);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, GcKind::kMarkCompact);
  EXPECT_EQ(event->kind_text, "Incremental Mark-Compact");
  EXPECT_TRUE(event->cut);
  EXPECT_DOUBLE_EQ(*event->average_mu, 0.916);
  EXPECT_FALSE(event->current_mu);
  EXPECT_EQ(event->reason, "");
  // 16: in the middle of the reason; and a number of which the end is lost.
  const std::string head =
      "[5012:0x42551aa0]      654 ms: Mark-sweep 20.9 (52.3) -> 18.7 (52.8) MB, 13.5 / 0.0 ms  (+ 23.9 ms in 26 steps "
      "since start of marking, biggest step 13.4 ms, walltime since start of marking 96 ms) (average mu = 1.000, ";
  event = ParseGcLine(head + "current mu = 1.000) finalize increment");
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->cut);
  EXPECT_EQ(event->reason, "finalize increment");
  event = ParseGcLine(std::string(255 - head.size() - 15, ' ') + head + "current mu = 0.");
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->cut);
  EXPECT_FALSE(event->current_mu);
  EXPECT_EQ(event->reason, "");
}

TEST(GcEvent, OtherTextIsNone) {
  for (const char* text :
       {"", "[", "[1:0x1]", "[1:0x1] 5 ms:", "[1:0x1] 5 ms: Scavenge", "[1:0x1] 5 ms: Scavenge 2.0 (3.0",
        "[1:0x1] 5 ms: Scavenge 2.0 (3.0) -> 1.0 (4.0) MB,", "5 ms: Scavenge x", "] ] 5"})
    EXPECT_FALSE(ParseGcLine(text)) << text;
  const std::string line =
      "[1:0x1]  9 ms: Scavenge 2.0 (3.0) -> 1.0 (4.0) MB, pooled: 1 MB, 0.8 / 0.0 ms  (average mu = 1, current mu = 1) "
      "x";
  for (size_t i = 0; i < line.size(); ++i) ParseGcLine(line.substr(0, i));
}

}  // namespace
}  // namespace corewalk
