// Contexts: the variables that closures keep, with their names from the ScopeInfo.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heap/views/heap_reader.h"

namespace corewalk {

// Slots of every context: src/objects/contexts.h, 7.4 to 14.6.
inline constexpr uint64_t kContextScopeInfo = 0, kContextPrevious = 1;

struct ContextVariable {
  std::string name;   // raw target text
  uint64_t value = 0;  // tagged; cells are looked through
  std::optional<double> raw_double;  // a number that a cell of 14.6 holds untagged
  bool readable = true;
  Address slot = 0;  // in the context (or the cell)
};

struct ContextView {
  uint64_t context = 0;
  uint64_t scope_info = 0;
  uint64_t previous = 0;        // tagged, 0 = none
  uint64_t extension = 0;       // the object of `with`, eval's variables; 0 = none
  std::string scope_type;       // "function", "block", "script", "module", "class", "catch", "eval", "with"
  std::string function_name;    // raw target text of the function that the scope belongs to, "" = none or unknown
  std::vector<ContextVariable> variables;
  bool whole = true;            // false: its ScopeInfo or a name is damaged or missing
};

// The variables of a scope, and in which slots of its contexts they stand; empty when `scope_info` is none or damaged.
struct ScopeVariable {
  std::string name;  // raw target text
  uint64_t slot = 0;  // index among the context's words behind its length
};
std::vector<ScopeVariable> VariablesOfScope(HeapReader& reader, uint64_t scope_info);

// Nothing when `context` is no context. Native contexts have no variables.
std::optional<ContextView> ReadContext(HeapReader& reader, uint64_t context);

}  // namespace corewalk
