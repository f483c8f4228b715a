// The parts of a ScopeInfo, V8's description of a scope: found once here for names, positions and variables. Its counts
// are bounded, so that damaged ones lead nowhere far; the addresses that it gives may still be unreadable.
#pragma once

#include <cstdint>
#include <optional>

#include "layout/layout.h"
#include "layout/scope_info_shape.h"
#include "memory/memory.h"

namespace corewalk {

struct ScopeInfoParts {
  uint32_t flags = 0;
  ScopeType type = ScopeType::kUnknown;
  uint32_t locals = 0;        // variables of its contexts
  Address names = 0;          // the first name, one word each; or the one word that points to their hash table
  bool hashed_names = false;
  bool has_extension_slot = false;
  Address receiver_slot = 0;  // a Smi: the context slot of `this`, where it has one (up to 9.x); else 0
  Address function_name = 0;  // 0 = none
  Address function_slot = 0;  // a Smi: the context slot of the function's own name, where it has one; else 0
  Address inferred_name = 0;  // 0 = none
  Address positions = 0;      // two Smis, start and end; 0 = none
};

// `scope_info` is tagged and its type checked by the caller. Nothing when it is empty, unreadable or damaged.
std::optional<ScopeInfoParts> LocateScopeInfo(const Memory& memory, const Layout& layout, uint64_t scope_info);

}  // namespace corewalk
