#include "report/format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace corewalk {
namespace {

TEST(Format, Counts) {
  EXPECT_EQ(FormatCount(uint64_t{0}), "0");
  EXPECT_EQ(FormatCount(uint64_t{999}), "999");
  EXPECT_EQ(FormatCount(uint64_t{1000}), "1,000");
  EXPECT_EQ(FormatCount(uint64_t{1234567}), "1,234,567");
  EXPECT_EQ(FormatCount(std::numeric_limits<uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(Format, Bytes) {
  EXPECT_EQ(FormatBytesShort(0), "0 B");
  EXPECT_EQ(FormatBytesShort(1023), "1023 B");
  EXPECT_EQ(FormatBytesShort(1024), "1.0 KiB");
  EXPECT_EQ(FormatBytesShort(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(FormatBytesShort(std::numeric_limits<uint64_t>::max()), "16.0 EiB");
  EXPECT_EQ(FormatBytesLong(12), "12 bytes");
  EXPECT_EQ(FormatBytesLong(1932735283), "1.8 GiB (1,932,735,283 bytes)");
}

TEST(Format, SharesAndSeconds) {
  EXPECT_EQ(FormatShare(0.1234), "12.3 %");
  EXPECT_EQ(FormatShare(NAN), "-");
  EXPECT_EQ(FormatSeconds(0), "0 s");
  EXPECT_EQ(FormatSeconds(0.00035), "350 us");
  EXPECT_EQ(FormatSeconds(0.0123), "12.3 ms");
  EXPECT_EQ(FormatSeconds(4.56), "4.56 s");
  EXPECT_EQ(FormatSeconds(125), "2 m 05 s");
  EXPECT_EQ(FormatSeconds(3 * 3600 + 7 * 60), "3 h 07 m");
  EXPECT_EQ(FormatSeconds(52 * 3600), "2 d 04 h");
  EXPECT_EQ(FormatSeconds(-1), "-1.00 s");
  EXPECT_EQ(FormatSeconds(INFINITY), "-");
  EXPECT_FALSE(FormatSeconds(1e300).empty());
}

TEST(Format, Bars) {
  EXPECT_EQ(FormatBar(0.5, 10, false), "#####");
  EXPECT_EQ(FormatBar(0.5, 5, true), "██▌");
  EXPECT_EQ(FormatBar(7, 3, false), "###");
  EXPECT_EQ(FormatBar(-1, 3, false), "");
  EXPECT_EQ(FormatBar(NAN, 3, true), "");
}

TEST(Format, GapsNameEachReason) {
  EXPECT_TRUE(DescribeGaps({}).empty());
  Completeness c{.core_truncated = true,
                 .core_bytes_missing = 2048,
                 .pages_missing = 1,
                 .bytes_unreadable = 4096,
                 .bytes_lost = 16,
                 .objects_skipped = 2,
                 .layout_guessed = true,
                 .interrupted = true};
  EXPECT_EQ(DescribeGaps(c).size(), 6u);
  EXPECT_EQ(DescribeGaps(c)[1].substr(0, 43), "the core file is truncated: 2.0 KiB (2,048 ");
}

}  // namespace
}  // namespace corewalk
