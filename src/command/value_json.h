// Values as JSON, as docs/values.md describes them.
#pragma once

#include <string>

#include "analysis/inspect.h"

namespace corewalk {

// One JSON object, ASCII only.
std::string ValueJson(const Inspected& value);

}  // namespace corewalk
