// Where V8's builtins begin: the Isolate keeps the address of each (IsolateData::builtin_entry_table_, from 7.7 on). From
// Node.js 20 on the process may run a copy of them near its own code (CodeRange::RemapEmbeddedBuiltins), whose addresses
// are none of the executable's; the table has them as they are.
#pragma once

#include <span>
#include <vector>

#include "heap/isolate_words.h"

namespace corewalk {

struct BuiltinEntries {
  std::vector<Address> entries;  // ascending, each once; empty when the Isolate has no such table
  Address end = 0;               // about: behind the last one
  bool Contains(Address pc) const { return !entries.empty() && pc >= entries.front() && pc < end; }
};
BuiltinEntries FindBuiltinEntries(const Memory& memory, const IsolateWords& isolate);

}  // namespace corewalk
