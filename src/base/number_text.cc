#include "base/number_text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>

namespace corewalk {

std::string CountText(uint64_t value) {
  std::string text = std::to_string(value);
  for (size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string PlainNumberText(double number) {
  constexpr double kExact = 9007199254740992;  // 2^53
  const bool whole = number == std::floor(number) && number >= 0 && number <= kExact;
  return whole ? CountText(static_cast<uint64_t>(number)) : NumberText(number);
}

std::string NumberText(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  if (number == 0) return std::signbit(number) ? "-0" : "0";
  return fmt::format("{}", number);
}

std::string DateText(double milliseconds) {
  constexpr double kMaxTime = 8.64e15;  // ECMA-262, 21.4.1.1
  if (!(std::fabs(milliseconds) <= kMaxTime)) return "invalid";
  const auto time = static_cast<int64_t>(milliseconds);
  constexpr int64_t kDay = 86'400'000;
  const int64_t day = time >= 0 ? time / kDay : (time - kDay + 1) / kDay;
  const int64_t rest = time - day * kDay;
  // Proleptic Gregorian calendar from the count of days; std::chrono's years end at 32767.
  const int64_t z = day + 719468;
  const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const int64_t doe = z - era * 146097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int64_t mp = (5 * doy + 2) / 153;
  const int64_t d = doy - (153 * mp + 2) / 5 + 1;
  const int64_t m = mp < 10 ? mp + 3 : mp - 9;
  const int64_t y = yoe + era * 400 + (m <= 2 ? 1 : 0);
  const std::string year =
      y >= 0 && y <= 9999 ? fmt::format("{:04}", y) : fmt::format("{}{:06}", y < 0 ? '-' : '+', std::abs(y));
  return fmt::format("{}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year, m, d, rest / 3'600'000, rest / 60'000 % 60,
                     rest / 1000 % 60, rest % 1000);
}

}  // namespace corewalk
