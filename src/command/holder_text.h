// Who holds something, in a line: "const cache = new Map() at /app/lib/session.js:14:7". All of it is safe to print.
#pragma once

#include <string>

#include "analysis/leaks/holder.h"
#include "report/reporter.h"

namespace corewalk {

// "variable cache (const cache = new Map()) at /app/lib/session.js:14:7".
std::string HolderText(const Holder& holder);
// The same for a column of a table: "App.cache at /app/lib/session.js:14:7".
std::string ShortHolderText(const Holder& holder);
// "App.cache", "users"; "(unknown)".
std::string HolderName(const Holder& holder);
// "file:line:column", as far as known; "" when nothing is.
std::string HolderPlace(const Holder& holder);
// JSON "holder".
Card HolderCard(const Holder& holder);

}  // namespace corewalk
