// Numbers and dates as JavaScript writes them.
#pragma once

#include <string>

namespace corewalk {

// 42, 1.5, -0, NaN: shortest digits that give the same number back.
std::string NumberText(double number);
// 2026-11-20T12:00:00.000Z, "invalid" for NaN; years beyond 9999 with a sign and six digits. Milliseconds since 1970.
std::string DateText(double milliseconds);

}  // namespace corewalk
