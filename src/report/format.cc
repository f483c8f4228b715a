#include "report/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/number_text.h"

namespace corewalk {

std::string FormatCount(uint64_t value) {
  return CountText(value);
}

std::string FormatAddress(uint64_t address) {
  return fmt::format("0x{:x}", address);
}

std::string FormatBytesShort(uint64_t bytes) {
  static constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string FormatBytesLong(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  return fmt::format("{} ({} bytes)", FormatBytesShort(bytes), FormatCount(bytes));
}

std::string FormatShare(double share) {
  if (!std::isfinite(share)) return "-";
  return fmt::format("{:.1f} %", share * 100);
}

std::string FormatSeconds(double seconds) {
  if (!std::isfinite(seconds)) return "-";
  if (seconds < 0) return "-" + FormatSeconds(-seconds);
  if (seconds == 0) return "0 s";
  if (seconds < 1e-3) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 60) return fmt::format("{:.2f} s", seconds);
  if (seconds >= 1e15) return fmt::format("{:.3g} s", seconds);
  const auto whole = static_cast<uint64_t>(seconds);
  if (whole < 3600) return fmt::format("{} m {:02} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {:02} m", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {:02} h", FormatCount(whole / 86400), whole / 3600 % 24);
}

std::string FormatBar(double share, int cells, bool unicode) {
  if (!(share > 0) || cells <= 0) return "";
  const double clamped = std::min(share, 1.0);
  if (!unicode) return std::string(static_cast<size_t>(std::lround(clamped * cells)), '#');
  static constexpr std::array kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const long eighths = std::lround(clamped * cells * 8);
  std::string out;
  for (long i = 0; i < eighths / 8; ++i) out += "█";
  return out + kEighths[static_cast<size_t>(eighths % 8)];
}

std::vector<std::string> DescribeGaps(const Completeness& c) {
  std::vector<std::string> lines;
  if (c.interrupted) lines.push_back("interrupted by the user; what was found until then is shown");
  if (c.cut) lines.push_back("a bound of the command cut the answer, see the note");
  if (c.core_truncated) {
    lines.push_back(c.core_bytes_missing == 0
                        ? "the core file is truncated (ulimit -c? disk full? coredump size limit?)"
                        : fmt::format("the core file is truncated: {} of memory missing (ulimit -c? disk full? "
                                      "coredump size limit?)",
                                      FormatBytesLong(c.core_bytes_missing)));
  }
  if (c.pages_missing != 0) {
    lines.push_back(fmt::format("{} V8 heap page{} could not be read whole", FormatCount(c.pages_missing),
                                c.pages_missing == 1 ? "" : "s"));
  }
  if (c.bytes_unreadable != 0) {
    lines.push_back(fmt::format("{} of the heap could not be read", FormatBytesLong(c.bytes_unreadable)));
  }
  if (c.bytes_lost != 0) {
    lines.push_back(fmt::format("{} of the heap were read but not understood, in {} place{}",
                                FormatBytesLong(c.bytes_lost), FormatCount(c.objects_skipped),
                                c.objects_skipped == 1 ? "" : "s"));
  }
  if (c.layout_guessed) lines.push_back("this V8 is not known exactly; some offsets are guessed");
  return lines;
}

}  // namespace corewalk
