// Numbers as people read them in text output. All pure functions; any value is fine (not-a-number becomes "-").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/completeness.h"

namespace corewalk {

std::string FormatCount(uint64_t value);      // 1,234,567
std::string FormatAddress(uint64_t address);  // 0x1f2e3d
// Bytes in units of 1024: "812 B", "1.8 GiB".
std::string FormatBytesShort(uint64_t bytes);
// "1.8 GiB (1,932,735,283 bytes)", "812 bytes": for cards and sentences, where there is room.
std::string FormatBytesLong(uint64_t bytes);
std::string FormatShare(double share);  // 0.123 -> "12.3 %"
// "350 us", "12.3 ms", "4.56 s", "2 m 05 s", "3 h 07 m", "2 d 04 h"
std::string FormatSeconds(double seconds);
// A bar of `cells` columns for a share of 0..1 (clamped), without trailing spaces: eighth blocks, or '#' in ASCII.
std::string FormatBar(double share, int cells, bool unicode);

// What makes an answer partial, one line each, in the order of importance; empty when it is complete.
std::vector<std::string> DescribeGaps(const Completeness& completeness);

}  // namespace corewalk
