// Numbers and dates as JavaScript writes them, and as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace corewalk {

std::string CountText(uint64_t value);  // 1,234,567
// Whole numbers as CountText() writes them, others as NumberText() does.
std::string PlainNumberText(double number);

// 42, 1.5, -0, NaN: shortest digits that give the same number back.
std::string NumberText(double number);
// 2026-11-20T12:00:00.000Z, "invalid" for NaN; years beyond 9999 with a sign and six digits. Milliseconds since 1970.
std::string DateText(double milliseconds);

}  // namespace corewalk
