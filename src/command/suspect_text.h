// A suspect in words: what `leaks` and reports print. All of it is safe to print.
#pragma once

#include <string>
#include <vector>

#include "analysis/leaks/suspect.h"
#include "command/graph_text.h"

namespace corewalk {

// "Map sessions: 48,167 entries of class Session".
std::string SuspectTitle(const Suspect& suspect);
// "1,234 Session (12.3 MiB), 5,000 (string) (3.2 MiB)".
// Of generators and async functions that wait the largest one's function is told.
std::string PinsText(HeapReader& reader, const HeapGraph& graph, const Suspect& suspect);
// A few keys and values of a collection, or the object itself.
std::string SampleText(HeapReader& reader, const HeapGraph& graph, const Suspect& suspect);
// What the heap shows of how it grew.
std::string GrowthText(const Suspect& suspect);
// Texts of the target and of our own, one after the other.
std::string JoinClauses(const std::vector<std::string>& clauses, std::string_view between = "; ");
// What leads from the holder's object to it: ", as _writableState[Symbol(kBufferedValue)]". "" when that is the object itself
// and when it is far away.
std::string BelowText(HeapReader& reader, const Suspect& suspect);
// The way from the root to it, in one line.
std::string WayText(HeapReader& reader, const HeapGraph& graph, const Suspect& suspect);

}  // namespace corewalk
