// What to try against a suspect: what a senior colleague would say who has looked at the same figures.
#pragma once

#include <string>
#include <vector>

#include "analysis/leaks/suspect.h"

namespace corewalk {

// One clause each, the most promising first; raw target text in them (names). What the pattern itself advised comes
// first.
std::vector<std::string> AdviceFor(const Suspect& suspect);

}  // namespace corewalk
